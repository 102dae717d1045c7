//! A few percent of all calls fail, in every way a call can fail, and workers are killed on the way.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::proxy::{Fault, When};
use harness::trial::is_long;
use harness::{Records, Trial, invariants, rows, workers};
use shared::domain::chunk::{ChunkState, Op};

/// How many in a thousand calls meet each fault. Batches are few, so their own faults are more frequent.
const RATES: [(u32, Fault); 8] = [
    (30, Fault::EntryUnclear),
    (20, Fault::EntriesThrottled),
    (12, Fault::Throttled),
    (8, Fault::Broken),
    (6, Fault::CutBefore),
    (6, Fault::CutAfter),
    (6, Fault::Twice),
    (3, Fault::Late(Duration::from_millis(1500))),
];

/// Times all workers are killed: less often than it takes to park a chunk that each of them meets.
const KILLS: usize = 2;

fn records() -> Records {
    let times = if is_long() { 10 } else { 1 };
    Records {
        messages: 500 * times,
        profiles: 1500 * times,
        files: 20 * times,
    }
}

#[tokio::test]
async fn a_job_ends_exactly_through_noise() {
    let trial = Trial::start("trial-noise").await;
    for (rate, fault) in RATES {
        trial.background(When::PerThousand(rate), fault);
    }
    let (ada, case) = trial
        .executed(records(), ["attachments", "conversations", "profile"])
        .await;
    let mut killed = 0;
    while killed < KILLS {
        let chunks = rows::chunks(&trial.app, &case.id).await;
        if chunks
            .iter()
            .any(|chunk| chunk.op == Op::Sweep && chunk.state == ChunkState::Leased)
        {
            killed += usize::from(workers::kill(&trial.app, "ExecutionFunction") > 0);
        } else if !chunks.is_empty() && chunks.iter().all(|chunk| chunk.state == ChunkState::Done) {
            break;
        }
        trial.app.supervise().await;
    }
    let closed = case.until_completed().await;
    assert!(
        killed > 0,
        "no worker was caught in the middle; give the customer more records"
    );
    let counts = trial.script.counts();
    let expected: BTreeMap<_, _> = RATES.iter().map(|(_, fault)| (fault.name(), 0)).collect();
    assert!(
        counts.keys().eq(expected.keys()),
        "each fault is to happen: {counts:?} of {:?}",
        trial.script.calls()
    );
    invariants::hold(&trial, &ada, &case, &closed).await;
}
