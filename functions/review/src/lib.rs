//! The function `review`: the operator's and auditor's routes on one request.
//!
//! Guarantees: it parses, recognises the caller, calls one workflow and answers; who may do what is decided in
//! `shared::state_machine` and `shared::workflow::access`.

mod bodies;

use jiff::Timestamp;
use serde_json::{Value, json};
use shared::domain::actor::Caller;
use shared::domain::finding::{Finding, explain};
use shared::ports::{Config, Keys, Queues, Requests, Sealer, Sources, Work};
use shared::runtime::http::{self, Answer, Request};
use shared::runtime::settings::ApiSettings;
use shared::state_machine::refusal::Refusal;
use shared::workflow::access::{View, load_for_staff};
use shared::workflow::execute::execute;
use shared::workflow::failure::Failure;
use shared::workflow::order::{Wish, order};
use shared::workflow::preview::preview;
use shared::workflow::progress::progress;
use shared::workflow::records::{Loaded, Records};
use shared::workflow::view::render;

/// The outside of this function, built once.
pub struct Review<S, K, C, Q, D> {
    /// Requests and their keys.
    pub records: Records<S, K>,
    /// Policy and data map.
    pub config: C,
    /// Where an execution begins.
    pub queues: Q,
    /// The application's data, for counting.
    pub sources: D,
    /// How callers are recognised.
    pub settings: ApiSettings,
}

impl<S, K, C, Q, D> Review<S, K, C, Q, D>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    Q: Queues,
    D: Sources,
{
    /// Answers one call.
    pub async fn handle(&self, request: &Request, now: Timestamp) -> Result<Answer, Failure> {
        let caller = http::caller(request, &self.settings, &self.records.sealer).await?;
        match http::route_key(request) {
            "POST /v1/requests/{id}/verify" => {
                self.order(request, &caller, |r| Ok(Wish::Verify(bodies::verification(r)?)), now).await
            }
            "POST /v1/requests/{id}/approve" => self.order(request, &caller, bodies::approval, now).await,
            "POST /v1/requests/{id}/reject" => {
                self.order(request, &caller, |r| Ok(Wish::Reject { reason: bodies::rejection(r)? }), now).await
            }
            "GET /v1/requests/{id}/preview" => self.preview(request, &caller, now).await,
            "POST /v1/requests/{id}/execute" => self.execute(request, &caller, now).await,
            "GET /v1/requests/{id}/findings" => self.findings(request, &caller).await,
            _ => Err(Refusal::NotFound.into()),
        }
    }

    /// A command. Who may not see the request learns nothing; who may see but not command is told before the body is
    /// looked at.
    async fn order(
        &self,
        request: &Request,
        caller: &Caller,
        parse: impl Fn(&Request) -> Result<Wish, Refusal>,
        now: Timestamp,
    ) -> Result<Answer, Failure> {
        let id = http::request_id(request)?;
        self.only_operators(caller, request).await?;
        let wish = parse(request)?;
        let target = (id, http::if_match(request)?);
        let (loaded, view) = order(&self.records, &self.config, caller, target, wish, now).await?;
        self.resource(&loaded, view, now).await
    }

    async fn only_operators(&self, caller: &Caller, request: &Request) -> Result<(), Failure> {
        if caller.is_operator {
            return Ok(());
        }
        load_for_staff(&self.records, caller, http::request_id(request)?).await?;
        Err(Refusal::OperatorOnly.into())
    }

    async fn preview(&self, request: &Request, caller: &Caller, now: Timestamp) -> Result<Answer, Failure> {
        let id = http::request_id(request)?;
        let shown = preview(&self.records, &self.config, &self.sources, caller, id, now).await?;
        Ok(Answer::ok(&shown))
    }

    async fn execute(&self, request: &Request, caller: &Caller, now: Timestamp) -> Result<Answer, Failure> {
        let id = http::request_id(request)?;
        self.only_operators(caller, request).await?;
        let typed = bodies::execution(request)?;
        let target = (id, http::if_match(request)?);
        let (loaded, view) =
            execute(&self.records, &self.config, &self.queues, caller, target, typed, now).await?;
        self.resource(&loaded, view, now).await
    }

    async fn findings(&self, request: &Request, caller: &Caller) -> Result<Answer, Failure> {
        let loaded = load_for_staff(&self.records, caller, http::request_id(request)?).await?;
        let findings = self.records.store.findings(&loaded.row.key()).await?;
        let items: Vec<_> = findings.iter().map(finding).collect();
        Ok(Answer::ok(&json!({ "items": items })))
    }

    async fn resource(&self, loaded: &Loaded, view: View, now: Timestamp) -> Result<Answer, Failure> {
        let facts = &loaded.request.facts;
        let progress = progress(&self.records, facts, now).await?;
        let resource = render(&loaded.request, view, progress.as_ref(), now);
        Ok(Answer::ok(&resource).with_header("etag", &http::etag(facts.version)))
    }
}

fn finding(finding: &Finding) -> Value {
    let explained = explain(&finding.code);
    json!({
        "dataset": finding.chunk.dataset,
        "generation": finding.chunk.generation,
        "chunk": finding.chunk.n,
        "code": finding.code,
        "count": finding.count,
        "text": explained.text,
        "remedy": explained.remedy,
        "first_at": finding.first_at,
        "last_at": finding.last_at,
    })
}
