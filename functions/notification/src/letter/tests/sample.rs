//! One sample of every letter, with the facts a reader would meet.

use jiff::{Span, Timestamp, ToSpan};

use crate::letter::{
    By, Category, Grace, Hidden, Kept, Kind, Letter, Line, Notice, Occasion, Outcome, Passage, Reference, RequestFacts,
    Sender, Stage, Topic, render, render_notice,
};

pub(super) const NAME: &str = "Zoë Marchetti";
pub(super) const SUPPORT: &str = "privacy@acme.example";
pub(super) const ACCOUNT: &str = "https://account.acme.example/privacy";
pub(super) const REASON: &str =
    "We could not confirm who you are.\nPlease call us & have your \"customer number\" ready, don't send it.";

const SENDER: Sender<'_> = Sender {
    support_contact: Line::new(SUPPORT),
    account_url: ACCOUNT,
};
const CONVERSATIONS: Category<'_> = Category {
    name: Line::new("conversations"),
    description: Line::new("Messages you wrote or received"),
};
const FILES: Category<'_> = Category {
    name: Line::new("attachments"),
    description: Line::new("Files you uploaded"),
};
const NOTHING_YET: Outcome<'_> = Outcome {
    category: CONVERSATIONS,
    purged: 0,
    already_absent: 0,
    recreated: 0,
    restored: 0,
    exported: 0,
    hidden: None,
    untouched: 0,
    failed: 0,
    resolved: 0,
    exempt: &[],
};
const IN_FULL: [Outcome<'_>; 2] = [
    Outcome {
        purged: 12_345,
        already_absent: 1,
        ..NOTHING_YET
    },
    Outcome {
        category: FILES,
        ..NOTHING_YET
    },
];
const IN_PART: [Outcome<'_>; 2] = [
    Outcome {
        purged: 1,
        recreated: 2,
        restored: 3,
        resolved: 1,
        ..NOTHING_YET
    },
    Outcome {
        category: FILES,
        exempt: &[Kept {
            records: 4,
            ground: Line::new("invoices, kept ten years under tax law"),
        }],
        ..NOTHING_YET
    },
];

const STOPPED: [Outcome<'_>; 2] = [
    Outcome {
        purged: 7,
        hidden: Some(Hidden {
            records: 1_200,
            until: day(50),
        }),
        untouched: 1_300,
        failed: 1,
        ..NOTHING_YET
    },
    Outcome {
        category: FILES,
        restored: 2,
        untouched: 1,
        ..NOTHING_YET
    },
];

const COPIED: [Outcome<'_>; 2] = [
    Outcome {
        exported: 12_345,
        already_absent: 1,
        ..NOTHING_YET
    },
    Outcome {
        category: FILES,
        exported: 1,
        exempt: &[Kept {
            records: 4,
            ground: Line::new("drafts of others"),
        }],
        ..NOTHING_YET
    },
];

/// Every notice, by the name of its snapshot.
pub(super) const EVERY_NOTICE: [(&str, Notice); 14] = [
    ("grace_over", Notice::GraceOver { grace_ends_at: day(35) }),
    ("due_soon", due_soon(Stage::InReview, true)),
    ("due_soon_approved", due_soon(Stage::Approved, true)),
    ("due_soon_extended", due_soon(Stage::Approved, false)),
    ("due_soon_at_work", due_soon(Stage::AtWork, false)),
    ("overdue", Notice::Overdue { stage: Stage::InReview }),
    ("overdue_at_work", Notice::Overdue { stage: Stage::AtWork }),
    ("window_ended", window_ended(false)),
    ("window_ended_stopped", window_ended(true)),
    ("differs", Notice::Differs { more: 1_204 }),
    ("job_failed", Notice::JobFailed { findings: 3 }),
    ("job_failed_one", Notice::JobFailed { findings: 1 }),
    ("undeliverable", Notice::Undeliverable { topic: Topic::Rejected }),
    (
        "undeliverable_completion",
        Notice::Undeliverable {
            topic: Topic::Completed,
        },
    ),
];

const fn window_ended(stopped: bool) -> Notice {
    let recover_until = day(42);
    Notice::WindowEnded { recover_until, stopped }
}

const fn due_soon(stage: Stage, may_extend: bool) -> Notice {
    Notice::DueSoon { stage, may_extend }
}

/// Noon, so many days after 1 June 2026.
const fn day(n: i64) -> Timestamp {
    Timestamp::constant(1_780_315_200 + n * 86_400, 0)
}

pub(super) fn facts() -> RequestFacts<'static> {
    RequestFacts {
        id: Line::new("dsr_01JZ0M3V5T7XQ9B2C4D6E8F0GH"),
        kind: Kind::Deletion,
        addressee: Line::new(NAME),
        on_behalf: false,
        received_at: day(0),
        categories: &[CONVERSATIONS, FILES],
    }
}

/// Every occasion and each way it is worded, by the name of its snapshot, with the request it is about.
pub(super) fn every_occasion() -> Vec<(&'static str, RequestFacts<'static>, Occasion<'static>)> {
    let deletion = facts();
    let export = RequestFacts {
        kind: Kind::Export,
        ..deletion
    };
    let approved = |ends, done, recovery_window: Span| Occasion::Approved {
        grace: Some(Grace {
            ends_at: day(ends),
            completes_by: day(done),
            recovery_window,
        }),
        due_at: day(30),
        misses_due: done > 30,
    };
    let copied = Occasion::Approved {
        grace: None,
        due_at: day(30),
        misses_due: false,
    };
    let received = Occasion::Received { due_at: day(30) };
    let rejected = Occasion::Rejected {
        reason: Passage::new(REASON),
        kept_until: day(760),
    };
    let extended = Occasion::Extended {
        was_due_at: day(30),
        due_at: day(91),
        reason: Passage::new(REASON),
    };
    let withdrawn = |by| Occasion::Withdrawn {
        by,
        kept_until: day(760),
    };
    let operator = By::Operator {
        reason: Passage::new(REASON),
    };
    let completed = |outcomes, partial| Occasion::Completed {
        finished_at: day(43),
        outcomes,
        partial,
        found_for: 24.months(),
        proof_for: 7.years(),
    };
    let ready = |until, parts, partial| Occasion::Ready {
        until,
        parts,
        outcomes: if partial { &COPIED } else { &COPIED[..1] },
        partial,
        found_for: 24.months(),
        proof_for: 7.years(),
    };
    vec![
        ("received", deletion, received),
        ("received_export", export, received),
        ("approved", deletion, approved(16, 25, 7.days())),
        ("approved_late", deletion, approved(35, 44, 7.days())),
        ("approved_no_window", deletion, approved(16, 16, Span::new())),
        ("approved_export", export, copied),
        ("rejected", deletion, rejected),
        ("rejected_export", export, rejected),
        ("withdrawn_by_you", deletion, withdrawn(By::You)),
        ("withdrawn_by_operator", deletion, withdrawn(operator)),
        ("withdrawn_export", export, withdrawn(operator)),
        ("extended", deletion, extended),
        ("extended_export", export, extended),
        (
            "cancelled",
            deletion,
            Occasion::Cancelled {
                outcomes: &STOPPED,
                reason: Passage::new(REASON),
            },
        ),
        (
            "dropped",
            export,
            Occasion::Dropped {
                reason: Passage::new(REASON),
            },
        ),
        ("ready", export, ready(Some(day(32)), 1, false)),
        ("ready_in_part", export, ready(Some(day(32)), 12, true)),
        ("ready_taken_back", export, ready(None, 1, false)),
        (
            "expiring",
            export,
            Occasion::Expiring {
                until: day(32),
                parts: 2,
            },
        ),
        ("completed", deletion, completed(&IN_FULL, false)),
        ("completed_in_part", deletion, completed(&IN_PART, true)),
    ]
}

pub(super) fn occasion(told: &Occasion<'_>, facts: &RequestFacts<'_>) -> Letter {
    render(told, facts, &SENDER).unwrap()
}

pub(super) fn notice(told: &Notice) -> Letter {
    let facts = facts();
    let request = Reference {
        id: facts.id,
        tenant: Line::new("acme"),
        kind: facts.kind,
        due_at: day(30),
    };
    render_notice(told, &request, &SENDER).unwrap()
}

/// All of them, rendered.
pub(super) fn every_letter() -> Vec<(&'static str, Letter)> {
    let to_subject = every_occasion()
        .into_iter()
        .map(|(name, facts, told)| (name, occasion(&told, &facts)));
    let to_operators = EVERY_NOTICE.iter().map(|(name, told)| (*name, notice(told)));
    to_subject.chain(to_operators).collect()
}
