//! Taken back in time: by its owner without a word, by an operator with a reason; the letter says who it was.

use harness::subject::deletion_of_everything;
use harness::{App, Case, Oracle, deletion};
use serde_json::{Value, json};

use super::{assert_whole, letter_about};

#[tokio::test]
async fn an_owner_withdraws_at_any_time_before_the_execution() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let oracle = Oracle::now(&app).await;
    let pending = ada.submit(deletion(["profile"])).await;
    pending.withdraw().await;
    let verified = ada.submit(deletion(["profile"])).await;
    verified.verify().await.withdraw().await;
    let approved = ada.submit(deletion_of_everything()).await;
    approved
        .verify()
        .await
        .approve()
        .await
        .grace_over()
        .await
        .withdraw()
        .await;

    for case in [&pending, &verified, &approved] {
        let shown = case.read().await;
        assert_eq!(
            (&shown["status"], &shown["cancel_stage"]),
            (&"Cancelled".into(), &"before_execution".into())
        );
    }
    let letters = approved.letters(&ada.person.email, 3).await;
    let letter = letter_about(&letters, "withdrawn");
    assert_whole(letter, &ada.person);
    assert!(
        letter
            .body_text
            .as_deref()
            .is_some_and(|text| text.contains("You have withdrawn")),
        "{letter:?}"
    );
    let answer = approved
        .execute_with(&app.executor, "EXECUTE DELETE NOW", &"0".repeat(64))
        .await;
    assert_eq!((answer.status.as_u16(), answer.code()), (409, "not_in_this_status"));
    oracle.untouched(&app, &[&ada.person]).await;
}

#[tokio::test]
async fn an_operator_withdraws_with_a_reason() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["profile"])).await;
    let without = case.call(&app.executor, "/withdraw", json!({})).await;
    assert_eq!(
        (without.status.as_u16(), &without.body["pointer"]),
        (400, &"/reason".into())
    );
    let reason = "Ada told us on the telephone.";
    let answer = case.call(&app.executor, "/withdraw", json!({ "reason": reason })).await;
    let shown: Value = answer.success().unwrap();
    assert_eq!(shown["status"], "Cancelled");
    let letters = case.letters(&ada.person.email, 2).await;
    let text = letter_about(&letters, "withdrawn")
        .body_text
        .clone()
        .unwrap_or_default();
    assert!(text.contains("We have withdrawn") && text.contains(reason), "{text}");
    assert_eq!(case.actions().await, ["submit", "withdraw"]);
}

#[tokio::test]
async fn nobody_withdraws_what_is_executed() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let case: Case<'_> = ada.submit(deletion(["profile"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    let answer = case.call(&case.owner, "/withdraw", json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (409, "not_in_this_status"),
        "{}",
        answer.body
    );
    case.until_completed().await;
}
