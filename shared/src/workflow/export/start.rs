//! Start: an approved export begins by itself, with the data map as it is now.
//!
//! Guarantee: the plan rows are in the transaction of the transition; the messages after it are only hints. Whoever
//! approved it does this at once; supervision does it when they could not.

use jiff::Timestamp;

use crate::domain::data_map::DataMap;
use crate::domain::ids::RequestKey;
use crate::domain::ids::{Category, Tenant};
use crate::domain::request::{DataMapPin, DatasetPin, Kind, Status};
use crate::ports::{Committed, Config, Fault, Keys, Pinned, Queues, Requests, Sealer};
use crate::state_machine::command::{Event, Start};
use crate::state_machine::request::observe;
use crate::workflow::commit::{Before, Circumstances};
use crate::workflow::dispatch::send_plans;
use crate::workflow::failure::Failure;
use crate::workflow::records::Records;

/// Begins an approved export; answers whether this call did. Without a data map it waits for one.
pub async fn start<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    queues: &impl Queues,
    key: &RequestKey,
    now: Timestamp,
) -> Result<bool, Failure> {
    let Some(loaded) = records.load(key).await? else {
        return Ok(false);
    };
    let facts = &loaded.request.facts;
    if facts.kind != Kind::Export || facts.status != Status::Approved {
        return Ok(false);
    }
    let Some(map) = config.data_map(None).await? else {
        return Err(Fault::permanent("start an export", "no_data_map", "no data map was applied").into());
    };
    let started = Event::Started(pinned(&map, &facts.tenant, &facts.scope));
    let Some(transition) = observe(&loaded.request, started, now) else {
        return Ok(false);
    };
    let committed = records
        .commit(Before::Loaded(&loaded), &transition, Circumstances::default(), now)
        .await?;
    let done = committed == Committed::Done;
    if done {
        send_plans(queues, &transition.next.facts).await;
    }
    Ok(done)
}

/// The data map and its datasets in scope, as a request keeps them.
pub(in crate::workflow) fn pinned(map: &Pinned<DataMap>, tenant: &Tenant, scope: &[Category]) -> Start {
    let datasets = map.value.in_scope(tenant, scope).map(|d| DatasetPin {
        id: d.id.clone(),
        category: d.category.clone(),
        waits_for_ttl: d.waits_for_ttl(),
        in_vault: d.in_vault(),
    });
    Start {
        data_map: DataMapPin {
            version: map.version.clone(),
            digest: map.digest.clone(),
        },
        datasets: datasets.collect(),
    }
}
