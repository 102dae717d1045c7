//! The sweep beside a bare loop of the same PartiQL batches at the same concurrency; both are printed.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{BatchStatementRequest, PutRequest, ScalarAttributeType, WriteRequest};
use futures::StreamExt as _;
use futures::stream;
use shared::domain::outcome::Code;
use shared::ports::{Always, Sources as _, SweepOrder};

use super::scratch::{Scratch, item, n, s};
use crate::conformance::source::ground::{MINE, WITH_TTL};

const ITEMS: usize = 10_000;

fn keys() -> Vec<String> {
    (0..ITEMS).map(|n| format!("{n:06}")).collect()
}

async fn filled() -> Scratch {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    for some in keys().chunks(25) {
        let put = |key: &String| {
            let mut item = item(s(key));
            item.insert("text".into(), s(&"x".repeat(300)));
            let put = PutRequest::builder().set_item(Some(item)).build().expect("complete");
            WriteRequest::builder().put_request(put).build()
        };
        let puts = some.iter().map(put).collect();
        let call = scratch.db.batch_write_item().request_items(&scratch.name, puts);
        call.send().await.expect("written");
    }
    scratch
}

/// The same batches of 25, eight in flight, by hand.
async fn bare_loop(scratch: &Scratch, keys: &[String]) -> Duration {
    let text = format!(
        "UPDATE \"{}\" SET \"erasure_id\" = ? SET \"erasure_deleted_at\" = ? SET \"expires_at\" = ? \
         WHERE \"pk\" = ? AND \"sk\" = ? AND \"erasure_id\" IS MISSING",
        scratch.name
    );
    let statement = |key: &String| {
        let parameters = vec![
            s("dsr"),
            s("2026-11-22T00:00:00Z"),
            n(4_000_000_000),
            s("acme#7"),
            s(key),
        ];
        let built = BatchStatementRequest::builder()
            .statement(&text)
            .set_parameters(Some(parameters))
            .build();
        built.expect("complete")
    };
    let begun = Instant::now();
    let send = |some: &[String]| {
        let batch = some.iter().map(statement).collect();
        scratch.db.batch_execute_statement().set_statements(Some(batch)).send()
    };
    let calls: Vec<_> = keys.chunks(25).map(send).collect();
    let answers: Vec<_> = stream::iter(calls).buffered(8).collect().await;
    assert!(answers.iter().all(Result::is_ok));
    begun.elapsed()
}

#[tokio::test]
async fn the_sweep_keeps_up_with_a_bare_loop() {
    let (by_hand, scratch) = (filled().await, filled().await);
    let begun = Instant::now();
    let lines = scratch.desk.plan().await;
    let planning = begun.elapsed();
    assert_eq!(lines.len(), ITEMS);

    // In turns, chunk by chunk, so that a busy machine slows both alike.
    let (mut bare, mut sweeping, mut purging) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for (chunk, keys) in lines.chunks(500).zip(keys().chunks(500)) {
        bare += bare_loop(&by_hand, keys).await;
        let begun = Instant::now();
        // A first attempt, which has nothing to look for before it writes.
        let order = SweepOrder {
            again: false,
            ..scratch.desk.sweep_order(chunk, MINE)
        };
        let swept = scratch.desk.sources.sweep(order, &Always).await.expect("a sweep");
        sweeping += begun.elapsed();
        assert!(swept.iter().all(|outcome| outcome.code == Code::Swept));
        let begun = Instant::now();
        let purged = scratch.desk.purge(chunk, &swept).await;
        purging += begun.elapsed();
        assert!(purged.iter().all(|outcome| outcome.code == Code::Purged));
    }
    let rate = |took: Duration| ITEMS as f64 / took.as_secs_f64();
    println!(
        "{ITEMS} items: bare loop {:.0}/s, sweep {:.0}/s, plan {:.0}/s, purge {:.0}/s",
        rate(bare),
        rate(sweeping),
        rate(planning),
        rate(purging)
    );
    assert!(
        rate(sweeping) >= rate(bare) / 2.0,
        "less than half the bare loop's rate"
    );
}
