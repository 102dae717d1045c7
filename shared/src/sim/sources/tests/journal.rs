//! TTL, and what the journal says of each effect.

use super::super::journal::{What, Who};
use super::*;
use crate::sim::Calm;

#[test]
fn ttl_deletes_what_is_past_and_looks_again() {
    let bench = Bench::new(Calm);
    let (swept, kept) = (bench.put(0, "a", "x"), bench.put(0, "b", "x"));
    let end = bench.cutoff.as_second() + 10;
    assert!(bench.sources.touch_ttl(&kept, Some(end)));
    let lines = bench.plan(0);
    bench.sweep(0, 1, &lines[..1]).expect("no crash").expect("a sweep");
    assert_eq!(bench.sources.expired(bench.world.now()), 0);
    let next = Timestamp::from_second(end).expect("an instant");
    assert_eq!(bench.sources.next_expiry(bench.world.now()), Some(next));

    bench.world.advance_to(bench.cutoff + SignedDuration::from_hours(2));
    assert_eq!(
        (
            bench.sources.expired(bench.world.now()),
            bench.sources.next_expiry(bench.world.now())
        ),
        (2, None)
    );
    assert!(bench.sources.touch_ttl(&kept, None));
    assert_eq!(bench.sources.expired(bench.world.now()), 1);
    bench.sources.expire_one(1);
    assert_eq!(bench.sources.snapshot().len(), 2, "there is no second one");
    bench.sources.expire_one(0);
    assert_eq!(bench.sources.snapshot().into_keys().collect::<Vec<_>>(), [kept]);

    let last = bench.sources.journal().pop().expect("an effect");
    assert_eq!((last.who, last.record, last.what), (Who::Ttl, swept, What::Destroyed));
    assert_eq!((last.planned, last.mark), (true, Some(request(1).to_string())));
}

#[test]
fn effects_say_what_was_planned_and_what_was_seen() {
    let bench = Bench::new(Calm);
    let file = bench.upload("f", "one");
    bench.upload("f", "two");
    let lines = bench.plan(2);
    let swept = bench.sweep(2, 1, &lines).expect("no crash").expect("a sweep");
    let purged = bench.purge(2, &lines, &swept).expect("no crash").expect("a purge");
    assert_eq!(codes(&purged), [Code::Purged]);
    let journal = bench.sources.journal();
    let version = |id: &str| What::VersionDestroyed {
        version: id.into(),
        visible: false,
    };
    let whats: Vec<_> = journal
        .iter()
        .map(|effect| (effect.what.clone(), effect.planned))
        .collect();
    let marker = || "v3".to_owned();
    let of = Some(request(1));
    let expected = [
        (
            What::Hidden {
                marker: marker(),
                late: false,
            },
            true,
        ),
        (version("v1"), true),
        (version("v2"), true),
        (What::MarkerDestroyed { marker: marker(), of }, false),
    ];
    assert_eq!(whats, expected);
    assert!(
        journal
            .iter()
            .all(|effect| effect.record == file && effect.who == Who::Request(request(1)))
    );
}

#[test]
fn an_update_in_place_keeps_the_mark_and_a_put_does_not() {
    let bench = Bench::new(Calm);
    let item = bench.put(0, "a", "x");
    let lines = bench.plan(0);
    bench.sweep(0, 1, &lines).expect("no crash").expect("a sweep");
    assert!(bench.sources.update_item(&item, "y"));
    assert!(!bench.sources.snapshot()[&item].is_visible());
    bench.put(0, "a", "z");
    assert!(bench.sources.snapshot()[&item].is_visible());
}
