//! What is written to the operators: something waits for a person.
//!
//! A notice goes to a shared mailbox and is forwarded at will, so it is made from a [`Reference`] and holds nothing
//! about the data subject: whoever needs to know signs in and looks, and that look is in the trail.

use jiff::Timestamp;

use super::occasion::{Kind, slug};
use super::printable::Line;

/// The request a notice is about: no name, no address, no reason, no scope.
#[derive(Debug, Clone, Copy)]
pub struct Reference<'a> {
    /// The request's id.
    pub id: Line<'a>,
    /// Whose request it is.
    pub tenant: Line<'a>,
    /// What was asked.
    pub kind: Kind,
    /// When the answer is due.
    pub due_at: Timestamp,
}

/// Why the operators are written to.
#[derive(Debug, Clone, Copy)]
pub enum Notice {
    /// The grace period ended: `execute` is allowed, and nothing starts by itself.
    GraceOver {
        /// When it ended.
        grace_ends_at: Timestamp,
    },
    /// Three quarters of the time to the due date are over.
    DueSoon {
        /// How far the request is.
        stage: Stage,
        /// Whether the due date can still be moved.
        may_extend: bool,
    },
    /// The due date has passed.
    Overdue {
        /// How far the request is.
        stage: Stage,
    },
    /// The recovery window ended: nothing can be brought back any more.
    WindowEnded {
        /// When it ended.
        recover_until: Timestamp,
        /// Whether the request was cancelled in the middle.
        stopped: bool,
    },
    /// The job paused before anything was hidden; only a person lets it go on.
    Differs {
        /// Records more than were previewed.
        more: u64,
    },
    /// The job failed; the request stays InProgress.
    JobFailed {
        /// How many findings are open.
        findings: u64,
    },
    /// A letter to the data subject was refused for good, or could not be handed over for 72 hours.
    Undeliverable {
        /// What it was about.
        topic: Topic,
    },
}

/// How far an open request is, as far as it decides what is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Pending or Verified: nobody has decided yet.
    InReview,
    /// Approved: nobody has executed yet.
    Approved,
    /// InProgress.
    AtWork,
}

/// What an undelivered letter was about: the [`Occasion`](super::Occasion) without its facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// The receipt.
    Received,
    /// The approval.
    Approved,
    /// The refusal.
    Rejected,
    /// The withdrawal.
    Withdrawn,
    /// The cancellation in the middle.
    Cancelled,
    /// The completion.
    Completed,
}

impl Topic {
    /// As in "the letter that says that ...".
    pub(super) fn says(self) -> &'static str {
        match self {
            Topic::Received => "the request was received",
            Topic::Approved => "the request was approved",
            Topic::Rejected => "the request was rejected, and why",
            Topic::Withdrawn => "the request was withdrawn",
            Topic::Cancelled => "the request was stopped, and what had been done by then",
            Topic::Completed => "the request was completed, and what was done",
        }
    }
}

impl Notice {
    /// Fixed wording, the id and the tenant.
    pub(super) fn subject_line(&self, request: &Reference<'_>) -> String {
        let what = match self {
            Notice::GraceOver { .. } => "Grace period over",
            Notice::DueSoon { .. } => "Due soon",
            Notice::Overdue { .. } => "Overdue",
            Notice::WindowEnded { .. } => "Recovery window over",
            Notice::Differs { .. } => "Job paused",
            Notice::JobFailed { .. } => "Job failed",
            Notice::Undeliverable { .. } => "Letter not delivered",
        };
        format!(
            "{what}: {} request {} ({})",
            request.kind,
            slug(request.id),
            slug(request.tenant)
        )
    }
}
