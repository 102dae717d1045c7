//! The findings of a request, as staff read them: what, where, how often tried, and what to do.
//!
//! Guarantees: whether one is open is read from the rows it is about (`domain::finding`); records are named by their
//! refs, never by their keys, which stay sealed (`GET .../records` opens them). Where next: `repair`.

use jiff::Timestamp;
use serde::Serialize;

use super::access::load_for_staff;
use super::failure::Failure;
use super::records::Records;
use crate::domain::actor::Caller;
use crate::domain::chunk::Chunk;
use crate::domain::finding::{About, DIFFERS, Finding, State, explain};
use crate::domain::ids::{DatasetId, RequestId, RequestKey};
use crate::domain::job::{Job, Plan};
use crate::domain::request::Facts;
use crate::ports::{Fault, Keys, Requests, Sealer, Work};

/// Refs shown of one finding; `GET .../records?outcome=failed` has all.
const REFS: usize = 10;

/// A finding as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct FindingShown {
    /// Its name, for `retry` and `resolve`.
    pub n: String,
    /// Of the whole job: none.
    pub dataset: Option<DatasetId>,
    /// 0 of the first plan, then one more for each verification.
    pub generation: u8,
    /// Of a whole dataset, or the whole job: none.
    pub chunk: Option<u32>,
    /// What went wrong; a stable word.
    pub code: String,
    /// Whether anybody must still do something.
    pub state: State,
    /// Records concerned.
    pub count: u64,
    /// The first records concerned; of a whole chunk none is named.
    pub refs: Vec<String>,
    /// Leases in which it was tried.
    pub attempts: u32,
    /// What happened.
    pub text: &'static str,
    /// What to do.
    pub remedy: &'static str,
    /// When it was first seen.
    pub first_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// When an operator closed it.
    pub resolved_at: Option<Timestamp>,
}

/// The rows findings are read from.
pub(super) struct Rows {
    pub(super) plans: Vec<Plan>,
    pub(super) chunks: Vec<Chunk>,
    pub(super) findings: Vec<Finding>,
}

impl Rows {
    /// Plans first: a page that is committed in between is in the chunks.
    pub(super) async fn read(store: &(impl Requests + Work), key: &RequestKey) -> Result<Self, Fault> {
        Ok(Self {
            plans: store.plans(key).await?,
            chunks: store.chunks(key).await?,
            findings: store.findings(key).await?,
        })
    }

    pub(super) fn state(&self, job: &Job, finding: &Finding) -> State {
        finding.state(job, &self.plans, &self.chunks)
    }
}

/// Every finding there ever was, by chunk; closed ones too, with how they were.
pub async fn findings<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    id: RequestId,
) -> Result<Vec<FindingShown>, Failure> {
    let loaded = load_for_staff(records, caller, id).await?;
    let facts = &loaded.request.facts;
    let Some(job) = &facts.job else { return Ok(vec![]) };
    let rows = Rows::read(&records.store, &loaded.row.key()).await?;
    let listed = rows
        .findings
        .iter()
        .map(|finding| shown(finding, rows.state(job, finding)));
    Ok(differs(facts).into_iter().chain(listed).collect())
}

/// A finding of the whole job, open until somebody resumes or cancels it: no chunk has it, and no row of its own.
fn differs(facts: &Facts) -> Option<FindingShown> {
    let difference = facts.job.as_ref()?.differs?;
    let explained = explain(DIFFERS);
    Some(FindingShown {
        n: DIFFERS.to_owned(),
        dataset: None,
        generation: 0,
        chunk: None,
        code: DIFFERS.to_owned(),
        state: State::Open,
        count: difference.more,
        refs: vec![],
        attempts: 0,
        text: explained.text,
        remedy: explained.remedy,
        first_at: difference.at,
        last_at: difference.at,
        resolved_at: None,
    })
}

fn shown(finding: &Finding, state: State) -> FindingShown {
    let explained = explain(&finding.code);
    let refs = finding.lines.iter().take(REFS);
    FindingShown {
        n: finding.name().to_string(),
        dataset: (finding.about != About::Package).then(|| finding.chunk.dataset.clone()),
        generation: finding.chunk.generation,
        chunk: (finding.about == About::Chunk).then_some(finding.chunk.n),
        code: finding.code.clone(),
        state,
        count: finding.count,
        refs: refs.map(|line| format!("{}.{line}", finding.chunk)).collect(),
        attempts: finding.attempts,
        text: explained.text,
        remedy: explained.remedy,
        first_at: finding.first_at,
        last_at: finding.last_at,
        resolved_at: finding.resolved_at,
    }
}
