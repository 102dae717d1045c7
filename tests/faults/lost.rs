//! The queues are emptied in the middle of a job: messages are hints, rows are the truth.

use std::time::Duration;

use harness::proxy::{Fault, On, When};
use harness::wait::until;
use harness::{Records, Trial, invariants, queues};

const RECORDS: Records = Records {
    messages: 0,
    profiles: 6_000,
    files: 0,
};

#[tokio::test]
async fn emptied_queues_lose_nothing() {
    let alone = queues::alone().await;
    let trial = Trial::start("trial-lost").await;
    // The workers are slow for a moment, so that messages wait in the queue to be lost.
    let lease = On {
        functions: &["ExecutionFunction"],
        service: Some("dynamodb"),
        operation: Some("GetItem"),
        ..On::default()
    };
    trial
        .script
        .rule(lease, When::First(8), Fault::Late(Duration::from_secs(3)));
    let (ada, case) = trial.executed(RECORDS, ["profile"]).await;
    let waiting = until("messages in the queue", async || {
        let waiting = queues::depth(&trial.app, "ChunksQueueUrl").await;
        (waiting > 4).then_some(waiting)
    })
    .await;
    queues::purge(&trial.app, "ChunksQueueUrl").await;
    queues::purge(&trial.app, "PlansQueueUrl").await;
    assert!(
        queues::depth(&trial.app, "ChunksQueueUrl").await < waiting,
        "messages are gone"
    );
    drop(alone);
    let closed = case.until_completed().await;
    invariants::hold(&trial, &ada, &case, &closed).await;
}
