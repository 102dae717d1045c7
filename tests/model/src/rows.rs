//! The rows and messages of the protocol, as small as they can be, and what may become of a row.
//!
//! Guarantee: a decision here is the decision of the code it mirrors. The links are checked by rustdoc, the decisions
//! by `tests/mirror.rs`, which asks both for every small row. Where next: [`crate::state`] puts the rows together.

use crate::protocol::CHUNKS;

/// A chunk of one record. Mirrors [`shared::domain::chunk::Chunk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chunk {
    /// Number within the plan, from 0.
    pub n: usize,
    /// How far it is.
    pub state: ChunkState,
    /// Rises with each lease.
    pub epoch: u8,
    /// Number of the one message that is valid for it; 0 = never sent.
    pub send: u8,
    /// Epoch of the outcome object it names.
    pub outcome: Option<u8>,
    /// Rises with each write; the compare-and-set's witness.
    pub rev: u8,
}

/// Mirrors [`shared::domain::chunk::ChunkState`], without `Parked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChunkState {
    /// To be done.
    Ready,
    /// A worker has it, until its lease lapses.
    Leased,
    /// Done, accounted for.
    Done,
}

/// The chunk rows; none: not planned yet.
pub type Rows = [Option<Chunk>; CHUNKS];

/// What a worker may do with a chunk. Mirrors [`shared::state_machine::chunk::Lease`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Work: here is the row to write first.
    Work(Chunk),
    /// Drop the message: it is old, or the work is done.
    Drop,
    /// Another worker holds it.
    Held,
}

impl Chunk {
    /// As a page of the plan puts it.
    #[must_use]
    pub fn planned(n: usize) -> Self {
        Self {
            n,
            state: ChunkState::Ready,
            epoch: 0,
            send: 0,
            outcome: None,
            rev: 0,
        }
    }

    /// Mirrors [`shared::state_machine::chunk::lease`]. `lapsed`: the current lease is over.
    #[must_use]
    pub fn lease(self, send: u8, lapsed: bool) -> Lease {
        match self.state {
            _ if self.send != send => Lease::Drop,
            ChunkState::Done => Lease::Drop,
            ChunkState::Leased if !lapsed => Lease::Held,
            ChunkState::Ready | ChunkState::Leased => Lease::Work(Self {
                state: ChunkState::Leased,
                epoch: self.epoch + 1,
                ..self.touched()
            }),
        }
    }

    /// Mirrors [`shared::state_machine::chunk::complete`], asked by the worker about the row it wrote itself: that the
    /// row is still so is the compare-and-set's business.
    #[must_use]
    pub fn complete(self) -> Self {
        Self {
            state: ChunkState::Done,
            outcome: Some(self.epoch),
            ..self.touched()
        }
    }

    /// Mirrors [`shared::state_machine::chunk::postpone`]: given back, with a message of its own.
    #[must_use]
    pub fn postpone(self) -> Self {
        Self {
            state: ChunkState::Ready,
            send: self.send + 1,
            ..self.touched()
        }
    }

    /// Mirrors [`shared::state_machine::chunk::resend`].
    #[must_use]
    pub fn resend(self, lapsed: bool) -> Option<Self> {
        let lost_lease = self.state == ChunkState::Leased && lapsed;
        (self.state == ChunkState::Ready || lost_lease).then(|| Self {
            send: self.send + 1,
            ..self.touched()
        })
    }

    /// Mirrors `is_outstanding` of [`shared::workflow::dispatch`].
    #[must_use]
    pub fn is_outstanding(self) -> bool {
        match self.state {
            ChunkState::Leased => true,
            ChunkState::Ready => self.send > 0,
            ChunkState::Done => false,
        }
    }

    /// Mirrors `wanted` of [`shared::workflow::dispatch`] while sweeping: ready, and never sent.
    #[must_use]
    pub fn wanted(self) -> Option<Self> {
        let fresh = self.state == ChunkState::Ready && self.send == 0;
        fresh.then(|| self.resend(false)).flatten()
    }

    fn touched(self) -> Self {
        Self {
            rev: self.rev + 1,
            ..self
        }
    }
}

/// A message on the queue of chunks. Mirrors [`shared::domain::message::ChunkMessage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Message {
    /// Which chunk.
    pub chunk: usize,
    /// The send this message stands for.
    pub send: u8,
    /// The queue's own second delivery, not one that anybody sent.
    pub copy: bool,
}

/// Where the enumeration stands. Mirrors [`shared::domain::job::Plan`]; a page holds one chunk of one record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Plan {
    /// Records committed so far, and chunks, and the place of the next page.
    pub planned: u8,
    /// Whether the last page is committed.
    pub complete: bool,
    /// Rises with each write; the compare-and-set's witness.
    pub rev: u8,
}
