//! A large customer of one tenant does not keep a small one of another waiting: the large one's dataset has a pace, and
//! of its chunks at most a window's worth are done before the small one's turn.

use std::io::Write;
use std::time::{Duration, Instant};

use harness::app::FAIR;
use harness::{App, Case, FAST, Records, Subject, deletion, rows};
use jiff::Timestamp;
use shared::domain::chunk::WINDOW;

/// More than a window's worth of chunks, so that they could be too many.
const LARGE: Records = Records {
    messages: 0,
    profiles: 24_000,
    files: 0,
};
const SMALL: Records = Records {
    messages: 0,
    profiles: 10,
    files: 0,
};

/// Erases a small customer's records; how long it took until they were hidden, and from when to when.
async fn erased(small: &Subject<'_>) -> (Duration, Timestamp, Timestamp) {
    let case = small.submit(deletion(["profile"])).await;
    case.verify().await.approve().await.grace_over().await;
    let begun = Instant::now();
    case.execute().await;
    case.until_phase("recovering").await;
    let took = begun.elapsed();
    // Its chunks are sent in the moment in which its plan is complete.
    let (entries, _) = rows::trail(small.app, &case.id).await;
    let planned = entries.iter().find(|entry| entry.body.action == "planned");
    let sent = planned.expect("it was planned").body.at;
    let chunks = rows::chunks(small.app, &case.id).await;
    let swept = chunks.iter().filter_map(|chunk| chunk.swept_at).max();
    (took, sent, swept.expect("it was swept"))
}

/// Chunks swept in between, and those that were still open when it began.
async fn swept_between(app: &App, case: &Case<'_>, from: Timestamp, until: Timestamp) -> (usize, usize) {
    let chunks = rows::chunks(app, &case.id).await;
    let within = chunks
        .iter()
        .filter_map(|chunk| chunk.swept_at)
        .filter(|at| (from..=until).contains(at));
    let open = chunks.iter().filter(|chunk| chunk.swept_at.is_none_or(|at| at > from));
    (within.count(), open.count())
}

#[tokio::test]
async fn a_large_customer_does_not_keep_another_tenants_small_one_waiting() {
    let (large, small) = (App::start_in(FAIR).await, App::start_in(FAST).await);
    let (ada, bob, cleo) = (
        large.subject_with("Ada", LARGE).await,
        small.subject_with("Bob", SMALL).await,
        small.subject_with("Cleo", SMALL).await,
    );
    let (alone, ..) = erased(&bob).await;
    let job = ada.submit(deletion(["fair"])).await;
    job.verify().await.approve().await.grace_over().await.execute().await;
    let begun = Instant::now();
    job.until("some of it to be swept", |request| {
        request["job"]["progress"]["processed"].as_u64() > Some(0)
    })
    .await;
    let (beside, asked, swept) = erased(&cleo).await;
    let (done, open) = swept_between(&large, &job, asked, swept).await;
    assert!(open > 0, "the large one was over before the small one began");
    job.until_phase("recovering").await;
    let seconds = begun.elapsed().as_secs_f64();
    let told = writeln!(
        std::io::stdout(),
        "ten records of another tenant: hidden {:.1} s after the execution alone, {:.1} s beside a job of {} records in {seconds:.1} s; \
         {done} of its chunks were done in between",
        alone.as_secs_f64(),
        beside.as_secs_f64(),
        LARGE.profiles,
    );
    told.expect("stdout");
    assert!(done <= WINDOW as usize, "{done} chunks of the large one came first");
    let rate = rows::chunks(&large, &job.id).await.len() * 500;
    assert!(
        seconds * f64::from(harness::config::FAIR_RATE) * 1.3 >= rate as f64,
        "{rate} records in {seconds:.1} s are more than its owner allows"
    );
}
