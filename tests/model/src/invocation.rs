//! One call of a function, from its message to its end: where it is between two steps, and what it read so far.
//!
//! Guarantee: what an invocation knows is here and may be out of date; only the rows are true. Where next:
//! [`mod@crate::work`] takes the steps.

use crate::job::{Event, Phase};
use crate::rows::{Chunk, Message, Plan, Rows};

/// One call of a function, from its message to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Invocation {
    /// The message it handles: gone with its end, back on the queue if it dies.
    pub hand: Hand,
    /// What it does next.
    pub step: Step,
}

/// The message an invocation handles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Hand {
    /// None: idle, or supervision, which takes no input.
    #[default]
    Nothing,
    /// Page through the dataset.
    Plan,
    /// Work on a chunk.
    Chunk(Message),
}

/// What an invocation does next, with what it read before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Nothing: it waits for a message.
    #[default]
    Idle,
    /// Read the plan's row again, or leave the rest to a continuation.
    Read,
    /// Commit the page after this plan.
    Page(Plan),
    /// Write this row, the lease.
    Lease(Chunk),
    /// Mark the record.
    Sweep(Chunk),
    /// Store the outcome object.
    Store(Chunk),
    /// Add to the counter; only with [`crate::protocol::Flaw::CounterBeside`].
    Count(Chunk),
    /// Write the completed row over this one.
    Settle(Chunk),
    /// Send the chunk a window further on.
    Follow(usize),
    /// Read request and plan, to see whether the job advances.
    Look,
    /// Read the chunks, recount, decide.
    Recount(Phase, Plan),
    /// Commit what has become true.
    Commit(Phase, Event, Rows),
    /// Send what the window has room for, by these rows.
    Fill(Rows),
}

impl Invocation {
    /// The row a worker wrote as its lease.
    #[must_use]
    pub fn row(&self) -> Option<Chunk> {
        match self.step {
            Step::Sweep(row) | Step::Store(row) | Step::Count(row) | Step::Settle(row) => Some(row),
            Step::Idle | Step::Read | Step::Page(_) | Step::Lease(_) | Step::Follow(_) => None,
            Step::Look | Step::Recount(..) | Step::Commit(..) | Step::Fill(_) => None,
        }
    }

    /// Whether it waits for something to do.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.step == Step::Idle
    }
}
