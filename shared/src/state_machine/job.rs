//! The job's machine: from a recount of rows to the next phase.
//!
//! [`next_event`] looks at a [`Tally`] and says what has become true; [`advance`] says what the job is then. Both take
//! no other input, so planner, worker and supervision reach the same decision, in any order, any number of times.
//!
//! ```text
//! planning -> sweeping -> recovering -> purging -> verifying -+-> closing
//!                ^                                            |
//!                +------------- leftovers: generation + 1 ----+   (three times, then a finding)
//! ```
//!
//! A cancellation ends it from any phase as soon as nobody is at work. A plan that holds far more than the preview said
//! pauses the job before anything is hidden.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::command::Event;
use super::transition::{Effect, Record};
use crate::domain::actor::Actor;
use crate::domain::finding::DIFFERS;
use crate::domain::ids::DatasetId;
use crate::domain::job::{Difference, Job, JobStatus, Phase, Tally};
use crate::domain::outbox::Occasion;
use crate::domain::outcome::{Code, Counts};
use crate::domain::request::Completion;
use crate::knobs::Guard;

/// Verifications that may find leftovers before a person must look.
pub const MAX_VERIFICATIONS: u8 = 3;

/// What else a decision needs besides the tally.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// When the first swept chunk is due for its purge; none when nothing swept is left.
    pub purge_due: Option<Timestamp>,
    /// When the last swept record stops being restorable.
    pub recover_until: Option<Timestamp>,
    /// Open findings.
    pub findings: u64,
}

/// What has become true of a running job; `None` while there is nothing to decide.
pub fn next_event(job: &Job, tally: &Tally, clock: Clock, now: Timestamp) -> Option<Event> {
    if job.status == JobStatus::Cancelled {
        return after_cancellation(tally);
    }
    if job.cancel_requested {
        return cancellation(tally, clock);
    }
    let planned = tally.plan_complete && tally.is_conserved();
    if !planned && Guard::PlanComplete.stands() {
        return None;
    }
    let swept_left = tally.counts.of(Code::Swept);
    match job.phase {
        Phase::Planning if tally.planned_newest == 0 => Some(Event::VerifyBegan),
        Phase::Planning => Some(Event::PlanComplete { planned: tally.planned }),
        Phase::Sweeping if tally.unfinished_chunks() == 0 || !Guard::AllSettled.stands() => Some(Event::Swept {
            recover_until: clock.recover_until,
            findings: clock.findings,
        }),
        Phase::Recovering if swept_left == 0 => Some(Event::PurgeBegan),
        Phase::Recovering => clock
            .purge_due
            .filter(|due| now >= *due || !Guard::WindowOver.stands())
            .map(|_| Event::PurgeBegan),
        Phase::Purging if swept_left == tally.unpurged && tally.unfinished_chunks() == 0 => {
            after_purge(job, tally, clock)
        }
        Phase::Verifying => after_verification(job, tally, clock),
        Phase::Sweeping | Phase::Purging | Phase::Packaging | Phase::Closing => None,
    }
}

/// Cancelled as soon as every mark in the sources is accounted for. Chunks that wait stay as they are.
fn cancellation(tally: &Tally, clock: Clock) -> Option<Event> {
    let settled = tally.is_conserved() && (tally.unseen == 0 || !Guard::NobodyAtWork.stands());
    settled.then(|| Event::Settled {
        recover_until: clock.recover_until,
        account: tally.by_dataset.clone(),
    })
}

/// Nothing swept is left of a cancelled request. A record that failed on its way out or back keeps it open: a person
/// must look. A sweep that somebody leased since the account was settled does not: it reads the request before it
/// touches anything, and leaves it.
fn after_cancellation(tally: &Tally) -> Option<Event> {
    let over = tally.counts.of(Code::Swept) == 0 && tally.stranded == 0;
    over.then(|| Event::Emptied {
        account: tally.by_dataset.clone(),
    })
}

/// Everything processable is done: look again, or ask for a person.
fn after_purge(job: &Job, tally: &Tally, clock: Clock) -> Option<Event> {
    let open = clock.findings > 0 || tally.parked > 0 || tally.unsettled() > 0;
    if open && Guard::NothingUnsettled.stands() {
        fail_once(job, clock)
    } else {
        Some(Event::VerifyBegan)
    }
}

/// A job fails once; a second look at the same rows is no news.
fn fail_once(job: &Job, clock: Clock) -> Option<Event> {
    let findings = clock.findings.max(1);
    (job.status != JobStatus::Failed).then_some(Event::JobFailed { findings })
}

fn after_verification(job: &Job, tally: &Tally, clock: Clock) -> Option<Event> {
    let found = if Guard::NoLeftovers.stands() {
        tally.planned_newest
    } else {
        0
    };
    match found {
        0 if tally.unsettled() > 0 && Guard::NothingUnsettled.stands() => fail_once(job, clock),
        0 => {
            let result = if tally.counts.kept() > 0 {
                Completion::Partial
            } else {
                Completion::Full
            };
            Some(Event::Closing {
                result,
                account: tally.by_dataset.clone(),
            })
        }
        _ if job.generation <= MAX_VERIFICATIONS => Some(Event::PlanComplete { planned: tally.planned }),
        _ => fail_once(job, clock),
    }
}

/// The job after an event, what the trail says, and what follows. `None`: the event is not due in this phase (a late
/// observation by somebody who read older rows).
pub fn advance(job: &Job, event: &Event, now: Timestamp) -> Option<(Job, Record, Vec<Effect>)> {
    let mut next = job.clone();
    let record = |action| Record::new(Actor::system(), action);
    let (record, effects) = match (event, job.phase) {
        (Event::JobBegan, Phase::Planning) if job.status == JobStatus::Queued => {
            run(&mut next, now);
            (record("start"), vec![])
        }
        (Event::PlanComplete { planned }, Phase::Planning | Phase::Verifying) => {
            next.phase = Phase::Sweeping;
            run(&mut next, now);
            let record = record("planned")
                .detail("planned", *planned)
                .detail("generation", job.generation);
            match differs(job, *planned) {
                Some(more) => {
                    next.paused = true;
                    next.findings = 1;
                    next.differs = Some(Difference { at: now, more });
                    let record = record.detail("previewed", job.previewed).detail("paused", DIFFERS);
                    (record, vec![Effect::Mail(Occasion::Differs)])
                }
                None => (record, vec![Effect::Dispatch]),
            }
        }
        (Event::Swept { findings, .. }, Phase::Sweeping) => {
            next.phase = Phase::Recovering;
            // Nothing is left to wait with.
            next.paused = false;
            let mut effects = vec![];
            if *findings > 0 {
                next.status = JobStatus::Failed;
                next.findings = *findings;
                effects.push(Effect::Mail(Occasion::JobFailed));
            }
            (record("swept").detail("findings", *findings), effects)
        }
        (Event::PurgeBegan, Phase::Recovering) => {
            next.phase = Phase::Purging;
            (record("purge"), vec![Effect::Dispatch])
        }
        (Event::VerifyBegan, Phase::Planning | Phase::Purging) => {
            next.phase = Phase::Verifying;
            next.paused = false;
            next.generation += 1;
            run(&mut next, now);
            (
                record("verify_absence").detail("generation", next.generation),
                vec![Effect::Plan],
            )
        }
        (Event::JobFailed { findings }, Phase::Planning | Phase::Purging | Phase::Verifying)
            if job.status != JobStatus::Failed =>
        {
            next.status = JobStatus::Failed;
            next.findings = *findings;
            (
                record("fail").detail("findings", *findings),
                vec![Effect::Mail(Occasion::JobFailed)],
            )
        }
        (Event::Closing { result, account }, Phase::Verifying) => {
            next.phase = Phase::Closing;
            let word = if *result == Completion::Full { "full" } else { "partial" };
            let record = record("verified_absent")
                .detail("result", word)
                .detail("account", counts_json(account));
            (record, vec![Effect::Mail(Occasion::Completed)])
        }
        (
            Event::JobBegan
            | Event::PlanComplete { .. }
            | Event::Swept { .. }
            | Event::PurgeBegan
            | Event::VerifyBegan
            | Event::JobFailed { .. }
            | Event::Closing { .. }
            | Event::Settled { .. }
            | Event::Restored { .. }
            | Event::Emptied { .. }
            | Event::GraceOver
            | Event::DueSoon
            | Event::Overdue
            | Event::WindowEnded
            | Event::Completed { .. }
            | Event::Told { .. }
            | Event::Shredded,
            _,
        ) => return None,
    };
    Some((next, record, effects))
}

/// How many records more than an exact preview said the first plan holds, if that is over 5 % and over 100: nobody has
/// looked at what would be destroyed.
fn differs(job: &Job, planned: u64) -> Option<u64> {
    let previewed = job.previewed.filter(|_| job.generation == 0)?;
    let more = planned.saturating_sub(previewed);
    (more > 100 && more.saturating_mul(20) > previewed).then_some(more)
}

/// Running, and begun now if nobody said so before: the observation of the first worker may be lost to a sibling's.
fn run(job: &mut Job, now: Timestamp) {
    job.status = JobStatus::Running;
    job.started_at.get_or_insert(now);
}

/// What became of the records, as the trail shows it.
pub(super) fn counts_json(account: &BTreeMap<DatasetId, Counts>) -> serde_json::Value {
    let words = |counts: &Counts| -> serde_json::Map<String, serde_json::Value> {
        let kept = counts.grounds();
        let grounds = (!kept.is_empty()).then(|| ("grounds".to_owned(), serde_json::json!(kept)));
        Code::ALL
            .into_iter()
            .filter(|c| counts.of(*c) > 0)
            .map(|c| (c.as_str().into(), counts.of(c).into()))
            .chain(grounds)
            .collect()
    };
    account
        .iter()
        .map(|(dataset, counts)| (dataset.to_string(), words(counts).into()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
