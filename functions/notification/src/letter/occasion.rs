//! What is written to the data subject, and the facts a letter needs.
//!
//! One variant for each edge of the request's life that tells the person something; the names are those of the status
//! or deed they tell of. Whoever builds an [`Occasion`] has unsealed the personal fields; nothing here stores them, and
//! `Debug` shows none.

use std::fmt;

use jiff::{Span, Timestamp};

use super::printable::{Line, Passage};

/// What the person asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// That their data be erased.
    Deletion,
    /// A copy of their data.
    Export,
}

/// `deletion` or `export`, as in "your deletion request".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Deletion => "deletion",
            Kind::Export => "export",
        })
    }
}

/// One data category of the request's scope, as the data map describes it.
#[derive(Debug, Clone, Copy)]
pub struct Category<'a> {
    /// The category's short name.
    pub name: Line<'a>,
    /// What it holds, in the organisation's words.
    pub description: Line<'a>,
}

/// The request a letter is about, as far as its data subject is told.
#[derive(Debug, Clone, Copy)]
pub struct RequestFacts<'a> {
    /// The request's id; people quote it when they ask.
    pub id: Line<'a>,
    /// What was asked.
    pub kind: Kind,
    /// The data subject's name; may be blank.
    pub addressee: Line<'a>,
    /// Whether an operator submitted it for the data subject.
    pub on_behalf: bool,
    /// From when the due date runs: `received_at` of the resource.
    pub received_at: Timestamp,
    /// The scope.
    pub categories: &'a [Category<'a>],
}

/// Why the data subject is written to.
#[derive(Debug, Clone, Copy)]
pub enum Occasion<'a> {
    /// `submit`: the receipt.
    Received {
        /// When the answer is due.
        due_at: Timestamp,
    },
    /// `approve`: the dates, and how to withdraw.
    Approved {
        /// The time to think it over and what follows; `None` for an export, which waits for nothing and removes nothing.
        grace: Option<Grace>,
        /// When the answer is due. A deletion's letter names it only if `misses_due`.
        due_at: Timestamp,
        /// Whether a deletion will be done after `due_at`, as the resource says.
        misses_due: bool,
    },
    /// `reject`: the reason, and the rights of somebody refused (GDPR Art. 12(4)).
    Rejected {
        /// The operator's reason.
        reason: Passage<'a>,
        /// When the request itself is shredded.
        kept_until: Timestamp,
    },
    /// `withdraw`: closed before anything was done.
    Withdrawn {
        /// Who withdrew it; the letter is worded by that.
        by: By<'a>,
        /// When the request itself is shredded.
        kept_until: Timestamp,
    },
    /// `extend`: the new due date, and why (GDPR Art. 12(3)).
    Extended {
        /// When the answer was due before.
        was_due_at: Timestamp,
        /// When it is due now.
        due_at: Timestamp,
        /// The operator's reason.
        reason: Passage<'a>,
    },
    /// `cancel`, of a deletion: stopped in the middle, with what had been done by then.
    Cancelled {
        /// What was done, category by category.
        outcomes: &'a [Outcome<'a>],
        /// The operator's reason.
        reason: Passage<'a>,
    },
    /// `cancel`, of an export: there will be no copy.
    Dropped {
        /// The operator's reason.
        reason: Passage<'a>,
    },
    /// `complete`, of an export: the copy can be fetched.
    Ready {
        /// Until when; `None`: it was taken back before this letter was written.
        until: Option<Timestamp>,
        /// How many archives it has.
        parts: u64,
        /// What is in it, category by category.
        outcomes: &'a [Outcome<'a>],
        /// `result: partial`: the rights of somebody refused apply to what was left out.
        partial: bool,
        /// How long the request is found by an e-mail address: `RequestRetention`.
        found_for: Span,
        /// How long the trail is kept: `AuditRetention`.
        proof_for: Span,
    },
    /// The copy can be fetched for one more day.
    Expiring {
        /// Until when.
        until: Timestamp,
        /// How many archives it has.
        parts: u64,
    },
    /// `complete`, of a deletion.
    Completed {
        /// When the last record was dealt with.
        finished_at: Timestamp,
        /// What was done, category by category.
        outcomes: &'a [Outcome<'a>],
        /// `result: partial`: the rights of somebody refused apply to what was kept.
        partial: bool,
        /// How long the request is found by an e-mail address: `RequestRetention`.
        found_for: Span,
        /// How long the trail is kept: `AuditRetention`.
        proof_for: Span,
    },
}

/// The grace period of a deletion, and the recovery window after it.
#[derive(Debug, Clone, Copy)]
pub struct Grace {
    /// When it ends and execution is allowed.
    pub ends_at: Timestamp,
    /// When all of it will be done.
    pub completes_by: Timestamp,
    /// From a record's hiding to its destruction; zero: destroyed at once.
    pub recovery_window: Span,
}

/// Who withdrew a request.
#[derive(Debug, Clone, Copy)]
pub enum By<'a> {
    /// The reader.
    You,
    /// An operator, who has to say why.
    Operator {
        /// The operator's reason.
        reason: Passage<'a>,
    },
}

/// What became of one category's records. The counts are those of the request's account.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'a> {
    /// The category.
    pub category: Category<'a>,
    /// `purged`.
    pub purged: u64,
    /// `already_absent`.
    pub already_absent: u64,
    /// `recreated`: the application wrote them anew after they were hidden.
    pub recreated: u64,
    /// `restored`.
    pub restored: u64,
    /// `exported`: in the copy.
    pub exported: u64,
    /// `swept`: after a cancellation, what can still be brought back.
    pub hidden: Option<Hidden>,
    /// `untouched`: after a cancellation, what was not reached.
    pub untouched: u64,
    /// `failed`: after a cancellation, what could not be dealt with.
    pub failed: u64,
    /// `resolved`: settled by a person, with evidence in the trail.
    pub resolved: u64,
    /// `exempt`, by ground.
    pub exempt: &'a [Kept<'a>],
}

impl Outcome<'_> {
    /// Whether the category held nothing of this person.
    pub(super) fn is_empty(&self) -> bool {
        let counted = [
            self.purged,
            self.already_absent,
            self.recreated,
            self.restored,
            self.exported,
            self.resolved,
            self.hidden.map_or(0, |hidden| hidden.records),
            self.untouched,
            self.failed,
        ];
        counted.iter().all(|n| *n == 0) && self.exempt.iter().all(|kept| kept.records == 0)
    }
}

/// Records that are hidden and can be brought back for a while.
#[derive(Debug, Clone, Copy)]
pub struct Hidden {
    /// How many.
    pub records: u64,
    /// Until when; then they are destroyed.
    pub until: Timestamp,
}

/// Records kept on one legal ground.
#[derive(Debug, Clone, Copy)]
pub struct Kept<'a> {
    /// How many.
    pub records: u64,
    /// The ground, as the data map or the hold states it to the person.
    pub ground: Line<'a>,
}

impl Occasion<'_> {
    /// Fixed wording and the id: see the guarantee in the parent module.
    pub(super) fn subject_line(&self, request: &RequestFacts<'_>) -> String {
        let (kind, id) = (request.kind, slug(request.id));
        match self {
            Occasion::Received { .. } => format!("We have received your {kind} request ({id})"),
            Occasion::Approved { .. } => format!("Your {kind} request is approved ({id})"),
            Occasion::Rejected { .. } => format!("Our decision on your {kind} request ({id})"),
            Occasion::Withdrawn { .. } => format!("Your {kind} request is withdrawn ({id})"),
            Occasion::Extended { .. } => format!("We need longer for your {kind} request ({id})"),
            Occasion::Cancelled { .. } | Occasion::Dropped { .. } => format!("Your {kind} request was stopped ({id})"),
            Occasion::Ready { until: None, .. } => format!("Your {kind} request is completed ({id})"),
            Occasion::Ready { .. } => format!("The copy of your data is ready ({id})"),
            Occasion::Expiring { .. } => format!("The copy of your data can be fetched for one more day ({id})"),
            Occasion::Completed { partial: false, .. } => format!("Your {kind} request is completed ({id})"),
            Occasion::Completed { partial: true, .. } => format!("Your {kind} request is completed in part ({id})"),
        }
    }
}

/// An id or a tenant as it may stand in a subject line: everything but its own alphabet is left out, so not even a
/// damaged row can start a header of its own.
pub(super) fn slug(text: Line<'_>) -> String {
    text.to_string()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect()
}
