//! The ground of the simulator's store: a calm world, in which only the index lags.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jiff::SignedDuration;
use shared::domain::hold::HoldHead;
use shared::domain::ids::{HoldId, Ref};
use shared::knobs::{Guard, REAL_SIZES, Turned};
use shared::sim::store::SimStore;
use shared::sim::{Calm, World, alone};

use super::ground::Ground;
use super::samples::{acme, at, messages};

/// Each seed lets the index lag in another way.
const SEEDS: u64 = 8;

/// A world and its store.
pub(super) struct Simulator {
    world: World,
    store: SimStore,
}

impl Ground for Simulator {
    type Store = SimStore;

    fn store(&self) -> &SimStore {
        &self.store
    }

    async fn put_holds(&self, subject: &Ref, version: u64) {
        let head = HoldHead {
            version: Some(version),
            ..HoldHead::default().with(HoldId::from_parts(1, 1), &[messages()])
        };
        self.store.put_holds(&acme(), subject, head);
    }

    async fn pause(&self) {
        self.world
            .advance_to(self.world.now() + SignedDuration::from_millis(100));
    }
}

/// Plays a case.
pub(super) fn play<F: Future<Output = ()> + 'static>(case: impl Fn(Simulator) -> F) {
    for seed in 0..SEEDS {
        let world = World::new(seed, at(0), Calm);
        let store = SimStore::new(&world);
        let ground = Simulator {
            world: world.clone(),
            store,
        };
        assert!(
            alone(&world, case(ground)).is_some(),
            "the case never ends, seed {seed}"
        );
    }
}

/// The suite bites: a fake without one of the adapter's conditions fails a case.
#[test]
fn a_fake_that_leaves_a_condition_out_is_found() {
    for guard in [
        Guard::RequestUnchanged,
        Guard::PlanRevision,
        Guard::ChunkRevision,
        Guard::ScopeFree,
    ] {
        let _knobs = Turned::to(REAL_SIZES, Some(guard));
        let fails = |case| catch_unwind(AssertUnwindSafe(|| play(case))).is_err();
        let found = super::all().into_iter().find(|(_, case)| fails(*case));
        assert!(found.is_some(), "no case fails without {guard:?}");
    }
}
