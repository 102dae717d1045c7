//! Two thousand storms; `cargo lethe sim --seeds N --from S` plays more.

use simulation::seeds::{storm, storms, story};

const SEEDS: u64 = 2_000;

#[test]
fn every_storm_comes_to_rest_and_nothing_is_lost() {
    let failures = storms(0, SEEDS, None);
    if let Some(first) = failures.first() {
        let seeds: Vec<_> = failures.iter().map(|failure| failure.seed).collect();
        panic!("{}\nfailed: {seeds:?}", story(first.seed, &storm(first.seed, None)));
    }
}

#[test]
fn a_seed_replays_exactly() {
    for seed in [1, 77, 1_234] {
        let stories = [storm(seed, None), storm(seed, None)].map(|played| story(seed, &played));
        assert_eq!(stories[0], stories[1]);
    }
}

#[test]
fn storms_really_blow() {
    let traces: Vec<_> = (0..50).flat_map(|seed| storm(seed, None).trace).collect();
    for what in [
        "CrashBefore",
        "CrashAfter",
        "FailBefore",
        "FailAfter",
        "Stall",
        "ended at its deadline",
        "every message is lost",
    ] {
        let times = traces.iter().filter(|event| event.what.contains(what)).count();
        assert!(
            times > 10 || (what.starts_with("every") && times > 2),
            "{what}: {times}"
        );
    }
}
