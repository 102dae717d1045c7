//! The trail of one request, opened for its reader.
//!
//! Guarantees: hashes are those stored, so a reader can recompute the chain; the owner sees entries about others'
//! doings as hash only; what was shredded reads `[erased]`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::access::{View, load_visible};
use super::failure::Failure;
use super::records::{Loaded, Records};
use crate::audit::{Entry, Outcome, entry_aad};
use crate::domain::actor::{Caller, Role, StaffMember};
use crate::domain::ids::RequestId;
use crate::domain::personal::{ERASED, Personal};
use crate::ports::{Fault, Keys, Requests, Sealer};

/// Entries read at a time.
const PAGE: u32 = 200;

/// An entry as its reader sees it.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum EntryShown {
    /// In full.
    Full(Box<FullEntry>),
    /// Somebody else's doing: only its place in the chain.
    HashOnly {
        /// Position.
        seq: u64,
        /// Its hash.
        hash: String,
        /// The hash before.
        prev: String,
    },
}

/// An entry in full.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct FullEntry {
    pub seq: u64,
    pub at: Timestamp,
    pub actor: ActorShown,
    pub action: String,
    pub outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    pub details: BTreeMap<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal: Option<BTreeMap<String, Personal>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repeated: Option<u64>,
    pub hash: String,
    pub prev: String,
}

/// Who, as far as the reader may know.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct ActorShown {
    pub role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Personal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<Personal>,
}

/// The whole trail, in order.
pub async fn trail<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    id: RequestId,
) -> Result<Vec<EntryShown>, Failure> {
    let (loaded, view) = load_visible(records, caller, id).await?;
    let mut shown = Vec::new();
    let mut after = 0;
    loop {
        let page = records.store.trail(&loaded.row.key(), after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.body.seq;
        for entry in &page {
            shown.push(show(records, &loaded, (caller, view), entry)?);
        }
    }
    Ok(shown)
}

fn show<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    loaded: &Loaded,
    (caller, view): (&Caller, View),
    entry: &Entry,
) -> Result<EntryShown, Fault> {
    let body = &entry.body;
    let own = match body.actor.role {
        Role::System => true,
        // Somebody else may have reached for the package: who, and from where, is not the owner's to know.
        Role::Subject => body.actor.actor_ref.as_ref() == Some(&caller.actor_ref),
        Role::Operator | Role::Auditor => false,
    };
    if view == View::Owner && !own {
        return Ok(EntryShown::HashOnly {
            seq: body.seq,
            hash: entry.hash.clone(),
            prev: body.prev.clone(),
        });
    }
    let staff = staff(records, loaded, entry)?;
    Ok(EntryShown::Full(Box::new(FullEntry {
        seq: body.seq,
        at: body.at,
        actor: ActorShown {
            role: body.actor.role,
            id: staff.as_ref().map(|s| s.sub.clone()),
            name: staff.as_ref().and_then(|s| s.name.clone()),
            email: staff.as_ref().and_then(|s| s.email.clone()),
            ip: staff.map(|s| s.ip),
        },
        action: body.action.clone(),
        outcome: body.outcome.clone(),
        status: body.status.clone(),
        details: body.details.clone(),
        personal: personal(records, loaded, entry)?,
        repeated: body.repeated,
        hash: entry.hash.clone(),
        prev: body.prev.clone(),
    })))
}

fn staff<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    loaded: &Loaded,
    entry: &Entry,
) -> Result<Option<StaffMember>, Fault> {
    let Some(sealed) = &entry.body.sealed_staff else {
        return Ok(None);
    };
    let aad = entry_aad(loaded.request.facts.id, entry.body.seq, "staff");
    records.unseal_text(&loaded.keys.staff, &aad, sealed).map(Some)
}

fn personal<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    loaded: &Loaded,
    entry: &Entry,
) -> Result<Option<BTreeMap<String, Personal>>, Fault> {
    match (&entry.body.sealed_person, &loaded.keys.person) {
        (None, _) => Ok(None),
        (Some(_), None) => Ok(Some(BTreeMap::from([("personal".to_owned(), Personal::new(ERASED))]))),
        (Some(sealed), Some(key)) => {
            let aad = entry_aad(loaded.request.facts.id, entry.body.seq, "person");
            records.unseal_text(key, &aad, sealed).map(Some)
        }
    }
}
