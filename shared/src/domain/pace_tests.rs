//! What a limit gives away, how it learns, and when it leaves a source alone.

use proptest::prelude::*;

use super::*;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + ms).expect("in range")
}

fn fresh(ceiling: u32) -> Limit {
    Limit::fresh(ceiling, at(0))
}

fn taken(limit: &Limit, records: u32, now: Timestamp) -> (Timestamp, Limit) {
    match limit.admit(records, now) {
        Admission::Taken(at, next) => (at, next),
        Admission::Refused(until) => panic!("refused until {until}"),
    }
}

fn throttled(limit: &Limit, writes: u64, achieved: u32, now: Timestamp) -> Limit {
    let heard = Heard {
        throttled: writes,
        achieved: Some(achieved),
        finished: true,
        ..Heard::default()
    };
    limit.after(&heard, now).expect("it learns")
}

fn throttled_of(table: &Limit, dataset: &str, now: Timestamp) -> Limit {
    let heard = Heard {
        throttled: 3,
        achieved: Some(800),
        ..Heard::default()
    };
    table.after_one_of_many(dataset, &heard, now).expect("it learns")
}

fn succeeded(limit: &Limit, records: u32) -> Option<Limit> {
    let heard = Heard {
        records,
        finished: true,
        ..Heard::default()
    };
    limit.after(&heard, at(0))
}

fn failed(limit: &Limit, now: Timestamp) -> Limit {
    let heard = Heard {
        failed: 1,
        ..Heard::default()
    };
    limit.after(&heard, now).unwrap_or_else(|| limit.clone())
}

fn opened(now: Timestamp) -> Limit {
    (0..FAILURES).fold(fresh(500), |limit, _| failed(&limit, now))
}

#[test]
fn a_limit_is_called_by_tenant_and_dataset_or_by_its_container() {
    let dataset = Bounded::Dataset("acme".parse().expect("a slug"), "messages".parse().expect("a slug"));
    assert_eq!(dataset.to_string(), "acme#messages");
    assert_eq!(Bounded::Container("Messages".to_owned()).to_string(), "*#Messages");
}

#[test]
fn who_is_refused_is_told_when_to_ask_again() {
    assert_eq!(Admission::Refused(at(5)).refused(), Some(at(5)));
    assert_eq!(fresh(500).admit(1, at(0)).refused(), None);
}

#[test]
fn only_work_that_was_finished_raises_a_rate() {
    let slow = Limit {
        rate: 100,
        slowed_at: Some(at(0)),
        ..fresh(500)
    };
    let heard = |finished| Heard {
        records: 400,
        finished,
        ..Heard::default()
    };
    for after in [
        |limit: &Limit, heard: &Heard| limit.after(heard, at(1)),
        |limit: &Limit, heard: &Heard| limit.after_one_of_many("messages", heard, at(1)),
    ] {
        let raised = after(&slow, &heard(true)).expect("it learns");
        assert!(raised.rate > slow.rate, "{raised:?}");
        assert_eq!(after(&slow, &heard(false)), None);
    }
}

#[test]
fn what_was_learnt_is_forgotten_after_an_hour_and_not_before() {
    let slow = Limit {
        rate: 100,
        slowed_at: Some(at(0)),
        ..fresh(500)
    };
    let hour = slow.tat + FORGOTTEN;
    assert_eq!(slow.current(500, hour).rate, 100);
    assert_eq!(slow.current(500, hour + SignedDuration::from_millis(1)).rate, 500);
}

#[test]
fn chunks_that_ask_at_once_get_one_turn_after_the_other() {
    let mut limit = fresh(500);
    let mut turns = vec![];
    for _ in 0..4 {
        let (turn, next) = taken(&limit, 500, at(0));
        turns.push(turn);
        limit = next;
    }
    assert_eq!(turns, [at(0), at(1_000), at(2_000), at(3_000)]);
    let (turn, _) = taken(&limit, 500, at(60_000));
    assert_eq!(turn, at(60_000), "tokens of the past are not kept");
}

#[test]
fn a_turn_comes_a_second_early_and_its_delay_is_never_short() {
    let turn = Turn {
        at: at(2_300),
        given: Some([0, 0]),
    };
    assert_eq!(turn.delay_seconds(at(0)), 3);
    assert_eq!(turn.delay_seconds(at(9_000)), 0);
    assert!(!turn.has_come(at(1_299)) && turn.has_come(at(1_300)));
}

#[test]
fn a_turn_beyond_what_queues_can_wait_is_not_given() {
    let slow = fresh(1);
    let (_, next) = taken(&slow, 841, at(0));
    assert_eq!(next.admit(1, at(0)), Admission::Refused(at(0) + HORIZON));
    assert!(matches!(next.admit(1, at(1_000)), Admission::Taken(..)));
}

#[test]
fn throttling_halves_what_went_through_once_a_cool_down_and_voids_turns() {
    let (_, limit) = taken(&fresh(1_000_000), 500, at(0));
    let slowed = throttled(&limit, 25, 700, at(100));
    assert_eq!((slowed.rate, slowed.throttled), (350, 25));
    assert!(!slowed.honours(limit.slowed) && slowed.honours(slowed.slowed));
    let again = throttled(&slowed, 5, 100, at(1_000));
    assert_eq!((again.rate, again.throttled), (350, 30), "another worker met the same");
    assert_eq!(throttled(&again, 5, 100, at(2_100)).rate, 50);
    assert_eq!(throttled(&again, 5, 0, at(9_000)).rate, FLOOR);
    assert_eq!(
        throttled(&fresh(3), 1, 0, at(0)).rate,
        3,
        "the owner's own pace is below the floor"
    );
}

#[test]
fn a_stray_throttling_of_a_chunk_that_finished_changes_no_rate() {
    let heard = |throttled, finished| Heard {
        records: 500,
        throttled,
        finished,
        ..Heard::default()
    };
    let rate = |heard: Heard| {
        fresh(400)
            .after(&heard, at(0))
            .map(|limit| (limit.rate, limit.throttled))
    };
    assert_eq!(rate(heard(50, true)), Some((400, 50)), "neither raised nor halved");
    assert_eq!(rate(heard(51, true)), Some((200, 51)));
    assert_eq!(rate(heard(1, false)), Some((200, 1)), "it was not finished");
    let table = fresh(4_000)
        .after_one_of_many("a#b", &heard(50, true), at(0))
        .expect("counted");
    assert_eq!((table.last_throttled, table.throttled), (None, 50));
}

#[test]
fn success_raises_the_rate_by_a_twentieth_of_the_records_up_to_the_ceiling() {
    let slowed = throttled(&fresh(500), 1, 500, at(0));
    assert_eq!(slowed.rate, 250);
    assert_eq!(succeeded(&slowed, 500).expect("faster").rate, 275);
    assert_eq!(succeeded(&slowed, 3).expect("faster").rate, 251);
    let near = Limit { rate: 490, ..slowed };
    assert_eq!(succeeded(&near, 500).expect("faster").rate, 500);
    assert_eq!(succeeded(&fresh(500), 500), None, "nothing to write");
}

#[test]
fn todays_ceiling_holds_at_once_and_old_lessons_are_forgotten() {
    let never_slowed = fresh(500).current(2_000, at(1_000));
    assert_eq!((never_slowed.rate, never_slowed.ceiling), (2_000, 2_000));
    let slowed = throttled(&fresh(500), 1, 500, at(0));
    assert_eq!(slowed.current(2_000, at(1_000)).rate, 250);
    assert_eq!(slowed.current(100, at(1_000)).rate, 100);
    let much_later = slowed.current(500, at(3_700_000));
    assert_eq!(
        (much_later.rate, much_later.slowed_at, much_later.slowed),
        (500, None, slowed.slowed)
    );
    assert_eq!(fresh(500).current(0, at(0)).rate, 1, "no pace at all would never end");
}

#[test]
fn one_datasets_throttling_does_not_slow_its_tables_other_tenants() {
    let table = fresh(4_000);
    let one = throttled_of(&table, "acme#messages", at(0));
    let still_one = throttled_of(&one, "acme#messages", at(5_000));
    assert_eq!((still_one.rate, still_one.throttled), (4_000, 6));
    let both = throttled_of(&still_one, "globex#messages", at(9_000));
    assert_eq!(both.rate, 400, "two at once: it is the table");
    let long_ago = throttled_of(&still_one, "globex#messages", at(70_000));
    assert_eq!(long_ago.rate, 4_000);
}

#[test]
fn the_breaker_opens_after_failures_in_a_row_only() {
    let mut limit = fresh(500);
    for _ in 1..FAILURES {
        limit = failed(&limit, at(0));
    }
    assert!(!limit.is_open());
    let mended = succeeded(&limit, 1).expect("written");
    assert_eq!(mended.breaker, Breaker::Closed { failures: 0 });
    assert!(!failed(&mended, at(0)).is_open());
    assert!(failed(&limit, at(0)).is_open());
}

#[test]
fn an_open_breaker_lets_one_probe_through_and_believes_it() {
    let open = opened(at(0));
    assert!(!open.honours(open.slowed), "nor do turns given before count");
    assert_eq!(open.admit(500, at(29_999)), Admission::Refused(at(30_000)));
    let (turn, probing) = taken(&open, 500, at(30_000));
    assert_eq!((turn, probing.breaker.as_str()), (at(30_000), "half_open"));
    assert_eq!(probing.admit(500, at(30_001)), Admission::Refused(at(35_001)));
    let healed = succeeded(&probing, 500).expect("written");
    assert!(matches!(healed.admit(500, at(31_000)), Admission::Taken(..)));
    let worse = failed(&probing, at(31_000));
    assert_eq!(worse.admit(1, at(60_999)), Admission::Refused(at(61_000)));
}

#[test]
fn a_probe_that_died_is_followed_by_another() {
    let (_, probing) = taken(&opened(at(0)), 500, at(30_000));
    let (_, next) = taken(&probing, 500, at(75_000));
    assert_eq!(
        next.breaker,
        Breaker::HalfOpen {
            until: at(75_000) + PROBE
        }
    );
}

#[test]
fn a_breaker_that_is_open_stays_so_whoever_fails_late() {
    let open = opened(at(0));
    assert_eq!(failed(&open, at(20_000)).breaker, open.breaker);
}

#[test]
fn two_workers_at_the_same_instant_do_not_write_the_same_row() {
    let Admission::Taken(_, next) = fresh(500).admit(500, at(0)) else {
        panic!("nobody is there yet");
    };
    let written = ["one", "two"].map(|by| next.clone().signed(by));
    assert_ne!(written[0], written[1], "a read-back would take the other's for its own");
    assert_eq!((written[0].rev, written[0].tat), (1, at(1_000)));
}

#[test]
fn what_finished_although_it_was_throttled_closes_the_breaker_and_slows_all_the_same() {
    let (_, probing) = taken(&opened(at(0)), 500, at(30_000));
    let after = throttled(&probing, 10, 300, at(31_000));
    assert_eq!((after.breaker.as_str(), after.rate), ("closed", 150));
}

#[test]
fn throttling_without_an_end_opens_a_datasets_breaker_and_never_its_tables() {
    let heard = Heard {
        throttled: 25,
        ..Heard::default()
    };
    let (mut own, mut table) = (fresh(500), fresh(4_000));
    for n in 0..10 {
        own = own.after(&heard, at(n)).unwrap_or(own);
        table = table.after_one_of_many("acme#messages", &heard, at(n)).unwrap_or(table);
    }
    assert!(own.is_open() && !table.is_open());
    let away = Heard {
        failed: 1,
        ..Heard::default()
    };
    for n in 0..10 {
        table = table.after_one_of_many("acme#messages", &away, at(n)).unwrap_or(table);
    }
    assert!(table.is_open(), "a table that is away is away for all");
}

#[test]
fn work_that_failed_for_another_reason_teaches_nothing() {
    assert_eq!(fresh(500).after(&Heard::default(), at(0)), None);
    assert_eq!(fresh(500).after_one_of_many("a#b", &Heard::default(), at(0)), None);
}

#[test]
fn a_limit_is_stored_and_read_back_as_it_is() {
    let limit = throttled_of(&failed(&throttled(&fresh(500), 1, 300, at(1)), at(2)), "a#b", at(3)).signed("w");
    let json = serde_json::to_string(&limit).expect("JSON");
    assert_eq!(serde_json::from_str::<Limit>(&json).expect("a limit"), limit);
}

/// What may befall a limit.
#[derive(Clone, Debug)]
enum Step {
    Admit(u32),
    Succeed(u32),
    Throttle(u32),
    Fail,
}

fn step() -> impl Strategy<Value = (i64, Step)> {
    let what = prop_oneof![
        6 => (1..=500_u32).prop_map(Step::Admit),
        2 => (1..=500_u32).prop_map(Step::Succeed),
        1 => (0..=2_000_u32).prop_map(Step::Throttle),
        1 => Just(Step::Fail),
    ];
    (0..3_000_i64, what)
}

proptest! {
    #[test]
    fn no_more_begins_than_the_rate_allows(asked in prop::collection::vec((0..1_500_i64, 1..=500_u32), 1..60), rate in 50..2_000_u32) {
        let (mut limit, mut now) = (fresh(rate), 0);
        let mut begun: Vec<(i64, u32)> = vec![];
        for (pause, records) in asked {
            now += pause;
            if let Admission::Taken(turn, next) = limit.admit(records, at(now)) {
                // As early as it may.
                begun.push(((turn - EARLY).max(at(now)).as_millisecond() - at(0).as_millisecond(), records));
                limit = next;
            }
        }
        begun.sort_unstable();
        for (first, (from, _)) in begun.iter().enumerate() {
            let mut sum = 0;
            for (until, records) in &begun[first..] {
                sum += i64::from(*records);
                let allowed = i64::from(rate) * (until - from + 1_000) / 1_000 + 500 + 1;
                prop_assert!(sum <= allowed, "{sum} records in {} ms at {rate}/s", until - from);
            }
        }
    }

    #[test]
    fn the_rate_stays_between_floor_and_ceiling_and_someone_is_let_through_in_the_end(
        steps in prop::collection::vec(step(), 1..80), ceiling in 1..5_000_u32
    ) {
        let (mut limit, mut now) = (fresh(ceiling), 0);
        for (pause, what) in steps {
            now += pause;
            limit = match what {
                Step::Admit(records) => match limit.admit(records, at(now)) {
                    Admission::Taken(turn, next) => {
                        prop_assert!(turn >= at(now) && turn <= at(now) + HORIZON);
                        next
                    }
                    Admission::Refused(until) => {
                        prop_assert!(until > at(now) && until <= at(now) + HORIZON);
                        continue;
                    }
                },
                Step::Succeed(records) => succeeded(&limit, records).unwrap_or(limit),
                Step::Throttle(achieved) => throttled(&limit, 25, achieved, at(now)),
                Step::Fail => failed(&limit, at(now)),
            };
            prop_assert!(limit.rate >= FLOOR.min(ceiling) && limit.rate <= ceiling);
        }
        // Whatever happened: a quarter of an hour later a chunk begins.
        let later = at(now) + HORIZON + PROBE;
        prop_assert!(matches!(limit.admit(1, later), Admission::Taken(..)));
    }
}
