//! Legal holds: place, release, list.
//!
//! Guarantee: a hold is in force when it is written: approve, execute and every lease read the head that is written
//! with it, and the trail has its entry in the same write. Where next: `state_machine::hold` for the rules, `settle`
//! for what follows for requests that run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::failure::Failure;
use super::note::{NoteDraft, audit_retention};
use super::order::TRIES;
use super::records::Records;
use super::settle::settle;
use super::submit::named_scope;
use super::view::{PersonShown, staff_shown};
use crate::audit::Outcome;
use crate::domain::actor::{Caller, Role};
use crate::domain::data_map::DataMap;
use crate::domain::hold::{Hold, HoldFields, HoldHead};
use crate::domain::ids::{Category, HoldId, Ref, SubjectId};
use crate::domain::month::Month;
use crate::domain::period::Period;
use crate::domain::personal::Personal;
use crate::domain::request::Kind;
use crate::ports::{Config, Fault, HoldChange, HoldRow, Holds, Keys, Notes, Queues, Requests, Sealer, Work};
use crate::state_machine::hold::{Decided, Placement, place as decide_place, release as decide_release};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::transition::Record;

/// What an operator wants held.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// Whose data.
    pub subject: SubjectId,
    /// Categories as named by the caller.
    pub scope: Vec<String>,
    /// Why.
    pub reason: Personal,
}

/// A hold as the API shows it to operators and auditors.
#[derive(Clone, Debug, Serialize)]
pub struct HoldShown {
    /// Which.
    pub id: HoldId,
    /// Whose data.
    pub subject: SubjectShown,
    /// Which categories of it.
    pub scope: Vec<Category>,
    /// Why.
    pub reason: Personal,
    /// Since when.
    pub placed_at: Timestamp,
    /// By whom.
    pub placed_by: PersonShown,
    /// Whether nothing that it covers can go any more; after a release, whether requests that waited go on.
    pub settled: bool,
    /// Since when.
    pub settled_at: Option<Timestamp>,
    /// Until when.
    pub released_at: Option<Timestamp>,
    /// By whom.
    pub released_by: Option<PersonShown>,
    /// Why it may go.
    pub release_reason: Option<Personal>,
}

/// The data subject of a hold.
#[derive(Clone, Debug, Serialize)]
pub struct SubjectShown {
    /// The application's id.
    pub id: SubjectId,
}

/// A page of holds.
#[derive(Clone, Debug, Serialize)]
pub struct HoldsShown {
    /// Newest first.
    pub items: Vec<HoldShown>,
    /// Where the next page begins; authenticated by the HTTP edge.
    #[serde(skip)]
    pub next: Option<HoldId>,
}

/// Places a hold.
pub async fn place<S: Requests + Keys + Work + Notes + Holds, K: Sealer>(
    records: &Records<S, K>,
    (config, queues): (&impl Config, &impl Queues),
    caller: &Caller,
    input: NewHold,
    id: HoldId,
    now: Timestamp,
) -> Result<HoldShown, Failure> {
    if !caller.is_operator {
        return Err(Refusal::OperatorOnly.into());
    }
    let retention = audit_retention(config, &caller.tenant).await?;
    let Some(map) = config.data_map(None).await? else {
        let record = Record::new(caller.actor(Role::Operator), "place_hold");
        return refuse(records, caller, record, Refusal::NoDataMap, retention, now).await;
    };
    let ref_key = records.ref_key(&caller.tenant).await?;
    let subject_ref = Ref::new(&ref_key, "subject", input.subject.expose());
    let known = known(&records.store, (caller, &subject_ref), &map.value, &input.scope).await?;
    let placement = Placement {
        subject_ref,
        scope: named_scope(&known, &input.scope)?,
        subject: input.subject,
        reason: input.reason,
    };
    let decided = decide_place(caller, id, placement, now)?;
    for _ in 0..TRIES {
        let hold = &decided.hold;
        let before = records.store.holds(&hold.tenant, &hold.subject_ref).await?;
        let head = before.with(hold.id, &hold.scope);
        let change = draft(records, &decided, (before.version, head), (retention, None), now).await?;
        if records.store.change_hold(&change).await? {
            return settled_soon(records, queues, change.row, decided.fields, now).await;
        }
    }
    Err(Refusal::Busy.into())
}

/// Releases a hold. What waited for it goes on; what else holds the same data still does.
pub async fn release<S: Requests + Keys + Work + Notes + Holds, K: Sealer>(
    records: &Records<S, K>,
    (config, queues): (&impl Config, &impl Queues),
    caller: &Caller,
    id: HoldId,
    reason: Personal,
    now: Timestamp,
) -> Result<HoldShown, Failure> {
    let retention = audit_retention(config, &caller.tenant).await?;
    let policy = config.policy().await?;
    let policy = policy.and_then(|file| file.value.policy_of(&caller.tenant).ok());
    let months = || "P24M".parse().expect("two years are a period");
    let forget = policy.map_or_else(months, |policy| policy.request_retention);
    for _ in 0..TRIES {
        let row = records.store.hold(&caller.tenant, id).await?.ok_or(Refusal::NotFound)?;
        let fields = open(records, &row).await?;
        let decided = match decide_release(caller, &row.hold, &fields, reason.clone(), now) {
            Ok(decided) => decided,
            Err(refusal) => {
                let record = Record::new(caller.actor(Role::Operator), "release_hold");
                let record = record.detail("hold", id.to_string());
                return refuse(records, caller, record, refusal, retention, now).await;
            }
        };
        let before = records.store.holds(&caller.tenant, &row.hold.subject_ref).await?;
        let head = before.without(id);
        let forget = Some(forget.after(now));
        let change = draft(records, &decided, (before.version, head), (retention, forget), now).await?;
        if records.store.change_hold(&change).await? {
            return settled_soon(records, queues, change.row, decided.fields, now).await;
        }
    }
    Err(Refusal::Busy.into())
}

/// A page of the tenant's holds, released ones included until they are forgotten.
pub async fn list<S: Requests + Keys + Holds, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    (after, limit): (Option<HoldId>, u32),
) -> Result<HoldsShown, Failure> {
    if !caller.reads_everything() {
        return Err(Refusal::OperatorOnly.into());
    }
    let mut rows = records.store.list_holds(&caller.tenant, after, limit + 1).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.hold.id);
    let staff_key = records.staff_key(&caller.tenant).await?;
    let open = |row: HoldRow| {
        let fields = records.unseal_json(&staff_key, &fields_aad(&row.hold), &row.fields)?;
        Ok::<_, Fault>(shown(row.hold, fields))
    };
    let items = rows.into_iter().map(open).collect::<Result<_, _>>()?;
    Ok(HoldsShown { items, next })
}

/// Settles what can be settled at once. The hold stands whatever comes of it: supervision goes on.
async fn settled_soon<S: Requests + Keys + Work + Holds, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    row: HoldRow,
    fields: HoldFields,
    now: Timestamp,
) -> Result<HoldShown, Failure> {
    let id = row.hold.id;
    // Boxed: it advances requests, and the caller's future holds it.
    let hold = match Box::pin(settle(records, queues, row.clone(), now)).await {
        Ok(row) => row.hold,
        Err(failure) => {
            tracing::warn!(hold = %id, error = &failure as &dyn std::error::Error, "hold not settled yet");
            row.hold
        }
    };
    Ok(shown(hold, fields))
}

/// The write that changes a hold, decided on the head and the trail as they are.
async fn draft<S: Requests + Keys + Notes, K: Sealer>(
    records: &Records<S, K>,
    decided: &Decided,
    (before, head): (Option<u64>, HoldHead),
    (retention, forget_at): (Period, Option<Timestamp>),
    now: Timestamp,
) -> Result<HoldChange, Fault> {
    let tenant = &decided.hold.tenant;
    let staff_key = records.staff_key(tenant).await?;
    let month = records.store.month_head(tenant, Month::of(now)).await?;
    let entry = NoteDraft {
        tenant,
        record: &decided.record,
        outcome: Outcome::Done,
        retention,
        now,
    };
    let row = HoldRow {
        fields: records.seal_json(&staff_key, &fields_aad(&decided.hold), &decided.fields)?,
        hold: decided.hold.clone(),
        wake_at: Some(now),
        forget_at,
    };
    let note = records.draft_note(&month, &staff_key, &entry)?;
    Ok(HoldChange {
        row,
        before,
        head,
        note,
    })
}

/// A rule said no: it is in the tenant's trail before the caller hears it.
async fn refuse<T, S: Requests + Keys + Notes, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    record: Record,
    refusal: Refusal,
    retention: Period,
    now: Timestamp,
) -> Result<T, Failure> {
    if refusal.is_recorded() {
        records.note_refusal(caller, record, &refusal, retention, now).await?;
    }
    Err(refusal.into())
}

/// Categories that can be held: those of the data map, and those that an open request had of an older one.
async fn known(
    store: &impl Holds,
    (caller, subject_ref): (&Caller, &Ref),
    map: &DataMap,
    names: &[String],
) -> Result<BTreeMap<Category, String>, Fault> {
    let mut known: BTreeMap<_, _> = map.categories().into_iter().collect();
    let others: Vec<Category> = names.iter().filter_map(|name| name.parse().ok()).collect();
    for category in others.into_iter().filter(|category| !map.has(category)) {
        let open = store.open_request(&caller.tenant, subject_ref, Kind::Deletion, &category);
        if open.await?.is_some() {
            known.insert(category, String::new());
        }
    }
    Ok(known)
}

async fn open<S: Requests + Keys, K: Sealer>(records: &Records<S, K>, row: &HoldRow) -> Result<HoldFields, Fault> {
    let staff_key = records.staff_key(&row.hold.tenant).await?;
    records.unseal_json(&staff_key, &fields_aad(&row.hold), &row.fields)
}

/// What the sealed fields of a hold are bound to.
pub(super) fn fields_aad(hold: &Hold) -> String {
    format!("requests|HOLD|{}|{}|fields", hold.tenant, hold.id)
}

fn shown(hold: Hold, fields: HoldFields) -> HoldShown {
    HoldShown {
        id: hold.id,
        subject: SubjectShown { id: fields.subject },
        scope: hold.scope,
        reason: fields.reason,
        placed_at: hold.placed_at,
        placed_by: staff_shown(&fields.placed_by),
        settled: hold.settled_at.is_some(),
        settled_at: hold.settled_at,
        released_at: hold.released_at,
        released_by: fields.released_by.as_ref().map(staff_shown),
        release_reason: fields.release_reason,
    }
}
