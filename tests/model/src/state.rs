//! One state of the whole: rows, objects, queues, the invocations under way, and a little history for the properties.
//!
//! Guarantee: what does not matter does not tell two states apart (queues and workers are sorted). Where next:
//! [`crate::action`] says what may happen in one.

use crate::invocation::{Hand, Invocation};
use crate::job::{Phase, Tally};
use crate::protocol::{CHUNKS, Flaw, WINDOW, WORKERS};
use crate::rows::{Chunk, ChunkState, Message, Plan, Rows};

/// Everything there is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The request's row.
    pub phase: Phase,
    /// The plan's row.
    pub plan: Plan,
    /// The chunks' rows.
    pub rows: Rows,
    /// Time, as far as it matters: whether the current lease of a chunk is over.
    pub lapsed: [bool; CHUNKS],
    /// Whether a chunk's record is marked. A mark is never taken away, so a late worker does no harm here.
    pub marked: [bool; CHUNKS],
    /// Outcome objects stored: for each chunk one bit an epoch.
    pub outcomes: [u16; CHUNKS],
    /// Messages on the queue of plans; they are all alike.
    pub plans: u8,
    /// Messages on the queue of chunks, sorted.
    pub messages: Vec<Message>,
    /// Planners and workers, sorted: which is which does not matter.
    pub workers: [Invocation; WORKERS],
    /// Supervision.
    pub supervision: Invocation,
    /// Faults that may still happen.
    pub faults: u8,
    /// What the properties remember.
    pub history: History,
}

/// What no row shows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct History {
    /// How often the records of a chunk were added to the account.
    pub counted: [u8; CHUNKS],
    /// Leases granted for a chunk.
    pub leases: [u8; CHUNKS],
    /// An account was written by a worker whose epoch was not the row's.
    pub stale_account: bool,
}

impl State {
    /// The request was just executed: the plan's row is there, and its message is sent.
    #[must_use]
    pub fn executed(faults: u8) -> Self {
        Self {
            phase: Phase::Planning,
            plan: Plan::default(),
            rows: [None; CHUNKS],
            lapsed: [false; CHUNKS],
            marked: [false; CHUNKS],
            outcomes: [0; CHUNKS],
            plans: 1,
            messages: vec![],
            workers: [Invocation::default(); WORKERS],
            supervision: Invocation::default(),
            faults,
            history: History::default(),
        }
    }

    /// The recount that decides; with the flaw of a counter, what that says.
    #[must_use]
    pub fn tally(&self, plan: &Plan, rows: &Rows, flaw: Option<Flaw>) -> Tally {
        let tally = Tally::recount(plan, rows);
        if flaw == Some(Flaw::CounterBeside) {
            return tally.counted(self.history.counted.iter().sum());
        }
        tally
    }

    /// Messages that wait or are being handled.
    pub fn live(&self) -> impl Iterator<Item = Message> + '_ {
        let held = self.workers.iter().filter_map(|worker| match worker.hand {
            Hand::Chunk(message) => Some(message),
            Hand::Nothing | Hand::Plan => None,
        });
        self.messages.iter().copied().chain(held)
    }

    /// Whether a worker is at chunk `n` under the row's current lease.
    #[must_use]
    pub fn is_worked_on(&self, n: usize) -> bool {
        let current = self.rows[n].map(|row| (n, row.epoch));
        let mut leases = self.workers.iter().filter_map(Invocation::row);
        leases.any(|row| Some((row.n, row.epoch)) == current)
    }

    /// Sends the message of a row. Mirrors [`shared::workflow::dispatch::message`].
    pub fn send(&mut self, row: Chunk) {
        self.put(Message {
            chunk: row.n,
            send: row.send,
            copy: false,
        });
    }

    /// Puts a message on the queue of chunks, in its place.
    pub fn put(&mut self, message: Message) {
        self.messages.push(message);
        self.messages.sort_unstable();
    }

    /// Takes one such message from the queue of chunks.
    pub fn take(&mut self, message: Message) {
        if let Some(place) = self.messages.iter().position(|there| *there == message) {
            self.messages.remove(place);
        }
    }

    /// Mirrors [`shared::workflow::dispatch::number_and_send`]: only a row that was still as read gets its message.
    pub fn number_and_send(&mut self, row: Chunk) {
        if self.swap(row) {
            self.send(row);
        }
    }

    /// How many more chunks the window takes, by these rows.
    #[must_use]
    pub fn room(&self, rows: &Rows) -> usize {
        WINDOW.saturating_sub(rows.iter().flatten().filter(|row| row.is_outstanding()).count())
    }

    /// Mirrors [`shared::ports::Work::swap_chunk`]: written only over the row it was made of.
    pub fn swap(&mut self, after: Chunk) -> bool {
        let unchanged = self.rows[after.n].is_some_and(|row| row.rev + 1 == after.rev);
        if unchanged {
            self.rows[after.n] = Some(after);
        }
        unchanged
    }

    /// Whether chunk `n` is done.
    #[must_use]
    pub fn is_done(&self, n: usize) -> bool {
        self.rows[n].is_some_and(|row| row.state == ChunkState::Done)
    }
}
