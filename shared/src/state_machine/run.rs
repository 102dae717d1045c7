//! What operators do to a request that is at work: pause, resume, cancel, restore. And what follows of it: the settled
//! cancellation, the finished restoration, the end of what a cancellation left behind.
//!
//! Guarantees: cancelling only asks; the account is fixed when nobody is at work any more, in the transition that makes
//! the request Cancelled. A restoration is one at a time, so that its account is its own.

use jiff::Timestamp;

use super::command::{Cancellation, Event, Restoration};
use super::gate;
use super::notice;
use super::refusal::Refusal;
use super::request::{not_blank, operator, person, staff, step};
use super::transition::{Effect, Record, Transition};
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::job::{Job, JobStatus, Phase};
use crate::domain::outbox::Occasion;
use crate::domain::package::PackageState;
use crate::domain::request::{CancelStage, Facts, Notice, Status, SubjectRequest};

/// No sweep or copy starts from now on; what has begun is finished.
pub(super) fn pause(request: &SubjectRequest, by: &Caller) -> Result<Transition, Refusal> {
    operator(by)?;
    let job = pausable(request, "pause")?;
    if job.paused {
        return Err(Refusal::AlreadyPaused);
    }
    Ok(paused(request, by, true))
}

/// Sweeping goes on.
pub(super) fn resume(request: &SubjectRequest, by: &Caller) -> Result<Transition, Refusal> {
    operator(by)?;
    let job = pausable(request, "resume")?;
    if !job.paused {
        return Err(Refusal::NotPaused);
    }
    Ok(paused(request, by, false))
}

fn paused(request: &SubjectRequest, by: &Caller, paused: bool) -> Transition {
    let mut next = step(request, Status::InProgress);
    let accepted = request.facts.job.as_ref().and_then(|job| job.differs);
    job(&mut next.facts, |job| {
        job.paused = paused;
        looked_at(job);
    });
    let (word, effects) = if paused {
        ("pause", vec![])
    } else {
        ("resume", vec![Effect::Dispatch])
    };
    let mut record = Record::new(by.actor(Role::Operator), word);
    if let Some(difference) = accepted {
        record = record.detail("accepted", difference.more);
    }
    Transition {
        next,
        audit: vec![record],
        effects,
    }
}

/// The job, if it is one that sweeps or will.
fn pausable<'a>(request: &'a SubjectRequest, command: &str) -> Result<&'a Job, Refusal> {
    let job = request.facts.job.as_ref().ok_or(Refusal::NotFound)?;
    let alive = matches!(job.status, JobStatus::Queued | JobStatus::Running);
    if alive && matches!(job.phase, Phase::Planning | Phase::Sweeping) && !job.cancel_requested {
        return Ok(job);
    }
    Err(Refusal::NotInThisPhase {
        command: command.to_owned(),
        job: job.status,
        phase: job.phase,
    })
}

/// Asks everybody to stop. The request is Cancelled once nobody is at work.
pub(super) fn cancel(request: &SubjectRequest, by: &Caller, input: Cancellation) -> Result<Transition, Refusal> {
    operator(by)?;
    not_blank(&input.reason, "/reason")?;
    let running = request.facts.job.as_ref().ok_or(Refusal::NotFound)?;
    if running.cancel_requested {
        return Err(Refusal::AlreadyCancelling);
    }
    if !input.anything_left || running.phase == Phase::Closing {
        return Err(Refusal::NothingToCancel);
    }
    let mut next = step(request, Status::InProgress);
    job(&mut next.facts, |job| {
        job.cancel_requested = true;
        looked_at(job);
    });
    let record = Record::new(by.actor(Role::Operator), "cancel").personal("reason", Some(&input.reason));
    person(&mut next, |p| p.cancellation_reason = Some(input.reason));
    staff(&mut next, |s| s.cancelled_by = Some(by.staff()));
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

/// Records that are swept come back. While the request runs only records named one by one: all of them at once would
/// undo what the job goes on doing.
pub(super) fn restore(request: &SubjectRequest, by: &Caller, input: Restoration) -> Result<Transition, Refusal> {
    operator(by)?;
    not_blank(&input.reason, "/reason")?;
    let facts = &request.facts;
    if input.all && facts.status == Status::InProgress {
        return Err(Refusal::CancelFirst);
    }
    if facts.restoring.is_some() {
        return Err(Refusal::RestoreRunning);
    }
    if !input.anything_left {
        return Err(Refusal::NothingToRestore);
    }
    let mut next = step(request, facts.status);
    next.facts.restores += 1;
    next.facts.restoring = Some(next.facts.restores);
    let record = Record::new(by.actor(Role::Operator), "restore")
        .detail("restore", next.facts.restores)
        .detail("all", input.all)
        .personal("reason", Some(&input.reason));
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Dispatch],
    })
}

/// Whether a request was cancelled in the middle: what was swept by then is restorable until its window ends.
pub fn was_cut_short(facts: &Facts) -> bool {
    facts.status == Status::Cancelled && facts.cancel_stage == Some(CancelStage::DuringExecution)
}

/// Nobody is at work any more: the account is exact from here on, and the subject is told.
pub(super) fn settle(request: &SubjectRequest, event: Event, now: Timestamp) -> Option<Transition> {
    let Event::Settled { recover_until, account } = event else {
        return None;
    };
    request.facts.job.as_ref().filter(|job| job.cancel_requested)?;
    let mut next = step(request, Status::Cancelled);
    let record = Record::new(Actor::system(), "cancelled").detail("account", super::job::counts_json(&account));
    let facts = &mut next.facts;
    job(facts, |job| {
        job.status = JobStatus::Cancelled;
        job.finished_at = Some(now);
    });
    facts.cancel_stage = Some(CancelStage::DuringExecution);
    facts.closed_at = Some(now);
    notice::move_window(facts, recover_until);
    facts.account = account;
    facts.notice = Some(Notice::Pending);
    gate::open(facts);
    Some(Transition {
        next,
        audit: vec![record],
        effects: vec![
            Effect::Mail(Occasion::Cancelled),
            Effect::ReleaseScope,
            Effect::ClosePlans,
        ],
    })
}

/// A restoration is done: what came back and what could not.
pub(super) fn restored(request: &SubjectRequest, (n, restored, skipped): (u32, u64, u64)) -> Option<Transition> {
    if request.facts.restoring != Some(n) {
        return None;
    }
    let mut next = step(request, request.facts.status);
    next.facts.restoring = None;
    let record = Record::new(Actor::system(), "restored")
        .detail("restore", n)
        .detail("restored", restored)
        .detail("skipped", skipped);
    Some(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

/// The last swept record of a cancelled request is purged or restored, and its subject was told: what is left of it
/// is its own data, and the time of that is over.
pub(super) fn emptied(request: &SubjectRequest, event: Event, now: Timestamp) -> Option<Transition> {
    let Event::Emptied { account } = event else { return None };
    let facts = &request.facts;
    let told = facts.notice.is_some_and(|notice| notice != Notice::Pending);
    if !was_cut_short(facts) || !told || facts.restoring.is_some() || facts.shred_at.is_some() {
        return None;
    }
    let mut next = step(request, Status::Cancelled);
    let record = Record::new(Actor::system(), "emptied").detail("account", super::job::counts_json(&account));
    next.facts.account = account;
    if let Some(package) = &mut next.facts.package {
        package.state = PackageState::Purged;
    }
    // Two clocks may have a say: never before it was closed.
    next.facts.shred_at = facts.closed_at.max(Some(now));
    Some(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

/// Whoever resumes or cancels has looked at what is more than was previewed.
fn looked_at(job: &mut Job) {
    if job.differs.take().is_some() {
        job.findings = 0;
    }
}

fn job(facts: &mut Facts, change: impl FnOnce(&mut Job)) {
    if let Some(job) = &mut facts.job {
        change(job);
    }
}
