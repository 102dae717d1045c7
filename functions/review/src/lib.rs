//! The function `review`: the operator's and auditor's routes on one request.
//!
//! Guarantees: it parses, recognises the caller, calls one workflow and answers; who may do what is decided in
//! `shared::state_machine` and `shared::workflow::access`.

mod bodies;
mod findings;
mod gate;
mod holds;
mod records;
mod span;

use jiff::Timestamp;
use shared::domain::actor::Caller;
use shared::domain::ids::RequestId;
use shared::domain::request::Status;
use shared::ports::{Config, Holds, Keys, Limits, Manifests, Notes, Queues, Requests, Sealer, Sources, Work};
use shared::runtime::http::{Answer, Call, caller, etag};
use shared::runtime::settings::ApiSettings;
use shared::state_machine::refusal::Refusal;
use shared::workflow::access::{View, load_for_staff, load_visible};
use shared::workflow::execute::execute;
use shared::workflow::export::start;
use shared::workflow::failure::Failure;
use shared::workflow::order::{Wish, order};
use shared::workflow::preview::preview;
use shared::workflow::progress::progress;
use shared::workflow::records::{Loaded, Records};
use shared::workflow::restore::{restore, shown};
use shared::workflow::run;
use shared::workflow::tenant_trail::tenant_trail;
use shared::workflow::view::render;

/// The outside of this function, built once.
pub struct Review<S, K, C, M, Q, D> {
    /// Requests and their keys.
    pub records: Records<S, K>,
    /// Policy and data map.
    pub config: C,
    /// Manifests and outcomes, for showing records.
    pub manifests: M,
    /// Where an execution begins, and chunks go on.
    pub queues: Q,
    /// The application's data, for counting.
    pub sources: D,
    /// How callers are recognised.
    pub settings: ApiSettings,
}

impl<S, K, C, M, Q, D> Review<S, K, C, M, Q, D>
where
    S: Requests + Keys + Notes + Work + Holds + Limits,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// Answers one call.
    pub async fn handle(&self, call: &Call) -> Result<Answer, Failure> {
        let by = caller::caller(call, &self.settings, &self.records.sealer).await?;
        match call.route() {
            "POST /v1/requests/{id}/verify" => self.order(call, &by, bodies::verification).await,
            "POST /v1/requests/{id}/approve" => self.approve(call, &by).await,
            "POST /v1/requests/{id}/reject" => self.order(call, &by, bodies::rejection).await,
            "POST /v1/requests/{id}/extend" => self.order(call, &by, bodies::extension).await,
            "GET /v1/requests/{id}/preview" => self.preview(call, &by).await,
            "POST /v1/requests/{id}/export/revoke" => self.order(call, &by, bodies::revocation).await,
            "POST /v1/requests/{id}/execute" => self.execute(call, &by).await,
            "POST /v1/requests/{id}/pause" => self.pause(call, &by).await,
            "POST /v1/requests/{id}/resume" => self.resume(call, &by).await,
            "POST /v1/requests/{id}/cancel" => self.cancel(call, &by).await,
            "POST /v1/requests/{id}/restore" => self.restore(call, &by).await,
            "GET /v1/requests/{id}/restores/{n}" => self.restoration(call, &by).await,
            "GET /v1/requests/{id}/records" => self.records(call, &by).await,
            "GET /v1/requests/{id}/findings" => self.findings(call, &by).await,
            "POST /v1/requests/{id}/retry" => self.retry(call, &by).await,
            "POST /v1/requests/{id}/findings/{n}/retry" => self.retry_one(call, &by).await,
            "POST /v1/requests/{id}/findings/{n}/resolve" => self.resolve(call, &by).await,
            "GET /v1/audit" => self.audit(call, &by).await,
            "POST /v1/holds" => self.place_hold(call, &by).await,
            "POST /v1/holds/{id}/release" => self.release_hold(call, &by).await,
            "GET /v1/holds" => self.holds(call, &by).await,
            "GET /v1/subjects/{id}/gate" => self.gate(call, &by).await,
            _ => Err(Refusal::NotFound.into()),
        }
    }

    /// A command.
    async fn order(
        &self,
        call: &Call,
        by: &Caller,
        parse: impl Fn(&Call) -> Result<Wish, Refusal>,
    ) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        let (loaded, view) = order(&self.records, &self.config, by, target, parse(call)?, call.now).await?;
        self.resource(&loaded, view, call.now).await
    }

    /// An approval; an export begins at once. What keeps it from that takes nothing back: supervision begins it later.
    async fn approve(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        let wish = bodies::approval(call)?;
        let (loaded, view) = order(&self.records, &self.config, by, target, wish, call.now).await?;
        let key = loaded.row.key();
        let started = start(&self.records, &self.config, &self.queues, &key, call.now).await;
        if let Err(failure) = &started {
            tracing::warn!(request = %key, error = failure as &dyn std::error::Error, "an export did not start yet");
        }
        if started.is_ok_and(|started| started) {
            let (loaded, view) = load_visible(&self.records, by, target.0).await?;
            return self.resource(&loaded, view, call.now).await;
        }
        self.resource(&loaded, view, call.now).await
    }

    /// Which request, at which version. Who may not see it learns nothing; who may see but not command is told so
    /// before the body is looked at.
    async fn target(&self, call: &Call, by: &Caller) -> Result<(RequestId, Option<u64>), Failure> {
        let id = call.request_id()?;
        if !by.is_operator {
            load_for_staff(&self.records, by, id).await?;
            return Err(Refusal::OperatorOnly.into());
        }
        Ok((id, etag::if_match(call)?))
    }

    async fn preview(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let id = call.request_id()?;
        Answer::json(
            200,
            &preview(&self.records, &self.config, &self.sources, by, id, call.now).await?,
        )
    }

    async fn execute(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        let typed = bodies::execution(call)?;
        let executed = execute(&self.records, &self.config, &self.queues, by, target, typed, call.now).await?;
        self.resource(&executed.0, executed.1, call.now).await
    }

    async fn pause(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        bodies::nothing(call)?;
        let (loaded, view) = run::pause(&self.records, by, target, call.now).await?;
        self.resource(&loaded, view, call.now).await
    }

    async fn resume(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        bodies::nothing(call)?;
        let (loaded, view) = run::resume(&self.records, &self.queues, by, target, call.now).await?;
        self.resource(&loaded, view, call.now).await
    }

    /// 202 as long as somebody is still at work: the account is not settled then.
    async fn cancel(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        let reason = bodies::reason(call)?;
        let (loaded, view) = run::cancel(&self.records, &self.queues, by, target, reason, call.now).await?;
        let settled = loaded.request.facts.status == Status::Cancelled;
        let answer = self.resource(&loaded, view, call.now).await?;
        Ok(if settled { answer } else { answer.with_status(202) })
    }

    async fn restore(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        let asked = bodies::restoration(call)?;
        let (loaded, view, n) = restore(&self.records, &self.queues, by, target, asked, call.now).await?;
        let answer = self.resource(&loaded, view, call.now).await?.with_status(202);
        Ok(answer.header(
            "location",
            format!("/v1/requests/{}/restores/{n}", loaded.request.facts.id),
        ))
    }

    async fn restoration(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let id = call.request_id()?;
        let n = call.path_parameter("n").parse().map_err(|_| Refusal::InvalidInput {
            pointer: "/n".to_owned(),
            detail: "the number of a restoration".to_owned(),
        })?;
        Answer::json(200, &shown(&self.records, by, id, n, call.now).await?)
    }

    /// A page of the tenant's trail; the header `Link` leads to the next.
    async fn audit(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let key = self.records.ref_key(&by.tenant).await?;
        let place = span::place(call, &key, &self.config, by).await?;
        let page = tenant_trail(&self.records, &self.config, by, place, call.now).await?;
        let answer = Answer::text(200, "application/x-ndjson", page.lines);
        match &page.next {
            None => Ok(answer),
            Some(next) => Ok(answer.header("link", span::link(&key, by, next)?)),
        }
    }

    async fn resource(&self, loaded: &Loaded, view: View, now: Timestamp) -> Result<Answer, Failure> {
        let facts = &loaded.request.facts;
        let progress = progress(&self.records, facts, now).await?;
        let resource = render(&loaded.request, view, progress.as_ref(), now);
        Ok(Answer::json(200, &resource)?.header("etag", etag::of(facts.version)))
    }
}
