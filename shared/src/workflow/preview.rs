//! Preview: what an execution would do, counted, with a digest the operator hands back.
//!
//! Guarantee: the digest is recomputed from rows at execution, so an operator cannot execute something else than what
//! they looked at: another version, scope, data map, hold or policy has another digest.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::access::load_for_staff;
use super::failure::Failure;
use super::records::{Loaded, Records};
use crate::domain::actor::Caller;
use crate::domain::data_map::DataMap;
use crate::domain::hold::HoldHead;
use crate::domain::ids::{Category, RequestId, SubjectId};
use crate::domain::period::Period;
use crate::domain::policy::Policy;
use crate::ports::{Config, Fault, Keys, PageOrder, Pinned, Preview, Requests, Sealer, Sources};
use crate::state_machine::refusal::Refusal;

/// A preview is good for an execution this long.
const FRESH_SECONDS: i64 = 15 * 60;
/// Counting stops after this long; then the counts are lower bounds.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the operator sees.
#[derive(Clone, Debug, Serialize)]
pub struct PreviewShown {
    /// To be handed back to execute.
    pub digest: String,
    /// Until when it is good.
    pub expires_at: Timestamp,
    /// Records counted.
    pub total: u64,
    /// Whether counting stopped early.
    pub at_least: bool,
    /// By dataset.
    pub datasets: Vec<DatasetShown>,
    /// Held categories in scope.
    pub holds: Vec<Category>,
    /// Records kept on a ground; none are known before planning.
    pub exempt: Vec<String>,
    /// How long swept records stay restorable.
    pub recovery_window: String,
    /// The policy that applies.
    pub policy: Policy,
    /// Digest of the data map that applies.
    pub data_map: String,
}

/// One dataset of a preview.
#[derive(Clone, Debug, Serialize)]
pub struct DatasetShown {
    /// Dataset.
    pub dataset: String,
    /// Category.
    pub category: Category,
    /// What it is.
    pub description: String,
    /// Records counted.
    pub records: u64,
    /// Whether counting stopped early.
    pub at_least: bool,
}

/// What a digest is made of.
pub struct Basis {
    /// The data map now.
    pub map: Pinned<DataMap>,
    /// The policy that applies: fixed at approval, else the tenant's now.
    pub policy: Policy,
    /// The subject's holds now.
    pub holds: HoldHead,
}

/// Gathers what a digest is made of, from rows as they are.
pub async fn basis<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    loaded: &Loaded,
) -> Result<Basis, Failure> {
    let facts = &loaded.request.facts;
    let map = config.data_map(None).await?.ok_or(Refusal::NoDataMap)?;
    let policy = match &facts.policy {
        Some(fixed) => fixed.clone(),
        None => {
            let file = config.policy().await?.ok_or(Refusal::NoPolicy)?;
            file.value.policy_of(&facts.tenant).map_err(|_| Refusal::NoPolicy)?
        }
    };
    let holds = records.store.holds(&facts.tenant, &facts.subject_ref).await?;
    Ok(Basis { map, policy, holds })
}

/// SHA-256 of the canonical JSON of everything an execution depends on.
pub fn digest(loaded: &Loaded, basis: &Basis) -> Result<String, Fault> {
    let facts = &loaded.request.facts;
    let what = serde_json::json!({
        "request": facts.id,
        "version": facts.version,
        "scope": facts.scope,
        "data_map": basis.map.digest,
        "holds": basis.holds.version,
        "policy": basis.policy,
    });
    let canonical = serde_json_canonicalizer::to_vec(&what).map_err(|e| Fault::corrupt("preview digest", e))?;
    Ok(hex::encode(Sha256::digest(canonical)))
}

/// Counts and answers; keeps the digest for 15 minutes.
pub async fn preview<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    sources: &impl Sources,
    caller: &Caller,
    id: RequestId,
    now: Timestamp,
) -> Result<PreviewShown, Failure> {
    let loaded = load_for_staff(records, caller, id).await?;
    let basis = basis(records, config, &loaded).await?;
    let datasets = count(sources, &loaded, &basis, now).await?;
    let shown = PreviewShown {
        digest: digest(&loaded, &basis)?,
        expires_at: Period::seconds(FRESH_SECONDS).after(now),
        total: datasets.iter().map(|d| d.records).sum(),
        at_least: datasets.iter().any(|d| d.at_least),
        holds: held(&basis.holds, &loaded.request.facts.scope),
        exempt: vec![],
        recovery_window: basis.policy.recovery_window.to_string(),
        data_map: basis.map.digest.clone(),
        policy: basis.policy,
        datasets,
    };
    let kept = Preview {
        digest: shown.digest.clone(),
        expires_at: shown.expires_at,
        total: shown.total,
        at_least: shown.at_least,
    };
    records.store.keep_preview(&loaded.row.key(), &kept).await?;
    Ok(shown)
}

/// The held part of a scope, in its order.
fn held(holds: &HoldHead, scope: &[Category]) -> Vec<Category> {
    let is_held = |category: &&Category| holds.covers(std::slice::from_ref(*category));
    scope.iter().filter(is_held).cloned().collect()
}

async fn count(
    sources: &impl Sources,
    loaded: &Loaded,
    basis: &Basis,
    now: Timestamp,
) -> Result<Vec<DatasetShown>, Failure> {
    let facts = &loaded.request.facts;
    let person = loaded.request.person.known().ok_or(Refusal::NotFound)?;
    let subject =
        SubjectId::try_from(person.subject.id.expose().to_owned()).map_err(|e| Fault::corrupt("preview", e))?;
    let in_scope: Vec<_> = basis.map.value.in_scope(&facts.tenant, &facts.scope).collect();
    let share = PATIENCE / u32::try_from(in_scope.len().max(1)).unwrap_or(u32::MAX);
    let mut shown = Vec::new();
    for dataset in in_scope {
        let order = PageOrder {
            dataset,
            tenant: &facts.tenant,
            subject: &subject,
            request: facts.id,
            hidden_too: false,
            cutoff: now,
            cursor: None,
            limit: usize::MAX,
        };
        let census = sources.census(order, share).await?;
        shown.push(DatasetShown {
            dataset: dataset.id.to_string(),
            category: dataset.category.clone(),
            description: dataset.description.clone(),
            records: census.records,
            at_least: census.at_least,
        });
    }
    Ok(shown)
}
