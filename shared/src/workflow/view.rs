//! The resource: what the API shows of a request, by who is looking.
//!
//! Guarantees: the owner's view leaves out verification, notes, operators' names and IPs, findings and pace; after shredding
//! personal fields read `[erased]`; the sums of `progress` hold at every moment.

use jiff::Timestamp;
use serde::Serialize;

use super::access::View;
use super::progress::{eta, rate};
use crate::domain::actor::{Person, StaffMember};
use crate::domain::ids::{Category, DatasetId, RequestId, Tenant};
use crate::domain::job::{Job, JobStatus, Phase};
use crate::domain::outcome::{Code, Counts};
use crate::domain::package::{Package, PackageState};
use crate::domain::personal::{ERASED, Personal};
use crate::domain::policy::Policy;
use crate::domain::request::{
    CancelStage, Completion, Extension, Facts, Kind, Notice, PersonFields, Status, SubjectRequest,
};
use crate::ports::{DatasetPace, Progress};

/// A subject request as the API answers it.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct Resource {
    pub id: RequestId,
    pub tenant: Tenant,
    pub kind: Kind,
    pub status: Status,
    pub result: Option<Completion>,
    pub cancel_stage: Option<CancelStage>,
    pub subject: PersonShown,
    pub requester: RequesterShown,
    pub scope: Vec<Category>,
    pub reason: Personal,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification: Option<VerificationShown>,
    pub decision: Option<DecisionShown>,
    pub submitted_at: Timestamp,
    pub received_at: Timestamp,
    pub due_at: Timestamp,
    pub extension: Option<ExtensionShown>,
    pub overdue: bool,
    pub completes_by: Option<Timestamp>,
    pub misses_due: bool,
    pub grace_ends_at: Option<Timestamp>,
    pub executed_at: Option<Timestamp>,
    pub recover_until: Option<Timestamp>,
    pub completed_at: Option<Timestamp>,
    pub notice: Option<Notice>,
    pub hidden: Vec<Category>,
    pub policy: Option<Policy>,
    pub version: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job: Option<JobShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub export: Option<PackageShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_export: Option<RequestId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_subject: Option<bool>,
}

/// The package of an export that was started; `GET .../export` tells more.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct PackageShown {
    pub state: PackageState,
    pub parts: u32,
    pub bytes: u64,
    pub expires_at: Option<Timestamp>,
    pub accesses: u64,
}

/// A person.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct PersonShown {
    pub id: Personal,
    pub name: Option<Personal>,
    pub email: Option<Personal>,
}

/// Who submitted, and from where.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct RequesterShown {
    #[serde(flatten)]
    pub person: PersonShown,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<Personal>,
}

/// How the identity was verified.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct VerificationShown {
    pub method: Personal,
    pub note: Option<Personal>,
    pub by: Option<PersonShown>,
    pub at: Timestamp,
}

/// The decision.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct DecisionShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonShown>,
    pub at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<Personal>,
}

/// How the due date was moved.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct ExtensionShown {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<PersonShown>,
    pub at: Timestamp,
    pub was_due_at: Timestamp,
    pub reason: Personal,
}

/// What the execution has done so far.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct AccountShown {
    pub purged: u64,
    pub recoverable: u64,
    pub untouched: u64,
    pub settled: bool,
}

/// The background work.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct JobShown {
    pub status: JobStatus,
    pub phase: Phase,
    pub paused: bool,
    pub cancel_requested: bool,
    pub progress: ProgressShown,
    pub rate_per_second: Option<f64>,
    pub eta: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pace: Option<Vec<PaceShown>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub findings: Option<u64>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

/// How fast a dataset is written to.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct PaceShown {
    pub dataset: DatasetId,
    pub rate: u32,
    pub limit: u32,
    pub throttled: u64,
    pub breaker: &'static str,
}

/// The recount.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct ProgressShown {
    pub planned: u64,
    pub processed: u64,
    pub percent: u8,
    pub untouched: u64,
    pub swept: u64,
    pub purged: u64,
    pub already_absent: u64,
    pub recreated: u64,
    pub restored: u64,
    pub exported: u64,
    pub exempt: u64,
    pub resolved: u64,
    pub failed: u64,
}

/// Renders a request. `progress` is given for single resources, not for lists.
pub fn render(request: &SubjectRequest, view: View, progress: Option<&Progress>, now: Timestamp) -> Resource {
    let facts = &request.facts;
    let person = request.person.known();
    Resource {
        id: facts.id,
        tenant: facts.tenant.clone(),
        kind: facts.kind,
        status: facts.status,
        result: facts.result,
        cancel_stage: facts.cancel_stage,
        subject: person.map_or_else(erased_person, |p| shown(&p.subject)),
        requester: requester(facts, person, view),
        scope: facts.scope.clone(),
        reason: person.map_or_else(erased, |p| p.reason.clone()),
        verification: (view == View::Staff).then(|| verification(request)).flatten(),
        decision: decision(request, view),
        submitted_at: facts.submitted_at,
        received_at: facts.received_at,
        due_at: facts.due_at,
        extension: extension(request, view),
        overdue: facts.overdue(now),
        completes_by: facts.completes_by,
        misses_due: facts.misses_due,
        grace_ends_at: facts.grace_ends_at,
        executed_at: facts.executed_at,
        recover_until: facts.recover_until,
        completed_at: facts.closed_at.filter(|_| facts.status == Status::Completed),
        notice: facts.notice.filter(|notice| *notice != Notice::Waived),
        hidden: hidden(facts),
        policy: facts.policy.clone(),
        version: facts.version,
        account: progress.map(|p| account(facts, &p.counts)),
        job: facts
            .job
            .as_ref()
            .zip(progress)
            .map(|(job, p)| job_shown(facts, job, p, view, now)),
        export: facts.package.as_ref().map(package),
        after_export: facts.after_export,
        // What only operators decide, only staff are shown.
        notify_subject: (facts.silent && view == View::Staff).then_some(false),
    }
}

fn package(package: &Package) -> PackageShown {
    PackageShown {
        state: package.state,
        parts: package.parts,
        bytes: package.bytes,
        expires_at: package.expires_at,
        accesses: package.accesses,
    }
}

/// Operators who submitted on somebody's behalf stay unnamed to the owner.
fn requester(facts: &Facts, person: Option<&PersonFields>, view: View) -> RequesterShown {
    let named = view == View::Staff || !facts.on_behalf;
    match person {
        Some(p) if named => {
            let ip = Some(p.requester_ip.clone());
            RequesterShown {
                person: shown(&p.requester),
                ip,
            }
        }
        Some(_) => {
            let id = Personal::new("operator");
            RequesterShown {
                person: PersonShown {
                    id,
                    name: None,
                    email: None,
                },
                ip: None,
            }
        }
        None => RequesterShown {
            person: erased_person(),
            ip: named.then(erased),
        },
    }
}

fn verification(request: &SubjectRequest) -> Option<VerificationShown> {
    let at = request.facts.verified_at?;
    let by = request
        .staff
        .known()
        .and_then(|s| s.verified_by.as_ref())
        .map(staff_shown);
    Some(match request.person.known() {
        Some(p) => {
            let method = p.verification_method.clone().unwrap_or_else(erased);
            VerificationShown {
                method,
                note: p.verification_note.clone(),
                by,
                at,
            }
        }
        None => VerificationShown {
            method: erased(),
            note: None,
            by,
            at,
        },
    })
}

fn decision(request: &SubjectRequest, view: View) -> Option<DecisionShown> {
    let at = request.facts.decided_at?;
    let staff = view == View::Staff;
    let by = request
        .staff
        .known()
        .and_then(|s| s.decided_by.as_ref())
        .filter(|_| staff)
        .map(staff_shown);
    Some(match request.person.known() {
        Some(p) => {
            let note = p.decision_note.clone().filter(|_| staff);
            DecisionShown {
                by,
                at,
                note,
                reason: p.rejection_reason.clone(),
            }
        }
        None => {
            let reason = (request.facts.status == Status::Rejected).then(erased);
            DecisionShown {
                by,
                at,
                note: staff.then(erased),
                reason,
            }
        }
    })
}

/// The owner is told the reason, not which operator gave it.
fn extension(request: &SubjectRequest, view: View) -> Option<ExtensionShown> {
    let Extension { at, was_due_at } = request.facts.extension?;
    let by = request.staff.known().and_then(|s| s.extended_by.as_ref());
    let reason = request.person.known().and_then(|p| p.extension_reason.clone());
    Some(ExtensionShown {
        by: by.filter(|_| view == View::Staff).map(staff_shown),
        at,
        was_due_at,
        reason: reason.unwrap_or_else(erased),
    })
}

/// Categories that an application does not show at this moment: by the gate, or because their records are marked.
fn hidden(facts: &Facts) -> Vec<Category> {
    let phase = facts.job.as_ref().map(|job| job.phase);
    let swept = matches!(
        phase,
        Some(Phase::Recovering | Phase::Purging | Phase::Verifying | Phase::Closing)
    );
    let marked = |category: &Category| match facts.status {
        Status::InProgress => swept,
        // What a cancellation left hidden is so until it is purged or brought back; the account is that of its settling.
        Status::Cancelled => facts.shred_at.is_none() && left_swept(facts, category),
        Status::Pending | Status::Verified | Status::Approved | Status::Completed | Status::Rejected => false,
    };
    let hidden = facts
        .scope
        .iter()
        .filter(|category| facts.gated.contains(category) || marked(category));
    hidden.cloned().collect()
}

fn left_swept(facts: &Facts, category: &Category) -> bool {
    let mut datasets = facts.datasets.iter().filter(|pin| pin.category == *category);
    datasets.any(|pin| {
        facts
            .account
            .get(&pin.id)
            .is_some_and(|counts| counts.of(Code::Swept) > 0)
    })
}

fn account(facts: &Facts, counts: &Counts) -> AccountShown {
    AccountShown {
        purged: counts.of(Code::Purged),
        recoverable: counts.of(Code::Swept),
        untouched: counts.of(Code::Untouched),
        settled: facts.status.is_terminal(),
    }
}

fn job_shown(facts: &Facts, job: &Job, progress: &Progress, view: View, now: Timestamp) -> JobShown {
    JobShown {
        status: job.status,
        phase: job.phase,
        paused: job.paused,
        cancel_requested: job.cancel_requested,
        progress: progress_shown(progress),
        rate_per_second: rate(progress),
        eta: eta(facts, progress, now),
        pace: (view == View::Staff).then(|| progress.pace.iter().map(pace_shown).collect()),
        findings: (view == View::Staff).then_some(job.findings),
        started_at: job.started_at,
        finished_at: job.finished_at,
    }
}

fn pace_shown(pace: &DatasetPace) -> PaceShown {
    PaceShown {
        dataset: pace.dataset.clone(),
        rate: pace.rate,
        limit: pace.limit,
        throttled: pace.throttled,
        breaker: pace.breaker.as_str(),
    }
}

fn progress_shown(progress: &Progress) -> ProgressShown {
    let of = |code| progress.counts.of(code);
    ProgressShown {
        planned: progress.planned,
        processed: progress.counts.processed(),
        percent: progress.percent,
        untouched: of(Code::Untouched),
        swept: of(Code::Swept),
        purged: of(Code::Purged),
        already_absent: of(Code::AlreadyAbsent),
        recreated: of(Code::Recreated) + of(Code::ArrivedLater),
        restored: of(Code::Restored),
        exported: of(Code::Exported),
        exempt: of(Code::Exempt),
        resolved: of(Code::Resolved),
        failed: of(Code::Failed),
    }
}

fn shown(person: &Person) -> PersonShown {
    PersonShown {
        id: person.id.clone(),
        name: person.name.clone(),
        email: person.email.clone(),
    }
}

pub(super) fn staff_shown(staff: &StaffMember) -> PersonShown {
    PersonShown {
        id: staff.sub.clone(),
        name: staff.name.clone(),
        email: staff.email.clone(),
    }
}

fn erased_person() -> PersonShown {
    PersonShown {
        id: erased(),
        name: Some(erased()),
        email: Some(erased()),
    }
}

fn erased() -> Personal {
    Personal::new(ERASED)
}
