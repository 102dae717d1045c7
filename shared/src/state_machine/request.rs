//! The request's machine: every pair of status and command, and of status and event, spelled out.
//!
//! Guarantees: terminal statuses never change; nothing is executed before its grace period's end, without the exact
//! phrase, on a stale preview, under a hold, or by the approver alone when two people are required; an export is never
//! executed as a deletion. Submitting is in `submit`; what operators do to a running request in `run`; what the job
//! does next in `job`.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::command::{Approval, CONFIRMATION, Command, Event, Execution, Order, VerificationInput};
use super::export;
use super::extend::extend;
use super::gate;
use super::notice;
use super::refusal::Refusal;
use super::repair;
use super::run;
use super::transition::{Effect, Record, Transition};
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::deadline::schedule;
use crate::domain::ids::Category;
use crate::domain::job::{Job, JobStatus, Phase};
use crate::domain::outbox::Occasion;
use crate::domain::period::Period;
use crate::domain::personal::Personal;
use crate::domain::policy::HideFrom;
use crate::domain::request::{CancelStage, Facts, Kind, Notice, PersonFields, StaffFields, Status, SubjectRequest};
use crate::knobs::Guard;

/// Decides a person's command.
pub fn decide(request: &SubjectRequest, order: Order<'_>, now: Timestamp) -> Result<Transition, Refusal> {
    use Status::{Approved, Cancelled, Completed, InProgress, Pending, Rejected, Verified};
    let word = order.command.word();
    let status = request.facts.status;
    let by = order.by;
    match (status, order.command) {
        (Pending, Command::Verify(input)) => verify(request, by, &input, now),
        (Pending | Verified, Command::Approve(input)) => approve(request, by, input, now),
        (Pending | Verified, Command::Reject { reason, retention }) => reject(request, by, reason, retention, now),
        (Pending | Verified | Approved, Command::Withdraw { reason, retention }) => {
            withdraw(request, by, reason, retention, now)
        }
        (Pending | Verified | Approved, Command::Extend(delay)) => extend(request, by, delay, now),
        // An export starts by itself: the phrase that destroys must never reach one.
        (Approved, Command::Execute(input)) if request.facts.kind == Kind::Deletion => execute(request, by, input, now),
        (InProgress, Command::Pause) => run::pause(request, by),
        (InProgress, Command::Resume) => run::resume(request, by),
        (InProgress, Command::Cancel(input)) => run::cancel(request, by, input),
        (InProgress, Command::Restore(input)) => run::restore(request, by, input),
        (InProgress, Command::Retry(input)) => repair::retry(request, by, input),
        (InProgress, Command::Resolve(input)) => repair::resolve(request, by, &input),
        (Cancelled, Command::Resolve(input)) if run::was_cut_short(&request.facts) => {
            repair::resolve(request, by, &input)
        }
        (InProgress | Completed, Command::Redeem(input)) => export::redeem(request, by, &input, now),
        (InProgress | Completed, Command::Revoke { reason }) => export::revoke(request, by, &reason, now),
        (Cancelled, Command::Restore(input)) if run::was_cut_short(&request.facts) => run::restore(request, by, input),

        (Verified | Approved | InProgress | Completed | Rejected | Cancelled, Command::Verify(_))
        | (Approved | InProgress | Completed | Rejected | Cancelled, Command::Approve(_) | Command::Reject { .. })
        | (InProgress | Completed | Rejected | Cancelled, Command::Withdraw { .. } | Command::Extend(_))
        | (Pending | Verified | Approved | InProgress | Completed | Rejected | Cancelled, Command::Execute(_))
        | (
            Pending | Verified | Approved | Completed | Rejected | Cancelled,
            Command::Pause
            | Command::Resume
            | Command::Cancel(_)
            | Command::Restore(_)
            | Command::Retry(_)
            | Command::Resolve(_),
        )
        | (Pending | Verified | Approved | Rejected | Cancelled, Command::Redeem(_) | Command::Revoke { .. }) => {
            Err(Refusal::NotInThisStatus {
                command: word.to_owned(),
                status,
            })
        }
    }
}

/// Decides an observed event. `None`: it does not concern a request in this status (a late or repeated observation).
pub fn observe(request: &SubjectRequest, event: Event, now: Timestamp) -> Option<Transition> {
    use Status::{Approved, Cancelled, Completed, InProgress, Pending, Rejected, Verified};
    let is_due = notice::is_due(&request.facts, &event, now);
    match (request.facts.status, event) {
        (Approved, Event::GraceOver) if is_due => Some(notice::grace_over(request)),
        (Pending | Verified | Approved | InProgress, Event::DueSoon) if is_due => Some(notice::due_soon(request)),
        (Pending | Verified | Approved | InProgress, Event::Overdue) if is_due => Some(notice::overdue(request)),
        (InProgress | Cancelled, Event::WindowEnded) if is_due => Some(notice::window_ended(request)),
        (Completed, Event::Expiring) if is_due => Some(export::expiring(request)),
        (Completed, Event::PackageExpired) => export::expired(request, now),
        (Completed, Event::PackagePurged) => export::purged(request, now),
        (Approved, Event::Started(input)) => export::start(request, input, now),
        (InProgress, Event::Completed { notice }) => complete(request, notice, now),
        (InProgress, event @ Event::Settled { .. }) => run::settle(request, event, now),
        (InProgress | Cancelled, Event::Restored { n, restored, skipped }) => {
            run::restored(request, (n, restored, skipped))
        }
        (InProgress, event @ Event::GateCleared { .. }) => gate::cleared(request, event),
        (Cancelled, event @ Event::Emptied { .. }) => run::emptied(request, event, now),
        (Rejected | Cancelled, Event::Told { notice }) => told(request, notice),
        (Completed | Rejected | Cancelled, Event::Shredded) if may_shred(&request.facts, now) => Some(shred(request)),
        (
            InProgress,
            event @ (Event::JobBegan
            | Event::PlanComplete { .. }
            | Event::Swept { .. }
            | Event::PurgeBegan
            | Event::VerifyBegan
            | Event::Copied
            | Event::Packaged { .. }
            | Event::JobFailed { .. }
            | Event::Closing { .. }),
        ) => work(request, event, now),

        (
            Pending | Verified | InProgress | Approved | Completed | Rejected | Cancelled,
            Event::GraceOver | Event::DueSoon | Event::Overdue | Event::WindowEnded | Event::Expiring,
        )
        | (Pending | Verified | InProgress | Completed | Rejected | Cancelled, Event::Started(_))
        | (
            Pending | Verified | Approved | InProgress | Rejected | Cancelled,
            Event::PackageExpired | Event::PackagePurged,
        )
        | (Pending | Verified | Approved | Completed | Rejected | Cancelled, Event::Completed { .. })
        | (Pending | Verified | Approved | Completed | Rejected | Cancelled, Event::Settled { .. })
        | (Pending | Verified | Approved | Completed | Rejected, Event::Restored { .. })
        | (Pending | Verified | Approved | Completed | Rejected | Cancelled, Event::GateCleared { .. })
        | (Pending | Verified | Approved | InProgress | Completed | Rejected, Event::Emptied { .. })
        | (Pending | Verified | Approved | InProgress | Completed, Event::Told { .. })
        | (Pending | Verified | Approved | InProgress | Completed | Rejected | Cancelled, Event::Shredded)
        | (
            Pending | Verified | Approved | Completed | Rejected | Cancelled,
            Event::JobBegan
            | Event::PlanComplete { .. }
            | Event::Swept { .. }
            | Event::PurgeBegan
            | Event::VerifyBegan
            | Event::Copied
            | Event::Packaged { .. }
            | Event::JobFailed { .. }
            | Event::Closing { .. },
        ) => None,
    }
}

/// Hash over phrase, request, version and preview digest: what the trail keeps of a typed confirmation.
pub fn confirmation_reference(facts: &Facts, preview_digest: &str) -> String {
    let mut hash = Sha256::new();
    for part in [
        CONFIRMATION,
        &facts.id.to_string(),
        &facts.version.to_string(),
        preview_digest,
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// A copy of the request one version on.
pub(super) fn step(request: &SubjectRequest, status: Status) -> SubjectRequest {
    let mut next = request.clone();
    next.facts.version += 1;
    next.facts.status = status;
    next
}

pub(super) fn person(next: &mut SubjectRequest, change: impl FnOnce(&mut PersonFields)) {
    if let Some(fields) = next.person.known_mut() {
        change(fields);
    }
}

pub(super) fn staff(next: &mut SubjectRequest, change: impl FnOnce(&mut StaffFields)) {
    if let Some(fields) = next.staff.known_mut() {
        change(fields);
    }
}

pub(super) fn not_blank(text: &Personal, pointer: &str) -> Result<(), Refusal> {
    if text.is_blank() || text.expose().chars().count() > super::submit::REASON_MAX {
        let detail = "state it, in at most 2,000 characters".to_owned();
        return Err(Refusal::InvalidInput {
            pointer: pointer.to_owned(),
            detail,
        });
    }
    Ok(())
}

pub(super) fn operator(by: &Caller) -> Result<(), Refusal> {
    if by.is_operator {
        Ok(())
    } else {
        Err(Refusal::OperatorOnly)
    }
}

fn verify(
    request: &SubjectRequest,
    by: &Caller,
    input: &VerificationInput,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    let mut next = step(request, Status::Verified);
    let record = verified(&mut next, by, (input, "/method"), now)?;
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

fn verified(
    next: &mut SubjectRequest,
    by: &Caller,
    (input, pointer): (&VerificationInput, &str),
    now: Timestamp,
) -> Result<Record, Refusal> {
    operator(by)?;
    not_blank(&input.method, pointer)?;
    if by.subject_ref == next.facts.subject_ref {
        return Err(Refusal::OwnRequest);
    }
    next.facts.verified_at = Some(now);
    person(next, |p| {
        p.verification_method = Some(input.method.clone());
        p.verification_note.clone_from(&input.note);
    });
    staff(next, |s| s.verified_by = Some(by.staff()));
    Ok(Record::new(by.actor(Role::Operator), "verify")
        .personal("method", Some(&input.method))
        .personal("note", input.note.as_ref()))
}

fn approve(request: &SubjectRequest, by: &Caller, input: Approval, now: Timestamp) -> Result<Transition, Refusal> {
    operator(by)?;
    let (policy, policy_version) = input.policy.ok_or(Refusal::NoPolicy)?;
    if policy.two_person_rule && by.actor_ref == request.facts.requester_ref {
        return Err(Refusal::TwoPersonRule("the requester cannot approve".to_owned()));
    }
    if by.subject_ref == request.facts.subject_ref {
        return Err(Refusal::OwnRequest);
    }
    if input.held && request.facts.kind == Kind::Deletion {
        return Err(Refusal::LegalHold);
    }
    let mut next = step(request, Status::Approved);
    let mut audit = Vec::new();
    match (request.facts.status, &input.verification) {
        (Status::Pending, Some(verification)) => {
            next.facts.version += 1;
            audit.push(verified(&mut next, by, (verification, "/verification/method"), now)?);
        }
        (Status::Pending, None) => {
            return Err(Refusal::NotInThisStatus {
                command: "approve".to_owned(),
                status: Status::Pending,
            });
        }
        _ => {}
    }
    let erases = request.facts.kind == Kind::Deletion;
    let hides = erases && policy.hide_from == HideFrom::Approval;
    let facts = &mut next.facts;
    let mut record = Record::new(by.actor(Role::Operator), "approve")
        .detail("two_person_rule", policy.two_person_rule)
        .detail("hidden", hides)
        .detail("policy_version", policy_version.clone())
        .personal("note", input.note.as_ref());
    // An export waits for nothing.
    if erases {
        let plan = schedule(&policy, now, facts.due_at, input.waits_for_ttl);
        record = record
            .detail("grace_ends_at", plan.grace_ends_at.to_string())
            .detail("completes_by", plan.completes_by.to_string())
            .detail("misses_due", plan.misses_due);
        facts.grace_ends_at = Some(plan.grace_ends_at);
        facts.completes_by = Some(plan.completes_by);
        facts.misses_due = plan.misses_due;
    }
    audit.push(record);
    facts.decided_at = Some(now);
    facts.decider_ref = Some(by.actor_ref.clone());
    facts.policy = Some(policy);
    facts.policy_version = Some(policy_version);
    if hides {
        gate::shut(facts);
    }
    person(&mut next, |p| p.decision_note = input.note);
    staff(&mut next, |s| s.decided_by = Some(by.staff()));
    Ok(Transition {
        next,
        audit,
        effects: vec![Effect::Mail(Occasion::Approved), Effect::CheckHolds],
    })
}

fn reject(
    request: &SubjectRequest,
    by: &Caller,
    reason: Personal,
    retention: Option<Period>,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    operator(by)?;
    not_blank(&reason, "/reason")?;
    let mut next = step(request, Status::Rejected);
    next.facts.decided_at = Some(now);
    next.facts.decider_ref = Some(by.actor_ref.clone());
    close(&mut next.facts, retention, now);
    let record = Record::new(by.actor(Role::Operator), "reject").personal("reason", Some(&reason));
    person(&mut next, |p| p.rejection_reason = Some(reason));
    staff(&mut next, |s| s.decided_by = Some(by.staff()));
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Mail(Occasion::Rejected), Effect::ReleaseScope],
    })
}

fn withdraw(
    request: &SubjectRequest,
    by: &Caller,
    reason: Option<Personal>,
    retention: Option<Period>,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    let is_owner = by.subject_ref == request.facts.subject_ref;
    if !is_owner {
        operator(by)?;
    }
    match &reason {
        Some(reason) => not_blank(reason, "/reason")?,
        None if !is_owner => {
            let detail = "state why it is withdrawn on the subject's behalf".to_owned();
            return Err(Refusal::InvalidInput {
                pointer: "/reason".to_owned(),
                detail,
            });
        }
        None => {}
    }
    let mut next = step(request, Status::Cancelled);
    next.facts.cancel_stage = Some(CancelStage::BeforeExecution);
    close(&mut next.facts, retention, now);
    let role = if is_owner { Role::Subject } else { Role::Operator };
    next.facts.withdrawn_by = Some(role);
    let record = Record::new(by.actor(role), "withdraw").personal("reason", reason.as_ref());
    person(&mut next, |p| p.withdrawal_reason = reason);
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Mail(Occasion::Withdrawn), Effect::ReleaseScope],
    })
}

/// A request that was never executed keeps its personal fields for `RequestRetention`: of the policy it fixed, else
/// of the tenant's policy now, else 24 months.
fn close(facts: &mut Facts, of_tenant: Option<Period>, now: Timestamp) {
    let fixed = facts.policy.as_ref().map(|policy| policy.request_retention);
    let default = || "P24M".parse().expect("24 months are a period");
    let retention = fixed.or(of_tenant).unwrap_or_else(default);
    facts.closed_at = Some(now);
    facts.shred_at = Some(retention.after(now));
    facts.notice = Some(Notice::Pending);
    gate::open(facts);
}

fn execute(request: &SubjectRequest, by: &Caller, input: Execution, now: Timestamp) -> Result<Transition, Refusal> {
    operator(by)?;
    may_execute(&request.facts, by, &input, now)?;
    let reference = confirmation_reference(&request.facts, &input.preview_digest);
    let mut next = step(request, Status::InProgress);
    next.facts.executed_at = Some(now);
    next.facts.executor_ref = Some(by.actor_ref.clone());
    next.facts.job = Some(Job {
        previewed: input.previewed,
        ..Job::queued()
    });
    let pin = input.data_map.ok_or(Refusal::NoDataMap)?;
    let record = Record::new(by.actor(Role::Operator), "execute")
        .detail("confirmation_reference", reference)
        .detail("preview_digest", input.preview_digest)
        .detail(
            "two_person_rule",
            request.facts.policy.as_ref().map(|p| p.two_person_rule),
        )
        .detail("data_map_digest", pin.digest.clone());
    next.facts.data_map = Some(pin);
    next.facts.datasets = input.datasets;
    gate::shut(&mut next.facts);
    staff(&mut next, |s| s.executed_by = Some(by.staff()));
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::CheckHolds, Effect::Plan],
    })
}

/// The guards of the irreversible step, the cheapest and most telling first.
fn may_execute(facts: &Facts, by: &Caller, input: &Execution, now: Timestamp) -> Result<(), Refusal> {
    let policy = facts.policy.as_ref().ok_or(Refusal::NoPolicy)?;
    let grace_ends_at = facts.grace_ends_at.ok_or(Refusal::NoPolicy)?;
    let same = facts.decider_ref.as_ref() == Some(&by.actor_ref);
    if policy.two_person_rule && same && Guard::TwoPersons.stands() {
        return Err(Refusal::TwoPersonRule("the approver cannot execute".to_owned()));
    }
    if now < grace_ends_at && Guard::GraceOver.stands() {
        return Err(Refusal::GracePeriodRunning(grace_ends_at));
    }
    if input.confirmation.as_bytes() != CONFIRMATION.as_bytes() {
        return Err(Refusal::ConfirmationMismatch);
    }
    if input.held {
        return Err(Refusal::LegalHold);
    }
    if input.export_running {
        return Err(Refusal::ExportRunning);
    }
    if !input.preview_holds && Guard::PreviewHolds.stands() {
        return Err(Refusal::PreviewStale);
    }
    Ok(())
}

/// The closing e-mail of a request that was never executed is settled. Not a transition: status and version stay.
fn told(request: &SubjectRequest, notice: Notice) -> Option<Transition> {
    let owed = request.facts.notice == Some(Notice::Pending) && notice != Notice::Pending;
    owed.then(|| {
        let mut next = request.clone();
        next.facts.notice = Some(notice);
        let (word, effects) = match notice {
            Notice::Failed => ("failed", vec![Effect::Mail(Occasion::Undeliverable)]),
            Notice::Waived => ("waived", vec![]),
            Notice::Sent | Notice::Pending => ("sent", vec![]),
        };
        let audit = vec![Record::new(Actor::system(), "tell").detail("notice", word)];
        Transition { next, audit, effects }
    })
}

fn complete(request: &SubjectRequest, notice: Notice, now: Timestamp) -> Option<Transition> {
    let word = match notice {
        Notice::Sent => "sent",
        Notice::Failed => "failed",
        Notice::Waived => "waived",
        // Nobody is told yet: the request is not complete.
        Notice::Pending => return None,
    };
    let job = request.facts.job.as_ref().filter(|job| job.phase == Phase::Closing)?;
    let mut next = step(request, Status::Completed);
    let mut job = job.clone();
    job.status = JobStatus::Completed;
    job.finished_at = Some(now);
    let facts = &mut next.facts;
    facts.job = Some(job);
    facts.closed_at = Some(now);
    // A package outlives its request for a while, and what it was made for is to be readable as long.
    facts.shred_at = facts.package.is_none().then_some(now);
    facts.notice = Some(notice);
    gate::open(facts);
    let record = Record::new(Actor::system(), "complete").detail("notice", word);
    let mut effects = vec![Effect::ReleaseScope];
    if notice == Notice::Failed {
        effects.push(Effect::Mail(Occasion::Undeliverable));
    }
    Some(Transition {
        next,
        audit: vec![record],
        effects,
    })
}

fn may_shred(facts: &Facts, now: Timestamp) -> bool {
    let due = facts.shred_at.is_some_and(|at| now >= at || !Guard::ShredDue.stands());
    due && !facts.shredded
}

fn shred(request: &SubjectRequest) -> Transition {
    let mut next = step(request, request.facts.status);
    next.facts.shredded = true;
    Transition {
        next,
        audit: vec![Record::new(Actor::system(), "shred")],
        effects: vec![Effect::Shred],
    }
}

/// Whether an event is of this kind's life: an export never hides or destroys, a deletion is never packed.
fn is_of(kind: Kind, event: &Event) -> bool {
    let erases = matches!(
        event,
        Event::Swept { .. } | Event::PurgeBegan | Event::VerifyBegan | Event::Closing { .. }
    );
    let packs = matches!(event, Event::Copied | Event::Packaged { .. });
    match kind {
        Kind::Deletion => !packs,
        Kind::Export => !erases,
    }
}

fn work(request: &SubjectRequest, event: Event, now: Timestamp) -> Option<Transition> {
    if !is_of(request.facts.kind, &event) {
        return None;
    }
    let (job, mut record, effects) = super::job::advance(request.facts.job.as_ref()?, &event, now)?;
    let mut next = step(request, Status::InProgress);
    next.facts.job = Some(job);
    match event {
        Event::Swept {
            recover_until, showing, ..
        } => {
            notice::move_window(&mut next.facts, recover_until);
            gate::narrow(&mut next.facts, &showing);
            let kept: Vec<_> = next.facts.gated.iter().map(Category::as_str).collect();
            record = record.detail("gated", kept);
        }
        Event::Closing { result, account } => {
            next.facts.account = account;
            next.facts.result = Some(result);
            next.facts.notice = Some(Notice::Pending);
        }
        Event::Packaged {
            parts,
            bytes,
            result,
            account,
        } => {
            next.facts.account = account;
            next.facts.result = Some(result);
            next.facts.notice = Some(Notice::Pending);
            export::packaged(&mut next.facts, parts, bytes, now);
        }
        Event::Started(_)
        | Event::Copied
        | Event::Expiring
        | Event::PackageExpired
        | Event::PackagePurged
        | Event::JobBegan
        | Event::PlanComplete { .. }
        | Event::PurgeBegan
        | Event::VerifyBegan
        | Event::JobFailed { .. }
        | Event::GraceOver
        | Event::Settled { .. }
        | Event::Restored { .. }
        | Event::Emptied { .. }
        | Event::GateCleared { .. }
        | Event::DueSoon
        | Event::Overdue
        | Event::WindowEnded
        | Event::Completed { .. }
        | Event::Told { .. }
        | Event::Shredded => {}
    }
    Some(Transition {
        next,
        audit: vec![record],
        effects,
    })
}
