//! When supervision must look at a request next: the `active` index's instant.
//!
//! Guarantee: as long as anything is owed — work, an e-mail, a notice, a purge, a shredding — there is an instant; a
//! request leaves the index only when nothing is, or when only a person can go on and was told of every date.

use jiff::Timestamp;

use super::{export, notice};
use crate::domain::job::{JobStatus, Phase};
use crate::domain::period::Period;
use crate::domain::request::{Facts, Kind, Notice, Status};

/// Two rounds of supervision: how long work may stand still before it is pushed.
pub const PATIENCE_SECONDS: i64 = 120;

/// How soon after ordering the closing e-mail supervision looks whether it is out.
const CLOSING_SECONDS: i64 = 5;

/// How often supervision looks at what waits for a person or for the end of a hold, which wakes it.
pub const IDLE_SECONDS: i64 = 86_400;

/// What is known of purges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purges {
    /// When the next chunk's purge is due; none while nothing swept is left.
    pub due: Option<Timestamp>,
    /// Whether no chunk is at work or waits for a worker: then nothing can stand still before the next is due.
    pub idle: bool,
    /// Whether a hold keeps swept records: they wait for its release, which wakes the request.
    pub held: bool,
}

/// The next instant, given whether e-mails are unsettled and how the purges stand.
pub fn wake_at(facts: &Facts, mail_owed: bool, purges: Purges, now: Timestamp) -> Option<Timestamp> {
    let soon = Period::seconds(PATIENCE_SECONDS).after(now);
    let mail = mail_owed.then_some(soon);
    let life = match facts.status {
        // Whoever approved it starts it too, unless they died in between.
        Status::Approved if facts.kind == Kind::Export => Some(soon),
        Status::Pending | Status::Verified | Status::Approved => None,
        Status::InProgress => work(facts, purges, now),
        // The e-mail's end has yet to be written down.
        Status::Rejected | Status::Cancelled if facts.notice == Some(Notice::Pending) => Some(soon),
        Status::Cancelled if facts.shred_at.is_none() && facts.restoring.is_some() => Some(soon),
        Status::Cancelled if facts.shred_at.is_none() => Some(leftover(purges, now)),
        Status::Completed if facts.shred_at.is_none() => export::next_at(facts, now),
        Status::Completed | Status::Rejected | Status::Cancelled => facts.shred_at.filter(|_| !facts.shredded),
    };
    [mail, life, notice::next_at(facts, now)].into_iter().flatten().min()
}

/// Cancelled in the middle: what was swept is purged when its window ends, unless somebody restores it before. What
/// only a person or the end of a hold can move is still looked at now and then.
fn leftover(purges: Purges, now: Timestamp) -> Timestamp {
    let soon = Period::seconds(PATIENCE_SECONDS).after(now);
    let seldom = Period::seconds(IDLE_SECONDS).after(now);
    match purges.due {
        // What a hold keeps may be due as soon as it is released.
        Some(due) if purges.idle && purges.held => due.min(seldom).max(now),
        Some(due) if purges.idle => due.max(now),
        Some(due) => due.min(soon).max(now),
        None if purges.idle => seldom,
        None => soon,
    }
}

fn work(facts: &Facts, purges: Purges, now: Timestamp) -> Option<Timestamp> {
    let soon = Period::seconds(PATIENCE_SECONDS).after(now);
    let job = facts.job.as_ref()?;
    let failed = job.status == JobStatus::Failed;
    if job.cancel_requested || facts.restoring.is_some() {
        return Some(soon);
    }
    match job.phase {
        Phase::Recovering | Phase::Purging if purges.idle && purges.held => Some(leftover(purges, now)),
        Phase::Recovering if purges.idle => purges.due.or(Some(soon)),
        // A hold has expiries removed.
        Phase::Recovering => Some(purges.due.map_or(soon, |due| due.min(soon))),
        // A failed job purges what it can, then it waits for a person.
        Phase::Purging if purges.idle && failed => purges.due,
        // Windows end chunk by chunk: days may pass before the next one, or less than anything needs to stand still.
        Phase::Purging if purges.idle => purges.due.or(Some(soon)),
        Phase::Purging => Some(purges.due.map_or(soon, |due| due.min(soon))),
        // The e-mail is out within seconds; the next round completes the request.
        Phase::Closing => Some(Period::seconds(CLOSING_SECONDS).after(now)),
        // What could not be enumerated, copied or packed cannot be, until somebody repairs it.
        Phase::Planning | Phase::Verifying | Phase::Sweeping | Phase::Packaging if failed => None,
        Phase::Planning | Phase::Sweeping | Phase::Verifying | Phase::Packaging => match job.status {
            JobStatus::Queued | JobStatus::Running | JobStatus::Failed => Some(soon),
            JobStatus::Completed | JobStatus::Cancelled => None,
        },
    }
}
