//! The function `supervision`: each minute everything that is due or got lost; and the dead-letter queues, whose
//! messages only say which request to look at at once.
//!
//! Where next: `shared::workflow::supervise`.

use jiff::Timestamp;
use serde::Deserialize;
use shared::domain::ids::RequestKey;
use shared::ports::{Fault, Holds, Keys, Manifests, Outbox, Queues, Requests, Sealer, Work};
use shared::workflow::failure::Failure;
use shared::workflow::records::Records;
use shared::workflow::supervise::{Round, Supervisor};

/// The outside of this function, built once.
pub struct Supervision<S, K, M, Q> {
    /// Requests, plans, chunks, mails.
    pub records: Records<S, K>,
    /// Manifests to delete.
    pub manifests: M,
    /// Where lost work is sent again.
    pub queues: Q,
}

/// What a dead letter of either queue has in common.
#[derive(Debug, Deserialize)]
pub struct DeadLetter {
    /// Which request it was about.
    pub request: RequestKey,
}

impl<S, K, M, Q> Supervision<S, K, M, Q>
where
    S: Requests + Keys + Work + Outbox + Holds,
    K: Sealer,
    M: Manifests,
    Q: Queues,
{
    /// One round over everything that is due.
    pub async fn round(&self, now: Timestamp) -> Result<Round, Fault> {
        let round = self.supervisor().round(now).await?;
        let Round {
            tended,
            pushed,
            failed,
            holds,
        } = round;
        tracing::info!(tended, pushed, failed, holds, "round finished");
        Ok(round)
    }

    /// A message was given up by its queue: its request is looked at now; the rows say what to send again.
    pub async fn dead_letter(&self, letter: &DeadLetter, now: Timestamp) -> Result<(), Failure> {
        let pushed = self.supervisor().tend(&letter.request, now).await?;
        tracing::warn!(request = %letter.request, pushed, "dead letter");
        Ok(())
    }

    fn supervisor(&self) -> Supervisor<'_, S, K, M, Q> {
        Supervisor {
            records: &self.records,
            manifests: &self.manifests,
            queues: &self.queues,
        }
    }
}
