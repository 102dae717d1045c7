//! Vault mode: items are taken out of their table, sealed, and wait in a bucket for their purge or their return.
//!
//! Guarantees:
//! * Nothing is deleted before its copy lies in the vault under its own checksum, and only as it was copied.
//! * A copy opens under the vault key of its request and dataset alone, and only in its own place.
//! * Never more than one group of copies is in memory, whatever the items weigh.
//! * A worker may die anywhere: an item that is gone and lies in the vault counts as swept.
//! * What comes back is what was copied, attribute by attribute, and overwrites nothing.
//!
//! | file | what |
//! |---|---|
//! | `shelf` | a chunk's place in the vault: seal and put, read and open, find |
//! | `judge` | what an item says about itself: to be taken, or why not |
//! | `sweep` | copy, then delete; what an earlier attempt left |
//! | `giving` | put back, destroy |
//!
//! Where next: `operate`, which asks for all this in place of the sources where a dataset is in vault mode.

mod giving;
mod judge;
mod shelf;
mod sweep;

pub(super) use self::judge::is_still_theirs;
pub(super) use self::shelf::Shelf;
use super::bench::Bench;
use crate::domain::chunk::Chunk;
use crate::domain::data_map::Dataset;
use crate::domain::manifest::Line;
use crate::domain::object_keys;
use crate::domain::request::Facts;
use crate::ports::{
    Config, Fault, Items, KeyName, Keys, Manifests, Queues, Requests, Sealer, Sources, Vault, Whole, Work,
};

/// A group of copies holds about so many bytes, or what a single answer of the table brings: sealing holds it some
/// times over, and a worker has 512 MB.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources + Items,
    V: Vault,
{
    /// The chunk's place in the vault.
    async fn shelf(&self, facts: &Facts, row: &Chunk) -> Result<Shelf<'_, K, V>, Fault> {
        let name = KeyName::Vault(facts.tenant.clone(), facts.id, row.id.dataset.clone());
        let key = self.records.kept_key(&name).await?;
        let prefix = object_keys::vault_chunk(&facts.key(), &row.id);
        Ok(Shelf::new((&self.records.sealer, &self.vault), key, prefix, row.epoch))
    }

    /// Reads one answer's worth of the lines that are open and takes them from it.
    async fn read_some(
        &self,
        sources: &D,
        dataset: &Dataset,
        lines: &[&Line],
        open: &mut Vec<usize>,
    ) -> Result<Vec<(usize, Whole)>, Fault> {
        let wanted: Vec<&Line> = open.iter().map(|at| lines[*at]).collect();
        let answers = sources.read_whole(dataset, &wanted).await?;
        let asked = std::mem::take(open);
        let (mut read, mut unread) = (Vec::new(), Vec::new());
        for (at, whole) in asked.into_iter().zip(answers) {
            match whole {
                Whole::Unread => unread.push(at),
                Whole::Absent | Whole::There(_) => read.push((at, whole)),
            }
        }
        *open = unread;
        Ok(read)
    }
}
