//! Subjects and operators: what they call, and that they try again until it is done.
//!
//! A person reads the request, does the next thing their aim needs, and comes back later whatever the answer was: the
//! call may have failed, or have taken effect without an answer. Others meddle: any command, at any time.

use jiff::Timestamp;
use shared::domain::actor::Caller;
use shared::domain::finding::{RESTORE_UNCLEAR, State};
use shared::domain::hold::Hold;
use shared::domain::ids::{Ref, RefKey, RequestId, RequestKey, SubjectId, Tenant};
use shared::domain::job::{Job, JobStatus, Phase};
use shared::domain::personal::Personal;
use shared::domain::request::{Facts, Status};
use shared::domain::restore::Wanted;
use shared::sim::sealer::reference_key;
use shared::state_machine::command::{CONFIRMATION, VerificationInput};
use shared::workflow::execute::{Typed, execute};
use shared::workflow::export::start;
use shared::workflow::failure::Failure;
use shared::workflow::finding_list::findings;
use shared::workflow::hold::{NewHold, place, release};
use shared::workflow::order::{Wish, order};
use shared::workflow::preview::preview;
use shared::workflow::repair::{resolve, retry};
use shared::workflow::restore::{Asked, restore};
use shared::workflow::run::{cancel, pause, resume};
use shared::workflow::submit::{NewRequest, submit};

use crate::scenario::{Aim, FORBIDDEN, HELD, HOLD_LASTS, Held, Life};
use crate::stack::Outside;

/// What a person does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Submits the request.
    Submit,
    /// Verifies the identity.
    Verify,
    /// Approves.
    Approve,
    /// Rejects.
    Reject,
    /// Withdraws.
    Withdraw,
    /// Moves the due date.
    Extend,
    /// Looks at the preview and types the phrase.
    Execute,
    /// Types something else than the phrase.
    Mistype,
    /// Executes what the same person approved.
    ExecuteAlone,
    /// Executes without having looked at what there is now.
    ExecuteUnseen,
    /// Submits once more, as if for the first time.
    SubmitAgain,
    /// Pauses the job.
    Pause,
    /// Lets it go on.
    Resume,
    /// Stops it in the middle.
    Cancel,
    /// Brings one swept record back.
    RestoreOne,
    /// Brings everything back.
    RestoreAll,
    /// Repairs what failed, and has it tried again.
    Repair,
    /// Places a legal hold.
    PlaceHold,
    /// Releases one that stands.
    ReleaseHold,
}

impl Deed {
    /// What meddlers do. Not among it: a valid rejection, withdrawal or cancellation, which would end the life they
    /// meddle with, and a pause that nobody would end.
    pub const MEDDLING: [Self; 9] = [
        Self::SubmitAgain,
        Self::Verify,
        Self::Extend,
        Self::Execute,
        Self::Mistype,
        Self::ExecuteAlone,
        Self::ExecuteUnseen,
        Self::Resume,
        Self::RestoreAll,
    ];

    /// The function that serves it.
    pub fn function(self) -> &'static str {
        match self {
            Self::Submit | Self::SubmitAgain | Self::Withdraw => "submission",
            Self::Verify
            | Self::Approve
            | Self::Reject
            | Self::Extend
            | Self::Execute
            | Self::Mistype
            | Self::ExecuteAlone
            | Self::ExecuteUnseen
            | Self::Pause
            | Self::Resume
            | Self::Cancel
            | Self::RestoreOne
            | Self::RestoreAll
            | Self::Repair
            | Self::PlaceHold
            | Self::ReleaseHold => "review",
        }
    }
}

/// The next deed that a life's aim needs; none once it is out of people's hands.
pub fn next_deed(aim: Aim, facts: Option<&Facts>, paused_before: bool, now: Timestamp) -> Option<Deed> {
    let Some(facts) = facts else {
        return Some(Deed::Submit);
    };
    match (facts.status, aim) {
        (Status::Pending | Status::Verified, Aim::Reject) => Some(Deed::Reject),
        (Status::Pending, _) => Some(Deed::Verify),
        (Status::Verified, _) => Some(Deed::Approve),
        (Status::Approved, Aim::Withdraw) => Some(Deed::Withdraw),
        (Status::Approved, _) if extends(aim, facts) => facts.told.due_soon.then_some(Deed::Extend),
        (Status::Approved, _) => facts
            .grace_ends_at
            .is_some_and(|end| now >= end)
            .then_some(Deed::Execute),
        (Status::InProgress, aim) => while_it_runs(aim, facts, paused_before),
        (Status::Cancelled, Aim::CancelAndRestore) => {
            let first = facts.restores == 0 && facts.job.is_some() && facts.shred_at.is_none();
            first.then_some(Deed::RestoreAll)
        }
        (Status::Completed | Status::Rejected | Status::Cancelled, _) => None,
    }
}

fn while_it_runs(aim: Aim, facts: &Facts, paused_before: bool) -> Option<Deed> {
    let job = facts.job.as_ref()?;
    if may_repair(job) {
        return Some(Deed::Repair);
    }
    match aim {
        Aim::Cancel | Aim::CancelAndRestore => {
            let over = job.cancel_requested || job.phase == Phase::Closing || job.status == JobStatus::Failed;
            (!over).then_some(Deed::Cancel)
        }
        Aim::Pause if job.paused => Some(Deed::Resume),
        Aim::Pause => {
            let early = matches!(job.phase, Phase::Planning | Phase::Sweeping) && job.generation == 0;
            (early && !paused_before).then_some(Deed::Pause)
        }
        Aim::RestoreOne => (job.phase == Phase::Recovering && facts.restores == 0).then_some(Deed::RestoreOne),
        Aim::Erase | Aim::Extend | Aim::Withdraw | Aim::Reject => None,
    }
}

/// Times that operators have a failed job tried again before they give it up.
pub const RETRIES: u32 = 3;

/// Whether operators go on with a failed job.
pub fn may_repair(job: &Job) -> bool {
    let retried = job.retry.as_ref().map_or(0, |retry| retry.n);
    job.status == JobStatus::Failed && retried < RETRIES
}

/// What the legal department does next, and from when on; none once it is done.
pub fn next_hold(life: &Life, facts: Option<&Facts>, holds: &[Hold], now: Timestamp) -> Option<(Deed, Timestamp)> {
    let standing = holds.iter().find(|hold| hold.released_at.is_none());
    if let Some(hold) = standing {
        return Some((Deed::ReleaseHold, hold.placed_at + HOLD_LASTS));
    }
    let (facts, never) = (facts?, holds.is_empty());
    let job = facts.job.as_ref()?;
    let meets = match (life.held, facts.status) {
        (Held::Never, _) => false,
        (Held::Midway, Status::InProgress) => matches!(job.phase, Phase::Planning | Phase::Sweeping),
        (Held::InWindow, Status::InProgress) => job.phase == Phase::Recovering,
        (Held::InWindow, Status::Cancelled) => facts.shred_at.is_none(),
        (Held::Midway | Held::InWindow, _) => false,
    };
    (never && meets).then_some((Deed::PlaceHold, now))
}

/// Whether the due date is moved before anything else: operators do it when they are told that it comes near.
pub fn extends(aim: Aim, facts: &Facts) -> bool {
    aim == Aim::Extend && facts.extension.is_none() && !facts.told.overdue
}

/// The tenant of every run.
pub fn tenant() -> Tenant {
    "acme".parse().expect("a slug")
}

/// How a subject stands in rows.
pub fn subject_ref(subject: &str) -> Ref {
    Ref::new(&ref_key(), "subject", subject)
}

fn ref_key() -> RefKey {
    reference_key(&tenant())
}

/// A caller of the API. Their name, e-mail and IP are canaries: they must not turn up anywhere in the clear.
pub fn caller(name: &str, is_operator: bool) -> Caller {
    let canary = |what: &str| Personal::new(format!("canary-{what}-{name}@example.com"));
    Caller {
        tenant: tenant(),
        is_operator,
        is_auditor: false,
        sub: Personal::new(format!("canary-sub-{name}")),
        subject_id: SubjectId::try_from(name.to_owned()).expect("an id"),
        name: Some(canary("name")),
        email: Some(canary("mail")),
        ip: canary("ip"),
        signed_in_at: None,
        actor_ref: Ref::new(&ref_key(), "actor", name),
        subject_ref: subject_ref(name),
    }
}

/// Does a deed; answers the request's id where it is learned.
pub async fn carry_out(
    outside: &Outside,
    life: &Life,
    (id, fresh): (Option<RequestId>, RequestId),
    deed: Deed,
    now: Timestamp,
) -> Result<Option<RequestId>, Failure> {
    let (records, config) = (&outside.records, &outside.config);
    let (owner, approver, executor) = (caller(&life.subject, false), caller("olga", true), caller("otto", true));
    let Some(id) = id else {
        let loaded = submit(records, config, &owner, new_request(life, "once"), fresh, now).await?;
        return Ok(Some(loaded.request.facts.id));
    };
    let wish = match deed {
        Deed::Submit => return Ok(Some(id)),
        Deed::SubmitAgain => {
            submit(records, config, &owner, new_request(life, "again"), fresh, now).await?;
            return Ok(None);
        }
        Deed::Verify => Wish::Verify(VerificationInput {
            method: Personal::new("passport"),
            note: None,
        }),
        Deed::Approve => Wish::Approve {
            note: None,
            verification: None,
        },
        Deed::Reject => Wish::Reject {
            reason: Personal::new("canary-reason"),
        },
        Deed::Extend => Wish::Extend {
            reason: Personal::new("canary-reason"),
            until: None,
        },
        Deed::Withdraw => {
            let wish = Wish::Withdraw { reason: None };
            order(records, config, &owner, (id, None), wish, now).await?;
            return Ok(None);
        }
        Deed::PlaceHold | Deed::ReleaseHold => {
            return Box::pin(hold(outside, &executor, (life, fresh), deed, now))
                .await
                .map(|()| None);
        }
        Deed::Repair => {
            return Box::pin(repair(outside, &executor, id, now)).await.map(|()| None);
        }
        Deed::Pause | Deed::Resume | Deed::Cancel | Deed::RestoreOne | Deed::RestoreAll => {
            return Box::pin(interfere(outside, &executor, id, deed, now))
                .await
                .map(|()| None);
        }
        Deed::Execute | Deed::Mistype | Deed::ExecuteAlone | Deed::ExecuteUnseen => {
            let by = if deed == Deed::ExecuteAlone {
                &approver
            } else {
                &executor
            };
            return Box::pin(run(outside, by, id, deed, now)).await.map(|()| None);
        }
    };
    order(records, config, &approver, (id, None), wish, now).await?;
    if deed == Deed::Approve {
        // `functions/review` does so.
        let key = RequestKey { tenant: tenant(), id };
        Box::pin(start(records, config, &outside.queues, &key, now)).await?;
    }
    Ok(None)
}

/// What an operator does to a running request.
async fn interfere(outside: &Outside, by: &Caller, id: RequestId, deed: Deed, now: Timestamp) -> Result<(), Failure> {
    let (records, queues) = (&outside.records, &outside.queues);
    let (target, reason) = ((id, None), Personal::new("canary-reason"));
    match deed {
        Deed::Pause => pause(records, by, target, now).await.map(|_| ()),
        Deed::Resume => Box::pin(resume(records, queues, by, target, now)).await.map(|_| ()),
        Deed::Cancel => Box::pin(cancel(records, queues, by, target, reason, now))
            .await
            .map(|_| ()),
        _ => {
            let wanted = match deed {
                Deed::RestoreOne => Wanted::of(&outside.one_swept(&RequestKey { tenant: tenant(), id })),
                _ => Wanted::All,
            };
            let asked = Asked { reason, wanted };
            Box::pin(restore(records, queues, by, target, asked, now))
                .await
                .map(|_| ())
        }
    }
}

/// Gives the source back what it lacked; closes what only a person can judge, and has the rest tried again.
async fn repair(outside: &Outside, by: &Caller, id: RequestId, now: Timestamp) -> Result<(), Failure> {
    let (records, queues, target) = (&outside.records, &outside.queues, (id, None));
    outside.sources.repair(FORBIDDEN);
    let shown = findings(records, by, id).await?;
    let open = shown.into_iter().filter(|finding| finding.state == State::Open);
    let unclear = open
        .filter(|finding| finding.code == RESTORE_UNCLEAR)
        .map(|finding| finding.n);
    for name in unclear {
        let evidence = Personal::new("canary-evidence");
        Box::pin(resolve(records, queues, by, target, (&name, evidence), now)).await?;
    }
    Box::pin(retry(records, queues, by, target, None, now))
        .await
        .map(|_| ())
}

/// What the legal department does to a subject's data.
async fn hold(
    outside: &Outside,
    by: &Caller,
    (life, fresh): (&Life, RequestId),
    deed: Deed,
    now: Timestamp,
) -> Result<(), Failure> {
    let (records, around) = (&outside.records, (&outside.config, &outside.queues));
    let reason = Personal::new("canary-reason");
    if deed == Deed::PlaceHold {
        let new = NewHold {
            subject: SubjectId::try_from(life.subject.clone()).expect("an id"),
            scope: HELD.map(str::to_owned).to_vec(),
            reason,
        };
        let id = fresh.to_string().replacen("dsr_", "hld_", 1);
        let id = id.parse().expect("the same ULID with another prefix");
        return place(records, around, by, new, id, now).await.map(|_| ());
    }
    let holds = outside.holds(&life.subject);
    let standing = holds.into_iter().find(|hold| hold.released_at.is_none());
    match standing {
        Some(hold) => release(records, around, by, hold.id, reason, now).await.map(|_| ()),
        None => Ok(()),
    }
}

async fn run(outside: &Outside, by: &Caller, id: RequestId, deed: Deed, now: Timestamp) -> Result<(), Failure> {
    let (records, config) = (&outside.records, &outside.config);
    let digest = if deed == Deed::ExecuteUnseen {
        "0".repeat(64)
    } else {
        preview(records, config, &outside.sources, by, id, now).await?.digest
    };
    let phrase = if deed == Deed::Mistype {
        "execute delete now"
    } else {
        CONFIRMATION
    };
    let typed = Typed {
        confirmation: phrase.to_owned(),
        preview_digest: digest,
    };
    execute(records, config, &outside.queues, by, (id, None), typed, now).await?;
    Ok(())
}

fn new_request(life: &Life, key: &str) -> NewRequest {
    NewRequest {
        kind: life.kind,
        scope: life.scope.iter().map(|category| (*category).to_owned()).collect(),
        reason: Personal::new("canary-reason"),
        subject: None,
        received_at: None,
        after_export: None,
        notify_subject: None,
        idempotency_key: Some(format!(
            "{key}-{}-{}-{}",
            life.kind.as_str(),
            life.subject,
            life.scope.join("-")
        )),
        body: Personal::new(format!("the body of {}: {:?}", life.subject, life.scope)),
    }
}
