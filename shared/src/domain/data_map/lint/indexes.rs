//! A dataset against the indexes of its table.
//!
//! Lethe asks an index for keys only and reads each item from the table itself, so keys are all it needs of one. The
//! application's own readers need the mark: what an index does not hold cannot be filtered by.

use super::code::Code;
use super::fields::listed;
use super::notes::OnDataset;
use crate::domain::data_map::DynamoPlace;
use crate::domain::data_map::description::{Index, Table};

/// The index by which records are found, if there is one of that name.
pub(super) fn named<'a>(
    on: &mut OnDataset<'_>,
    place: &DynamoPlace,
    table: &'a Table,
    name: &str,
) -> Option<&'a Index> {
    let Some(index) = table.indexes.get(name) else {
        let what = format!("table {} has no index {name}", place.table);
        let remedy = format!("name one it has ({}), or leave index out", listed(table.indexes.keys()));
        on.add(Code::IndexUnknown, "index", what, remedy);
        return None;
    };
    if !index.ready {
        let what = format!("index {name} is still being filled: records would be missed");
        on.add(
            Code::IndexNotReady,
            "index",
            what,
            "wait until it is ACTIVE, then lint again",
        );
    } else if index.items < table.items {
        let what = format!(
            "index {name} has {} items, the table {} (as DynamoDB last counted, up to six hours ago): an item without {} is \
             in no index and would be found by nobody",
            index.items,
            table.items,
            listed(std::iter::once(&index.keys.partition).chain(&index.keys.sort)),
        );
        let remedy = "see that every record of the subject has these attributes, or name a dataset for the others";
        on.add(Code::IndexSparse, "index", what, remedy);
    }
    if lacks_mark(place, table, index) {
        let mark = &place.soft_delete.marks.id;
        let what = format!("index {name} does not hold {mark}: whoever reads by it cannot leave out what is hidden");
        let remedy = format!("make an index that projects {mark} and name that one; a projection cannot be changed");
        on.add(Code::IndexLacksMark, "index", what, remedy);
    }
    Some(index)
}

/// The other indexes: the application reads by them, Lethe does not.
pub(super) fn others(on: &mut OnDataset<'_>, place: &DynamoPlace, table: &Table) {
    let others = table
        .indexes
        .iter()
        .filter(|(name, _)| Some(*name) != place.index.as_ref());
    let blind = others.filter(|(_, index)| lacks_mark(place, table, index));
    let blind: Vec<&String> = blind.map(|(name, _)| name).collect();
    if !blind.is_empty() {
        let mark = &place.soft_delete.marks.id;
        let what = format!(
            "table {}: what is hidden shows in index {}, which holds no {mark}",
            place.table,
            listed(blind)
        );
        let remedy = format!("look each item up in the table before showing it, or project {mark} into a new index");
        on.add(Code::IndexShowsHidden, "table", what, remedy);
    }
}

fn lacks_mark(place: &DynamoPlace, table: &Table, index: &Index) -> bool {
    let mark = &place.soft_delete.marks.id;
    let is_key = table.types.contains_key(mark);
    index.holds.as_ref().is_some_and(|holds| !holds.contains(mark)) && !is_key
}
