//! Workers killed with SIGKILL in the middle of a chunk: no warning, no clean-up, no last word. The job completes all the
//! same, every record is counted once, and nobody else's data is touched.

use std::collections::BTreeMap;
use std::time::Duration;

use harness::wait::PATIENCE;
use harness::{App, Case, Oracle, Records, deletion, rows, workers};
use shared::domain::chunk::{ChunkState, Op};

/// Rounds of killing; a chunk that five leases did not complete is parked, which would be another test.
const ROUNDS: usize = 2;

/// Records that expire by purge only: those with a TTL of four seconds would be gone when the killed worker's lease
/// ends, forty seconds later, and rightly be counted as already absent.
const RECORDS: Records = Records {
    messages: 2,
    profiles: 4_000,
    files: 0,
};

#[tokio::test]
async fn a_job_survives_its_workers() {
    let app = App::start().await;
    let ada = app.subject_with("Ada", RECORDS).await;
    let ben = app.subject("Ben").await;
    let oracle = Oracle::now(&app).await;
    let case = ada.submit(deletion(["profile"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;

    let killed = kill_while_sweeping(&case).await;
    assert!(
        !killed.is_empty(),
        "no chunk was caught in the middle; give the customer more records"
    );
    let closed = case.until_completed().await;

    let expected = ada.records.profiles;
    let progress = &closed["job"]["progress"];
    for count in ["planned", "processed", "purged"] {
        assert_eq!(progress[count], expected, "{count} in {progress}");
    }
    assert_eq!(
        rows::counts(&app, &case.id).await,
        BTreeMap::from([("purged".to_owned(), expected)])
    );
    assert_eq!(
        (&closed["result"], &closed["job"]["status"]),
        (&"full".into(), &"completed".into())
    );
    assert!(ada.traces().await.profiles.is_empty());
    oracle.untouched(&app, &[&ben.person]).await;
    let chunks = rows::chunks(&app, &case.id).await;
    assert!(
        chunks
            .iter()
            .filter(|chunk| killed.contains(&chunk.id.to_string()))
            .all(|chunk| chunk.epoch > 2),
        "{killed:?}"
    );
}

/// Kills all workers whenever a chunk is being swept; answers the chunks whose worker died: their lease stays.
async fn kill_while_sweeping(case: &Case<'_>) -> Vec<String> {
    let (mut caught, mut rounds) = (vec![], 0);
    let end = std::time::Instant::now() + PATIENCE;
    while rounds < ROUNDS && std::time::Instant::now() < end {
        let chunks = rows::chunks(case.app, &case.id).await;
        if !chunks.is_empty()
            && chunks
                .iter()
                .all(|chunk| chunk.state == ChunkState::Done || chunk.op != Op::Sweep)
        {
            break;
        }
        if !chunks
            .iter()
            .any(|chunk| chunk.op == Op::Sweep && chunk.state == ChunkState::Leased)
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        }
        if workers::kill(case.app, "ExecutionFunction") == 0 {
            continue;
        }
        rounds += 1;
        // Who is still leased now has lost its worker: a new one would have raised the epoch.
        let after = rows::chunks(case.app, &case.id).await;
        let lost = after
            .iter()
            .filter(|chunk| chunk.op == Op::Sweep && chunk.state == ChunkState::Leased);
        let same = lost.filter(|chunk| chunks.iter().any(|old| old.id == chunk.id && old.epoch == chunk.epoch));
        caught.extend(same.map(|chunk| chunk.id.to_string()));
    }
    caught
}
