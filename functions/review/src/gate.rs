//! The route of the gate: what is hidden of a subject now, as an application reads it.

use serde_json::json;
use shared::domain::actor::Caller;
use shared::domain::ids::SubjectId;
use shared::ports::{Config, Holds, Keys, Manifests, Notes, Queues, Requests, Sealer, Sources, Work};
use shared::runtime::http::body::invalid;
use shared::runtime::http::{Answer, Call};
use shared::state_machine::refusal::Refusal;
use shared::workflow::failure::Failure;
use shared::workflow::gate::hidden;

use super::Review;

impl<S, K, C, M, Q, D> Review<S, K, C, M, Q, D>
where
    S: Requests + Keys + Notes + Work + Holds,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// `GET /v1/subjects/{id}/gate`
    pub(super) async fn gate(&self, call: &Call, by: &Caller) -> Result<Answer, Failure> {
        let hidden = hidden(&self.records, by, &subject(call)?).await?;
        Answer::json(200, &json!({ "hidden": hidden }))
    }
}

/// The gateway decodes every escape of a path but `%25`, which it leaves, so that one text stands for one id.
fn subject(call: &Call) -> Result<SubjectId, Refusal> {
    let id = call.path_parameter("id").replace("%25", "%");
    SubjectId::try_from(id).map_err(|_| invalid("/id", "expected the application's id of a person"))
}
