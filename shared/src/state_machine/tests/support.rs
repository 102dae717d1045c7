//! People, policies and requests for the machine's tests. A request in a status is one that was led there.

use jiff::{SignedDuration, Timestamp};

use crate::domain::actor::{Caller, Person};
use crate::domain::ids::{Ref, RefKey, RequestId, SubjectId};
use crate::domain::job::{Job, Phase};
use crate::domain::package::{Package, PackageState};
use crate::domain::personal::Personal;
use crate::domain::policy::{Policy, PolicyFile};
use crate::domain::request::{Completion, DataMapPin, DatasetPin, Kind, Notice, Status, SubjectRequest};
use crate::state_machine::command::{
    Approval, CONFIRMATION, Cancellation, Command, Delay, Event, Execution, Order, Redemption, Repair, Resolution,
    Restoration, Start, VerificationInput,
};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::{decide, observe};
use crate::state_machine::submit::{Submission, submit};
use crate::state_machine::transition::Transition;

/// 1 March 2026, so many days, so many milliseconds.
pub(super) fn day(days: i64) -> Timestamp {
    later("2026-03-01T00:00:00Z".parse().expect("an instant"), days * 86_400_000)
}

pub(super) fn later(instant: Timestamp, ms: i64) -> Timestamp {
    instant.checked_add(SignedDuration::from_millis(ms)).expect("in range")
}

fn person(name: &str, is_operator: bool, is_auditor: bool) -> Caller {
    let key = RefKey::new(vec![7; 32]);
    Caller {
        tenant: "acme".parse().expect("slug"),
        is_operator,
        is_auditor,
        sub: Personal::new(format!("sub-{name}")),
        subject_id: SubjectId::try_from(name.to_owned()).expect("valid"),
        name: Some(Personal::new(name)),
        email: None,
        ip: Personal::new("192.0.2.7"),
        signed_in_at: None,
        actor_ref: Ref::new(&key, "actor", name),
        subject_ref: Ref::new(&key, "subject", name),
    }
}

pub(super) fn subject() -> Caller {
    person("ada", false, false)
}

pub(super) fn stranger() -> Caller {
    person("eve", false, false)
}

pub(super) fn auditor() -> Caller {
    person("otto", false, true)
}

/// Operator A: verifies and approves in the usual life.
pub(super) fn alice() -> Caller {
    person("alice", true, false)
}

/// Operator B: executes in the usual life.
pub(super) fn bob() -> Caller {
    person("bob", true, false)
}

/// The data subject when they are on the staff.
pub(super) fn subject_as_operator() -> Caller {
    Caller {
        is_operator: true,
        ..subject()
    }
}

pub(super) fn policy(settings: &str) -> Policy {
    let yaml = format!("v: 1\ndefaults: {{ClampGraceToDeadline: false{settings}}}\n");
    let file = PolicyFile::parse(&yaml, true).expect("valid");
    file.policy_of(&"acme".parse().expect("slug")).expect("resolves")
}

pub(super) fn alone() -> Policy {
    policy(", TwoPersonRule: false")
}

pub(super) fn submission() -> Submission {
    Submission {
        kind: Kind::Deletion,
        scope: vec!["messages".parse().expect("slug")],
        descriptions: [].into(),
        reason: Personal::new("I am leaving"),
        on_behalf_of: None,
        received_at: None,
        after_export: None,
        notify_subject: None,
        found_by: Default::default(),
    }
}

/// The usual submission on behalf of Ada.
pub(super) fn on_behalf() -> Submission {
    let ada = subject();
    let shown = Person {
        id: ada.sub.clone(),
        name: None,
        email: None,
    };
    Submission {
        on_behalf_of: Some((ada.subject_id, ada.subject_ref, shown)),
        ..submission()
    }
}

pub(super) fn submitted(by: &Caller, input: Submission, now: Timestamp) -> Result<Transition, Refusal> {
    let month = "P1M".parse().expect("a month is a period");
    submit(by, RequestId::from_parts(1_772_323_200_000, 7), input, month, now)
}

pub(super) fn method() -> VerificationInput {
    VerificationInput {
        method: Personal::new("passport"),
        note: None,
    }
}

pub(super) fn approval() -> Approval {
    Approval {
        note: None,
        verification: None,
        policy: Some((policy(""), "policy-1".to_owned())),
        waits_for_ttl: true,
        held: false,
    }
}

pub(super) fn in_one_call() -> Approval {
    Approval {
        verification: Some(method()),
        ..approval()
    }
}

pub(super) fn execution() -> Execution {
    Execution {
        confirmation: CONFIRMATION.to_owned(),
        preview_digest: "digest".to_owned(),
        preview_holds: true,
        previewed: None,
        held: false,
        export_running: false,
        data_map: Some(DataMapPin {
            version: "map-1".to_owned(),
            digest: "map".to_owned(),
        }),
        datasets: vec![DatasetPin {
            id: "messages".parse().expect("slug"),
            category: "messages".parse().expect("slug"),
            waits_for_ttl: true,
            in_vault: false,
        }],
    }
}

pub(super) fn reject(reason: &str) -> Command {
    let reason = Personal::new(reason);
    Command::Reject {
        reason,
        retention: None,
    }
}

pub(super) fn withdraw(reason: Option<&str>) -> Command {
    let reason = reason.map(Personal::new);
    Command::Withdraw {
        reason,
        retention: None,
    }
}

pub(super) fn cancel() -> Command {
    Command::Cancel(Cancellation {
        reason: Personal::new("the wrong person"),
        anything_left: true,
    })
}

pub(super) fn restore(all: bool) -> Command {
    Command::Restore(Restoration {
        reason: Personal::new("the wrong person"),
        all,
        anything_left: true,
    })
}

/// Everything that remains, in one chunk.
pub(super) fn retry() -> Command {
    Command::Retry(Repair {
        finding: None,
        only: None,
        chunks: 1,
        open_plans: false,
        leftovers: false,
        package: false,
    })
}

/// A part is fetched by somebody who signed in then.
pub(super) fn redeem(part: u32, signed_in_at: Timestamp) -> Command {
    let signed_in_at = Some(signed_in_at);
    Command::Redeem(Redemption { part, signed_in_at })
}

pub(super) fn revoke() -> Command {
    let reason = Personal::new("it held somebody else's letters");
    Command::Revoke { reason }
}

/// The data map that an export starts with.
pub(super) fn start() -> Start {
    Start {
        data_map: DataMapPin {
            version: "v7".to_owned(),
            digest: "ab".repeat(32),
        },
        datasets: vec![],
    }
}

/// The same request, as if an export had been asked for.
pub(super) fn as_export(mut request: SubjectRequest) -> SubjectRequest {
    request.facts.kind = Kind::Export;
    request
}

/// An export with a package of one part, available since day 39.
pub(super) fn with_package(request: SubjectRequest, state: PackageState, expires_at: Timestamp) -> SubjectRequest {
    let mut request = as_export(request);
    request.facts.package = Some(Package {
        state,
        parts: 1,
        bytes: 1_000,
        available_at: Some(day(39)),
        expires_at: Some(expires_at),
        ..Package::building()
    });
    request
}

pub(super) fn resolve() -> Command {
    Command::Resolve(Resolution {
        finding: "messages.0.0.object_locked".to_owned(),
        evidence: Personal::new("the object is gone since the 3rd"),
        records: 1,
        left: 0,
    })
}

/// Cancelled in the middle of its sweep.
pub(super) fn cut_short() -> SubjectRequest {
    let stopping = must(&in_phase(Phase::Sweeping), &bob(), cancel(), day(41));
    let settled = Event::Settled {
        recover_until: Some(day(47)),
        account: [].into(),
    };
    observe(&stopping, settled, day(42)).expect("due").next
}

/// Until then; none: as late as the policy allows.
pub(super) fn extend(until: Option<Timestamp>) -> Command {
    Command::Extend(Delay {
        reason: Personal::new("there is much of it"),
        until,
        extend_by: None,
    })
}

pub(super) fn give(
    request: &SubjectRequest,
    by: &Caller,
    command: Command,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    decide(request, Order { by, command }, now)
}

/// A command that must be allowed.
pub(super) fn must(request: &SubjectRequest, by: &Caller, command: Command, now: Timestamp) -> SubjectRequest {
    give(request, by, command, now).expect("allowed").next
}

pub(super) fn pending() -> SubjectRequest {
    submitted(&subject(), submission(), day(0)).expect("allowed").next
}

pub(super) fn verified() -> SubjectRequest {
    must(&pending(), &alice(), Command::Verify(method()), day(1))
}

/// Approved by Alice on day 2: the grace period ends on day 32.
pub(super) fn approved() -> SubjectRequest {
    approved_with(approval())
}

pub(super) fn approved_with(input: Approval) -> SubjectRequest {
    must(&verified(), &alice(), Command::Approve(input), day(2))
}

/// Executed by Bob on day 40, with the job set to a phase.
pub(super) fn in_phase(phase: Phase) -> SubjectRequest {
    let mut request = must(&approved(), &bob(), Command::Execute(execution()), day(40));
    request.facts.job = Some(Job { phase, ..Job::queued() });
    request
}

pub(super) fn completed() -> SubjectRequest {
    let closing = Event::Closing {
        result: Completion::Full,
        account: [].into(),
    };
    let request = observe(&in_phase(Phase::Verifying), closing, day(60))
        .expect("due")
        .next;
    let told = Event::Completed { notice: Notice::Sent };
    observe(&request, told, day(60)).expect("due").next
}

pub(super) fn in_status(status: Status) -> SubjectRequest {
    match status {
        Status::Pending => pending(),
        Status::Verified => verified(),
        Status::Approved => approved(),
        Status::InProgress => in_phase(Phase::Planning),
        Status::Completed => completed(),
        Status::Rejected => must(&pending(), &alice(), reject("not a customer"), day(1)),
        Status::Cancelled => must(&approved(), &subject(), withdraw(None), day(3)),
    }
}
