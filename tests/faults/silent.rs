//! Supervision cannot reach a request while every message of its chunks is lost: the job stands still, nothing is wrong
//! meanwhile, and the first rounds after the silence bring it on.

use harness::proxy::{Fault, On, When};
use harness::wait::until;
use harness::{Records, Trial, invariants, rows};
use shared::domain::chunk::ChunkState;

/// Calls of rounds that came to nothing. The first is made two minutes after the job last moved.
const FAILURES: u64 = 6;

const RECORDS: Records = Records {
    messages: 0,
    profiles: 1200,
    files: 0,
};

#[tokio::test]
async fn a_silent_schedule_only_delays() {
    let trial = Trial::start("trial-silent").await;
    let app = &trial.app;
    let sends = On {
        functions: &["PlanningFunction", "ExecutionFunction"],
        service: Some("sqs"),
        ..On::default()
    };
    trial.script.rule(sends, When::Always, Fault::CutBefore);
    let (ada, case) = trial.executed(RECORDS, ["profile"]).await;
    // Another trial may have lost the plan's own message: supervision is still there to send it again.
    until("the plan", async || {
        app.supervise().await;
        (!rows::chunks(app, &case.id).await.is_empty()).then_some(())
    })
    .await;
    let rounds = On {
        functions: &["SupervisionFunction"],
        ..On::default()
    };
    trial.script.rule(rounds, When::Always, Fault::Broken);
    until("rounds that fail", async || {
        app.supervise().await;
        (trial.script.counts().get("broken") >= Some(&FAILURES)).then_some(())
    })
    .await;
    let chunks = rows::chunks(app, &case.id).await;
    assert!(
        chunks.iter().all(|chunk| chunk.state == ChunkState::Ready),
        "without messages nothing moves: {chunks:?}"
    );
    trial.script.calm();
    let closed = case.until_completed().await;
    invariants::hold(&trial, &ada, &case, &closed).await;
}
