//! The function `execution`: queue `chunks`. One chunk, one operation, at most 500 records.
//!
//! Where next: `shared::workflow::work_chunk`.

use jiff::Timestamp;
use shared::domain::message::ChunkMessage;
use shared::runtime::adapters::AwsBench;
use shared::workflow::failure::Failure;
use shared::workflow::work_chunk::{Invocation, Worked};

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

/// Handles one message; `invocation` says who works, and until when.
pub async fn handle(
    bench: &AwsBench,
    message: ChunkMessage,
    clock: impl Fn() -> Timestamp,
    invocation: &Invocation,
) -> Result<(), Unfinished> {
    let worked = bench.work(&message, clock, invocation).await?;
    let outcome = match worked {
        Worked::Done => "done",
        Worked::Parked => "parked",
        Worked::Dropped => "dropped",
        Worked::Postponed => "postponed",
        Worked::Waiting => "waiting",
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
