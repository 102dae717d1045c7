//! The function `planning`: queue `plans`. Pages through one dataset of one request and commits its chunks; the same
//! enumeration, with the next generation, is the verification.
//!
//! Where next: `shared::workflow::plan`.

use jiff::Timestamp;
use shared::domain::message::PlanMessage;
use shared::domain::period::Period;
use shared::runtime::adapters::AwsBench;
use shared::workflow::failure::Failure;
use shared::workflow::plan::Planned;

/// A page takes seconds; with less than this left a continuation is sent instead.
const RESERVE_SECONDS: i64 = 25;

/// Handles one message; `deadline` is when the invocation ends.
pub async fn handle(
    bench: &AwsBench,
    message: PlanMessage,
    clock: impl Fn() -> Timestamp,
    deadline: Timestamp,
) -> Result<(), Failure> {
    let stop_at = Period::seconds(RESERVE_SECONDS).before(deadline);
    let outcome = match bench.plan(&message, clock, stop_at).await? {
        Planned::Complete => "complete",
        Planned::Continued => "continued",
        Planned::Dropped => "dropped",
        Planned::Failed => "failed",
    };
    let (request, dataset, generation) = (&message.request, &message.dataset, message.generation);
    tracing::info!(%request, %dataset, generation, outcome, "plan handled");
    Ok(())
}
