//! When supervision must look at a request next: the `active` index's instant.
//!
//! Guarantee: as long as anything is owed — work, an e-mail, a notice, a purge, a shredding — there is an instant; a
//! request leaves the index only when nothing is, or when only a person can go on and was told of every date.

use jiff::Timestamp;

use super::notice;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::period::Period;
use crate::domain::request::{Facts, Notice, Status};

/// Two rounds of supervision: how long work may stand still before it is pushed.
pub const PATIENCE_SECONDS: i64 = 120;

/// How soon after ordering the closing e-mail supervision looks whether it is out.
const CLOSING_SECONDS: i64 = 5;

/// What is known of purges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purges {
    /// When the next chunk's purge is due; none while nothing swept is left.
    pub due: Option<Timestamp>,
    /// Whether no chunk is at work or waits for a worker: then nothing can stand still before the next is due.
    pub idle: bool,
}

/// The next instant, given whether e-mails are unsettled and how the purges stand.
pub fn wake_at(facts: &Facts, mail_owed: bool, purges: Purges, now: Timestamp) -> Option<Timestamp> {
    let soon = Period::seconds(PATIENCE_SECONDS).after(now);
    let mail = mail_owed.then_some(soon);
    let life = match facts.status {
        Status::Pending | Status::Verified | Status::Approved => None,
        Status::InProgress => work(facts, purges, now),
        // The e-mail's end has yet to be written down.
        Status::Rejected | Status::Cancelled if facts.notice == Some(Notice::Pending) => Some(soon),
        Status::Completed | Status::Rejected | Status::Cancelled => facts.shred_at.filter(|_| !facts.shredded),
    };
    [mail, life, notice::next_at(facts, now)].into_iter().flatten().min()
}

fn work(facts: &Facts, purges: Purges, now: Timestamp) -> Option<Timestamp> {
    let soon = Period::seconds(PATIENCE_SECONDS).after(now);
    let job = facts.job.as_ref()?;
    let failed = job.status == JobStatus::Failed;
    match job.phase {
        Phase::Recovering => purges.due.or(Some(soon)),
        // A failed job purges what it can, then it waits for a person.
        Phase::Purging if purges.idle && failed => purges.due,
        // Windows end chunk by chunk: days may pass before the next one, or less than anything needs to stand still.
        Phase::Purging if purges.idle => purges.due.or(Some(soon)),
        Phase::Purging => Some(purges.due.map_or(soon, |due| due.min(soon))),
        // The e-mail is out within seconds; the next round completes the request.
        Phase::Closing => Some(Period::seconds(CLOSING_SECONDS).after(now)),
        // What could not be enumerated cannot be, until somebody repairs it.
        Phase::Planning | Phase::Verifying if failed => None,
        Phase::Planning | Phase::Sweeping | Phase::Verifying | Phase::Packaging => match job.status {
            JobStatus::Queued | JobStatus::Running | JobStatus::Failed => Some(soon),
            JobStatus::Completed | JobStatus::Cancelled => None,
        },
    }
}
