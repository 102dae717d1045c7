//! The organisation needs longer: once, before the due date, for a reason that the subject is told.

use harness::{App, Case, deletion};
use serde_json::{Value, json};

use super::{assert_whole, letter_about};

const REASON: &str = "Your data lies in three archives <old ones>.";

async fn extend(case: &Case<'_>, body: Value) -> Value {
    let answer = case.call(&case.app.approver, "/extend", body).await;
    answer.success().expect("an extension")
}

async fn refused(case: &Case<'_>, body: Value) -> (u16, String) {
    let answer = case.call(&case.app.approver, "/extend", body).await;
    (answer.status.as_u16(), answer.code().to_owned())
}

fn instant(request: &Value, name: &str) -> jiff::Timestamp {
    request[name].as_str().expect("an instant").parse().expect("an instant")
}

/// So many months later on the calendar, in the notation of the API.
fn months(from: jiff::Timestamp, months: i32) -> jiff::Timestamp {
    let zoned = from.to_zoned(jiff::tz::TimeZone::UTC);
    (zoned + jiff::Span::new().months(months)).timestamp()
}

#[tokio::test]
async fn a_due_date_is_moved_once_and_the_subject_is_told_why() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["profile"])).await;
    let due_at = instant(&case.read().await, "due_at");
    let too_far = json!({ "reason": REASON, "until": months(due_at, 3) });
    assert_eq!(refused(&case, too_far).await, (409, "extension_too_far".to_owned()));
    let until_now = json!({ "reason": REASON, "until": due_at });
    assert_eq!(refused(&case, until_now).await, (400, "invalid_input".to_owned()));
    assert_eq!(
        refused(&case, json!({ "reason": " " })).await,
        (400, "invalid_input".to_owned())
    );

    let extended = extend(&case, json!({ "reason": REASON })).await;
    assert_eq!(
        (instant(&extended, "due_at"), &extended["status"]),
        (months(due_at, 2), &"Pending".into())
    );
    assert_eq!(extended["version"], 2, "a transition like any other");
    assert_eq!(extended["extension"]["by"]["name"], app.approver_person.name.as_str());
    assert_eq!(
        refused(&case, json!({ "reason": REASON })).await,
        (409, "already_extended".to_owned())
    );
    assert_eq!(case.actions().await, ["submit", "extend"]);

    let own = case.get(&case.owner, "").await;
    assert_eq!(own["extension"]["reason"], REASON);
    assert!(own["extension"].get("by").is_none(), "not which operator: {own}");
    let letters = case.letters(&ada.person.email, 2).await;
    let letter = letter_about(&letters, "longer");
    assert_whole(letter, &ada.person);
    let text = letter.body_text.as_deref().unwrap_or_default();
    assert!(
        text.contains(REASON) && text.contains("right to lodge a complaint"),
        "{text}"
    );
}

#[tokio::test]
async fn an_approved_request_keeps_its_promises_when_it_is_extended() {
    let app = App::start_alone().await;
    let case = app.subject("Ada").await.submit(deletion(["profile"])).await;
    case.verify().await.approve().await;
    let before = case.read().await;
    assert_eq!(before["misses_due"], true, "30 days of grace do not fit into a month");
    let stale = app
        .approver
        .call(
            lethe::api::Method::POST,
            &case.path("/extend"),
            &[("if-match", "\"1\"")],
            Some(json!({ "reason": REASON }).to_string().into_bytes()),
        )
        .await
        .expect("an answer");
    assert_eq!((stale.status.as_u16(), stale.code()), (412, "stale_version"));

    let after = extend(&case, json!({ "reason": REASON })).await;
    for date in ["grace_ends_at", "completes_by"] {
        assert_eq!(after[date], before[date], "{date} was promised");
    }
    assert_eq!(after["misses_due"], false);
}

#[tokio::test]
async fn a_due_date_that_has_passed_is_not_moved() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let mut body = deletion(["profile"]);
    body["subject"] = json!({ "id": ada.id(), "name": ada.person.name, "email": ada.person.email });
    body["received_at"] = json!("2025-01-31T09:00:00Z");
    let answer = app.approver.post("/v1/requests", &body).await.expect("an answer");
    let request: Value = answer.success().expect("a request");
    let case = Case::of(&app, &ada.api, &request);
    assert_eq!(
        refused(&case, json!({ "reason": REASON })).await,
        (409, "extension_too_late".to_owned())
    );
    case.withdraw().await;
    assert_eq!(
        refused(&case, json!({ "reason": REASON })).await,
        (409, "not_in_this_status".to_owned())
    );
}
