//! Verified and approved in one call, also on behalf of somebody who has no sign-in: two entries, one step.

use harness::{App, Case, GLOBEX, deletion};
use serde_json::{Value, json};

#[tokio::test]
async fn one_call_verifies_and_approves() {
    let app = App::start_in(GLOBEX).await;
    let case = app.subject("Ada").await.submit(deletion(["profile"])).await;
    let unverified = case.call(&app.approver, "/approve", json!({})).await;
    assert_eq!(
        (unverified.status.as_u16(), unverified.code()),
        (409, "not_in_this_status")
    );
    let body = json!({ "note": "fine", "verification": { "method": "video call", "note": "with passport" } });
    let approved: Value = case.call(&app.approver, "/approve", body).await.success().unwrap();

    assert_eq!(approved["status"], "Approved");
    assert_eq!(
        (&approved["verification"]["method"], &approved["decision"]["note"]),
        (&"video call".into(), &"fine".into())
    );
    assert_eq!(case.actions().await, ["submit", "verify", "approve"]);
    let instant = |name: &str| approved[name].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let grace = instant("grace_ends_at").duration_since(approved["decision"]["at"].as_str().unwrap().parse().unwrap());
    assert_eq!(grace.as_hours(), 30 * 24, "the documented grace period");
    assert_eq!(
        approved["misses_due"], true,
        "30 days of grace and a week's window end after the month"
    );
    let own = case.get(&case.owner, "").await;
    assert!(
        own.get("verification").is_none() && own["decision"].get("note").is_none(),
        "not for the owner: {own}"
    );
}

#[tokio::test]
async fn an_operator_submits_for_somebody_and_another_approves() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let mut body = deletion(["profile"]);
    body["subject"] = json!({ "id": ada.id(), "name": ada.person.name, "email": ada.person.email });
    body["received_at"] = json!("2025-01-31T09:00:00Z");
    let request: Value = app
        .approver
        .post("/v1/requests", &body)
        .await
        .unwrap()
        .success()
        .unwrap();
    let case = Case::of(&app, &ada.api, &request);
    assert_eq!(
        request["due_at"], "2025-02-28T09:00:00Z",
        "a month from receipt, by the calendar"
    );
    assert_eq!(request["overdue"], true);

    let verification = json!({ "verification": { "method": "letter" } });
    let own = case.call(&app.approver, "/approve", verification.clone()).await;
    assert_eq!(
        (own.status.as_u16(), own.code()),
        (409, "two_person_rule"),
        "the requester cannot approve"
    );
    let approved = case.call(&app.executor, "/approve", verification).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    let seen = case.get(&ada.api, "").await;
    assert_eq!(
        seen["subject"]["email"],
        ada.person.email.as_str(),
        "the subject owns it"
    );
    let shown = seen.to_string();
    assert!(
        !shown.contains(&app.approver_person.name) && !shown.contains(&app.approver_person.email),
        "{shown}"
    );
    let letters = case.letters(&ada.person.email, 2).await;
    assert_eq!(
        letters.len(),
        2,
        "received and approved go to the subject, not to the operator"
    );
}
