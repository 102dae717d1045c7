//! The law keeps a part: invoices of the last seven years stay as they are, are counted by their ground, and the letter
//! and the trail name it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use harness::config::INVOICES_GROUND;
use harness::wait::now;
use harness::{App, Subject, deletion};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{assert_whole, letter_about};

/// By sort key, whole.
type Invoices = BTreeMap<String, String>;

fn partition(subject: &Subject<'_>) -> String {
    format!("TENANT#{}#INVOICES#{}", subject.app.tenant, subject.id())
}

async fn issue(subject: &Subject<'_>, sort: &str, issued_at: Timestamp) {
    let text = |value: String| AttributeValue::S(value);
    let (_, names) = subject.app.sample();
    let put = subject.app.clients.dynamodb().put_item().table_name(names.messages);
    let put = put
        .item("pk", text(partition(subject)))
        .item("sk", text(sort.to_owned()))
        .item("issued_at", text(issued_at.to_string()))
        .item("to", text(subject.person.name.clone()));
    put.send().await.expect("the invoice is written");
}

async fn invoices(subject: &Subject<'_>) -> Invoices {
    let (_, names) = subject.app.sample();
    let query = subject.app.clients.dynamodb().query().table_name(names.messages);
    let query = query
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(partition(subject)));
    let items = query.send().await.expect("a query").items.unwrap_or_default();
    let whole = |item: std::collections::HashMap<String, AttributeValue>| {
        let sort = item["sk"].as_s().expect("a sort key").clone();
        let attributes: BTreeMap<_, _> = item.into_iter().collect();
        (sort, format!("{attributes:?}"))
    };
    items.into_iter().map(whole).collect()
}

#[tokio::test]
async fn what_the_law_keeps_is_counted_by_its_ground_and_told() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let day = SignedDuration::from_hours(24);
    for n in 0..2 {
        issue(&ada, &format!("over-{n}"), now() - day * (8 * 366)).await;
    }
    for n in 0..3 {
        issue(&ada, &format!("protected-{n}"), now() - day * 30).await;
    }
    let before = invoices(&ada).await;
    let case = ada.submit(deletion(["invoices", "profile"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    let closed = case.until_completed().await;

    assert_eq!(closed["result"], "partial", "{closed}");
    let progress = &closed["job"]["progress"];
    let profiles = ada.records.profiles;
    assert_eq!(
        (&progress["exempt"], &progress["purged"]),
        (&3.into(), &(2 + profiles).into())
    );
    let kept = before.into_iter().filter(|(sort, _)| sort.starts_with("protected"));
    assert_eq!(invoices(&ada).await, kept.collect::<Invoices>(), "byte for byte");

    let letters = case.letters(&ada.person.email, 3).await;
    let letter = letter_about(&letters, "completed in part");
    assert_whole(letter, &ada.person);
    let text = letter.body_text.as_deref().unwrap_or_default();
    for sentence in [
        "invoices: Invoices to the customer\n- 2 records deleted for good\n",
        &format!("- 3 records kept, because: {INVOICES_GROUND}\n"),
        "right to lodge a complaint",
    ] {
        assert!(text.contains(sentence), "{sentence:?} is not in:\n{text}");
    }
    let trail = case.trail().await;
    let verified = trail.iter().find(|entry| entry["action"] == "verified_absent");
    assert_eq!(
        verified.expect("the verification's entry")["details"]["account"],
        json!({
            "invoices": { "purged": 2, "exempt": 3, "grounds": { INVOICES_GROUND: 3 } },
            "profiles": { "purged": profiles },
        })
    );
}
