//! The stack is deployed anew, from an older commit's functions to this checkout's, while a job runs: the new functions
//! go on with the rows and messages of the old.
//!
//! `cargo lethe test --faults` brings the older stack up and names it in `LETHE_STACK`. It knows neither this harness's
//! policy nor a proxy, so both are applied as to any other.

use std::path::Path;

use harness::wait::until;
use harness::{Records, Trial, invariants, rows};
use lethe::up::{Options, up};

const RECORDS: Records = Records {
    messages: 0,
    profiles: 40_000,
    files: 0,
};

#[tokio::test]
async fn an_upgrade_goes_on_with_a_running_job() {
    let trial = Trial::start("trial-upgrade").await;
    let (ada, case) = trial.executed(RECORDS, ["profile"]).await;
    until("the first chunks", async || {
        (!rows::chunks(&trial.app, &case.id).await.is_empty()).then_some(())
    })
    .await;
    let before = versions(&trial).await;

    let file = std::env::var("LETHE_STACK").expect("the stack to upgrade");
    let options = Options::standard(Path::new(&file).parent()).expect("the stack's directory");
    Box::pin(up(&options))
        .await
        .expect("this version is deployed over the older one");

    let after = versions(&trial).await;
    assert!(before != after, "nothing was deployed: {before:?}");
    let done = rows::counts(&trial.app, &case.id).await;
    assert!(
        done.get("purged").is_none_or(|purged| *purged < ada.records.profiles),
        "too late: {done:?}"
    );
    let closed = case.until_completed().await;
    invariants::hold(&trial, &ada, &case, &closed).await;
}

/// What each function's code hashes to.
async fn versions(trial: &Trial) -> Vec<Option<String>> {
    let lambda = trial.app.clients.lambda();
    let mut hashes = vec![];
    for output in ["PlanningFunction", "ExecutionFunction", "SupervisionFunction"] {
        let asked = lambda
            .get_function_configuration()
            .function_name(trial.app.output(output))
            .send()
            .await;
        hashes.push(asked.expect("a function").code_sha256);
    }
    hashes
}
