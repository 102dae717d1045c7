//! The routes of findings: read them, have them tried again, close one with evidence.

use serde_json::json;
use shared::domain::actor::Caller;
use shared::ports::{Config, Holds, Keys, Limits, Manifests, Notes, Queues, Requests, Sealer, Sources, Work};
use shared::runtime::http::{Answer, Call};
use shared::workflow::failure::Failure;
use shared::workflow::finding_list::findings;
use shared::workflow::repair::{resolve, retry};

use super::{Review, bodies};

impl<S, K, C, M, Q, D> Review<S, K, C, M, Q, D>
where
    S: Requests + Keys + Notes + Work + Holds + Limits,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    pub(super) async fn findings(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let items = findings(&self.records, by, call.request_id()?).await?;
        Answer::json(200, &json!({ "items": items }))
    }

    /// Of all findings that are open.
    pub(super) async fn retry(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        self.tried_again(call, by, None).await
    }

    /// Of one.
    pub(super) async fn retry_one(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        self.tried_again(call, by, Some(call.path_parameter("n"))).await
    }

    async fn tried_again(&self, call: &Call, by: &Caller, finding: Option<&str>) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        bodies::nothing(call)?;
        let (loaded, view) = retry(&self.records, &self.queues, by, target, finding, call.now).await?;
        self.resource(&loaded, view, call.now).await
    }

    pub(super) async fn resolve(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let target = self.target(call, by).await?;
        let by_hand = (call.path_parameter("n"), bodies::evidence(call)?);
        let (loaded, view) = resolve(&self.records, &self.queues, by, target, by_hand, call.now).await?;
        self.resource(&loaded, view, call.now).await
    }
}
