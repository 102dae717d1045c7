//! What is shown of an export's package: how far it is, what it holds and until when, never where it lies.

use jiff::Timestamp;
use serde::Serialize;

use super::access::load_visible;
use super::failure::Failure;
use super::records::Records;
use crate::domain::actor::Caller;
use crate::domain::ids::RequestId;
use crate::domain::package::{Package, PackageState, Part};
use crate::ports::{Keys, Requests, Sealer, Work};
use crate::state_machine::refusal::Refusal;

/// A package as `GET /v1/requests/{id}/export` answers it.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct ExportShown {
    pub state: PackageState,
    pub parts: Vec<PartShown>,
    pub bytes: u64,
    pub available_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub accesses: u64,
}

/// One archive of it.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields are the HTTP contract's own words")]
pub struct PartShown {
    pub part: u32,
    pub bytes: u64,
    pub sha256: String,
}

/// The package of an export that was started; to its owner, operators and auditors.
pub async fn export_shown<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    id: RequestId,
) -> Result<ExportShown, Failure> {
    let (loaded, _) = load_visible(records, caller, id).await?;
    let package = loaded.request.facts.package.as_ref().ok_or(Refusal::NotFound)?;
    let parts = match package.state {
        // A part may still be written anew.
        PackageState::Building => vec![],
        PackageState::Available | PackageState::Expired | PackageState::Revoked | PackageState::Purged => {
            let assembly = records.store.assembly(&loaded.row.key()).await?;
            assembly.map(|assembly| assembly.parts).unwrap_or_default()
        }
    };
    Ok(shown(package, parts))
}

fn shown(package: &Package, parts: Vec<Part>) -> ExportShown {
    let part = |part: Part| PartShown {
        part: part.number,
        bytes: part.bytes,
        sha256: part.sha256,
    };
    ExportShown {
        state: package.state,
        parts: parts.into_iter().map(part).collect(),
        bytes: package.bytes,
        available_at: package.available_at,
        expires_at: package.expires_at,
        accesses: package.accesses,
    }
}
