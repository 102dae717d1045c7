//! Settling a legal hold: what was begun or armed before it is undone, and what waited for its release goes on.
//!
//! Guarantees: until that is done the hold says `settled: false` and stays in supervision's index, so that a crash in
//! between loses nothing; it is settled only when nothing that it covers can go any more. Where next:
//! `dispatch::Demand` for how chunks learn of a hold.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::advance::advance;
use super::dispatch::is_held;
use super::failure::Failure;
use super::records::Records;
use crate::domain::hold::Hold;
use crate::domain::ids::{Ref, RequestKey, Tenant};
use crate::domain::request::{Facts, Kind, Status};
use crate::knobs::Guard;
use crate::ports::{Fault, HoldRow, Holds, Keys, LIST_READS, ListQuery, ListScope, Queues, Requests, Sealer, Work};
use crate::state_machine::hold::{look_again_at, may_still_go};

/// Rows of a subject's history that are read at a time, and holds that one round looks at.
const PAGE: u32 = 100;

/// Looks at every hold that is not settled; answers how many there were. One that fails does not keep the others.
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
        if let Err(failure) = Box::pin(settle(records, queues, row, now)).await {
            tracing::error!(%tenant, hold = %id, error = &failure as &dyn std::error::Error, "hold could not be settled");
        }
    }
    Ok(looked_at)
}

/// Lets each request that the hold concerns know of it, and writes down if there is nothing left to do.
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
        settled &= if hold.released_at.is_some() {
            wake(&records.store, &key, now).await?
        } else {
            // Removes armed expiries.
            advance(records, queues, &key, now).await?;
            is_safe(&records.store, &key).await?
        };
    }
    let wake_at = (!settled).then(|| look_again_at(hold, now));
    let hold = Hold {
        settled_at: settled.then_some(now),
        rev: hold.rev + 1,
        ..hold.clone()
    };
    let next = HoldRow {
        hold,
        wake_at,
        ..row.clone()
    };
    let written = records.store.settle_hold(&next).await?;
    Ok(if written { next } else { row })
}

/// Requests that may hold swept records of the scope: open ones, and those that were cancelled in the middle. The
/// index that finds the latter lags, but they were submitted long before they could be executed and cancelled.
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
    let mut query = cancelled(tenant, subject);
    loop {
        let page = store.list(&query).await?;
        keys.extend(page.items.into_iter().map(|listed| key(listed.id)));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(keys),
        }
    }
}

fn cancelled(tenant: &Tenant, subject: &Ref) -> ListQuery {
    ListQuery {
        tenant: tenant.clone(),
        scope: ListScope::Subject(subject.clone()),
        kind: Some(Kind::Deletion),
        statuses: vec![Status::Cancelled],
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

/// Whether nothing of the request that a hold covers can go any more.
async fn is_safe(store: &(impl Requests + Work), key: &RequestKey) -> Result<bool, Fault> {
    let Some(row) = store.request(key).await?.filter(|row| may_hold_swept(&row.facts)) else {
        return Ok(true);
    };
    let facts = &row.facts;
    let holds = store.holds(&facts.tenant, &facts.subject_ref).await?;
    let chunks = store.chunks(key).await?;
    let mut held = chunks
        .iter()
        .filter(|chunk| is_held(facts, chunk, &holds) && Guard::HoldSettled.stands());
    Ok(!held.any(|chunk| {
        let pin = facts.pinned(&chunk.id.dataset);
        may_still_go(chunk, pin.is_some_and(|pin| pin.waits_for_ttl))
    }))
}

fn may_hold_swept(facts: &Facts) -> bool {
    let over = facts.shred_at.is_some() || !matches!(facts.status, Status::InProgress | Status::Cancelled);
    facts.job.is_some() && !over
}
