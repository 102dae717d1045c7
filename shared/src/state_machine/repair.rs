//! What operators do about findings: retry what remains, or resolve it with evidence.
//!
//! Guarantees: a retry does again only what is not done; a record of which nobody can say whether a restoration brought
//! it back is never hidden again by one. What is resolved is accounted for in the transition whose entry holds the
//! evidence. Where next: `domain::finding` for when a finding is open, `workflow::{retry, resolve}` for the facts.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::chunk::{again, touched};
use super::command::{Repair, Resolution};
use super::refusal::Refusal;
use super::request::{not_blank, operator, step};
use super::transition::{Effect, Record, Transition};
use crate::domain::actor::{Caller, Role};
use crate::domain::chunk::{ByHand, Chunk, ChunkId, ChunkState, Op};
use crate::domain::finding::Finding;
use crate::domain::job::{Job, JobStatus, Phase, Retry};
use crate::domain::outcome::Code;
use crate::domain::request::{Status, SubjectRequest};

/// What remains is done again: plans that stand still, chunks that were given up or hold failed records, and as many
/// more looks at what the last verification still found.
pub(super) fn retry(request: &SubjectRequest, by: &Caller, input: Repair) -> Result<Transition, Refusal> {
    operator(by)?;
    let job = repairable(request, "retry")?;
    if !input.open_plans && !input.leftovers && !input.package && input.chunks == 0 {
        return Err(Refusal::NothingToRetry);
    }
    let mut next = step(request, Status::InProgress);
    let record = Record::new(by.actor(Role::Operator), "retry");
    let record = match &input.finding {
        Some(name) => record.detail("finding", name.clone()),
        None => record.detail("findings", job.findings),
    };
    if let Some(job) = &mut next.facts.job {
        job.status = JobStatus::Running;
        job.findings = 0;
        job.finished_at = None;
        if input.leftovers {
            job.verified_from = job.generation;
        }
        if input.package {
            // No chunk is meant: the package's own row asks for the number.
            job.retry = Some(ordered(job, Some(BTreeSet::new())));
        }
        if input.chunks > 0 {
            job.retry = Some(ordered(job, input.only));
            job.phase = Phase::Sweeping;
        }
    }
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Dispatch],
    })
}

/// An order that comes while an earlier one is carried out takes its chunks over.
fn ordered(job: &Job, only: Option<BTreeSet<ChunkId>>) -> Retry {
    let before = job.retry.as_ref().filter(|_| job.phase == Phase::Sweeping);
    let only = match (only, before) {
        (Some(only), Some(before)) => before
            .only
            .clone()
            .map(|earlier| earlier.union(&only).cloned().collect()),
        (only, _) => only,
    };
    Retry {
        n: job.retry.as_ref().map_or(0, |retry| retry.n) + 1,
        only,
    }
}

/// An operator has dealt with a finding by hand: what it is about counts as resolved from here on.
pub(super) fn resolve(request: &SubjectRequest, by: &Caller, input: &Resolution) -> Result<Transition, Refusal> {
    operator(by)?;
    not_blank(&input.evidence, "/evidence")?;
    let mut next = step(request, request.facts.status);
    let record = Record::new(by.actor(Role::Operator), "resolve")
        .detail("finding", input.finding.clone())
        .detail("records", input.records)
        .personal("evidence", Some(&input.evidence));
    if let Some(job) = next
        .facts
        .job
        .as_mut()
        .filter(|_| request.facts.status == Status::InProgress)
    {
        repairable(request, "resolve")?;
        job.findings = input.left;
        if input.left == 0 && job.status == JobStatus::Failed {
            job.status = JobStatus::Running;
        }
    }
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

/// The job, if its findings can still be dealt with.
fn repairable<'a>(request: &'a SubjectRequest, command: &str) -> Result<&'a Job, Refusal> {
    let job = request.facts.job.as_ref().ok_or(Refusal::NotFound)?;
    if job.cancel_requested || job.phase == Phase::Closing {
        return Err(Refusal::NotInThisPhase {
            command: command.to_owned(),
            job: job.status,
            phase: job.phase,
        });
    }
    Ok(job)
}

/// A settled chunk made ready for what is not done of it; `None` where nothing remains, or somebody is at work. What
/// failed is swept again, for only that tells what is true of it now: a record that failed on its way out may be
/// hidden still, and stays so with the window it had.
pub fn retried(chunk: &Chunk, n: u32, now: Timestamp) -> Option<Chunk> {
    let failed = chunk.counts.of(Code::Failed) > 0;
    let given_up = chunk.state == ChunkState::Parked;
    // A sweep that was given up left them, and what was hidden has gone its way since.
    let unreached = chunk.op != Op::Sweep && chunk.counts.of(Code::Untouched) > 0;
    if !chunk.is_settled() || !(failed || given_up || unreached) {
        return None;
    }
    let op = match chunk.op {
        Op::Purge | Op::Strip if failed || unreached => Op::Sweep,
        Op::Sweep | Op::Restore => Op::Sweep,
        same @ (Op::Purge | Op::Strip | Op::Copy) => same,
    };
    let mut next = again(chunk, op, now);
    next.retried = n;
    Some(next)
}

/// A settled chunk after an operator resolved a finding of it, and how many records that accounts for; `None` while
/// somebody is at work on it.
pub fn resolved(chunk: &Chunk, finding: &Finding, now: Timestamp) -> Option<(Chunk, u64)> {
    chunk.is_settled().then(|| {
        let mut next = touched(chunk, now);
        let mut by_hand = chunk.by_hand.clone().unwrap_or_default();
        let before = chunk.counts.of(Code::Resolved);
        if finding.lines.is_empty() {
            rest_by_hand(&mut next, &mut by_hand);
        } else {
            next.counts = next
                .counts
                .moved(Code::Failed, Code::Resolved, finding.lines.len() as u64);
            by_hand.codes.insert(finding.code.clone());
        }
        if next.counts.of(Code::Failed) == 0 {
            next.left_armed = false;
        }
        next.by_hand = Some(by_hand);
        let records = next.counts.of(Code::Resolved) - before;
        (next, records)
    })
}

/// A chunk that was given up: whatever is not accounted for was dealt with, swept records too if destroying them was
/// what could not be done.
fn rest_by_hand(next: &mut Chunk, by_hand: &mut ByHand) {
    by_hand.rest = true;
    by_hand.swept |= next.op == Op::Purge;
    let open: &[Code] = if by_hand.swept {
        &[Code::Untouched, Code::Failed, Code::Swept]
    } else {
        &[Code::Untouched, Code::Failed]
    };
    for code in open {
        let records = next.counts.of(*code);
        next.counts = next.counts.clone().moved(*code, Code::Resolved, records);
    }
    next.state = ChunkState::Done;
}

/// A chunk of what the last verification found, and nobody was to sweep any more, after an operator said that it stays.
pub fn left_by_hand(chunk: &Chunk, now: Timestamp) -> Option<(Chunk, u64)> {
    let waits = chunk.state == ChunkState::Ready && chunk.epoch == 0;
    waits.then(|| {
        let mut next = touched(chunk, now);
        let mut by_hand = ByHand::default();
        rest_by_hand(&mut next, &mut by_hand);
        next.by_hand = Some(by_hand);
        (next, u64::from(chunk.lines))
    })
}
