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
use super::gate::showing;
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
    /// Chunks that a retry means and nobody has made ready for it yet.
    pub to_retry: u64,
    /// Of an export, how far its package is; none: the job erases.
    pub package: Option<Packing>,
}

/// How far a package is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// Its parts and their bytes, once all are written.
    pub whole: Option<(u32, u64)>,
    /// Files that are gone from their source, and in none of them.
    pub left_out: u64,
    /// Whether somebody may be writing.
    pub at_work: bool,
    /// Whether nobody goes on, for a lasting reason.
    pub given_up: bool,
}

/// What has become true of a running job; `None` while there is nothing to decide.
pub fn next_event(job: &Job, tally: &Tally, clock: Clock, now: Timestamp) -> Option<Event> {
    if job.status == JobStatus::Cancelled {
        return after_cancellation(tally);
    }
    if job.cancel_requested {
        return cancellation(tally, clock);
    }
    if let Some(package) = clock.package {
        return export_event(job, tally, (package, clock));
    }
    let planned = tally.plan_complete && tally.is_conserved();
    if !planned && Guard::PlanComplete.stands() {
        return None;
    }
    let swept_left = tally.counts.of(Code::Swept);
    match job.phase {
        Phase::Planning if tally.planned_newest == 0 => Some(Event::VerifyBegan),
        Phase::Planning => Some(Event::PlanComplete { planned: tally.planned }),
        Phase::Sweeping if clock.to_retry > 0 => None,
        Phase::Sweeping if tally.unswept_chunks() == 0 || !Guard::AllSettled.stands() => Some(Event::Swept {
            recover_until: clock.recover_until,
            findings: clock.findings,
            showing: showing(tally),
        }),
        // What is left waits for nothing: there is none, or its purge was given up, before a retry even.
        Phase::Recovering if swept_left == tally.unpurged => Some(Event::PurgeBegan),
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

/// An export hides nothing and waits for nothing: when all is copied it is packed, and then handed over.
fn export_event(job: &Job, tally: &Tally, (package, clock): (Packing, Clock)) -> Option<Event> {
    let planned = tally.plan_complete && tally.is_conserved();
    if !planned && Guard::PlanComplete.stands() {
        return None;
    }
    match job.phase {
        Phase::Planning if tally.planned == 0 => Some(Event::Copied),
        Phase::Planning => Some(Event::PlanComplete { planned: tally.planned }),
        Phase::Sweeping if clock.to_retry > 0 => None,
        Phase::Sweeping if tally.unfinished_chunks() == 0 || !Guard::AllSettled.stands() => {
            let open = clock.findings > 0 || tally.parked > 0 || tally.unsettled() > 0;
            if open && Guard::NothingUnsettled.stands() {
                fail_once(job, clock)
            } else {
                Some(Event::Copied)
            }
        }
        Phase::Packaging => match package.whole {
            Some(whole) => Some(packaged(tally, whole, package.left_out)),
            None if package.given_up => fail_once(job, clock),
            None => None,
        },
        Phase::Sweeping | Phase::Recovering | Phase::Purging | Phase::Verifying | Phase::Closing => None,
    }
}

/// In full only if everything that was planned is in the package.
fn packaged(tally: &Tally, (parts, bytes): (u32, u64), left_out: u64) -> Event {
    let copied = tally.counts.of(Code::Exported) == tally.planned && tally.closed_by_hand == 0;
    let all = copied && left_out == 0;
    Event::Packaged {
        parts,
        bytes,
        result: if all { Completion::Full } else { Completion::Partial },
        account: tally.by_dataset.clone(),
    }
}

/// Cancelled as soon as every mark in the sources is accounted for. Chunks that wait stay as they are.
fn cancellation(tally: &Tally, clock: Clock) -> Option<Event> {
    let packing = clock.package.is_some_and(|package| package.at_work);
    let idle = tally.unseen == 0 && !packing;
    let settled = tally.is_conserved() && (idle || !Guard::NobodyAtWork.stands());
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
        tally.planned_newest - tally.resolved_newest
    } else {
        0
    };
    match found {
        0 if tally.unsettled() > 0 && Guard::NothingUnsettled.stands() => fail_once(job, clock),
        0 => {
            let result = if tally.counts.kept() > 0 || tally.closed_by_hand > 0 {
                Completion::Partial
            } else {
                Completion::Full
            };
            Some(Event::Closing {
                result,
                account: tally.by_dataset.clone(),
            })
        }
        _ if job.generation <= job.verified_from.saturating_add(MAX_VERIFICATIONS) => {
            Some(Event::PlanComplete { planned: tally.planned })
        }
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
        (Event::Copied, Phase::Planning | Phase::Sweeping) => {
            next.phase = Phase::Packaging;
            // Nothing is left to wait with.
            next.paused = false;
            run(&mut next, now);
            (record("copied"), vec![Effect::Assemble])
        }
        (
            Event::Packaged {
                parts,
                bytes,
                result,
                account,
            },
            Phase::Packaging,
        ) => {
            next.phase = Phase::Closing;
            run(&mut next, now);
            let record = record("packaged")
                .detail("parts", *parts)
                .detail("bytes", *bytes)
                .detail("result", word_of(*result))
                .detail("account", counts_json(account));
            (record, vec![Effect::Mail(Occasion::Completed)])
        }
        (
            Event::JobFailed { findings },
            Phase::Planning | Phase::Sweeping | Phase::Packaging | Phase::Purging | Phase::Verifying,
        ) if job.status != JobStatus::Failed => {
            next.status = JobStatus::Failed;
            next.findings = *findings;
            (
                record("fail").detail("findings", *findings),
                vec![Effect::Mail(Occasion::JobFailed)],
            )
        }
        (Event::Closing { result, account }, Phase::Verifying) => {
            next.phase = Phase::Closing;
            let record = record("verified_absent")
                .detail("result", word_of(*result))
                .detail("account", counts_json(account));
            (record, vec![Effect::Mail(Occasion::Completed)])
        }
        (
            Event::JobBegan
            | Event::PlanComplete { .. }
            | Event::Swept { .. }
            | Event::PurgeBegan
            | Event::VerifyBegan
            | Event::Started(_)
            | Event::Copied
            | Event::Packaged { .. }
            | Event::Expiring
            | Event::PackageExpired
            | Event::PackagePurged
            | Event::JobFailed { .. }
            | Event::Closing { .. }
            | Event::Settled { .. }
            | Event::Restored { .. }
            | Event::Emptied { .. }
            | Event::GateCleared { .. }
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

fn word_of(result: Completion) -> &'static str {
    match result {
        Completion::Full => "full",
        Completion::Partial => "partial",
    }
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
