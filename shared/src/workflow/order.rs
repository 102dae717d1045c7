//! A person's command on a request: load, decide, commit; a refusal by a rule is recorded in the trail.
//!
//! Guarantee: what was decided on is what is committed; when somebody else moved the request meanwhile, it is loaded
//! and decided again, a few times, then the caller is told `busy`.

use jiff::Timestamp;

use super::access::{View, load_visible};
use super::commit::{Before, Circumstances};
use super::failure::Failure;
use super::records::{Loaded, Records};
use crate::domain::actor::Caller;
use crate::domain::hold::HoldHead;
use crate::domain::ids::RequestId;
use crate::domain::period::Period;
use crate::domain::personal::Personal;
use crate::domain::policy::Policy;
use crate::ports::{Committed, Config, Keys, Requests, Sealer};
use crate::state_machine::command::{Approval, Command, Delay, Order, VerificationInput};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::decide;

/// Decisions tried when others keep moving the request.
pub const TRIES: u32 = 5;

/// A command as the API received it; facts for its guard are gathered here.
#[derive(Clone, Debug)]
pub enum Wish {
    /// Identity and details are right.
    Verify(VerificationInput),
    /// Grant it.
    Approve {
        /// A note for the file.
        note: Option<Personal>,
        /// Given when approving straight from Pending.
        verification: Option<VerificationInput>,
    },
    /// Deny it.
    Reject {
        /// Shown to the subject.
        reason: Personal,
    },
    /// Take it back.
    Withdraw {
        /// Required of operators.
        reason: Option<Personal>,
    },
    /// Take an export's package back.
    Revoke {
        /// Why.
        reason: Personal,
    },
    /// Answer later than due.
    Extend {
        /// Told to the subject.
        reason: Personal,
        /// The new due date; none: as late as the policy allows.
        until: Option<Timestamp>,
    },
}

/// Carries a wish out. `if_match` is the version the caller read.
pub async fn order<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    caller: &Caller,
    (id, if_match): (RequestId, Option<u64>),
    wish: Wish,
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    for _ in 0..TRIES {
        let (loaded, _) = load_visible(records, caller, id).await?;
        check_version(&loaded, if_match)?;
        let holds = records
            .store
            .holds(&caller.tenant, &loaded.request.facts.subject_ref)
            .await?;
        let command = command(config, caller, &loaded, &wish, &holds).await?;
        let circumstances = Circumstances {
            holds,
            ..Circumstances::default()
        };
        if carry_out(records, caller, &loaded, command, circumstances, now).await? {
            return load_visible(records, caller, id).await;
        }
    }
    Err(Refusal::Busy.into())
}

/// `If-Match` against the version that is there.
pub fn check_version(loaded: &Loaded, if_match: Option<u64>) -> Result<(), Refusal> {
    match if_match {
        Some(version) if version != loaded.request.facts.version => Err(Refusal::StaleVersion),
        Some(_) | None => Ok(()),
    }
}

/// Decides and commits; `false`: somebody was faster. A recorded refusal is in the trail before the caller hears it.
pub async fn carry_out<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    loaded: &Loaded,
    command: Command,
    circumstances: Circumstances,
    now: Timestamp,
) -> Result<bool, Failure> {
    let word = command.word();
    match decide(&loaded.request, Order { by: caller, command }, now) {
        Ok(transition) => {
            let committed = records
                .commit(Before::Loaded(loaded), &transition, circumstances, now)
                .await?;
            Ok(committed == Committed::Done)
        }
        Err(refusal) => {
            if refusal.is_recorded() {
                let actor = caller.actor(caller.role());
                if records.record_refusal(loaded, actor, word, &refusal, now).await? != Committed::Done {
                    return Ok(false);
                }
            }
            Err(refusal.into())
        }
    }
}

async fn command(
    config: &impl Config,
    caller: &Caller,
    loaded: &Loaded,
    wish: &Wish,
    holds: &HoldHead,
) -> Result<Command, Failure> {
    Ok(match wish {
        Wish::Verify(input) => Command::Verify(input.clone()),
        Wish::Reject { reason } => Command::Reject {
            reason: reason.clone(),
            retention: retention(config, caller).await?,
        },
        Wish::Withdraw { reason } => Command::Withdraw {
            reason: reason.clone(),
            retention: retention(config, caller).await?,
        },
        Wish::Revoke { reason } => Command::Revoke { reason: reason.clone() },
        Wish::Extend { reason, until } => Command::Extend(Delay {
            reason: reason.clone(),
            until: *until,
            extend_by: policy_now(config, caller).await?.map(|(policy, _)| policy.extend_by),
        }),
        Wish::Approve { note, verification } => {
            let facts = &loaded.request.facts;
            let map = config.data_map(None).await?.ok_or(Refusal::NoDataMap)?;
            let waits_for_ttl = map
                .value
                .in_scope(&caller.tenant, &facts.scope)
                .any(|d| d.waits_for_ttl());
            let policy = policy_now(config, caller).await?;
            let held = holds.covers(&facts.scope);
            let (note, verification) = (note.clone(), verification.clone());
            Command::Approve(Approval {
                note,
                verification,
                policy,
                waits_for_ttl,
                held,
            })
        }
    })
}

/// The tenant's policy as it is now, and the version of its file.
async fn policy_now(config: &impl Config, caller: &Caller) -> Result<Option<(Policy, String)>, Failure> {
    let file = config.policy().await?;
    Ok(file.and_then(|file| Some((file.value.policy_of(&caller.tenant).ok()?, file.version))))
}

async fn retention(config: &impl Config, caller: &Caller) -> Result<Option<Period>, Failure> {
    let policy = policy_now(config, caller).await?;
    Ok(policy.map(|(policy, _)| policy.request_retention))
}
