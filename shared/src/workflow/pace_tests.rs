//! How fast a chunk may write, when, for how long it may try again, and what it tells of it afterwards.

use super::*;
use crate::domain::chunk::{ChunkId, ManifestSlice};

fn at(seconds: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + seconds, 0).expect("a time")
}

/// Of a chunk of so many records whose turn comes then, in an invocation of 90 seconds, both limits at these rates.
fn pace(records: u32, turn: Timestamp, rates: [u32; 2]) -> Pace {
    let tenant = "acme".parse().expect("a tenant");
    let own = Bounded::Dataset(tenant, "messages".parse().expect("an id"));
    let whole = Bounded::Container("table".to_owned());
    let limit = |rate| (rate, Limit::fresh(rate, at(0)));
    let ((own_ceiling, own_limit), (whole_ceiling, whole_limit)) = (limit(rates[0]), limit(rates[1]));
    let limits = [(own, own_ceiling, own_limit), (whole, whole_ceiling, whole_limit)];
    let invocation = Invocation {
        id: "one".to_owned(),
        deadline: at(90),
    };
    Pace::begun(limits, (records, turn), &invocation, at(0))
}

#[test]
fn the_slower_of_both_limits_is_its_pace() {
    for (rates, pace_of) in [([500, 4_000], 500), ([500, 40], 40)] {
        assert_eq!(pace(500, at(0), rates).gauge.per_second, pace_of);
    }
}

#[test]
fn its_writes_take_a_third_of_its_invocation_however_slow_the_pace() {
    let gauge = pace(600, at(0), [1, 1]).gauge;
    assert_eq!(gauge.per_second, 20, "600 records in 30 of 90 seconds");
    assert_eq!(
        gauge.patience,
        Duration::from_secs(60),
        "what is throttled has the rest"
    );
}

#[test]
fn it_begins_at_its_turn_and_one_that_is_over_is_now() {
    assert_eq!(pace(1, at(7), [5, 5]).gauge.begins_in, Duration::from_secs(7));
    assert_eq!(pace(1, at(-7), [5, 5]).gauge.begins_in, Duration::ZERO);
}

#[test]
fn what_it_achieved_is_told_by_the_second_since_its_turn() {
    let paced = pace(500, at(10), [500, 500]);
    paced.gauge.settle(99);
    assert_eq!(paced.heard(true, at(20)).achieved, None, "too few to say anything");
    paced.gauge.settle(201);
    let heard = paced.heard(true, at(20));
    assert_eq!((heard.records, heard.achieved), (500, Some(30)));
    assert_eq!(paced.left_open(), 200);
    // One whose turn was over began now.
    let late = pace(500, at(-10), [500, 500]);
    late.gauge.settle(300);
    assert_eq!(late.heard(false, at(10)).achieved, Some(30));
}

#[test]
fn those_without_tokens_come_back_over_eight_seconds() {
    let turn = |n: u32| {
        let dataset = "messages".parse().expect("an id");
        let id = ChunkId {
            dataset,
            generation: 0,
            n,
        };
        let chunk = Chunk::planned(id, 1, ManifestSlice::nowhere(), at(0));
        unpaid(&chunk, at(60))
    };
    assert_eq!([0, 7, 8, 13].map(|n| turn(n).at), [at(60), at(67), at(60), at(65)]);
    assert_eq!(turn(3).given, None);
}
