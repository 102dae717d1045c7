//! Who sees a request, and how much of it.
//!
//! Guarantee: a caller who is neither owner nor operator or auditor of the tenant learns nothing, not even that the
//! request exists: they get the same 404 as for an id that was never made.

use super::failure::Failure;
use super::records::{Loaded, Records};
use crate::domain::actor::Caller;
use crate::domain::ids::{RequestId, RequestKey};
use crate::domain::request::Facts;
use crate::ports::{Keys, Requests, Sealer};
use crate::state_machine::refusal::Refusal;

/// How much of a request somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The data subject: without verification, notes, operators' names and IPs, holds, findings.
    Owner,
    /// Operators and auditors: everything.
    Staff,
}

/// The caller's view of a request of their tenant; none: as if it did not exist.
pub fn view_of(caller: &Caller, facts: &Facts) -> Option<View> {
    if caller.tenant != facts.tenant {
        None
    } else if caller.reads_everything() {
        Some(View::Staff)
    } else if caller.subject_ref == facts.subject_ref {
        Some(View::Owner)
    } else {
        None
    }
}

/// Loads a request the caller may see.
pub async fn load_visible<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    id: RequestId,
) -> Result<(Loaded, View), Failure> {
    let key = RequestKey {
        tenant: caller.tenant.clone(),
        id,
    };
    let loaded = records.load(&key).await?.ok_or(Refusal::NotFound)?;
    let view = view_of(caller, &loaded.request.facts).ok_or(Refusal::NotFound)?;
    Ok((loaded, view))
}

/// Loads a request for a route that only operators and auditors have.
pub async fn load_for_staff<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    id: RequestId,
) -> Result<Loaded, Failure> {
    match load_visible(records, caller, id).await? {
        (loaded, View::Staff) => Ok(loaded),
        (_, View::Owner) => Err(Refusal::OperatorOnly.into()),
    }
}
