//! Knobs: what a test build may turn, and any other build holds fixed.
//!
//! Two kinds. [`Sizes`] make the simulator's runs small: a window is filled by a dozen records instead of sixteen
//! thousand. A [`Guard`] is a check of the protocol that a test takes out, to see that the simulator finds out.
//! Without feature `sim` every function here is a constant, so no deployed binary can be turned.

/// How much goes into a chunk, a page, a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Records per chunk.
    pub chunk_records: usize,
    /// Chunks of one dataset that may be outstanding at a time.
    pub window: u32,
    /// Chunks committed with one page of a plan.
    pub page_chunks: usize,
}

/// The sizes of every real run.
pub const REAL_SIZES: Sizes = Sizes {
    chunk_records: crate::domain::chunk::CHUNK_RECORDS,
    window: crate::domain::chunk::WINDOW,
    page_chunks: crate::domain::chunk::PAGE_CHUNKS,
};

/// A check without which the protocol would break a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Guard {
    /// A message whose `send` is not the row's is dropped.
    SendNumber,
    /// A live lease is respected.
    LiveLease,
    /// A chunk's row is written only if it still has the revision that was read: the fence against zombies.
    ChunkRevision,
    /// A plan's row is written only if no other planner was faster.
    PlanRevision,
    /// A request's row is written only if nobody moved it.
    RequestUnchanged,
    /// A phase ends only when every dataset's plan is complete.
    PlanComplete,
    /// Sweeping ends only when every chunk is settled.
    AllSettled,
    /// Only a chunk whose window is over is purged.
    WindowOver,
    /// A job with findings or unsettled records fails instead of completing.
    NothingUnsettled,
    /// What a verification finds is swept, not overlooked.
    NoLeftovers,
    /// A request completes only after its closing e-mail is settled.
    NoticeSettled,
    /// No two open requests of a subject share a category.
    ScopeFree,
    /// Execution waits for the end of the grace period.
    GraceOver,
    /// The executor looked at what they execute.
    PreviewHolds,
    /// Approver and executor are two people.
    TwoPersons,
    /// A mail in hand is not handed over a second time.
    MailLease,
    /// A lost message is sent again.
    LostWork,
    /// A chunk that never completes is given up.
    FiveLeases,
    /// A request's key is kept until its shredding is due.
    ShredDue,
    /// A record written after the execution is left alone.
    Cutoff,
    /// A record that is gone is not written anew by its mark.
    RecordExists,
    /// A record that carries another request's mark is left alone.
    ForeignMark,
    /// Only what carries this request's mark is destroyed.
    OwnMark,
    /// Only object versions up to our marker are destroyed.
    OwnVersions,
    /// A cancelled request's account waits until nobody is at work.
    NobodyAtWork,
    /// A settled cancellation closes the plans it counted.
    PlansClosed,
    /// What was restored or is exempt is no leftover.
    ExpectedKept,
    /// What a hold covers is not purged, and its expiry is removed.
    HoldKeeps,
    /// A hold says that it is settled only when no expiry is armed any more.
    HoldSettled,
    /// The gate moves in the transaction that moves the request.
    GateTogether,
    /// The gate is written only if it is as it was read.
    GateUnchanged,
    /// The gate lets go of a category only when nothing of it shows.
    GateUntilSwept,
    /// An item is deleted only after its copy lies in the vault.
    CopiedFirst,
    /// An item is deleted only as it was copied.
    AsCopied,
}

impl Guard {
    /// All of them.
    pub const ALL: [Self; 34] = [
        Self::SendNumber,
        Self::LiveLease,
        Self::ChunkRevision,
        Self::PlanRevision,
        Self::RequestUnchanged,
        Self::PlanComplete,
        Self::AllSettled,
        Self::WindowOver,
        Self::NothingUnsettled,
        Self::NoLeftovers,
        Self::NoticeSettled,
        Self::ScopeFree,
        Self::GraceOver,
        Self::PreviewHolds,
        Self::TwoPersons,
        Self::MailLease,
        Self::LostWork,
        Self::FiveLeases,
        Self::ShredDue,
        Self::Cutoff,
        Self::RecordExists,
        Self::ForeignMark,
        Self::OwnMark,
        Self::OwnVersions,
        Self::NobodyAtWork,
        Self::PlansClosed,
        Self::ExpectedKept,
        Self::HoldKeeps,
        Self::HoldSettled,
        Self::GateTogether,
        Self::GateUnchanged,
        Self::GateUntilSwept,
        Self::CopiedFirst,
        Self::AsCopied,
    ];

    /// Whether the guard is in place. Always, but in a test that took it out.
    #[cfg(not(feature = "sim"))]
    pub const fn stands(self) -> bool {
        true
    }

    /// Whether the guard is in place. Always, but in a test that took it out.
    #[cfg(feature = "sim")]
    pub fn stands(self) -> bool {
        turned::out() != Some(self)
    }
}

/// The sizes in force.
#[cfg(not(feature = "sim"))]
pub const fn sizes() -> Sizes {
    REAL_SIZES
}

/// The sizes in force.
#[cfg(feature = "sim")]
pub fn sizes() -> Sizes {
    turned::sizes()
}

#[cfg(feature = "sim")]
pub use turned::Turned;

/// The knobs of a test build, per thread: tests run side by side.
#[cfg(feature = "sim")]
mod turned {
    use std::cell::Cell;

    use super::{Guard, REAL_SIZES, Sizes};

    thread_local! {
        static SIZES: Cell<Sizes> = const { Cell::new(REAL_SIZES) };
        static OUT: Cell<Option<Guard>> = const { Cell::new(None) };
    }

    /// Knobs turned on this thread until this value is dropped.
    #[derive(Debug)]
    #[must_use = "the knobs turn back when this is dropped"]
    pub struct Turned(());

    impl Turned {
        /// Turns them; `out` is a guard to take out.
        pub fn to(sizes: Sizes, out: Option<Guard>) -> Self {
            SIZES.set(sizes);
            OUT.set(out);
            Self(())
        }
    }

    impl Drop for Turned {
        fn drop(&mut self) {
            SIZES.set(REAL_SIZES);
            OUT.set(None);
        }
    }

    pub(super) fn sizes() -> Sizes {
        SIZES.get()
    }

    pub(super) fn out() -> Option<Guard> {
        OUT.get()
    }
}
