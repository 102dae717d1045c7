//! A sweep that is to stop: because its request was cancelled, or because its lease is over.

use std::cell::Cell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, play, play_with};
use crate::domain::chunk::ChunkState;
use crate::domain::ids::RequestKey;
use crate::domain::outcome::Code;
use crate::ports::Watch;
use crate::sim::store::SimStore;
use crate::sim::{Call, Dice, Fate, Fates};
use crate::workflow::operate::Uncancelled;
use crate::workflow::work_chunk::Worked;

fn watch<'a, T: Fn() -> Timestamp>(
    desk: &'a Desk,
    key: &RequestKey,
    lease_until: Option<Timestamp>,
    clock: &'a T,
) -> Uncancelled<'a, SimStore, T> {
    Uncancelled::new(&desk.records.store, key.clone(), lease_until, clock)
}

#[test]
fn a_cancellation_is_seen_within_half_a_second_and_looked_for_twice_a_second() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let clock = || desk.now();
        let watch = watch(&desk, &key, None, &clock);
        desk.cancel(&key).await.expect("Otto may");
        let calls = desk.world.calls();
        assert!(
            watch.wanted().await && desk.world.calls() == calls,
            "it has just looked"
        );
        desk.wait(SignedDuration::from_millis(500));
        assert!(!watch.wanted().await);
        assert_eq!(desk.world.calls(), calls + 1);
        desk.wait(SignedDuration::from_millis(500));
        assert!(!watch.wanted().await && desk.world.calls() == calls + 1, "it knows");
    });
}

#[test]
fn what_is_not_cancelled_is_wanted_until_the_lease_is_over() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let clock = || desk.now();
        let end = desk.now() + SignedDuration::from_secs(2);
        let watch = watch(&desk, &key, Some(end), &clock);
        desk.wait(SignedDuration::from_millis(600));
        let calls = desk.world.calls();
        assert!(watch.wanted().await && watch.wanted().await);
        assert_eq!(desk.world.calls(), calls + 1, "looked once");
        desk.world.advance_to(end);
        assert!(!watch.wanted().await);
    });
}

/// Whoever makes this call next stands still for so long.
type Trap = Rc<Cell<Option<(&'static str, SignedDuration)>>>;

struct Traps(Trap);

impl Fates for Traps {
    fn fate(&mut self, call: &Call<'_>, _: &mut Dice) -> Fate {
        match self.0.get() {
            Some((op, time)) if op == call.op => {
                self.0.set(None);
                Fate::Stall(time)
            }
            _ => Fate::Pass,
        }
    }
}

#[test]
fn a_worker_whose_lease_is_over_accounts_for_nothing_and_its_chunk_is_sent_again() {
    let trap = Trap::default();
    play_with((1, ""), Traps(Rc::clone(&trap)), async move |desk| {
        let key = desk.planned(2).await;
        trap.set(Some(("read holds", SignedDuration::from_secs(60))));
        assert_eq!(desk.work_one().await, Some(Worked::Postponed));
        let chunk = desk.chunks(&key).remove(0);
        assert_eq!((chunk.state, chunk.send, chunk.outcome), (ChunkState::Ready, 2, None));
        desk.wait(SignedDuration::from_secs(5));
        desk.work().await;
        assert_eq!(desk.chunks(&key).remove(0).counts.of(Code::Swept), 2);
    });
}
