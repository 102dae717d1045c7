//! Second thoughts: a job that is paused and goes on, one that is cancelled in the middle, records that come back.

use harness::app::{AMPLE, PATIENT};
use harness::wait::until;
use harness::{App, Case, Oracle, Records, deletion};
use serde_json::{Value, json};

use super::{assert_whole, letter_about};

/// Enough for several chunks, so that there is a middle.
const MANY: Records = Records {
    messages: 3_000,
    profiles: 0,
    files: 0,
};

/// Enough that a sweep takes seconds.
const MORE: Records = Records {
    messages: 12_000,
    ..MANY
};

#[tokio::test]
async fn a_paused_job_sweeps_nothing_until_it_is_resumed() {
    let app = App::start_in(PATIENT).await;
    let ada = app.subject_with("Ada", MANY).await;
    let case = ada.submit(deletion(["conversations"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    let paused: Value = case.call(&app.approver, "/pause", json!({})).await.success().unwrap();
    assert_eq!(paused["job"]["paused"], true);
    let again = case.call(&app.approver, "/pause", json!({})).await;
    assert_eq!((again.status.as_u16(), again.code()), (409, "already_paused"));
    // What had begun is finished; then nothing moves any more, however often supervision looks.
    let resting = until("the last worker to be done", async || {
        let one = processed(&case.read().await);
        app.supervise().await;
        (processed(&case.read().await) == one).then_some(one)
    })
    .await;
    assert!(resting < MANY.total(), "it was paused before it was done: {resting}");
    let resumed: Value = case.call(&app.executor, "/resume", json!({})).await.success().unwrap();
    assert_eq!(resumed["job"]["paused"], false);
    let again = case.call(&app.executor, "/resume", json!({})).await;
    assert_eq!(again.status.as_u16(), 409, "{}", again.body);
    let swept = case.until_phase("recovering").await;
    assert_eq!(swept["job"]["progress"]["swept"], MANY.total());
    let late = case.call(&app.approver, "/pause", json!({})).await;
    assert_eq!((late.status.as_u16(), late.code()), (409, "not_in_this_phase"));
}

#[tokio::test]
async fn cancelled_in_the_middle_three_named_records_come_back_then_all() {
    let app = App::start_in(PATIENT).await;
    let ada = app.subject_with("Ada", MORE).await;
    let oracle = Oracle::now(&app).await;
    let case = ada.submit(deletion(["conversations"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    until("the first records to be swept", async || {
        (swept(&case.read().await) > 0).then_some(())
    })
    .await;
    let early = restore(&case, json!({ "reason": "all at once", "all": true })).await;
    assert_eq!((early.status.as_u16(), early.code()), (409, "cancel_first"));

    let answer = case
        .call(&app.executor, "/cancel", json!({ "reason": "the wrong Ada" }))
        .await;
    assert!([200, 202].contains(&answer.status.as_u16()), "{}", answer.body);
    let cancelled = case
        .until("the cancellation to settle", |request| request["status"] == "Cancelled")
        .await;
    let (account, progress) = (&cancelled["account"], &cancelled["job"]["progress"]);
    assert_eq!(
        (
            &cancelled["cancel_stage"],
            &account["settled"],
            &cancelled["job"]["status"]
        ),
        (&"during_execution".into(), &true.into(), &"cancelled".into())
    );
    let number = |value: &Value| value.as_u64().expect("a number");
    let sum = number(&account["recoverable"]) + number(&account["untouched"]) + number(&account["purged"]);
    assert_eq!(sum, MORE.total(), "{account}");
    assert_eq!(number(&progress["planned"]), MORE.total());
    let middle = number(&account["recoverable"]) > 4 && number(&account["untouched"]) > 0;
    assert!(middle, "it was stopped in the middle: {account}");

    let letters = case.letters(&ada.person.email, 3).await;
    let letter = letter_about(&letters, "stopped");
    assert_whole(letter, &ada.person);
    let text = letter.body_text.clone().unwrap_or_default();
    assert!(text.contains("the wrong Ada"), "it tells why: {text}");

    let some: Vec<_> = (0..3).map(|line| format!("messages.0.0.{line}")).collect();
    let three = restored(&case, json!({ "reason": "needed for a complaint", "refs": some })).await;
    assert_eq!((&three["restored"], &three["skipped_total"]), (&3.into(), &0.into()));
    let same = restored(
        &case,
        json!({ "reason": "once more", "refs": [some[0], "messages.0.0.3"] }),
    )
    .await;
    assert_eq!((&same["restored"], &same["skipped_total"]), (&1.into(), &1.into()));
    assert_eq!(same["skipped"][0], json!({ "ref": some[0], "why": "restored" }));
    let all = restored(&case, json!({ "reason": "the wrong person", "all": true })).await;
    assert_eq!(number(&all["restored"]), number(&account["recoverable"]) - 4);
    oracle.untouched(&app, &[&ada.person]).await;

    let after = case
        .until("the end of what was swept", |request| request["reason"] == "[erased]")
        .await;
    assert_eq!(
        number(&after["job"]["progress"]["restored"]),
        number(&account["recoverable"])
    );
    let nothing = restore(&case, json!({ "reason": "more", "all": true })).await;
    assert_eq!((nothing.status.as_u16(), nothing.code()), (409, "nothing_to_restore"));
}

#[tokio::test]
async fn a_record_that_was_brought_back_is_kept_and_the_request_completes_partially() {
    let app = App::start_in(AMPLE).await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["attachments"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    case.until_phase("recovering").await;
    let unknown = restore(&case, json!({ "reason": "x", "refs": ["attachments.0.7.0"] })).await;
    assert_eq!(
        (unknown.status.as_u16(), &unknown.body["pointer"]),
        (400, &"/refs".into())
    );
    let one = restored(&case, json!({ "reason": "a receipt", "refs": ["attachments.0.0.0"] })).await;
    assert_eq!(one["restored"], 1, "{one}");
    let done = case.until_completed().await;
    assert_eq!(
        (&done["result"], &done["job"]["progress"]["restored"]),
        (&"partial".into(), &1.into())
    );
}

async fn restore(case: &Case<'_>, body: Value) -> lethe::api::Answer {
    case.call(&case.app.executor, "/restore", body).await
}

/// Orders a restoration and reads it until it is done.
async fn restored(case: &Case<'_>, body: Value) -> Value {
    let answer = restore(case, body).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
    let location = answer.header("location").to_owned();
    until("the restoration", async || {
        let shown: Value = case
            .app
            .executor
            .get(&location)
            .await
            .expect("an answer")
            .success()
            .expect("a restoration");
        if shown["state"] != "done" {
            case.app.supervise().await;
        }
        (shown["state"] == "done").then_some(shown)
    })
    .await
}

fn processed(request: &Value) -> u64 {
    request["job"]["progress"]["processed"].as_u64().unwrap_or(0)
}

fn swept(request: &Value) -> u64 {
    request["job"]["progress"]["swept"].as_u64().unwrap_or(0)
}
