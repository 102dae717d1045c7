//! The function `supervision`: each minute everything that is due or got lost; each day what nobody named ([`survey`]);
//! and the dead-letter queues, whose messages only say which request to look at at once.
//!
//! Where next: `shared::workflow::supervise`.

pub mod survey;

use jiff::Timestamp;
use serde::Deserialize;
use shared::domain::ids::RequestKey;
use shared::domain::stuck::Pushed;
use shared::metric::{Metric, metric, metric_of_work};
use shared::ports::{Config, Exports, Fault, Holds, Keys, Manifests, Outbox, Queues, Requests, Sealer, Vault, Work};
use shared::workflow::failure::Failure;
use shared::workflow::records::Records;
use shared::workflow::supervise::{Round, Supervisor};

/// The outside of this function, built once.
pub struct Supervision<S, K, C, M, Q, V, E> {
    /// Requests, plans, chunks, mails.
    pub records: Records<S, K>,
    /// The data map, for exports that nobody has started.
    pub config: C,
    /// Manifests to delete.
    pub manifests: M,
    /// Copies to delete.
    pub vault: V,
    /// Packages to delete.
    pub exports: E,
    /// Where lost work is sent again.
    pub queues: Q,
}

/// What a dead letter of any queue has in common.
#[derive(Debug, Deserialize)]
pub struct DeadLetter {
    /// Which request it was about.
    pub request: RequestKey,
}

impl<S, K, C, M, Q, V, E> Supervision<S, K, C, M, Q, V, E>
where
    S: Requests + Keys + Work + Outbox + Holds,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    V: Vault,
    E: Exports,
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
        tracing::info!(tended, pushed = pushed.total(), failed, holds, "round finished");
        tell(pushed);
        Ok(round)
    }

    /// A message was given up by its queue: its request is looked at now; the rows say what to send again.
    pub async fn dead_letter(&self, letter: &DeadLetter, now: Timestamp) -> Result<(), Failure> {
        let pushed = self.supervisor().tend(&letter.request, now).await?;
        tracing::warn!(request = %letter.request, pushed = pushed.total(), "dead letter");
        tell(pushed);
        Ok(())
    }

    fn supervisor(&self) -> Supervisor<'_, S, K, C, M, Q, V, E> {
        Supervisor {
            records: &self.records,
            config: &self.config,
            manifests: &self.manifests,
            vault: &self.vault,
            exports: &self.exports,
            queues: &self.queues,
        }
    }
}

/// Counts what was pushed, by its kind; a round that pushed nothing says so, that alarms have something to look at.
fn tell(pushed: Pushed) {
    if pushed.total() == 0 {
        metric(Metric::WorkPushed, 0);
    }
    for (kind, count) in pushed.kinds() {
        metric_of_work(Metric::WorkPushed, u64::from(count), kind);
    }
}
