//! The function `planning`: queue `plans`. Pages through one dataset of one request and commits its chunks; the same
//! enumeration, with the next generation, is the verification.
//!
//! Where next: `shared::workflow::plan`.

use jiff::Timestamp;
use shared::domain::message::PlanMessage;
use shared::domain::period::Period;
use shared::ports::{Config, Keys, Manifests, Queues, Requests, Sealer, Sources, Work};
use shared::workflow::failure::Failure;
use shared::workflow::plan::{Planned, Planner};
use shared::workflow::records::Records;

/// A page takes seconds; with less than this left a continuation is sent instead.
const RESERVE_SECONDS: i64 = 25;

/// The outside of this function, built once.
pub struct Planning<S, K, C, M, Q, D> {
    /// Requests, plans, chunks.
    pub records: Records<S, K>,
    /// The pinned data map.
    pub config: C,
    /// Where manifests go.
    pub manifests: M,
    /// Where continuations and chunks go.
    pub queues: Q,
    /// The application's data.
    pub sources: D,
}

impl<S, K, C, M, Q, D> Planning<S, K, C, M, Q, D>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// Handles one message; `deadline` is when the invocation ends.
    pub async fn handle(
        &self,
        message: PlanMessage,
        clock: impl Fn() -> Timestamp,
        deadline: Timestamp,
    ) -> Result<(), Failure> {
        let planner = Planner {
            records: &self.records,
            config: &self.config,
            manifests: &self.manifests,
            queues: &self.queues,
            sources: &self.sources,
        };
        let stop_at = Period::seconds(RESERVE_SECONDS).before(deadline);
        let planned = planner.plan(&message, clock, stop_at).await?;
        let outcome = match planned {
            Planned::Complete => "complete",
            Planned::Continued => "continued",
            Planned::Dropped => "dropped",
            Planned::Failed => "failed",
        };
        let (request, dataset, generation) = (&message.request, &message.dataset, message.generation);
        tracing::info!(%request, %dataset, generation, outcome, "plan handled");
        Ok(())
    }
}
