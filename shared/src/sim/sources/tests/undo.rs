//! Restore and strip: crashes between batches, lost answers, TTL, and what the journal says.

use super::super::journal::What;
use super::*;
use crate::knobs::Turned;
use crate::sim::{Calm, Crashes, Side};

/// How often the journal tells of this.
fn told(bench: &Bench, what: &What) -> usize {
    bench
        .sources
        .journal()
        .iter()
        .filter(|effect| effect.what == *what)
        .count()
}

#[test]
fn a_restore_that_crashed_goes_on_and_restores_nothing_twice() {
    let _small = Turned::to(SMALL, None);
    // Call 1 is the plan's query; 2 to 4 look at two items each, 5 to 7 mark them, 8 to 10 read them, 11 to 13 take the
    // marks off. After a crash behind a call its effect is there and its answer is lost.
    for side in [Side::Before, Side::After] {
        let bench = Bench::new(Crashes::at([(12, side)]));
        for sort in ["a", "b", "c", "d", "e", "f"] {
            bench.put(0, sort, "x");
        }
        let before = bench.sources.snapshot();
        let lines = bench.plan(0);
        let swept = bench.sweep(0, 1, &lines).expect("no crash").expect("a sweep");
        assert!(bench.restore(0, &lines, &swept).is_none(), "it crashed");
        let halfway = told(&bench, &What::Restored);
        assert!(halfway > 0 && halfway < 6, "{halfway} of 6 are restored");
        let restored = bench.restore(0, &lines, &swept).expect("no crash").expect("a restore");
        assert_eq!(codes(&restored), [Code::Restored; 6]);
        assert_eq!(told(&bench, &What::Restored), 6);
        assert_eq!(bench.sources.snapshot(), before);
    }
}

#[test]
fn ttl_spares_what_was_stripped() {
    let bench = Bench::new(Calm);
    let (kept, expired) = (bench.put(0, "a", "x"), bench.put(0, "b", "x"));
    let lines = bench.plan(0);
    let swept = bench.sweep(0, 1, &lines).expect("no crash").expect("a sweep");
    let stripped = bench
        .strip(0, &lines[..1], &swept[..1])
        .expect("no crash")
        .expect("a strip");
    assert_eq!(stripped, swept[..1]);
    bench.world.advance_to(bench.cutoff + SignedDuration::from_hours(2));
    assert_eq!(bench.sources.expired(bench.world.now()), 1);
    bench.sources.expire_one(0);
    let left = bench.sources.snapshot();
    assert!(!left.contains_key(&expired) && !left[&kept].is_visible());

    let account = [stripped[0].clone(), swept[1].clone()];
    let restored = bench
        .restore(0, &lines, &account)
        .expect("no crash")
        .expect("a restore");
    let expected = [
        LineOutcome::plain(Code::Restored),
        LineOutcome::because(Code::Purged, "gone"),
    ];
    assert_eq!(restored, expected);
    assert_eq!((told(&bench, &What::Stripped), told(&bench, &What::Restored)), (1, 1));
}

#[test]
fn an_uncovered_object_is_told_with_whose_marker_it_was() {
    let bench = Bench::new(Calm);
    let file = bench.upload("f", "x");
    let lines = bench.plan(2);
    let swept = bench.sweep(2, 1, &lines).expect("no crash").expect("a sweep");
    bench.sources.lock(&file, "access_denied");
    let refused = bench.restore(2, &lines, &swept).expect("no crash").expect("a restore");
    assert_eq!(refused, [LineOutcome::failed("access_denied")]);
    bench.sources.unlock(&file);
    let restored = bench.restore(2, &lines, &swept).expect("no crash").expect("a restore");
    assert_eq!(codes(&restored), [Code::Restored]);
    let uncovered = What::Uncovered {
        marker: swept[0].detail.clone().expect("a marker"),
        of: Some(request(1)),
    };
    assert_eq!(told(&bench, &uncovered), 1);
    assert!(bench.sources.snapshot()[&file].is_visible());
}
