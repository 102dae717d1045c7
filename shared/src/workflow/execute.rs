//! Execute: the typed phrase, the preview that still holds, and the job is queued.
//!
//! Guarantee: the plan rows are in the transaction of the transition; the messages after it are only hints, and
//! supervision sends them again if they are lost.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::access::{View, load_visible};
use super::commit::Circumstances;
use super::dispatch::send_plans;
use super::export::pinned;
use super::failure::Failure;
use super::order::{TRIES, carry_out, check_version};
use super::preview::{Basis, basis, digest};
use super::records::{Loaded, Records};
use crate::domain::actor::Caller;
use crate::domain::data_map::DataMap;
use crate::domain::hold::HoldHead;
use crate::domain::ids::{Category, RequestId, RequestKey};
use crate::domain::request::{Facts, Kind, Status};
use crate::ports::{Config, Fault, Holds, Keys, Queues, Requests, Sealer};
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
pub async fn execute<S: Requests + Keys + Holds, K: Sealer>(
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
async fn gather<S: Requests + Keys + Holds, K: Sealer>(
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
    execution.export_running = export_running(&records.store, facts, &basis.map.value).await?;
    execution.held = basis.holds.covers(&facts.scope);
    let pinned = pinned(&basis.map, &facts.tenant, &facts.scope);
    (execution.data_map, execution.datasets) = (Some(pinned.data_map), pinned.datasets);
    Ok((Command::Execute(execution), basis.holds))
}

/// Whether an export of the subject is under way, of whatever categories, or the one this deletion is to follow has not
/// ended. What is not approved yet does not count: it may never be.
async fn export_running(store: &(impl Requests + Holds), facts: &Facts, map: &DataMap) -> Result<bool, Fault> {
    let known = map.categories().into_iter().map(|(category, _)| category);
    let all: BTreeSet<Category> = known.chain(facts.scope.iter().cloned()).collect();
    let mut exports = BTreeSet::new();
    for category in &all {
        let open = store.open_request(&facts.tenant, &facts.subject_ref, Kind::Export, category);
        exports.extend(open.await?);
    }
    for export in exports {
        let status = status(store, facts, export).await?;
        if matches!(status, Some(Status::Approved | Status::InProgress)) {
            return Ok(true);
        }
    }
    let Some(first) = facts.after_export else {
        return Ok(false);
    };
    let status = status(store, facts, first).await?;
    Ok(status.is_some_and(|status| !status.is_terminal()))
}

async fn status(store: &impl Requests, facts: &Facts, id: RequestId) -> Result<Option<Status>, Fault> {
    let key = RequestKey {
        tenant: facts.tenant.clone(),
        id,
    };
    Ok(store.request(&key).await?.map(|row| row.facts.status))
}
