//! Execute: the typed phrase, the preview that still holds, and the job is queued.
//!
//! Guarantee: the plan rows are in the transaction of the transition; the messages after it are only hints, and
//! supervision sends them again if they are lost.

use jiff::Timestamp;

use super::access::{View, load_visible};
use super::commit::Circumstances;
use super::dispatch::send_plans;
use super::failure::Failure;
use super::order::{TRIES, carry_out, check_version};
use super::preview::{Basis, basis, digest};
use super::records::{Loaded, Records};
use crate::domain::actor::Caller;
use crate::domain::hold::HoldHead;
use crate::domain::ids::RequestId;
use crate::domain::request::{DataMapPin, DatasetPin, Status};
use crate::ports::{Config, Keys, Queues, Requests, Sealer};
use crate::state_machine::command::{Command, Execution};
use crate::state_machine::refusal::Refusal;

/// What the operator typed.
#[derive(Clone, Debug)]
pub struct Typed {
    /// The phrase, unaltered.
    pub confirmation: String,
    /// The digest of the preview they looked at.
    pub preview_digest: String,
}

/// Executes an approved deletion.
pub async fn execute<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    queues: &impl Queues,
    caller: &Caller,
    (id, if_match): (RequestId, Option<u64>),
    typed: Typed,
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    let mut carried = false;
    for _ in 0..TRIES {
        let (loaded, _) = load_visible(records, caller, id).await?;
        check_version(&loaded, if_match)?;
        let (command, holds) = gather(records, config, &loaded, typed.clone(), now).await?;
        let circumstances = Circumstances {
            holds,
            ..Circumstances::default()
        };
        carried = carry_out(records, caller, &loaded, command, circumstances, now).await?;
        if carried {
            break;
        }
    }
    if !carried {
        return Err(Refusal::Busy.into());
    }
    let (executed, view) = load_visible(records, caller, id).await?;
    send_plans(queues, &executed.request.facts).await;
    Ok((executed, view))
}

/// The facts the guard needs. A request that is not approved needs none: the machine refuses it first.
async fn gather<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    loaded: &Loaded,
    typed: Typed,
    now: Timestamp,
) -> Result<(Command, HoldHead), Failure> {
    let facts = &loaded.request.facts;
    let mut execution = Execution {
        confirmation: typed.confirmation,
        preview_digest: typed.preview_digest,
        preview_holds: false,
        previewed: None,
        held: false,
        export_running: false,
        data_map: None,
        datasets: vec![],
    };
    if facts.status != Status::Approved {
        return Ok((Command::Execute(execution), HoldHead::default()));
    }
    let Basis { map, policy, holds } = basis(records, config, loaded).await?;
    let basis = Basis { map, policy, holds };
    let kept = records
        .store
        .preview(&loaded.row.key(), &execution.preview_digest)
        .await?;
    let fresh = kept.filter(|preview| now < preview.expires_at);
    execution.preview_holds = fresh.is_some() && digest(loaded, &basis)? == execution.preview_digest;
    execution.previewed = fresh.filter(|preview| !preview.at_least).map(|preview| preview.total);
    execution.held = basis.holds.covers(&facts.scope);
    execution.data_map = Some(DataMapPin {
        version: basis.map.version,
        digest: basis.map.digest,
    });
    let in_scope = basis.map.value.in_scope(&facts.tenant, &facts.scope);
    execution.datasets = in_scope
        .map(|d| DatasetPin {
            id: d.id.clone(),
            category: d.category.clone(),
            waits_for_ttl: d.waits_for_ttl(),
        })
        .collect();
    Ok((Command::Execute(execution), basis.holds))
}
