//! The function `execution`: queue `chunks`. One chunk, one operation, at most 500 records.
//!
//! Where next: `shared::workflow::work_chunk`.

use jiff::Timestamp;
use shared::domain::message::ChunkMessage;
use shared::ports::{Config, Keys, Manifests, Queues, Requests, Sealer, Sources, Work};
use shared::workflow::failure::Failure;
use shared::workflow::records::Records;
use shared::workflow::work_chunk::{Worked, Worker};

/// The outside of this function, built once.
pub struct Execution<S, K, C, M, Q, D> {
    /// Requests, plans, chunks.
    pub records: Records<S, K>,
    /// The pinned data map.
    pub config: C,
    /// Manifests and outcome objects.
    pub manifests: M,
    /// Where the next chunk goes.
    pub queues: Q,
    /// The application's data.
    pub sources: D,
}

/// Why a message is to be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// Something outside failed before the chunk could be postponed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// Another worker holds the chunk's lease.
    #[error("another worker holds the lease")]
    Held,
}

impl<S, K, C, M, Q, D> Execution<S, K, C, M, Q, D>
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
        message: ChunkMessage,
        clock: impl Fn() -> Timestamp,
        deadline: Timestamp,
    ) -> Result<(), Unfinished> {
        let worker = Worker {
            records: &self.records,
            config: &self.config,
            manifests: &self.manifests,
            queues: &self.queues,
            sources: &self.sources,
        };
        let worked = worker.work(&message, clock, deadline).await?;
        let outcome = match worked {
            Worked::Done => "done",
            Worked::Parked => "parked",
            Worked::Dropped => "dropped",
            Worked::Postponed => "postponed",
            Worked::Held => "held",
        };
        let (request, chunk) = (&message.request, &message.chunk);
        tracing::info!(%request, %chunk, send = message.send, outcome, "chunk handled");
        if worked == Worked::Held {
            Err(Unfinished::Held)
        } else {
            Ok(())
        }
    }
}
