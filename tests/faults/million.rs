//! The great run: a million records (or as many as `LETHE_MILLION` says), erased twice, once in peace and once with 3 % of
//! all calls failing and a worker killed every 20 seconds. Both times exactly, and how long each took.
//!
//! Ten customers at once: the emulator needs time linear in a partition for each page of it, so a million records under
//! one key would measure that. `cargo lethe test --million [RECORDS]` runs it, alone, with queues and time-outs as deployed.
#![expect(clippy::print_stdout, reason = "an hour's run says how far it is")]

use std::time::{Duration, Instant};

use futures::future::join_all;
use harness::detour::Patience;
use harness::proxy::{Fault, When};
use harness::wait::until;
use harness::{Case, Records, Subject, Trial, deletion, invariants, rows, workers};
use serde_json::Value;

const CUSTOMERS: usize = 10;
/// In a thousand: 3 % together.
const RATES: [(u32, Fault); 6] = [
    (8, Fault::Throttled),
    (6, Fault::Broken),
    (5, Fault::CutBefore),
    (5, Fault::CutAfter),
    (3, Fault::Twice),
    (3, Fault::Late(Duration::from_millis(1500))),
];
const KILL_EVERY: Duration = Duration::from_secs(20);
const TELL_EVERY: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_great_erasure_is_exact() {
    let records: u64 = std::env::var("LETHE_MILLION")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(20_000);
    let peace = run(records, false).await;
    let trouble = run(records, true).await;
    let (peace, trouble) = (peace.as_secs_f64(), trouble.as_secs_f64());
    println!(
        "{records} records: {peace:.0} s in peace, {trouble:.0} s in trouble, {:.2} times as long",
        trouble / peace
    );
}

/// One erasure of all; how long it took from the first execution to the last completion.
async fn run(records: u64, trouble: bool) -> Duration {
    let trial = Trial::start_with("trial-million", Patience::Deployed).await;
    let each = Records {
        messages: 0,
        profiles: records / CUSTOMERS as u64,
        files: 0,
    };
    let mut subjects = vec![];
    for n in 0..CUSTOMERS {
        subjects.push(trial.app.subject_with(&format!("Ada {n}"), each).await);
        println!("seeded {} of {records}", (n as u64 + 1) * each.profiles);
    }
    let mut cases = vec![];
    for subject in &subjects {
        let case = subject.submit(deletion(["profile"])).await;
        case.verify().await.approve().await.grace_over().await;
        cases.push(case);
    }
    for (rate, fault) in RATES.into_iter().filter(|_| trouble) {
        trial.background(When::PerThousand(rate), fault);
    }
    let start = Instant::now();
    join_all(cases.iter().map(Case::execute)).await;
    let killed = completed(&trial, &cases, trouble.then_some(KILL_EVERY)).await;
    let took = start.elapsed();
    let counts = trial.script.counts();
    let calls: u64 = trial.script.calls().values().sum();
    println!(
        "{:.0} s; {calls} calls, {killed} workers killed, faults {counts:?}",
        took.as_secs_f64()
    );
    assert!(!trouble || (counts.len() == RATES.len() && killed > 0), "{counts:?}");
    check(&trial, &subjects, &cases).await;
    took
}

/// Until all are completed; kills a worker now and then, and answers how many.
async fn completed(trial: &Trial, cases: &[Case<'_>], kill_every: Option<Duration>) -> usize {
    let (mut killed, mut last_kill, mut told) = (0, Instant::now(), Instant::now());
    loop {
        trial.app.supervise().await;
        let requests = join_all(cases.iter().map(Case::read)).await;
        let is = |request: &&Value, status: &str| request["job"]["status"] == status;
        assert!(
            !requests.iter().any(|request| is(&request, "failed")),
            "a job failed: {requests:?}"
        );
        if requests.iter().all(|request| request["reason"] == "[erased]") {
            return killed;
        }
        if kill_every.is_some_and(|every| last_kill.elapsed() >= every) {
            killed += workers::kill_one(&trial.app, "ExecutionFunction");
            last_kill = Instant::now();
        }
        if told.elapsed() >= TELL_EVERY {
            println!("{}", progress(trial, cases).await);
            told = Instant::now();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// The records by outcome, over all requests.
async fn progress(trial: &Trial, cases: &[Case<'_>]) -> String {
    let mut sums = std::collections::BTreeMap::new();
    for case in cases {
        for (code, n) in rows::counts(&trial.app, &case.id).await {
            *sums.entry(code).or_insert(0) += n;
        }
    }
    format!("{sums:?}, faults {:?}", trial.script.counts())
}

async fn check(trial: &Trial, subjects: &[Subject<'_>], cases: &[Case<'_>]) {
    let closed = join_all(cases.iter().map(Case::read)).await;
    let ended: Vec<_> = subjects
        .iter()
        .zip(cases)
        .zip(&closed)
        .map(|((subject, case), closed)| (subject, case, closed))
        .collect();
    invariants::hold_all(trial, &ended).await;
    until("the queues to be empty", async || {
        (harness::queues::depth(&trial.app, "ChunksQueueUrl").await == 0).then_some(())
    })
    .await;
}
