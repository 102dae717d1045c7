//! The source is forbidden in the middle of a job: the job fails with a message that an operator can act on; once it is
//! allowed again, a retry does what remains, and nothing twice.
//!
//! Here the refusals come from the proxy, for one tenant's calls, so that other trials go on beside it; in
//! [`revoked`](crate::revoked) they are the emulator's own, for a role that lost its policy.

use std::io::Write as _;
use std::time::Instant;

use harness::proxy::{Fault, On, When};
use harness::trial::is_long;
use harness::wait::until;
use harness::{Case, Records, Trial, invariants};
use serde_json::{Value, json};

/// Records of the short form, and of the long one.
const RECORDS: (u64, u64) = (2_000, 20_000);
/// Leases after which a chunk is given up.
const LEASES: u64 = 5;

#[tokio::test]
async fn a_source_that_is_forbidden_for_a_while_is_erased_by_a_retry() {
    let trial = Trial::start("trial-forbidden").await;
    let records = if is_long() { RECORDS.1 } else { RECORDS.0 };
    let forbid = async || {
        let (_, names) = trial.app.sample();
        for operation in ["BatchExecuteStatement", "BatchGetItem"] {
            let on = On {
                functions: &["ExecutionFunction"],
                operation: Some(operation),
                holding: Some(names.profiles.clone()),
                ..On::default()
            };
            trial.script.rule(on, When::Always, Fault::Denied);
        }
    };
    let allow = async || trial.script.calm();
    forbidden_and_allowed_again(&trial, records, forbid, allow).await;
}

/// The whole story, whoever forbids.
pub(crate) async fn forbidden_and_allowed_again(
    trial: &Trial,
    profiles: u64,
    forbid: impl AsyncFnOnce(),
    allow: impl AsyncFnOnce(),
) {
    let records = Records {
        profiles,
        ..Records::NONE
    };
    let marked = || trial.script.witness.items().0 as u64;
    let begun = Instant::now();
    let (ada, case) = trial.executed(records, ["profile"]).await;
    until("half of it to be marked", async || {
        (marked() * 2 >= profiles).then_some(())
    })
    .await;
    forbid().await;
    let failed = until_failed(trial, &case).await;
    let (before, after) = (marked(), begun.elapsed());
    assert!(before < profiles, "it was forbidden too late: all {before} are marked");
    tells_what_to_do(&case, &failed).await;

    allow().await;
    let order = case.call(&trial.app.executor, "/retry", json!({})).await;
    order.success::<Value>().expect("the retry is taken");
    let closed = case.until_completed().await;
    assert_eq!(closed["result"], "full");
    let (marks, _) = trial.script.witness.items();
    let told = writeln!(
        std::io::stdout(),
        "{profiles} records: forbidden at {before} marked, failed after {:.0} s, Completed after {:.0} s; {marks} items marked, each once",
        after.as_secs_f64(),
        begun.elapsed().as_secs_f64(),
    );
    told.expect("stdout");
    assert_eq!(marks as u64, profiles, "each record is marked by a write of its own");
    let open = case.get(&trial.app.approver, "/findings").await;
    let states = open["items"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|one| &one["state"]);
    assert!(states.clone().all(|state| state == "repaired"), "{open}");
    invariants::hold(trial, &ada, &case, &closed).await;
}

/// Supervision between, since a chunk that waits for its turn may be missed.
async fn until_failed(trial: &Trial, case: &Case<'_>) -> Value {
    until("the job to fail", async || {
        let request = case.read().await;
        if request["job"]["status"] == "failed" {
            return Some(request);
        }
        trial.app.supervise().await;
        None
    })
    .await
}

/// What the operator reads of a failed job: what is not done, why, and what helps.
async fn tells_what_to_do(case: &Case<'_>, failed: &Value) {
    assert_eq!(failed["status"], "InProgress", "nothing is lost: {failed}");
    let progress = &failed["job"]["progress"];
    let of = |code: &str| progress[code].as_u64().unwrap_or_default();
    let done = ["untouched", "swept", "purged", "already_absent", "failed"].map(of);
    assert_eq!(
        done.iter().sum::<u64>(),
        of("planned"),
        "each record is accounted for: {progress}"
    );
    let listed = case.get(&case.app.approver, "/findings").await;
    let findings = listed["items"].as_array().expect("findings");
    assert!(
        failed["job"]["findings"].as_u64() > Some(0) && !findings.is_empty(),
        "{listed}"
    );
    for finding in findings {
        assert_eq!(
            (&finding["code"], &finding["state"]),
            (&json!("access_denied"), &json!("open"))
        );
        let text = finding["text"].as_str().unwrap_or_default();
        let remedy = finding["remedy"].as_str().unwrap_or_default();
        assert!(
            text.contains("may not") && remedy.contains("data-map apply"),
            "{finding}"
        );
        assert!(finding["attempts"].as_u64() >= Some(LEASES), "{finding}");
    }
}
