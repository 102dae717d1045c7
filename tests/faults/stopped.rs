//! Cancelled at about half: how long after the answer the last record is touched, whether the account is exact, and
//! whether everything that was swept comes back.

use std::io::Write;
use std::time::Instant;

use harness::trial::{STOPPED, is_long};
use harness::wait::until;
use harness::{Oracle, Records, Trial, deletion};
use serde_json::{Value, json};

/// Records of the short form, and of the long one.
const RECORDS: (u64, u64) = (8_000, 100_000);

#[tokio::test]
async fn cancelled_at_half_it_stops_at_once_and_all_of_it_comes_back() {
    let trial = Trial::start(STOPPED).await;
    let records = Records {
        messages: if is_long() { RECORDS.1 } else { RECORDS.0 },
        ..Records::NONE
    };
    let ada = trial.app.subject_with("Ada", records).await;
    let oracle = Oracle::now(&trial.app).await;
    let case = ada.submit(deletion(["conversations"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    until("about half of it to be swept", async || {
        (trial.script.witness.items().0 as u64 > records.messages * 2 / 5).then_some(())
    })
    .await;
    let app = &trial.app;
    let answer = case
        .call(&app.executor, "/cancel", json!({ "reason": "the wrong person" }))
        .await;
    let answered = Instant::now();
    assert!([200, 202].contains(&answer.status.as_u16()), "{}", answer.body);
    let request = case
        .until("the cancellation to settle", |request| request["status"] == "Cancelled")
        .await;
    let last = trial.script.witness.last_mark().expect("something was swept");
    let (marked, _) = trial.script.witness.items();
    // Straight to stdout: the runner would keep a `println!` of a test that passes to itself.
    let told = writeln!(
        std::io::stdout(),
        "{} records, cancelled when {marked} were swept: the last write {:.2} s after the answer",
        records.messages,
        last.saturating_duration_since(answered).as_secs_f64()
    );
    told.expect("stdout");
    let account = &request["account"];
    let (recoverable, untouched) = (number(&account["recoverable"]), number(&account["untouched"]));
    assert_eq!(recoverable, marked as u64, "the account is what was seen on the wire");
    assert_eq!(recoverable + untouched, records.messages, "{account}");
    assert!(untouched > 0, "it was stopped in the middle: {account}");
    assert_eq!(
        ada.traces().await.shown() as u64,
        2 * untouched,
        "in the table and in its index"
    );

    let body = json!({ "reason": "the wrong person", "all": true });
    let answer = case.call(&app.executor, "/restore", body).await;
    assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
    let location = answer.header("location").to_owned();
    let restored: Value = until("the restoration", async || {
        app.supervise().await;
        let shown: Value = app.executor.get(&location).await.ok()?.success().ok()?;
        (shown["state"] == "done").then_some(shown)
    })
    .await;
    assert_eq!(
        (number(&restored["restored"]), number(&restored["skipped_total"])),
        (recoverable, 0)
    );
    oracle.untouched(app, &[&ada.person, &trial.bystander]).await;
    assert_eq!(ada.traces().await.shown() as u64, 2 * records.messages);
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}
