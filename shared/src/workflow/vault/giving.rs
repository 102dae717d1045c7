//! What becomes of the vault's copies: they are put back, or destroyed.
//!
//! Guarantees: an item comes back only where there is none. An item that is there just as it was copied was put back by
//! an attempt whose answer was lost. One that cannot be put back stays in the vault: the chunk's worker gives up with
//! the reason, and a finding tells it.

use std::collections::BTreeMap;

use super::Shelf;
use crate::domain::chunk::Chunk;
use crate::domain::manifest::Line;
use crate::domain::object_keys;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::request::Facts;
use crate::domain::vault::Attributes;
use crate::ports::{
    Config, Fault, Items, ItemsOrder, Keys, Manifests, PurgeOrder, PutBack, Queues, Requests, RestoreOrder, Sealer,
    Sources, Vault, Whole, Work,
};
use crate::workflow::bench::Bench;

const PUT_BACK: &str = "put items back";

/// What there is in the table where a copy is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Free,
    Same,
    Other,
}

/// Copies by their lines.
type Copies = BTreeMap<usize, Attributes>;

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
    /// Brings back what is swept and chosen, group by group, until the time is short.
    pub(in crate::workflow) async fn restore_from_vault(
        &self,
        (sources, facts, row): (&D, &Facts, &Chunk),
        order: &RestoreOrder<'_>,
        in_time: impl Fn() -> bool,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let shelf = self.shelf(facts, row).await?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let mut refused = None;
        for (group, open) in by_group(&outcomes, order.open()) {
            if !in_time() {
                return Err(Fault::transient(PUT_BACK, "the time is short"));
            }
            let copies = copies(&shelf, &group, &open).await?;
            let places = self.places(order, &copies).await?;
            let (mut free, mut items) = (Vec::new(), Vec::new());
            for (at, item) in copies {
                match places.get(&at) {
                    Some(Place::Same) => outcomes[at] = LineOutcome::plain(Code::Restored),
                    Some(Place::Other) => outcomes[at] = overwritten(),
                    Some(Place::Free) | None => {
                        free.push(at);
                        items.push(item);
                    }
                }
            }
            let order = ItemsOrder {
                dataset: order.dataset,
                request: order.request,
                items: &items,
            };
            for (at, put) in free.into_iter().zip(sources.put_back(order).await?) {
                match put {
                    PutBack::Done | PutBack::Same => outcomes[at] = LineOutcome::plain(Code::Restored),
                    PutBack::Other => outcomes[at] = overwritten(),
                    PutBack::Refused(code) => refused = Some(code),
                }
            }
        }
        match refused {
            Some(code) => Err(Fault::permanent(PUT_BACK, code, "an item was refused")),
            None => Ok(outcomes),
        }
    }

    /// What is left of a restoration that never completed: what is there again as it was came back, what is not there
    /// is still in the vault, and of anything else a person must say what it is.
    pub(in crate::workflow) async fn half_restored_from_vault(
        &self,
        (facts, row): (&Facts, &Chunk),
        order: &RestoreOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let shelf = self.shelf(facts, row).await?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        for (group, open) in by_group(&outcomes, order.open()) {
            let copies = copies(&shelf, &group, &open).await?;
            for (at, place) in self.places(order, &copies).await? {
                match place {
                    Place::Free => {}
                    Place::Same => outcomes[at] = LineOutcome::plain(Code::Restored),
                    Place::Other => outcomes[at] = LineOutcome::failed("restore_unclear"),
                }
            }
        }
        Ok(outcomes)
    }

    /// Destroys the chunk's copies, of which each is the only one. Those of a later lease are not this purge's: whoever
    /// was asleep meanwhile may find what was swept again since. No key is needed for it.
    pub(in crate::workflow) async fn purge_vault(
        &self,
        (facts, row): (&Facts, &Chunk),
        order: &PurgeOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let prefix = object_keys::vault_chunk(&facts.key(), &row.id);
        let mine = format!("{prefix}{}", object_keys::vault_group(row.epoch, 0));
        let mut copies = self.vault.list(&prefix).await?;
        copies.retain(|copy| *copy < mine);
        self.vault.delete(&copies).await?;
        let purged = |outcome: &LineOutcome| match outcome.code {
            Code::Swept => LineOutcome::plain(Code::Purged),
            _ => outcome.clone(),
        };
        Ok(order.lines.iter().map(|(_, outcome)| purged(outcome)).collect())
    }

    /// What there is in the table of these copies' keys.
    async fn places(&self, order: &RestoreOrder<'_>, copies: &Copies) -> Result<BTreeMap<usize, Place>, Fault> {
        let lines: Vec<&Line> = order.lines.iter().map(|(line, _)| line).collect();
        let mut open: Vec<usize> = copies.keys().copied().collect();
        let mut places = BTreeMap::new();
        while !open.is_empty() {
            for (at, whole) in self.read_some(&self.sources, order.dataset, &lines, &mut open).await? {
                let place = match whole {
                    Whole::There(item) if copies.get(&at) == Some(&item) => Place::Same,
                    Whole::There(_) => Place::Other,
                    Whole::Absent | Whole::Unread => Place::Free,
                };
                places.insert(at, place);
            }
        }
        Ok(places)
    }
}

/// The lines of each group that holds a copy of one.
fn by_group(outcomes: &[LineOutcome], open: impl Iterator<Item = usize>) -> BTreeMap<String, Vec<usize>> {
    let mut groups = BTreeMap::<String, Vec<usize>>::new();
    for at in open {
        let group = outcomes[at].detail.clone().unwrap_or_default();
        groups.entry(group).or_default().push(at);
    }
    groups
}

/// The copies of these lines in a group.
async fn copies<K, V>(shelf: &Shelf<'_, K, V>, group: &str, lines: &[usize]) -> Result<Copies, Fault>
where
    K: Sealer,
    V: Vault,
{
    let all = shelf.read(group).await?;
    let of_lines = all.into_iter().map(|copy| (copy.line as usize, copy.item));
    let copies: Copies = of_lines.filter(|(at, _)| lines.contains(at)).collect();
    if copies.len() == lines.len() {
        Ok(copies)
    } else {
        Err(Fault::permanent(
            "open copies",
            "copy_gone",
            "the group does not hold the line",
        ))
    }
}

fn overwritten() -> LineOutcome {
    LineOutcome::because(Code::Recreated, "overwritten")
}
