//! `GET /v1/requests/{id}/records`: the query, and what its cursor is bound to.

use serde_json::json;
use shared::domain::actor::Caller;
use shared::domain::ids::RefKey;
use shared::domain::outcome::Code;
use shared::ports::{Config, Fault, Holds, Keys, Limits, Manifests, Notes, Queues, Requests, Sealer, Sources, Work};
use shared::runtime::http::body::invalid;
use shared::runtime::http::{Answer, Call, cursor, query};
use shared::state_machine::refusal::Refusal;
use shared::workflow::access::load_for_staff;
use shared::workflow::failure::Failure;
use shared::workflow::record_list::{Filter, list_records};

use super::Review;

/// Records per page when the caller does not say.
const DEFAULT_LIMIT: u32 = 100;
/// And at most: as many as one restoration may name.
const MOST: u32 = 500;

impl<S, K, C, M, Q, D> Review<S, K, C, M, Q, D>
where
    S: Requests + Keys + Notes + Work + Holds + Limits,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    pub(super) async fn records(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let id = call.request_id()?;
        if !by.reads_everything() {
            load_for_staff(&self.records, by, id).await?;
        }
        let key = self.records.ref_key(&by.tenant).await?;
        let purpose = format!("GET /v1/requests/{id}/records|{}|{}", by.tenant, by.actor_ref);
        let filter = filter(call, &key, &purpose)?;
        let page = list_records(&self.records, &self.manifests, by, id, &filter).await?;
        let next = page.next.map(|place| cursor::make(&key, &purpose, &place));
        let next = next.transpose().map_err(|e| Fault::corrupt("cursor", e))?;
        let body = json!({ "items": page.items, "next_cursor": next, "erased": page.erased });
        Answer::json(200, &body)
    }
}

fn filter(call: &Call, key: &RefKey, purpose: &str) -> Result<Filter, Refusal> {
    query::only(call, &["dataset", "outcome", "limit", "cursor"])?;
    let limit = query::parsed(call, "limit", "a number from 1 to 500")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MOST).contains(&limit) {
        return Err(invalid("/limit", "a number from 1 to 500"));
    }
    let after = query::one(call, "cursor")?.map(|text| cursor::read(key, purpose, text));
    Ok(Filter {
        dataset: query::parsed(call, "dataset", "the id of a dataset")?,
        outcome: query::one(call, "outcome")?.map(outcome).transpose()?,
        limit,
        after: after.transpose()?,
    })
}

fn outcome(text: &str) -> Result<Code, Refusal> {
    let known = Code::ALL.into_iter().find(|code| code.as_str() == text);
    let words: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    known.ok_or_else(|| invalid("/outcome", format!("one of {}", words.join(", "))))
}
