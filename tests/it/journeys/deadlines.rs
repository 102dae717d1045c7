//! Time passes: operators are told once that a request is due soon, and once that it is overdue.

use harness::wait::{now, until};
use harness::{App, Case, deletion};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::letter_about;

/// A request on behalf of Ada that reached the organisation so many days ago.
async fn received(app: &App, days: i64) -> Case<'_> {
    let ada = app.subject("Ada").await;
    let mut body = deletion(["profile"]);
    body["subject"] = json!({ "id": ada.id(), "name": ada.person.name, "email": ada.person.email });
    body["received_at"] = json!(now() - SignedDuration::from_hours(24 * days));
    let answer = app.approver.post("/v1/requests", &body).await.expect("an answer");
    let request: Value = answer.success().expect("a request");
    Case::of(app, &ada.api, &request)
}

async fn told(case: &Case<'_>, notice: &str) {
    until(&format!("{notice} in the trail"), async || {
        case.app.supervise().await;
        let actions = case.actions().await;
        actions.iter().any(|action| action == notice).then_some(())
    })
    .await;
    case.app.supervise().await;
    assert_eq!(case.actions().await, ["submit", notice], "once, and nothing else");
    assert_eq!(case.read().await["version"], 1, "a notice is no transition");
}

#[tokio::test]
async fn a_request_that_nobody_looks_at_is_brought_to_mind_before_it_is_due() {
    let app = App::start().await;
    // Three quarters of a month are 21 days or more and less than 24.
    let case = received(&app, 24).await;
    assert_eq!(case.read().await["overdue"], false);
    told(&case, "due_soon").await;
    let letters = case.letters("operators@lethe.example", 1).await;
    let text = letter_about(&letters, "Due soon").body_text.clone().unwrap_or_default();
    assert!(text.contains("move the due date once"), "{text}");
}

#[tokio::test]
async fn after_a_silence_operators_are_told_only_that_it_is_overdue() {
    let app = App::start().await;
    let case = received(&app, 40).await;
    assert_eq!(case.read().await["overdue"], true);
    told(&case, "overdue").await;
    let letters = case.letters("operators@lethe.example", 1).await;
    assert_eq!(letters.len(), 1);
    let text = letter_about(&letters, "Overdue").body_text.clone().unwrap_or_default();
    assert!(text.contains("Verify the request and decide about it now"), "{text}");
}
