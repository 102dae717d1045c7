//! What a verification may still find: records that were restored, are exempt, or were resolved by a person.
//!
//! Guarantee: such a record is not taken for a leftover and swept after all. Only a hash of each key is held, 16 bytes
//! a record, so that a million of them fit into a worker's memory.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::account::{lines, outcomes};
use super::bench::Bench;
use super::failure::Failure;
use super::operate::person_key;
use super::records::Loaded;
use crate::domain::chunk::Chunk;
use crate::domain::ids::DatasetId;
use crate::domain::manifest::Line;
use crate::domain::outcome::Code;
use crate::knobs::Guard;
use crate::ports::{Config, Keys, Manifests, Queues, Requests, Sealer, Sources, Work};

/// What is there on purpose.
const KEPT: [Code; 3] = [Code::Restored, Code::Exempt, Code::Resolved];

/// Keys of records that are there on purpose.
#[derive(Debug, Default)]
pub(super) struct Expected(HashSet<[u8; 16]>);

impl Expected {
    /// Whether a record is there on purpose.
    pub(super) fn holds(&self, line: &Line) -> bool {
        Guard::ExpectedKept.stands() && self.0.contains(&fingerprint(line))
    }
}

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// What is there on purpose in one dataset, by the newest outcome of each of its chunks.
    pub(super) async fn expected(&self, loaded: &Loaded, dataset: &DatasetId) -> Result<Expected, Failure> {
        let facts = &loaded.request.facts;
        let data_key = person_key(loaded)?;
        let keeps = |chunk: &Chunk| KEPT.iter().any(|code| chunk.counts.of(*code) > 0);
        let mut expected = Expected::default();
        for chunk in self.records.store.chunks(&facts.key()).await? {
            if &chunk.id.dataset != dataset || !keeps(&chunk) {
                continue;
            }
            let lines = lines(&self.records, &self.manifests, (facts, &chunk), data_key).await?;
            let outcomes = outcomes(&self.records, &self.manifests, (facts, &chunk), data_key).await?;
            let kept = lines
                .iter()
                .zip(outcomes)
                .filter(|(_, outcome)| KEPT.contains(&outcome.code));
            expected.0.extend(kept.map(|(line, _)| fingerprint(line)));
        }
        Ok(expected)
    }
}

/// Half a SHA-256 of a record's key.
fn fingerprint(line: &Line) -> [u8; 16] {
    let key = match line {
        Line::Item { key, .. } => serde_json::to_vec(key),
        Line::Object { key, .. } => serde_json::to_vec(key),
    };
    let digest = Sha256::digest(key.expect("a key is plain JSON"));
    digest[..16].try_into().expect("half of 32 bytes")
}
