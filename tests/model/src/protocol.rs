//! The model as the checker sees it: where it begins, what may happen next, what must hold.

use stateright::{Model, Property};

use crate::action::{self, Action};
use crate::properties;
use crate::state::State;
use crate::{faults, supervise, work};

/// Chunks of the one dataset; each is a page of the plan, too, and holds one record.
pub const CHUNKS: usize = 2;
/// Invocations of planning and execution at a time.
pub const WORKERS: usize = 2;
/// Chunks that may be outstanding at a time. One less than there are, so that the window is felt.
pub const WINDOW: usize = 1;

/// What to check: the protocol, or the protocol with a flaw, under so many faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// A guard taken out.
    pub flaw: Option<Flaw>,
    /// Faults that may happen on a path, of any kinds together.
    pub faults: u8,
}

/// A guard taken out. The checker must find what goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A worker's completion is written over whatever the row is by now.
    NoFence,
    /// The job advances although pages of the plan are missing.
    FinishWithoutPlan,
    /// A counter is raised in a write of its own, before the row, and the end is decided by it.
    CounterBeside,
    /// A message is sent again under the number it had.
    ResendUnnumbered,
    /// Nobody looks for what got lost.
    NoSupervision,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::NoFence,
        Self::FinishWithoutPlan,
        Self::CounterBeside,
        Self::ResendUnnumbered,
        Self::NoSupervision,
    ];

    /// What is broken, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NoFence => "no fence",
            Self::FinishWithoutPlan => "finish without plan_complete",
            Self::CounterBeside => "counter beside the rows",
            Self::ResendUnnumbered => "re-send without raising send",
            Self::NoSupervision => "no supervision",
        }
    }

    /// The property that must be found violated.
    #[must_use]
    pub fn breaks(self) -> &'static str {
        match self {
            Self::NoFence => properties::NO_STALE_ACCOUNT,
            Self::FinishWithoutPlan => properties::WHOLE_PLAN,
            Self::CounterBeside => properties::COUNTED_ONCE,
            Self::ResendUnnumbered => properties::ONE_MESSAGE,
            Self::NoSupervision => properties::FINISHES,
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::executed(self.faults)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        action::enabled(self, state, actions);
    }

    fn next_state(&self, before: &State, action: Action) -> Option<State> {
        let mut state = before.clone();
        match action {
            Action::Receive(delivery) => work::receive(&mut state, delivery),
            Action::Go(slot) => work::go(self, &mut state, slot),
            Action::Continue(slot) => work::continue_later(&mut state, slot),
            Action::Supervise(push) => supervise::push(self, &mut state, push),
            Action::Lapse(n) => faults::lapse(&mut state, n),
            Action::Fault(fault) => faults::happen(&mut state, fault),
        }
        state.workers.sort_unstable();
        (state != *before).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
