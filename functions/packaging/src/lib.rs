//! The function `packaging`: queue `parts`. One part of an export's package, from its first byte to its last.
//!
//! Where next: `shared::workflow::export`.

use jiff::Timestamp;
use shared::domain::message::PartMessage;
use shared::runtime::adapters::AwsPackaging;
use shared::workflow::export::Packed;
use shared::workflow::failure::Failure;
use shared::workflow::work_chunk::Invocation;

/// Why a message is to be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// Something outside failed before the part could be postponed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// Another worker holds the package's lease.
    #[error("another worker holds the lease")]
    Held,
}

/// Handles one message; `invocation` says who works, and until when.
pub async fn handle(
    packaging: &AwsPackaging,
    message: PartMessage,
    clock: impl Fn() -> Timestamp,
    invocation: &Invocation,
) -> Result<(), Unfinished> {
    let packed = packaging.package(&message, clock, invocation).await?;
    let outcome = match packed {
        Packed::Written => "written",
        Packed::Dropped => "dropped",
        Packed::Postponed => "postponed",
        Packed::GivenUp => "given_up",
        Packed::Held => "held",
    };
    tracing::info!(request = %message.request, send = message.send, outcome, "part handled");
    if packed == Packed::Held {
        Err(Unfinished::Held)
    } else {
        Ok(())
    }
}
