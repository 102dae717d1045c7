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
use shared::ports::{Config, Exports, Fault, Keys, Limits, Notes, Requests, Sealer, Work};
use shared::runtime::http::{Answer, Call, caller, cursor, etag};
use shared::runtime::settings::ApiSettings;
use shared::state_machine::refusal::Refusal;
use shared::workflow::access::{View, load_visible, view_of};
use shared::workflow::export_view::export_shown;
use shared::workflow::failure::Failure;
use shared::workflow::list::list;
use shared::workflow::order::{Wish, order};
use shared::workflow::progress::progress;
use shared::workflow::records::{Loaded, Records};
use shared::workflow::redeem::redeem;
use shared::workflow::submit::submit;
use shared::workflow::trail::trail;
use shared::workflow::view::render;

/// The outside of this function, built once.
pub struct Submission<S, K, C, E> {
    /// Requests and their keys.
    pub records: Records<S, K>,
    /// Policy and data map.
    pub config: C,
    /// The packages of exports, for links to them.
    pub exports: E,
    /// How callers are recognised.
    pub settings: ApiSettings,
}

impl<S, K, C, E> Submission<S, K, C, E>
where
    S: Requests + Keys + Limits + Notes + Work,
    K: Sealer,
    C: Config,
    E: Exports,
{
    /// Answers one call. `new_id` makes the id of a request that is submitted.
    pub async fn handle(&self, call: &Call, new_id: impl FnOnce(Timestamp) -> RequestId) -> Result<Answer, Failure> {
        match call.route() {
            "GET /v1/health" => self.health(),
            "POST /v1/requests" => self.submit(call, new_id(call.now)).await,
            "GET /v1/requests" => self.list(call).await,
            "GET /v1/requests/{id}" => self.read(call).await,
            "POST /v1/requests/{id}/withdraw" => self.withdraw(call).await,
            "GET /v1/requests/{id}/audit" => self.audit(call).await,
            "GET /v1/requests/{id}/export" => self.export(call).await,
            "POST /v1/requests/{id}/export/redeem" => self.redeem(call).await,
            "GET /v1/data-map" => self.data_map(call).await,
            _ => Err(unknown::refusal(call).into()),
        }
    }

    fn health(&self) -> Result<Answer, Failure> {
        let short = self.settings.allow_short_periods;
        Answer::json(
            200,
            &json!({ "version": self.settings.version, "allow_short_periods": short }),
        )
    }

    async fn caller(&self, call: &Call) -> Result<Caller, Failure> {
        caller::caller(call, &self.settings, &self.records.sealer).await
    }

    async fn submit(&self, call: &Call, id: RequestId) -> Result<Answer, Failure> {
        let caller = self.caller(call).await?;
        let input = bodies::new_request(call)?;
        let loaded = submit(&self.records, &self.config, &caller, input, id, call.now).await?;
        let view = view_of(&caller, &loaded.request.facts).ok_or(Refusal::NotFound)?;
        let location = format!("/v1/requests/{}", loaded.request.facts.id);
        Ok(self
            .resource(201, &loaded, view, call.now)
            .await?
            .header("location", location))
    }

    async fn list(&self, call: &Call) -> Result<Answer, Failure> {
        let caller = self.caller(call).await?;
        let key = self.records.ref_key(&caller.tenant).await?;
        let filter = filter::parse(call, &key, &caller)?;
        let history = list(&self.records, &caller, filter, call.now).await?;
        let purpose = filter::purpose(&caller);
        let next_cursor = history
            .next
            .as_ref()
            .map(|next| cursor::make(&key, &purpose, next))
            .transpose();
        let next_cursor = next_cursor.map_err(|e| Fault::corrupt("cursor", e))?;
        Answer::json(200, &json!({ "items": history.items, "next_cursor": next_cursor }))
    }

    async fn read(&self, call: &Call) -> Result<Answer, Failure> {
        let caller = self.caller(call).await?;
        let (loaded, view) = load_visible(&self.records, &caller, call.request_id()?).await?;
        self.resource(200, &loaded, view, call.now).await
    }

    async fn withdraw(&self, call: &Call) -> Result<Answer, Failure> {
        let caller = self.caller(call).await?;
        let target = (call.request_id()?, etag::if_match(call)?);
        let wish = Wish::Withdraw {
            reason: bodies::withdrawal(call)?,
        };
        let (loaded, view) = order(&self.records, &self.config, &caller, target, wish, call.now).await?;
        self.resource(200, &loaded, view, call.now).await
    }

    async fn audit(&self, call: &Call) -> Result<Answer, Failure> {
        let caller = self.caller(call).await?;
        let entries = trail(&self.records, &caller, call.request_id()?).await?;
        Answer::json(200, &json!({ "entries": entries }))
    }

    async fn export(&self, call: &Call) -> Result<Answer, Failure> {
        let caller = self.caller(call).await?;
        Answer::json(200, &export_shown(&self.records, &caller, call.request_id()?).await?)
    }

    /// A browser is led to the part; a program that asks for JSON is told where it is.
    async fn redeem(&self, call: &Call) -> Result<Answer, Failure> {
        let caller = self.caller(call).await?;
        let wanted = (call.request_id()?, bodies::redemption(call)?);
        let link = redeem(&self.records, &self.config, &self.exports, &caller, wanted, call.now).await?;
        let told = json!({ "url": link.url, "expires_at": link.expires_at });
        if call.accepts_json() {
            return Answer::json(200, &told);
        }
        Ok(Answer::json(303, &told)?.header("location", link.url))
    }

    async fn data_map(&self, call: &Call) -> Result<Answer, Failure> {
        self.caller(call).await?;
        let map = self.config.data_map(None).await?.ok_or(Refusal::NoDataMap)?;
        let shown = |(category, description)| json!({ "category": category, "description": description });
        let categories: Vec<_> = map.value.categories().into_iter().map(shown).collect();
        Answer::json(200, &json!({ "categories": categories }))
    }

    async fn resource(&self, status: u16, loaded: &Loaded, view: View, now: Timestamp) -> Result<Answer, Failure> {
        let facts = &loaded.request.facts;
        let progress = progress(&self.records, facts, now).await?;
        let resource = render(&loaded.request, view, progress.as_ref(), now);
        Ok(Answer::json(status, &resource)?.header("etag", etag::of(facts.version)))
    }
}
