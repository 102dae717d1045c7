//! Crashes, throttling, locks, and an index that lags.

use super::*;
use crate::knobs::Turned;
use crate::ports::Fault;
use crate::sim::{Calm, Crashes, Dice, Fate, Side, Storm};

#[test]
fn a_crash_falls_between_two_batches_and_the_next_attempt_goes_on() {
    let _small = Turned::to(SMALL, None);
    // Call 1 is the plan's query; 2 to 4 look at two items each, 5 to 7 mark them.
    let bench = Bench::new(Crashes::at([(6, Side::Before)]));
    for sort in ["a", "b", "c", "d", "e", "f"] {
        bench.put(0, sort, "x");
    }
    let lines = bench.plan(0);
    assert!(bench.sweep(0, 1, &lines).is_none(), "it crashed");
    let visible = bench
        .sources
        .snapshot()
        .values()
        .filter(|record| record.is_visible())
        .count();
    assert!(visible > 0 && visible < 6, "{visible} of 6 are not marked");
    let swept = bench.sweep(0, 1, &lines).expect("no crash").expect("a sweep");
    assert_eq!(codes(&swept), [Code::Swept; 6]);
    let purged = bench.purge(0, &lines, &swept).expect("no crash").expect("a purge");
    assert_eq!(codes(&purged), [Code::Purged; 6]);
    assert!(bench.sources.snapshot().is_empty());
}

#[test]
fn one_throttled_entry_fails_the_order_but_not_its_neighbours() {
    #[derive(Debug)]
    struct Throttling;
    impl Fates for Throttling {
        fn fate(&mut self, _: &crate::sim::Call<'_>, _: &mut Dice) -> Fate {
            Fate::Pass
        }
        fn mishap(&mut self, _: Timestamp, permille: u32, _: &mut Dice) -> bool {
            permille == 20
        }
    }
    let bench = Bench::new(Throttling);
    for sort in ["a", "b", "c"] {
        bench.put(0, sort, "x");
    }
    let lines = bench.plan(0);
    let fault = bench.sweep(0, 1, &lines).expect("no crash").expect_err("a fault");
    assert!(matches!(fault, Fault::Transient { .. }), "{fault:?}");
    let visible = bench
        .sources
        .snapshot()
        .values()
        .filter(|record| record.is_visible())
        .count();
    assert_eq!(visible, 1);
}

#[test]
fn a_locked_record_fails_alone_and_a_broken_table_fails_whole() {
    let bench = Bench::new(Calm);
    bench.put(0, "a", "x");
    let locked = bench.put(0, "b", "x");
    let file = bench.upload("f", "x");
    bench.sources.lock(&locked, "item_too_large");
    bench.sources.lock(&file, "access_denied");
    let (items, objects) = (bench.plan(0), bench.plan(2));
    let swept = bench.sweep(0, 1, &items).expect("no crash").expect("a sweep");
    assert_eq!(
        swept,
        [LineOutcome::plain(Code::Swept), LineOutcome::failed("item_too_large")]
    );
    let hidden = bench.sweep(2, 1, &objects).expect("no crash").expect("a sweep");
    assert_eq!(hidden, [LineOutcome::failed("access_denied")]);

    bench.sources.unlock(&locked);
    bench.sources.break_down("messages", "access_denied");
    let fault = bench.sweep(0, 1, &items).expect("no crash").expect_err("a fault");
    assert!(
        matches!(
            fault,
            Fault::Permanent {
                code: "access_denied",
                ..
            }
        ),
        "{fault:?}"
    );
    bench.sources.repair("messages");
    let swept = bench.sweep(0, 1, &items).expect("no crash").expect("a sweep");
    assert_eq!(codes(&swept), [Code::Swept; 2]);
}

#[test]
fn an_index_shows_late_what_was_just_written_and_then_shows_it() {
    let until = instant("2026-11-22T00:00:00Z");
    let storm = Storm {
        crashes: 0,
        failures: 0,
        stalls: 0,
        until,
    };
    let bench = Bench::new(storm);
    for n in 0..20 {
        bench.put(1, &format!("{n:02}"), "x");
    }
    let all = |bench: &Bench| {
        let (mut found, mut cursor) = (0, None);
        loop {
            match bench.page(1, cursor).expect("no crash") {
                Ok(page) if page.next.is_none() => return found + page.lines.len(),
                Ok(page) => (found, cursor) = (found + page.lines.len(), page.next),
                Err(_) => (found, cursor) = (0, None),
            }
        }
    };
    assert!(all(&bench) < 20, "some entries are late");
    bench
        .world
        .advance_to(bench.world.now() + SignedDuration::from_secs(10));
    assert_eq!(all(&bench), 20);
}

#[test]
fn what_nobody_hosts_is_gone() {
    let bench = Bench::new(Calm);
    let sources = SimSources::new(&bench.world);
    let alone = Bench { sources, ..bench };
    let fault = alone.page(0, None).expect("no crash").expect_err("a fault");
    assert!(
        matches!(
            fault,
            Fault::Permanent {
                code: "source_gone",
                ..
            }
        ),
        "{fault:?}"
    );
}
