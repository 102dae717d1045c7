//! The function `submission`: every route open to the person a request is about, the data map, health, and `$default`.
//!
//! Guarantees: it parses, recognises the caller, calls one workflow and answers; it decides nothing itself. A caller
//! who may not see a request gets the same 404 as for one that does not exist. Where next: `shared::workflow`.

mod bodies;
mod filter;
mod unknown;

use jiff::Timestamp;
use serde_json::json;
use shared::domain::actor::Caller;
use shared::domain::ids::RequestId;
use shared::ports::{Config, Keys, Requests, Sealer, Work};
use shared::runtime::http::{self, Answer, Request};
use shared::runtime::settings::ApiSettings;
use shared::state_machine::refusal::Refusal;
use shared::workflow::access::{View, load_visible};
use shared::workflow::failure::Failure;
use shared::workflow::list::list;
use shared::workflow::order::{Wish, order};
use shared::workflow::progress::progress;
use shared::workflow::records::{Loaded, Records};
use shared::workflow::submit::submit;
use shared::workflow::trail::trail;
use shared::workflow::view::render;

/// The outside of this function, built once.
pub struct Submission<S, K, C> {
    /// Requests and their keys.
    pub records: Records<S, K>,
    /// Policy and data map.
    pub config: C,
    /// How callers are recognised.
    pub settings: ApiSettings,
}

impl<S, K, C> Submission<S, K, C>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
{
    /// Answers one call. `new_id` makes the id of a request that is submitted.
    pub async fn handle(
        &self,
        request: &Request,
        now: Timestamp,
        new_id: impl FnOnce(Timestamp) -> RequestId,
    ) -> Result<Answer, Failure> {
        match http::route_key(request) {
            "GET /v1/health" => Ok(self.health()),
            "POST /v1/requests" => self.submit(request, now, new_id(now)).await,
            "GET /v1/requests" => self.list(request, now).await,
            "GET /v1/requests/{id}" => self.read(request, now).await,
            "POST /v1/requests/{id}/withdraw" => self.withdraw(request, now).await,
            "GET /v1/requests/{id}/audit" => self.audit(request).await,
            "GET /v1/data-map" => self.data_map(request).await,
            _ => Err(unknown::refusal(request).into()),
        }
    }

    fn health(&self) -> Answer {
        let short = self.settings.allow_short_periods;
        Answer::ok(&json!({ "version": self.settings.version, "allow_short_periods": short }))
    }

    async fn caller(&self, request: &Request) -> Result<Caller, Failure> {
        http::caller(request, &self.settings, &self.records.sealer).await
    }

    async fn submit(&self, request: &Request, now: Timestamp, id: RequestId) -> Result<Answer, Failure> {
        let caller = self.caller(request).await?;
        let input = bodies::new_request(request)?;
        let loaded = submit(&self.records, &self.config, &caller, input, id, now).await?;
        let view = shared::workflow::access::view_of(&caller, &loaded.request.facts).ok_or(Refusal::NotFound)?;
        let location = format!("/v1/requests/{}", loaded.request.facts.id);
        Ok(self.resource(&loaded, view, now).await?.with_status(201).with_header("location", &location))
    }

    async fn list(&self, request: &Request, now: Timestamp) -> Result<Answer, Failure> {
        let caller = self.caller(request).await?;
        let key = self.records.ref_key(&caller.tenant).await?;
        let filter = filter::parse(request, &key, &caller)?;
        let history = list(&self.records, &caller, filter, now).await?;
        let next_cursor = history.next.as_ref().map(|next| filter::cursor(next, &key, &caller));
        Ok(Answer::ok(&json!({ "items": history.items, "next_cursor": next_cursor })))
    }

    async fn read(&self, request: &Request, now: Timestamp) -> Result<Answer, Failure> {
        let caller = self.caller(request).await?;
        let (loaded, view) = load_visible(&self.records, &caller, http::request_id(request)?).await?;
        self.resource(&loaded, view, now).await
    }

    async fn withdraw(&self, request: &Request, now: Timestamp) -> Result<Answer, Failure> {
        let caller = self.caller(request).await?;
        let target = (http::request_id(request)?, http::if_match(request)?);
        let reason = bodies::withdrawal(request)?;
        let wish = Wish::Withdraw { reason };
        let (loaded, view) = order(&self.records, &self.config, &caller, target, wish, now).await?;
        self.resource(&loaded, view, now).await
    }

    async fn audit(&self, request: &Request) -> Result<Answer, Failure> {
        let caller = self.caller(request).await?;
        let entries = trail(&self.records, &caller, http::request_id(request)?).await?;
        Ok(Answer::ok(&json!({ "entries": entries })))
    }

    async fn data_map(&self, request: &Request) -> Result<Answer, Failure> {
        self.caller(request).await?;
        let map = self.config.data_map(None).await?.ok_or(Refusal::NoDataMap)?;
        let shown = |(category, description)| json!({ "category": category, "description": description });
        let categories: Vec<_> = map.value.categories().into_iter().map(shown).collect();
        Ok(Answer::ok(&json!({ "categories": categories })))
    }

    async fn resource(&self, loaded: &Loaded, view: View, now: Timestamp) -> Result<Answer, Failure> {
        let facts = &loaded.request.facts;
        let progress = progress(&self.records, facts, now).await?;
        let resource = render(&loaded.request, view, progress.as_ref(), now);
        Ok(Answer::ok(&resource).with_header("etag", &http::etag(facts.version)))
    }
}
