//! A dataset in vault mode: gone from its table once a chunk is done, with no help from the application; back to the
//! byte, or gone for good.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use harness::app::{ACME, FAST, PATIENT};
use harness::config::NOTES;
use harness::wait::until;
use harness::{App, Case, Records, Subject, deletion};
use serde_json::{Value, json};

/// By sort key.
type Notes = BTreeMap<String, HashMap<String, AttributeValue>>;

fn partition(subject: &Subject<'_>) -> String {
    format!("TENANT#{}#CUSTOMER#{}", subject.app.tenant, subject.id())
}

/// Two chunks' worth of notes: one of every type, one of nearly 400 KB, and many that are short.
async fn write(subject: &Subject<'_>) -> Notes {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let db = subject.app.clients.dynamodb();
    for n in 0..510 {
        let mut note = HashMap::from([
            ("pk".to_owned(), text(&partition(subject))),
            ("sk".to_owned(), text(&format!("note-{n:03}"))),
        ]);
        match n {
            0 => note.extend(odd()),
            1 => {
                note.insert("text".to_owned(), text(&"x".repeat(400 * 1024 - 200)));
            }
            _ => {
                note.insert("text".to_owned(), text(&subject.person.name));
            }
        }
        let put = db.put_item().table_name(NOTES).set_item(Some(note));
        put.send().await.expect("a note is written");
    }
    notes(subject).await
}

fn odd() -> Vec<(String, AttributeValue)> {
    let blob = |bytes: &[u8]| Blob::new(bytes.to_vec());
    let map = HashMap::from([("empty".to_owned(), AttributeValue::S(String::new()))]);
    vec![
        (
            "number".to_owned(),
            AttributeValue::N("12345678901234567890.123456789".to_owned()),
        ),
        ("bytes".to_owned(), AttributeValue::B(blob(&[0, 255]))),
        ("yes".to_owned(), AttributeValue::Bool(true)),
        ("null".to_owned(), AttributeValue::Null(true)),
        ("map".to_owned(), AttributeValue::M(map)),
        (
            "list".to_owned(),
            AttributeValue::L(vec![AttributeValue::L(vec![]), AttributeValue::Bool(false)]),
        ),
        ("strings".to_owned(), AttributeValue::Ss(vec!["one".to_owned()])),
        ("numbers".to_owned(), AttributeValue::Ns(vec!["-1.5".to_owned()])),
        ("blobs".to_owned(), AttributeValue::Bs(vec![blob(&[7])])),
    ]
}

/// Everything that is in the table of somebody's.
async fn notes(subject: &Subject<'_>) -> Notes {
    let db = subject.app.clients.dynamodb();
    let query = db
        .query()
        .table_name(NOTES)
        .consistent_read(true)
        .key_condition_expression("pk = :pk")
        .expression_attribute_values(":pk", AttributeValue::S(partition(subject)));
    let mut items = query.into_paginator().items().send();
    let mut notes = Notes::new();
    while let Some(item) = items.next().await {
        let item = item.expect("a query");
        notes.insert(item["sk"].as_s().expect("a sort key").clone(), item);
    }
    notes
}

/// Keys of objects in the vault of one request.
async fn copies(case: &Case<'_>) -> Vec<String> {
    let prefix = format!("v/{}/{}/", case.app.tenant, case.id);
    let list = case.app.clients.s3().list_objects_v2();
    let list = list.bucket(case.app.output("VaultBucket")).prefix(prefix);
    let found = list.send().await.expect("a list").contents.unwrap_or_default();
    found.into_iter().filter_map(|object| object.key).collect()
}

async fn executed<'a>(subject: &Subject<'a>) -> Case<'a> {
    let case = subject.submit(deletion(["notes"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    case
}

async fn restored(case: &Case<'_>, body: Value, records: u64) {
    let answer = case.call(&case.app.executor, "/restore", body).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
    until("the records to be back", async || {
        case.app.supervise().await;
        let progress = case.read().await["job"]["progress"].clone();
        (progress["restored"] == records).then_some(())
    })
    .await;
}

#[tokio::test]
async fn nothing_is_in_the_table_and_a_restore_brings_each_byte_back() {
    let app = App::start_in(PATIENT).await;
    let (ada, ben) = (
        app.subject_with("Ada", Records::NONE).await,
        app.subject_with("Ben", Records::NONE).await,
    );
    let (before, others) = (write(&ada).await, write(&ben).await);
    let case = executed(&ada).await;
    let request = case.until_phase("recovering").await;
    assert_eq!(request["job"]["progress"]["swept"], 510, "{}", request["job"]);
    assert!(notes(&ada).await.is_empty(), "no interface shows what is not there");
    assert!(copies(&case).await.len() >= 2, "a group or more for each chunk");

    let first = json!({ "reason": "needed after all", "refs": ["notes.0.0.0", "notes.0.0.1", "notes.0.1.9"] });
    restored(&case, first, 3).await;
    let back = notes(&ada).await;
    assert_eq!(back.len(), 3);
    assert!(back.iter().all(|(sort, note)| before[sort] == *note), "to the byte");

    let cancelled = case
        .call(&app.executor, "/cancel", json!({ "reason": "a mistake" }))
        .await;
    assert!(cancelled.status.is_success(), "{}", cancelled.body);
    until("the cancellation to be settled", async || {
        app.supervise().await;
        (case.read().await["status"] == "Cancelled").then_some(())
    })
    .await;
    restored(&case, json!({ "reason": "all of it", "all": true }), 510).await;
    assert!(notes(&ada).await == before, "to the byte");
    assert!(notes(&ben).await == others, "nobody else's");
}

#[tokio::test]
async fn after_the_window_there_is_neither_note_nor_copy() {
    let app = App::start_in(FAST).await;
    let ada = app.subject_with("Ada", Records::NONE).await;
    write(&ada).await;
    let case = executed(&ada).await;
    let closed = case.until_completed().await;
    assert_eq!(
        (&closed["result"], &closed["job"]["progress"]["purged"]),
        (&"full".into(), &510.into())
    );
    assert!(notes(&ada).await.is_empty());
    assert_eq!(copies(&case).await, [""; 0]);
}

#[tokio::test]
async fn a_hold_keeps_the_copies_until_it_is_released() {
    let app = App::start_in(ACME).await;
    let ada = app.subject_with("Ada", Records::NONE).await;
    write(&ada).await;
    let case = ada.submit(deletion(["notes"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    until("the first chunk to be done", async || {
        (!copies(&case).await.is_empty()).then_some(())
    })
    .await;
    let body = json!({ "subject": ada.id(), "scope": ["notes"], "reason": "a dispute before the court" });
    let hold = app.executor.post("/v1/holds", &body).await.expect("an answer");
    assert_eq!(hold.status.as_u16(), 201, "{}", hold.body);
    // Another's window begins later: once that is over, Ada's is.
    let ben = app.subject_with("Ben", Records::NONE).await;
    executed(&ben).await.until_completed().await;
    app.supervise().await;
    let progress = case.read().await["job"]["progress"].clone();
    assert_eq!(progress["purged"], 0, "{progress}");
    let kept = progress["swept"].as_u64().expect("a number") + progress["exempt"].as_u64().expect("a number");
    assert_eq!(kept, 510, "{progress}");
    assert!(!copies(&case).await.is_empty());

    let path = format!("/v1/holds/{}/release", hold.body["id"].as_str().expect("an id"));
    let released = app.approver.post(&path, &json!({ "reason": "it is over" })).await;
    assert_eq!(released.expect("an answer").status.as_u16(), 200);
    case.until_completed().await;
    assert_eq!(copies(&case).await, [""; 0]);
}
