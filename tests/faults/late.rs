//! Calls that take longer than the worker lives: it is stopped at its deadline, and what it wrote takes effect after its
//! death, while another worker is at the same chunk. Each record is marked once and counted once all the same.

use std::time::Duration;

use harness::proxy::{Fault, On, When};
use harness::{Records, Trial, invariants, rows};

/// A worker lives ten seconds under a trial.
const LATE: Duration = Duration::from_secs(20);
/// Enough for the tries of one worker at the least: eight calls in flight, each tried again after five seconds.
const CALLS: u32 = 40;

const RECORDS: Records = Records {
    messages: 0,
    profiles: 1000,
    files: 0,
};

#[tokio::test]
async fn a_worker_past_its_deadline_leaves_no_trace() {
    let trial = Trial::start("trial-late").await;
    let marks = On {
        operation: Some("BatchExecuteStatement"),
        holding: Some("UPDATE".to_owned()),
        ..On::default()
    };
    trial.script.rule(marks, When::First(CALLS), Fault::Late(LATE));
    let (ada, case) = trial.executed(RECORDS, ["profile"]).await;
    let closed = case.until_completed().await;
    assert_eq!(trial.script.counts()["late"], u64::from(CALLS));
    let chunks = rows::chunks(&trial.app, &case.id).await;
    // One lease to sweep and one to purge is what an undisturbed chunk has.
    assert!(
        chunks.iter().any(|chunk| chunk.epoch > 2),
        "no worker was stopped: {chunks:?}"
    );
    invariants::hold(&trial, &ada, &case, &closed).await;
}
