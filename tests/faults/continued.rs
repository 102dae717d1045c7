//! A planner so slow that its time is over before its first page, twenty times in a row: each time it sends itself a
//! continuation, and AWS's detection of endless loops, which stops a chain after sixteen, is told to allow that.

use std::time::Duration;

use harness::proxy::{Fault, On, Sent, When};
use harness::{Records, Trial, invariants};

/// Longer than the three seconds a planner has under a trial before it continues itself.
const SLOW: Duration = Duration::from_millis(3200);
const TIMES: u32 = 20;
/// Slow loads: a planner may load more than once before it looks at the clock.
const LOADS: u32 = TIMES + 4;

const RECORDS: Records = Records {
    messages: 0,
    profiles: 30,
    files: 0,
};

#[tokio::test]
async fn twenty_continuations_in_a_row_plan_once() {
    let trial = Trial::start("trial-continued").await;
    let load = On {
        functions: &["PlanningFunction"],
        operation: Some("GetItem"),
        holding: Some("PLAN#profiles#0".to_owned()),
        ..On::default()
    };
    trial.script.rule(load, When::First(LOADS), Fault::Late(SLOW));
    let (ada, case) = trial.executed(RECORDS, ["profile"]).await;
    let closed = case.until_completed().await;
    let plans = trial.app.output("PlansQueueUrl");
    let continued = |sent: &Sent| sent.function == "PlanningFunction" && sent.queue == plans;
    let continued = trial.script.witness.sent().into_iter().filter(continued).count();
    assert!(continued >= TIMES as usize, "{continued} continuations");
    invariants::hold(&trial, &ada, &case, &closed).await;
}
