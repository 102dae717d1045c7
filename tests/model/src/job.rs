//! The job: from a recount of rows to the next phase. Mirrors [`shared::state_machine::job`], cut down to one generation
//! and to the phases up to the end of the sweep, which stands here for the end of the request.

use crate::protocol::Flaw;
use crate::rows::{Chunk, ChunkState, Plan, Rows};

/// What the request is doing; its version at the same time, for it changes with each transition and never returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// Enumerating the subject's records.
    Planning,
    /// Hiding them.
    Sweeping,
    /// All accounted for: this account was committed, and nothing follows.
    Finished(Account),
}

/// What the request says of its records in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    /// Records planned.
    pub planned: u8,
    /// Of them swept.
    pub swept: u8,
}

/// A recount of plan and chunk rows. Mirrors [`shared::domain::job::Tally`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Whether the plan is complete.
    pub plan_complete: bool,
    /// Records planned.
    pub planned: u8,
    /// Records in chunk rows.
    pub total: u8,
    /// Chunks not finished.
    pub unfinished: u8,
    /// Records accounted for.
    pub swept: u8,
}

/// What has become true. Mirrors [`shared::state_machine::command::Event`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// Sweeping may begin.
    PlanComplete,
    /// Everything is swept.
    Swept(Account),
}

impl Tally {
    /// Mirrors [`shared::domain::job::Tally::recount`].
    #[must_use]
    pub fn recount(plan: &Plan, rows: &Rows) -> Self {
        let count = |state: fn(&&Chunk) -> bool| rows.iter().flatten().filter(state).fold(0, |n, _| n + 1);
        Self {
            plan_complete: plan.complete,
            planned: plan.planned,
            total: count(|_| true),
            unfinished: count(|row| row.state != ChunkState::Done),
            swept: count(|row| row.state == ChunkState::Done),
        }
    }

    /// The flaw of a counter that is kept beside the rows and believed.
    #[must_use]
    pub fn counted(self, counter: u8) -> Self {
        Self {
            unfinished: self.planned.saturating_sub(counter),
            swept: counter,
            ..self
        }
    }
}

/// Mirrors [`shared::state_machine::job::next_event`].
#[must_use]
pub fn next_event(phase: Phase, tally: Tally, flaw: Option<Flaw>) -> Option<Event> {
    let plan_complete = tally.plan_complete || flaw == Some(Flaw::FinishWithoutPlan);
    if !plan_complete || tally.total != tally.planned {
        return None;
    }
    match phase {
        Phase::Planning if tally.planned > 0 => Some(Event::PlanComplete),
        Phase::Sweeping if tally.unfinished == 0 => Some(Event::Swept(Account {
            planned: tally.planned,
            swept: tally.swept,
        })),
        Phase::Planning | Phase::Sweeping | Phase::Finished(_) => None,
    }
}

/// Mirrors [`shared::state_machine::job::advance`].
#[must_use]
pub fn advance(event: Event) -> Phase {
    match event {
        Event::PlanComplete => Phase::Sweeping,
        Event::Swept(account) => Phase::Finished(account),
    }
}
