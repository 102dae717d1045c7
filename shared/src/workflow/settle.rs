//! Settling a legal hold: what was begun or armed before it is undone, and what waited for its release goes on.
//!
//! Guarantees: until that is done the hold says `settled: false` and stays in supervision's index, so that a crash in
//! between loses nothing; it is settled only when nothing that it covers can go any more; a request that cannot be
//! looked at keeps neither the others nor other holds. Where next:
//! `dispatch::Demand` for how chunks learn of a hold.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::advance::advance;
use super::dispatch::number_and_send;
use super::failure::Failure;
use super::records::Records;
use crate::domain::chunk::Chunk;
use crate::domain::hold::Hold;
use crate::domain::ids::{Ref, RequestKey, Tenant};
use crate::domain::request::{Facts, Kind, Status};
use crate::knobs::Guard;
use crate::ports::{Fault, HoldRow, Holds, Keys, LIST_READS, ListQuery, ListScope, Queues, Requests, Sealer, Work};
use crate::state_machine::chunk::strip_again;
use crate::state_machine::hold::{look_again_at, may_still_go};

/// Rows of a subject's history that are read at a time, and holds that one round looks at.
const PAGE: u32 = 100;

/// Looks at every hold that is not settled; answers how many there were. One that fails is looked at later.
pub async fn settle_due<S: Requests + Keys + Work + Holds, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    now: Timestamp,
) -> Result<u32, Fault> {
    let mut looked_at = 0;
    for (tenant, id) in records.store.due_holds(now, PAGE).await? {
        looked_at += 1;
        let Some(row) = records.store.hold(&tenant, id).await? else {
            continue;
        };
        if let Err(failure) = Box::pin(settle(records, queues, row.clone(), now)).await {
            tracing::error!(%tenant, hold = %id, error = &failure as &dyn std::error::Error, "hold could not be settled");
            records.store.settle_hold(&looked_at_again(row, false, now)).await?;
        }
    }
    Ok(looked_at)
}

/// Lets each request that the hold concerns know of it, and writes down whether anything is left to do.
pub(super) async fn settle<S: Requests + Keys + Work + Holds, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    row: HoldRow,
    now: Timestamp,
) -> Result<HoldRow, Failure> {
    let hold = &row.hold;
    if hold.settled_at.is_some() {
        return Ok(row);
    }
    let mut settled = true;
    for key in concerned(&records.store, hold).await? {
        let told = if hold.released_at.is_some() {
            wake(&records.store, &key, now).await.map_err(Failure::from)
        } else {
            Box::pin(disarm(records, queues, (hold, &key), now)).await
        };
        settled &= told.unwrap_or_else(|failure| {
            tracing::warn!(request = %key, hold = %hold.id, error = &failure as &dyn std::error::Error, "not told of a hold");
            false
        });
    }
    let next = looked_at_again(row.clone(), settled, now);
    let written = records.store.settle_hold(&next).await?;
    Ok(if written { next } else { row })
}

/// The hold's row after a look.
fn looked_at_again(mut row: HoldRow, settled: bool, now: Timestamp) -> HoldRow {
    row.wake_at = (!settled).then(|| look_again_at(&row.hold, now));
    row.hold.settled_at = settled.then_some(now);
    row.hold.rev += 1;
    row
}

/// Has armed expiries of a request removed; answers whether nothing that the hold covers can go any more.
async fn disarm<S: Requests + Keys + Work + Holds, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    (hold, key): (&Hold, &RequestKey),
    now: Timestamp,
) -> Result<bool, Failure> {
    let store = &records.store;
    if store.request(key).await?.is_none_or(|row| !may_hold_swept(&row.facts)) {
        return Ok(true);
    }
    advance(records, queues, key, now).await?;
    let Some(row) = store.request(key).await?.filter(|row| may_hold_swept(&row.facts)) else {
        return Ok(true);
    };
    let chunks = store.chunks(key).await?;
    let held: Vec<_> = chunks.iter().filter(|chunk| covers(hold, &row.facts, chunk)).collect();
    // Nobody else tries again what five workers could not do: the right may be back, and TTL does not wait.
    let parked = held
        .iter()
        .filter_map(|chunk| Some((chunk.rev, strip_again(chunk, now)?)));
    number_and_send(store, queues, key, parked.collect()).await?;
    let armed = held.iter().any(|chunk| may_go(&row.facts, chunk));
    Ok(!armed || !Guard::HoldSettled.stands())
}

fn covers(hold: &Hold, facts: &Facts, chunk: &Chunk) -> bool {
    let pin = facts.pinned(&chunk.id.dataset);
    pin.is_some_and(|pin| hold.scope.contains(&pin.category))
}

fn may_go(facts: &Facts, chunk: &Chunk) -> bool {
    let expires = facts.pinned(&chunk.id.dataset).is_some_and(|pin| pin.waits_for_ttl);
    may_still_go(chunk, facts.status == Status::Cancelled, expires)
}

/// Requests that may hold swept records of the scope: open ones by their scope's rows, and whatever else the subject
/// ever asked to have deleted, which may have been cancelled in the middle. The index lags in their status, so each row
/// is asked itself; it knows them all, for they were submitted long before they could be executed.
async fn concerned(store: &(impl Requests + Holds), hold: &Hold) -> Result<BTreeSet<RequestKey>, Fault> {
    let (tenant, subject) = (&hold.tenant, &hold.subject_ref);
    let key = |id| RequestKey {
        tenant: tenant.clone(),
        id,
    };
    let mut keys = BTreeSet::new();
    for category in &hold.scope {
        let open = store.open_request(tenant, subject, Kind::Deletion, category).await?;
        keys.extend(open.map(key));
    }
    let mut query = history(tenant, subject);
    loop {
        let page = store.list(&query).await?;
        keys.extend(page.items.into_iter().map(|listed| key(listed.id)));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(keys),
        }
    }
}

fn history(tenant: &Tenant, subject: &Ref) -> ListQuery {
    ListQuery {
        tenant: tenant.clone(),
        scope: ListScope::Subject(subject.clone()),
        kind: Some(Kind::Deletion),
        statuses: vec![],
        subject: None,
        from: None,
        to: None,
        limit: PAGE,
        reads: LIST_READS,
        after: None,
    }
}

/// Supervision looks at the request in its next round; `false` if it moved meanwhile.
async fn wake(store: &impl Requests, key: &RequestKey, now: Timestamp) -> Result<bool, Fault> {
    match store.request(key).await? {
        Some(row) if may_hold_swept(&row.facts) => store.rewake(&row, Some(now)).await,
        Some(_) | None => Ok(true),
    }
}

fn may_hold_swept(facts: &Facts) -> bool {
    let over = facts.shred_at.is_some() || !matches!(facts.status, Status::InProgress | Status::Cancelled);
    facts.job.is_some() && !over
}
