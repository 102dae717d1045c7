//! The queues. A message is a hint; rows are the truth; a lost message is sent again by supervision.

use super::fault::Fault;
use crate::domain::message::{ChunkMessage, PartMessage, PlanMessage};

/// Sends work.
pub trait Queues {
    /// Sends plan messages; one result per message, in order.
    async fn send_plans(&self, messages: &[PlanMessage]) -> Vec<Result<(), Fault>>;
    /// Sends chunk messages, each after `delay_seconds` (0 to 900); one result per message, in order.
    async fn send_chunks(&self, messages: &[ChunkMessage], delay_seconds: u32) -> Vec<Result<(), Fault>>;
    /// Sends a message for the next part of a package, after `delay_seconds` (0 to 900).
    async fn send_part(&self, message: &PartMessage, delay_seconds: u32) -> Result<(), Fault>;
}
