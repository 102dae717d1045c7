//! Limits of the sources' pace: one winner of each race, and each dataset's and table's its own.

use jiff::SignedDuration;
use shared::domain::pace::{Admission, Bounded, Heard, Limit};
use shared::ports::Limits;

use super::ground::Ground;
use super::samples::{acme, at};

fn own() -> Bounded {
    Bounded::Dataset(acme(), "messages".parse().expect("slug"))
}

/// The limit after somebody took tokens of it.
fn taken(before: &Limit, by: &str) -> Limit {
    match before.admit(500, before.tat) {
        Admission::Taken(_, next) => next.signed(by),
        Admission::Refused(_) => panic!("its tokens are there"),
    }
}

pub(super) async fn of_two_who_take_tokens_one_gets_them(ground: impl Ground) {
    let store = ground.store();
    assert_eq!(store.limit(&own()).await.expect("read"), None);
    let mut limit = Limit::fresh(500, at(0));
    for n in 0..3 {
        let (fast, slow) = (taken(&limit, "fast"), taken(&limit, "slow"));
        assert!(store.swap_limit(&own(), &fast).await.expect("written"), "{n}");
        assert!(!store.swap_limit(&own(), &slow).await.expect("an answer"), "{n}");
        assert!(
            store.swap_limit(&own(), &fast).await.expect("the winner's own"),
            "a lost answer is read back"
        );
        assert_eq!(store.limit(&own()).await.expect("read"), Some(fast.clone()));
        limit = fast;
    }
}

pub(super) async fn a_limit_is_stored_as_it_is_and_each_is_its_own(ground: impl Ground) {
    let store = ground.store();
    let heard = Heard {
        throttled: 25,
        achieved: Some(300),
        failed: 1,
        ..Heard::default()
    };
    let now = at(0) + SignedDuration::from_nanos(123_456_789);
    let slowed = Limit::fresh(500, now).after_one_of_many("acme#messages", &heard, now);
    let table = Bounded::Container("messages".to_owned());
    let slowed = slowed.expect("it learns").signed("w");
    assert!(store.swap_limit(&table, &slowed).await.expect("written"));
    assert_eq!(store.limit(&table).await.expect("read"), Some(slowed));
    assert_eq!(store.limit(&own()).await.expect("read"), None);
    let bucket = Bounded::Container("messages-2".to_owned());
    assert_eq!(store.limit(&bucket).await.expect("read"), None);
}
