//! Contents: what goes into which part, decided once for a package.
//!
//! Guarantee: the same rows give the same contents, in the data map's order, so whoever decides it again after a crash
//! decides the same. Objects stand in it as runs of lines, so that it stays small.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::staging::{Copies, Group, Staging, gone};
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::data_map::{DataMap, Dataset};
use crate::domain::ids::DatasetId;
use crate::domain::job::Plan;
use crate::domain::outcome::{Code, Counts};
use crate::domain::request::Facts;
use crate::package::Columns;
use crate::package::parts::{Piece, split};
use crate::ports::{Fault, Manifests, Sealer};

/// A record is in a part twice: as JSON and as a row.
const FORMS: u64 = 2;

/// The whole package.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Contents {
    /// The datasets, in the data map's order.
    pub(super) sections: Vec<Section>,
    /// What each part holds.
    pub(super) parts: Vec<Vec<Content>>,
}

/// A dataset.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Section {
    pub(super) dataset: DatasetId,
    pub(super) category: String,
    pub(super) description: String,
    /// Records and files, in all parts.
    pub(super) records: u64,
    /// Of those, the ones that a deletion has hidden.
    pub(super) hidden: u64,
    pub(super) columns: Columns,
    /// What is in no part: why, and how many, if anybody knows.
    pub(super) left_out: Vec<(String, Option<u64>)>,
}

/// What is not divided.
#[derive(Clone, Serialize, Deserialize)]
pub(super) enum Content {
    /// A group of items.
    Group { section: usize, object: String, bytes: u64 },
    /// Some objects of a chunk.
    Files {
        section: usize,
        chunk: ChunkId,
        /// The list that names them was put by this lease.
        epoch: u32,
        /// Places in that list: from here, and up to but not with there.
        from: usize,
        until: usize,
        /// The number of the first within its dataset, from 1.
        number: u64,
    },
}

impl Content {
    pub(super) fn section(&self) -> usize {
        match self {
            Self::Group { section, .. } | Self::Files { section, .. } => *section,
        }
    }
}

/// Reads what was copied of each chunk, and decides.
pub(super) async fn decide<K: Sealer, M: Manifests>(
    staging: &Staging<'_, K, M>,
    facts: &Facts,
    map: &DataMap,
    (plans, chunks, vaulted): (&[Plan], &[Chunk], &BTreeMap<DatasetId, Copies>),
    max_part_bytes: u64,
) -> Result<Contents, Fault> {
    let (mut sections, mut pieces) = (Vec::new(), Vec::new());
    for dataset in map.in_scope(&facts.tenant, &facts.scope) {
        let mine: Vec<_> = chunks.iter().filter(|chunk| chunk.id.dataset == dataset.id).collect();
        let mut section = begun(dataset, facts, plans, &mine);
        let (at, mut number) = (sections.len(), 1);
        for chunk in mine {
            let copies = match staging.list(&chunk.id, chunk.accounted).await? {
                Some(copies) => copies,
                // Nobody copied anything of it, and an operator dealt with its records.
                None if chunk.counts.of(Code::Exported) == 0 => Copies::of(0),
                None => return Err(gone("plan a package")),
            };
            section.columns.merge(&copies.columns);
            section.hidden += copies.hidden;
            pieces.extend(pieces_of(at, chunk, &copies, &mut number));
        }
        if let Some(copies) = vaulted.get(&dataset.id) {
            section.take(copies);
            pieces.extend(copies.groups.iter().map(|group| piece_of(at, group)));
        }
        sections.push(section);
    }
    let parts = split(pieces, max_part_bytes).into_iter().map(joined).collect();
    Ok(Contents { sections, parts })
}

impl Section {
    /// What a deletion has in the vault is no line of any chunk.
    fn take(&mut self, vaulted: &Copies) {
        self.columns.merge(&vaulted.columns);
        self.records += vaulted.hidden;
        self.hidden += vaulted.hidden;
        let expired = vaulted.outcomes.len() as u64;
        if expired > 0 {
            self.left_out.push((
                "hidden by a deletion, and destroyed meanwhile".to_owned(),
                Some(expired),
            ));
        }
    }
}

/// Of what is not there any more.
pub(super) const GONE: &str = "gone from its source before it could be copied: deleted, or expired";
/// Of a dataset whose list an operator closed by hand.
const UNLISTED: &str = "could not be listed, or not to the end; an operator dealt with it, and the reason is on record";

fn begun(dataset: &Dataset, facts: &Facts, plans: &[Plan], chunks: &[&Chunk]) -> Section {
    let mut counts = Counts::default();
    for chunk in chunks {
        counts.add(&chunk.counts);
    }
    let mine = plans.iter().filter(|plan| plan.dataset == dataset.id);
    let unlisted = mine.clone().any(|plan| plan.by_hand);
    let later = mine.map(|plan| plan.arrived_later).sum();
    let by_hand = counts.of(Code::Resolved);
    let left_out = [
        ("written after the export had begun", later),
        (GONE, counts.of(Code::AlreadyAbsent)),
        (
            "could not be read; an operator dealt with it, and the reason is on record",
            by_hand,
        ),
    ];
    let left_out = left_out
        .into_iter()
        .filter(|(_, records)| *records > 0)
        .map(|(ground, records)| (ground.to_owned(), Some(records)));
    let unlisted = unlisted.then(|| (UNLISTED.to_owned(), None));
    let told = facts.descriptions.get(&dataset.category);
    Section {
        dataset: dataset.id.clone(),
        category: dataset.category.to_string(),
        description: told.cloned().unwrap_or_else(|| dataset.description.clone()),
        records: counts.of(Code::Exported),
        hidden: 0,
        columns: Columns::default(),
        left_out: left_out.chain(unlisted).collect(),
    }
}

fn pieces_of(section: usize, chunk: &Chunk, copies: &Copies, number: &mut u64) -> Vec<Piece<Content>> {
    let mut pieces: Vec<_> = copies.groups.iter().map(|group| piece_of(section, group)).collect();
    for (from, file) in copies.files.iter().enumerate() {
        pieces.push(Piece {
            what: Content::Files {
                section,
                chunk: chunk.id.clone(),
                epoch: chunk.accounted,
                from,
                until: from + 1,
                number: *number,
            },
            bytes: file.bytes,
            files: 1,
        });
        *number += 1;
    }
    pieces
}

fn piece_of(section: usize, group: &Group) -> Piece<Content> {
    Piece {
        what: Content::Group {
            section,
            object: group.object.clone(),
            bytes: group.bytes,
        },
        bytes: FORMS * group.bytes,
        files: 0,
    }
}

/// Objects that follow one another in a list are one run.
fn joined(part: Vec<Content>) -> Vec<Content> {
    let mut runs: Vec<Content> = Vec::new();
    for content in part {
        let follows = match (runs.last(), &content) {
            (Some(Content::Files { chunk, until, .. }), Content::Files { chunk: next, from, .. }) => {
                chunk == next && until == from
            }
            _ => false,
        };
        match runs.last_mut() {
            Some(Content::Files { until, .. }) if follows => *until += 1,
            _ => runs.push(content),
        }
    }
    runs
}
