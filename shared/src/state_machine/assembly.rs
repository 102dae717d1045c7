//! The machine of a package's row: lease, write a part, give back, give up, send again. Pure: a row in, the next row out.
//!
//! Guarantees: epochs only rise; only the worker whose epoch the row shows notes a part; one message is valid at any
//! time; what is written stays written. Every write of the result is a compare-and-set on `rev`.

use jiff::Timestamp;

use super::watch::PATIENCE_SECONDS;
use crate::domain::chunk::MAX_LEASES;
use crate::domain::job::Phase;
use crate::domain::package::{Assembly, Part};
use crate::domain::period::Period;
use crate::domain::request::{Facts, Status};

/// The code of a part over which worker after worker died.
pub const PARKED: &str = "part_parked";

/// What a worker may do that has a message for a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Write the next part: here is the row to write first.
    Work(Assembly),
    /// Five leases did not finish a part: write this row, and tell a person.
    GiveUp(Assembly),
    /// Drop the message: it is old, or there is nothing to write.
    Drop,
    /// Another worker is writing.
    Held,
}

/// Decides a lease for a message numbered `send`; `holder` is unique to the worker.
pub fn lease(row: &Assembly, send: u32, holder: &str, now: Timestamp, until: Timestamp) -> Lease {
    if row.send != send || row.is_whole() || row.trouble.is_some() {
        return Lease::Drop;
    }
    if row.is_leased(now) {
        return Lease::Held;
    }
    let mut next = touched(row, now);
    if row.attempts >= MAX_LEASES {
        next.trouble = Some(PARKED.to_owned());
        free(&mut next);
        return Lease::GiveUp(next);
    }
    next.epoch += 1;
    next.attempts += 1;
    next.lease_until = Some(until);
    next.holder = Some(holder.to_owned());
    Lease::Work(next)
}

/// A part is written; the next one has a message of its own.
pub fn written(row: &Assembly, epoch: u32, of: u32, part: Part, now: Timestamp) -> Option<Assembly> {
    let mut next = mine(row, epoch, now)?;
    next.of = Some(of);
    next.parts.push(part);
    next.attempts = 0;
    next.send += 1;
    Some(next)
}

/// Gives the lease back, to be tried later with a message of its own. With a `trouble` the attempt counts, and the last
/// of them is the end: nobody goes on before a person says so.
pub fn release(row: &Assembly, epoch: u32, trouble: Option<&str>, now: Timestamp) -> Option<Assembly> {
    let mut next = mine(row, epoch, now)?;
    next.send += 1;
    match trouble {
        Some(code) if row.attempts >= MAX_LEASES => next.trouble = Some(code.to_owned()),
        Some(_) => {}
        None => next.attempts = next.attempts.saturating_sub(1),
    }
    Some(next)
}

/// The row with its next message numbered, if one is owed: the first, one that was lost, or because a person had the
/// package tried again.
pub fn next(facts: &Facts, row: &Assembly, now: Timestamp) -> Option<Assembly> {
    let packaging = |phase| phase == Phase::Packaging && facts.status == Status::InProgress;
    let job = facts.job.as_ref().filter(|job| packaging(job.phase))?;
    if job.cancel_requested || row.is_whole() || row.is_leased(now) {
        return None;
    }
    let retry = job.retry.as_ref().map_or(0, |retry| retry.n);
    let again = row.trouble.is_some() && retry > row.retried;
    let lost = now >= Period::seconds(PATIENCE_SECONDS).after(row.touched_at);
    let owed = again || (row.trouble.is_none() && (row.send == 0 || lost));
    owed.then(|| {
        let mut next = touched(row, now);
        next.send += 1;
        if again {
            next.retried = retry;
            next.trouble = None;
            next.attempts = 0;
        }
        next
    })
}

/// Whether nobody goes on with it until a person says so.
pub fn is_given_up(facts: &Facts, row: &Assembly) -> bool {
    let retry = facts
        .job
        .as_ref()
        .and_then(|job| job.retry.as_ref())
        .map_or(0, |retry| retry.n);
    row.trouble.is_some() && retry <= row.retried
}

fn mine(row: &Assembly, epoch: u32, now: Timestamp) -> Option<Assembly> {
    (row.epoch == epoch && row.holder.is_some()).then(|| {
        let mut next = touched(row, now);
        free(&mut next);
        next
    })
}

fn free(row: &mut Assembly) {
    row.lease_until = None;
    row.holder = None;
}

fn touched(row: &Assembly, now: Timestamp) -> Assembly {
    let mut next = row.clone();
    next.rev += 1;
    next.touched_at = now;
    next
}
