//! Copying: one chunk's records, read from their source and put into the staging.
//!
//! Guarantees: never more than one group of items is in memory; a worker whose time is over lists what it has, and the
//! next one goes on from there; a record that is gone by now is `already_absent`, and the package says so.

use futures::future::try_join_all;

use super::deletions::under_way;
use super::staging::{Copies, File, Group, Staging};
use crate::domain::chunk::Chunk;
use crate::domain::data_map::{Dataset, Place};
use crate::domain::manifest::Line;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::request::Facts;
use crate::domain::vault::{Attributes, VaultCopy, size};
use crate::ports::{
    Config, Fault, Items, Keys, Manifests, Originals, Queues, Requests, Sealer, Sources, Vault, Version, Watch, Whole,
    Work,
};
use crate::workflow::bench::Bench;
use crate::workflow::vault::is_still_theirs;

/// A group of copies holds about so many bytes, or what a single answer of the table brings.
const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// Objects that are looked at at a time.
const PARALLEL: usize = 16;
/// Leases before this one whose lists are looked for. A worker that died put none.
const LOOK_BACK: u32 = 20;

/// What is to be copied, and for whom.
pub(in crate::workflow) struct Order<'a> {
    pub(in crate::workflow) facts: &'a Facts,
    pub(in crate::workflow) row: &'a Chunk,
    pub(in crate::workflow) dataset: &'a Dataset,
    pub(in crate::workflow) lines: &'a [Line],
}

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources + Items + Originals,
    V: Vault,
{
    /// Copies what no lease before has copied, while that is wanted; answers what is known of each line.
    pub(in crate::workflow) async fn copy(
        &self,
        sources: &D,
        order: &Order<'_>,
        key: &crate::ports::DataKey,
        watch: &impl Watch,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let (facts, row) = (order.facts, order.row);
        let staging = Staging {
            sealer: &self.records.sealer,
            manifests: &self.manifests,
            key,
            request: facts.key(),
        };
        let mut copies = begun(&staging, row, order.lines.len()).await?;
        match &order.dataset.place {
            Place::Dynamodb(_) => copy_items((sources, &staging), order, &mut copies, watch).await?,
            Place::S3(_) => {
                let hidden =
                    order.lines.iter().any(was_deleted) && is_being_deleted(&self.records.store, order).await?;
                look_at_objects(sources, order, (&mut copies, hidden), watch).await?;
            }
        }
        staging.put_list((&row.id, row.epoch), &copies).await?;
        Ok(copies.outcomes)
    }
}

/// Whether a deletion has hidden what the subject has in this category, and may yet be taken back.
async fn is_being_deleted(store: &impl Requests, order: &Order<'_>) -> Result<bool, Fault> {
    let deletions = under_way(store, order.facts, &order.dataset.category).await?;
    Ok(!deletions.is_empty())
}

/// What the last lease before this one has listed, if it was not accounted for.
async fn begun<K: Sealer, M: Manifests>(
    staging: &Staging<'_, K, M>,
    row: &Chunk,
    lines: usize,
) -> Result<Copies, Fault> {
    let first = (row.accounted + 1).max(row.epoch.saturating_sub(LOOK_BACK));
    for epoch in (first..row.epoch).rev() {
        if let Some(copies) = staging.list(&row.id, epoch).await? {
            return Ok(copies);
        }
    }
    Ok(Copies::of(lines))
}

async fn copy_items<D: Items, K: Sealer, M: Manifests>(
    (sources, staging): (&D, &Staging<'_, K, M>),
    order: &Order<'_>,
    copies: &mut Copies,
    watch: &impl Watch,
) -> Result<(), Fault> {
    let whose = (order.dataset, &order.facts.tenant);
    let mut open = copies.open();
    while !open.is_empty() && watch.wanted().await {
        let (mut group, mut bytes) = (Vec::new(), 0);
        while bytes < GROUP_BYTES && !open.is_empty() {
            let wanted: Vec<&Line> = open.iter().map(|at| &order.lines[*at]).collect();
            let answers = sources.read_whole(order.dataset, &wanted).await?;
            let mut unread = Vec::new();
            for (at, whole) in open.into_iter().zip(answers) {
                match whole {
                    Whole::Unread => unread.push(at),
                    Whole::There(item) if is_still_theirs(whose, &order.lines[at], &item) => {
                        bytes += size(&item);
                        let line = u32::try_from(at).unwrap_or(u32::MAX);
                        group.push(VaultCopy { line, item });
                    }
                    Whole::There(_) | Whole::Absent => {
                        copies.outcomes[at] = LineOutcome::plain(Code::AlreadyAbsent);
                    }
                }
            }
            open = unread;
        }
        if !group.is_empty() {
            put_group(staging, order, copies, (group, bytes)).await?;
        }
    }
    Ok(())
}

async fn put_group<K: Sealer, M: Manifests>(
    staging: &Staging<'_, K, M>,
    order: &Order<'_>,
    copies: &mut Copies,
    (group, bytes): (Vec<VaultCopy>, usize),
) -> Result<(), Fault> {
    let row = order.row;
    let object = staging
        .put_group((&row.id, row.epoch, copies.groups.len()), &group)
        .await?;
    for copy in &group {
        copies.columns.add(&copy.item);
        copies.hidden += u64::from(is_hidden(order.dataset, &copy.item));
        copies.outcomes[copy.line as usize] = LineOutcome::plain(Code::Exported);
    }
    copies.groups.push(Group {
        object,
        records: group.len() as u64,
        bytes: bytes as u64,
    });
    Ok(())
}

/// Objects are only looked at: their bytes go into a part as they are read.
async fn look_at_objects<D: Originals>(
    sources: &D,
    order: &Order<'_>,
    (copies, being_deleted): (&mut Copies, bool),
    watch: &impl Watch,
) -> Result<(), Fault> {
    for places in copies.open().chunks(PARALLEL) {
        if !watch.wanted().await {
            return Ok(());
        }
        let looks = places.iter().map(|at| async move {
            match version_of(&order.lines[*at]) {
                // Its owner had it deleted; nobody hides it for a while only.
                Some((_, true)) if !being_deleted => Ok(None),
                Some((version, _)) => sources.look(order.dataset, version).await,
                None => Ok(None),
            }
        });
        for (at, found) in places.iter().zip(try_join_all(looks).await?) {
            let hidden = was_deleted(&order.lines[*at]);
            copies.outcomes[*at] = LineOutcome::plain(match found {
                Some(original) => {
                    copies.hidden += u64::from(hidden);
                    copies.files.push(File {
                        line: u32::try_from(*at).unwrap_or(u32::MAX),
                        bytes: original.bytes,
                        stored_at: original.stored_at,
                        hidden,
                    });
                    Code::Exported
                }
                None => Code::AlreadyAbsent,
            });
        }
    }
    Ok(())
}

/// The version that a line names, and whether a delete marker hides it.
pub(super) fn version_of(line: &Line) -> Option<(Version<'_>, bool)> {
    match line {
        Line::Object {
            key,
            version,
            was_deleted,
            ..
        } => Some((Version { key, version }, *was_deleted)),
        Line::Item { .. } => None,
    }
}

fn was_deleted(line: &Line) -> bool {
    matches!(line, Line::Object { was_deleted: true, .. })
}

/// Whether a deletion has marked it.
fn is_hidden(dataset: &Dataset, item: &Attributes) -> bool {
    match &dataset.place {
        Place::Dynamodb(place) => item.contains_key(&place.soft_delete.marks.id),
        Place::S3(_) => false,
    }
}
