//! Redeem: a link to one part of an export's package, for whoever may have it, once the trail says so.
//!
//! Guarantees: a link is made only after the access is committed (who, when, from where, which part); if that cannot be
//! written there is none. Every attempt that is refused is in a trail before the caller hears of it: in the request's, or
//! for an id that the caller's tenant does not have in the tenant's own, which says no more than the caller is told.
//! Where next: `state_machine::export` for who may and until when, `blob::exports` for the link itself.

use std::time::Duration;

use jiff::Timestamp;

use super::access::{View, view_of};
use super::commit::{Before, Circumstances};
use super::failure::Failure;
use super::note::audit_retention;
use super::order::TRIES;
use super::records::{Loaded, Records};
use crate::domain::actor::Caller;
use crate::domain::ids::{RequestId, RequestKey};
use crate::domain::request::Kind;
use crate::ports::{Committed, Config, Exports, Fault, Keys, Notes, Requests, Sealer, Work};
use crate::state_machine::command::{Command, Order, Redemption};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::decide;
use crate::state_machine::transition::{Record, Transition};

/// How long a link is good: long enough to follow it, too short to pass it on.
pub const LINK_LIVES: Duration = Duration::from_secs(60);

/// A link, good for whoever has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The address.
    pub url: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Hands out a link to a part. The entry is written first.
pub async fn redeem<S: Requests + Keys + Notes + Work, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    exports: &impl Exports,
    caller: &Caller,
    (id, part): (RequestId, u32),
    now: Timestamp,
) -> Result<Link, Failure> {
    let key = RequestKey {
        tenant: caller.tenant.clone(),
        id,
    };
    for _ in 0..TRIES {
        let Some(loaded) = records.load(&key).await? else {
            return Err(unknown(records, config, caller, (id, part), now).await?.into());
        };
        match permitted(caller, &loaded, part, now) {
            Ok(transition) => {
                let object = object(records, &key, part).await?;
                let (before, none) = (Before::Loaded(&loaded), Circumstances::default());
                if records.commit(before, &transition, none, now).await? == Committed::Done {
                    return Ok(link(exports, &loaded, (part, &object), now).await?);
                }
            }
            Err(refusal) => {
                let record = reached(caller, part);
                if records.record_refused(&loaded, record, &refusal, now).await? == Committed::Done {
                    return Err(refusal.into());
                }
            }
        }
    }
    Err(Refusal::Busy.into())
}

/// Who it is comes first: a stranger is not told how far somebody's export is. Auditors read of a package what operators
/// do, but nobody's data.
fn permitted(caller: &Caller, loaded: &Loaded, part: u32, now: Timestamp) -> Result<Transition, Refusal> {
    let facts = &loaded.request.facts;
    let view = view_of(caller, facts).ok_or(Refusal::NotFound)?;
    let is_owner = caller.subject_ref == facts.subject_ref;
    if view == View::Staff && !caller.is_operator && !is_owner {
        return Err(Refusal::OperatorOnly);
    }
    if facts.kind != Kind::Export {
        return Err(Refusal::NotFound);
    }
    let command = Command::Redeem(Redemption {
        part,
        signed_in_at: caller.signed_in_at,
    });
    decide(&loaded.request, Order { by: caller, command }, now).map_err(|refusal| match refusal {
        Refusal::NotInThisStatus { status, .. } if !status.is_terminal() => Refusal::ExportNotReady,
        other => other,
    })
}

/// Where the part lies.
async fn object<S: Work, K>(records: &Records<S, K>, key: &RequestKey, part: u32) -> Result<String, Fault> {
    let assembly = records.store.assembly(key).await?;
    let parts = assembly.map(|assembly| assembly.parts).unwrap_or_default();
    let found = parts.into_iter().find(|written| written.number == part);
    let found = found.ok_or_else(|| Fault::corrupt("redeem", "a package is there, and its part is not"))?;
    Ok(found.object)
}

/// Never good for longer than the package itself.
async fn link(
    exports: &impl Exports,
    loaded: &Loaded,
    (part, object): (u32, &str),
    now: Timestamp,
) -> Result<Link, Fault> {
    let facts = &loaded.request.facts;
    let ends = facts.package.as_ref().and_then(|package| package.expires_at);
    let left = ends.and_then(|end| Duration::try_from(end.duration_since(now)).ok());
    let valid_for = left.map_or(LINK_LIVES, |left| left.min(LINK_LIVES));
    let file_name = format!("{}-{part}.zip", facts.id);
    Ok(Link {
        url: exports.link(object, &file_name, valid_for).await?,
        expires_at: now + valid_for,
    })
}

/// Who reached for what.
fn reached(caller: &Caller, part: u32) -> Record {
    Record::new(caller.actor(caller.role()), "redeem")
        .detail("part", part)
        .personal("ip", Some(&caller.ip))
}

/// An id that the caller's tenant does not have; whether another one has it is not looked at.
async fn unknown<S: Requests + Keys + Notes, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    caller: &Caller,
    (id, part): (RequestId, u32),
    now: Timestamp,
) -> Result<Refusal, Failure> {
    let record = reached(caller, part).detail("asked_for", id.to_string());
    let retention = audit_retention(config, &caller.tenant).await?;
    records
        .note_refusal(caller, record, &Refusal::NotFound, retention, now)
        .await?;
    Ok(Refusal::NotFound)
}
