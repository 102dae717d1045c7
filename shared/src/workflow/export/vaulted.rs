//! What a deletion has in the vault and may yet give back: an export holds it too, and says so.
//!
//! Guarantee: it is copied into the staging before the contents of the package are decided, so that what is purged
//! meanwhile changes nothing of the package's bytes; what was purged before is told as left out.

use std::collections::BTreeMap;

use super::deletions::under_way;
use super::staging::{Copies, Group, Staging};
use crate::domain::chunk::Chunk;
use crate::domain::data_map::Dataset;
use crate::domain::object_keys;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::request::Facts;
use crate::domain::vault::{VaultCopy, size};
use crate::ports::{Config, Fault, Items, KeyName, Keys, Manifests, Queues, Requests, Sealer, Sources, Vault, Work};
use crate::workflow::account::outcomes;
use crate::workflow::bench::Bench;
use crate::workflow::records::Loaded;
use crate::workflow::vault::Shelf;

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
    /// Copies what the subject's deletions have of one dataset in the vault.
    pub(super) async fn copy_from_vault(
        &self,
        staging: &Staging<'_, K, M>,
        facts: &Facts,
        dataset: &Dataset,
    ) -> Result<Copies, Fault> {
        let mut copies = Copies::default();
        if !dataset.in_vault() {
            return Ok(copies);
        }
        for deletion in under_way(&self.records.store, facts, &dataset.category).await? {
            let Some(loaded) = self.records.load(&deletion.key()).await? else {
                continue;
            };
            for chunk in self.records.store.chunks(&deletion.key()).await? {
                if chunk.id.dataset == dataset.id && chunk.counts.of(Code::Swept) > 0 {
                    self.copy_chunk(staging, (&loaded, &chunk), &mut copies).await?;
                }
            }
        }
        Ok(copies)
    }

    async fn copy_chunk(
        &self,
        staging: &Staging<'_, K, M>,
        (loaded, chunk): (&Loaded, &Chunk),
        copies: &mut Copies,
    ) -> Result<(), Fault> {
        let facts = &loaded.request.facts;
        let name = KeyName::Vault(facts.tenant.clone(), facts.id, chunk.id.dataset.clone());
        let wrapped = self.records.store.wrapped(&name).await?;
        let (Some(person), Some(wrapped)) = (&loaded.keys.person, wrapped) else {
            // Shredded since it was listed: it is over.
            return Ok(());
        };
        let key = self.records.sealer.unwrap(&name, &wrapped).await?;
        let prefix = object_keys::vault_chunk(&facts.key(), &chunk.id);
        let shelf = Shelf::new((&self.records.sealer, &self.vault), key, prefix, chunk.epoch);
        let known = outcomes(&self.records, &self.manifests, (facts, chunk), person).await?;
        for (group, lines) in by_group(&known) {
            let Some(kept) = gone_is_none(shelf.read(group).await)? else {
                let missing = vec![LineOutcome::plain(Code::AlreadyAbsent); lines.len()];
                copies.outcomes.extend(missing);
                continue;
            };
            let mine: Vec<VaultCopy> = kept.into_iter().filter(|copy| lines.contains(&copy.line)).collect();
            put(staging, &chunk.id.dataset, copies, mine).await?;
        }
        Ok(())
    }
}

/// The lines that are swept, by the group that holds their copy.
fn by_group(known: &[LineOutcome]) -> BTreeMap<&str, Vec<u32>> {
    let mut groups = BTreeMap::<&str, Vec<u32>>::new();
    for (line, outcome) in (0_u32..).zip(known) {
        if let (Code::Swept, Some(group)) = (outcome.code, &outcome.detail) {
            groups.entry(group).or_default().push(line);
        }
    }
    groups
}

/// A group that is not there any more was purged or brought back.
fn gone_is_none<T>(read: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match read {
        Ok(kept) => Ok(Some(kept)),
        Err(Fault::Permanent { code: "copy_gone", .. }) => Ok(None),
        Err(fault) => Err(fault),
    }
}

async fn put<K: Sealer, M: Manifests>(
    staging: &Staging<'_, K, M>,
    dataset: &crate::domain::ids::DatasetId,
    copies: &mut Copies,
    mine: Vec<VaultCopy>,
) -> Result<(), Fault> {
    let object = object_keys::copies_of_vault(&staging.request, dataset, copies.groups.len());
    staging.put_group_as(&object, &mine).await?;
    for copy in &mine {
        copies.columns.add(&copy.item);
    }
    copies.hidden += mine.len() as u64;
    copies.groups.push(Group {
        object,
        records: mine.len() as u64,
        bytes: mine.iter().map(|copy| size(&copy.item) as u64).sum(),
    });
    Ok(())
}
