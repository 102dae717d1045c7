//! A dataset against its table: key, sort key, marks, TTL, attributes. Indexes are `indexes`'.

use super::code::Code;
use super::indexes;
use super::notes::OnDataset;
use crate::domain::data_map::description::{Keys, Look, Table};
use crate::domain::data_map::{DynamoPlace, Expiry, KeyType};

/// So many records have to be looked at before what none of them has counts as missing: a few may be odd ones.
const ENOUGH: u32 = 20;

/// What is wrong between one dataset and its table.
pub(super) fn check(on: &mut OnDataset<'_>, place: &DynamoPlace, look: Option<&Look<Table>>) {
    let name = &place.table;
    match look {
        None | Some(Look::Missing) => on.add(
            Code::TableUnknown,
            "table",
            format!("table {name} does not exist here"),
            "check the name, the account and the Region",
        ),
        Some(Look::Refused(why)) => on.add(
            Code::TableUnreadable,
            "table",
            format!("table {name} could not be looked at: {why}"),
            "run this with dynamodb:DescribeTable and dynamodb:DescribeTimeToLive on it; if it is encrypted with a key of \
             your own, that key's policy has to allow it too",
        ),
        Some(Look::Found(table)) => found(on, place, table),
    }
}

fn found(on: &mut OnDataset<'_>, place: &DynamoPlace, table: &Table) {
    if !["ACTIVE", "UPDATING"].contains(&table.status.as_str()) {
        let what = format!("table {} is {}", place.table, table.status);
        on.add(
            Code::TableNotReady,
            "table",
            what,
            "wait until it is ACTIVE, then lint again",
        );
    }
    match &place.index {
        None => keys(on, place, table, &table.keys),
        Some(name) => {
            if let Some(index) = indexes::named(on, place, table, name) {
                keys(on, place, table, &index.keys);
            }
        }
    }
    indexes::others(on, place, table);
    marks(on, place, table);
    ttl(on, place, table);
    attributes(on, table);
}

/// The key that locates a subject.
fn keys(on: &mut OnDataset<'_>, place: &DynamoPlace, table: &Table, queried: &Keys) {
    let (is, says) = (&queried.partition, &place.key.attribute);
    let letter = letter_of(place.key.kind);
    if is != says {
        let what = format!("key: the partition key is {is}, not {says}");
        on.add(
            Code::KeyUnknown,
            "key.attribute",
            what,
            format!("write attribute: {is}, or name an index with {says}"),
        );
    } else if let Some(real) = table.types.get(is).filter(|real| *real != letter) {
        let what = format!("key: {is} is of type {real}, not {letter}");
        on.add(Code::KeyTypeDiffers, "key", what, format!("write type: {real}"));
    }
    if place.sort_key_prefix.is_none() {
        return;
    }
    match &queried.sort {
        None => on.add(
            Code::SortKeyMissing,
            "sort_key_prefix",
            "sort_key_prefix: there is no sort key",
            "leave it out",
        ),
        Some(sort) if table.types.get(sort).is_some_and(|letter| letter == "N") => on.add(
            Code::SortKeyNumeric,
            "sort_key_prefix",
            format!("sort_key_prefix: {sort} is a number and begins with nothing"),
            "leave it out, or name an index with another sort key",
        ),
        Some(_) => {}
    }
}

/// A key attribute can be neither marked nor given an expiry.
fn marks(on: &mut OnDataset<'_>, place: &DynamoPlace, table: &Table) {
    let marks = &place.soft_delete.marks;
    for name in [&marks.id, &marks.deleted_at, &marks.ttl_was] {
        if table.types.contains_key(name) {
            let what = format!("marks: {name} is a key of the table or of an index and cannot be written");
            on.add(Code::MarkIsKey, "soft_delete.marks", what, "choose another name");
        }
    }
}

fn ttl(on: &mut OnDataset<'_>, place: &DynamoPlace, table: &Table) {
    let Some(name) = &place.soft_delete.ttl_attribute else {
        return;
    };
    if place.soft_delete.expiry != Expiry::Ttl {
        return;
    }
    let field = "soft_delete.ttl_attribute";
    match &table.ttl {
        None => on.add(
            Code::TtlOff,
            field,
            format!("TTL is off on table {}", place.table),
            format!("turn it on for {name}, or write expiry: purge"),
        ),
        Some(is) if is != name => on.add(
            Code::TtlElsewhere,
            field,
            format!("the table's TTL is on for {is}, not for {name}"),
            format!("write ttl_attribute: {is} if that is an expiry, or expiry: purge"),
        ),
        Some(_) if table.types.contains_key(name) => on.add(
            Code::TtlIsKey,
            field,
            format!("ttl_attribute: {name} is a key and cannot be changed"),
            "write expiry: purge",
        ),
        Some(_) => {}
    }
}

/// Attributes that the map relies on, in the records that were looked at.
fn attributes(on: &mut OnDataset<'_>, table: &Table) {
    let Some(sample) = table
        .samples
        .get(on.dataset.id.as_str())
        .filter(|sample| sample.records >= ENOUGH)
    else {
        return;
    };
    for (field, name) in on.dataset.relied_on() {
        let seen = sample.attributes.get(name).copied().unwrap_or_default();
        let records = sample.records;
        if seen.present == 0 {
            let what = format!("{field}: none of {records} records that were looked at has {name}");
            on.add(
                Code::AttributeUnknown,
                field,
                what,
                "correct the name; attributes are written exactly so",
            );
        } else if seen.readable == 0 {
            let present = seen.present;
            let what = format!("{field}: in none of {present} records is {name} what the map says");
            let remedy = "correct the format; a tenant is told by a text of its name, as the sign-in gives it";
            on.add(Code::AttributeUnreadable, field, what, remedy);
        }
    }
}

fn letter_of(kind: KeyType) -> &'static str {
    match kind {
        KeyType::S => "S",
        KeyType::N => "N",
        KeyType::B => "B",
    }
}
