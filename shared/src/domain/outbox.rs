//! The outbox: e-mails owed, committed with the transition that owes them.
//!
//! A row holds no personal data: the letter is written from the request when it is sent. Handing a mail over cannot be
//! exactly once (SES has no idempotency token), so a lease makes a duplicate rare and a lost mail impossible.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::period::Period;

/// Which letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// To the subject: we have your request.
    Received,
    /// To the subject: approved, with the dates and how to withdraw.
    Approved,
    /// To the subject: rejected, with the reason and the right to complain.
    Rejected,
    /// To the subject: withdrawn, by whom.
    Withdrawn,
    /// To the subject: the due date was moved, why and to when.
    Extended,
    /// To the subject: cancelled in the middle, with the exact account.
    Cancelled,
    /// To the subject: done, what was kept; of an export: the copy is ready, until when.
    Completed,
    /// To the subject: the copy can be fetched for one more day.
    Expiring,
    /// To operators: the grace period is over, the request can be executed.
    GraceOver,
    /// To operators: three quarters of the time to the due date are over.
    DueSoon,
    /// To operators: the due date has passed.
    Overdue,
    /// To operators: the recovery window has ended.
    WindowEnded,
    /// To operators: the job paused, because its plan holds far more than the preview said.
    Differs,
    /// To operators: the job failed.
    JobFailed,
    /// To operators: the closing e-mail could not be delivered.
    Undeliverable,
}

impl Occasion {
    /// Whether operators, not the subject, get it.
    pub fn to_operators(self) -> bool {
        match self {
            Self::Received
            | Self::Approved
            | Self::Rejected
            | Self::Withdrawn
            | Self::Extended
            | Self::Cancelled
            | Self::Completed
            | Self::Expiring => false,
            Self::GraceOver
            | Self::DueSoon
            | Self::Overdue
            | Self::WindowEnded
            | Self::Differs
            | Self::JobFailed
            | Self::Undeliverable => true,
        }
    }

    /// Whether it is the last that the subject is told: what became of it is the request's `notice`.
    pub fn is_closing(self) -> bool {
        matches!(
            self,
            Self::Rejected | Self::Withdrawn | Self::Cancelled | Self::Completed
        )
    }

    /// The word in rows, tags and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Extended => "extended",
            Self::Cancelled => "cancelled",
            Self::Completed => "completed",
            Self::Expiring => "expiring",
            Self::GraceOver => "grace_over",
            Self::DueSoon => "due_soon",
            Self::Overdue => "overdue",
            Self::WindowEnded => "window_ended",
            Self::Differs => "differs",
            Self::JobFailed => "job_failed",
            Self::Undeliverable => "undeliverable",
        }
    }
}

/// How far a mail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailState {
    /// To be sent.
    Pending,
    /// Being handed over, until the lease ends.
    Sending,
    /// Handed over.
    Sent,
    /// Refused for good, or undeliverable for 72 hours.
    Failed,
}

/// A mail's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Format version, 1.
    pub v: u32,
    /// Number within the request.
    pub n: u32,
    /// Which letter.
    pub occasion: Occasion,
    /// How far it is.
    pub state: MailState,
    /// Hand-overs tried.
    pub attempts: u32,
    /// When it was first owed.
    pub owed_at: Timestamp,
    /// End of the current hand-over's lease.
    pub lease_until: Option<Timestamp>,
    /// Who has the lease, by the invocation's id: what tells two workers apart that write at the same instant.
    #[serde(default)]
    pub holder: Option<String>,
    /// Stable code of the last refusal.
    pub error: Option<String>,
    /// When the row last changed.
    pub touched_at: Timestamp,
    /// Rises with each write.
    pub rev: u64,
}

impl Mail {
    /// A mail just owed.
    pub fn owed(n: u32, occasion: Occasion, now: Timestamp) -> Self {
        Self {
            v: 1,
            n,
            occasion,
            state: MailState::Pending,
            attempts: 0,
            owed_at: now,
            lease_until: None,
            holder: None,
            error: None,
            touched_at: now,
            rev: 0,
        }
    }

    /// Whether nothing more happens to it.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, MailState::Sent | MailState::Failed)
    }

    /// Whether it has been owed for longer than we try (72 hours).
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        now >= Period::seconds(72 * 3600).after(self.owed_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn each_letter_has_its_word_and_its_readers() {
        for (occasion, word, to_operators) in [
            (Occasion::Received, "received", false),
            (Occasion::Approved, "approved", false),
            (Occasion::Rejected, "rejected", false),
            (Occasion::Withdrawn, "withdrawn", false),
            (Occasion::Extended, "extended", false),
            (Occasion::Cancelled, "cancelled", false),
            (Occasion::Completed, "completed", false),
            (Occasion::Expiring, "expiring", false),
            (Occasion::DueSoon, "due_soon", true),
            (Occasion::Overdue, "overdue", true),
            (Occasion::WindowEnded, "window_ended", true),
            (Occasion::GraceOver, "grace_over", true),
            (Occasion::Differs, "differs", true),
            (Occasion::JobFailed, "job_failed", true),
            (Occasion::Undeliverable, "undeliverable", true),
        ] {
            assert_eq!((occasion.as_str(), occasion.to_operators()), (word, to_operators));
            assert_eq!(serde_json::to_value(occasion).expect("JSON"), word);
        }
    }

    #[test]
    fn a_mail_is_tried_for_72_hours() {
        let mail = Mail::owed(1, Occasion::Received, at(1_000));
        let end = 1_000 + 72 * 3_600;
        assert!(!mail.is_overdue(at(end - 1)) && mail.is_overdue(at(end)));
    }

    #[test]
    fn a_mail_is_settled_when_it_is_out_or_given_up() {
        for (state, settled) in [
            (MailState::Pending, false),
            (MailState::Sending, false),
            (MailState::Sent, true),
            (MailState::Failed, true),
        ] {
            let mail = Mail {
                state,
                ..Mail::owed(1, Occasion::Received, at(0))
            };
            assert_eq!(mail.is_settled(), settled, "{state:?}");
        }
    }
}
