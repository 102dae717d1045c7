//! One line of an NDJSON file, checked against the data map and the real tables before anything is written.
//!
//! A line is `{tenant, dataset, subject, record}` for a table or `{tenant, dataset, subject, key, file}` for a bucket.
//! Guarantee: a line that passes is one its store takes, and one Lethe will find: its key is the one the data map's
//! template gives for the subject. The key attribute (and the tenant attribute, if the data map binds by one) may be
//! left out of `record` and is then added. A reason for refusal names fields, never their values: they are personal.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use shared::domain::data_map::{DataMap, Place};
use shared::domain::ids::{DatasetId, SubjectId, Tenant};

use crate::item::Item;
use crate::line_item::item_of;
use crate::shape::{MOST_KEY_BYTES, Shape};

const FIELDS: [&str; 6] = ["tenant", "dataset", "subject", "record", "key", "file"];

/// What a line comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// An item to put.
    Item {
        /// Into this table.
        table: String,
        /// Complete with its keys.
        item: Item,
    },
    /// A file to upload.
    Object {
        /// To this bucket.
        bucket: String,
        /// Under this key.
        key: String,
        /// From here.
        file: PathBuf,
    },
}

/// Checks lines one by one; remembers the keys it has seen, so that no line overwrites an earlier one.
#[derive(Debug)]
pub struct Checker<'a> {
    map: &'a DataMap,
    shapes: &'a BTreeMap<DatasetId, Shape>,
    folder: &'a Path,
    seen: HashSet<[u8; 32]>,
}

impl<'a> Checker<'a> {
    /// `shapes` has one entry for each DynamoDB dataset; `file` in a line is relative to `folder`.
    pub fn new(map: &'a DataMap, shapes: &'a BTreeMap<DatasetId, Shape>, folder: &'a Path) -> Self {
        Self {
            map,
            shapes,
            folder,
            seen: HashSet::new(),
        }
    }

    /// Checks a line on its own and against those before it.
    pub fn check(&mut self, line: &[u8]) -> Result<Write, String> {
        let write = parse(self.map, self.shapes, self.folder, line)?;
        let fresh = self.seen.insert(self.identity(&write));
        if fresh {
            Ok(write)
        } else {
            Err("an earlier line has the same key; every record needs its own".to_owned())
        }
    }

    fn identity(&self, write: &Write) -> [u8; 32] {
        let mut hash = Sha256::new();
        match write {
            Write::Object { bucket, key, .. } => hash.update(format!("{bucket} {key:?}")),
            Write::Item { table, item } => {
                hash.update(table);
                let shape = self.map.datasets.iter().find(|dataset| dataset.container() == table);
                for name in shape
                    .and_then(|dataset| self.shapes.get(&dataset.id))
                    .iter()
                    .flat_map(|shape| &shape.keys)
                {
                    hash.update(format!(" {:?}", item.get(name)));
                }
            }
        }
        hash.finalize().into()
    }
}

/// Checks a line on its own.
pub fn parse(map: &DataMap, shapes: &BTreeMap<DatasetId, Shape>, folder: &Path, line: &[u8]) -> Result<Write, String> {
    let value: Value = serde_json::from_slice(line).map_err(|error| {
        format!(
            "is not one JSON object (column {}); write one record a line",
            error.column()
        )
    })?;
    let Value::Object(mut fields) = value else {
        return Err("is not a JSON object".to_owned());
    };
    if let Some(field) = fields.keys().find(|field| !FIELDS.contains(&field.as_str())) {
        return Err(format!(
            "has the unknown field `{field}`; the fields are {}",
            FIELDS.join(", ")
        ));
    }
    let tenant: Tenant = text(&mut fields, "tenant")?
        .parse()
        .map_err(|_| "`tenant` is not a tenant's slug".to_owned())?;
    let subject =
        SubjectId::try_from(text(&mut fields, "subject")?).map_err(|_| "`subject` is not a valid id".to_owned())?;
    let id = text(&mut fields, "dataset")?;
    let dataset = map.datasets.iter().find(|dataset| dataset.id.as_str() == id);
    let dataset = dataset.ok_or_else(|| format!("`dataset` is none of the data map's: {}", ids(map)))?;
    if !dataset.serves(&tenant) {
        return Err(format!("the dataset {} belongs to another tenant", dataset.id));
    }
    let located = dataset.locate(&tenant, &subject);
    match &dataset.place {
        Place::Dynamodb(place) => {
            let shape = shapes
                .get(&dataset.id)
                .ok_or_else(|| format!("the table of {} is unknown", dataset.id))?;
            let record = record_of(fields)?;
            let item = item_of(dataset, place, shape, &tenant, &located, record)?;
            Ok(Write::Item {
                table: place.table.clone(),
                item,
            })
        }
        Place::S3(place) => {
            let (key, file) = object_of(fields, &located, folder)?;
            Ok(Write::Object {
                bucket: place.bucket.clone(),
                key,
                file,
            })
        }
    }
}

fn ids(map: &DataMap) -> String {
    map.datasets
        .iter()
        .map(|dataset| dataset.id.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

fn text(fields: &mut Map<String, Value>, name: &str) -> Result<String, String> {
    match fields.remove(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("`{name}` is not a string")),
        None => Err(format!("`{name}` is missing")),
    }
}

fn record_of(mut fields: Map<String, Value>) -> Result<Map<String, Value>, String> {
    let record = fields.remove("record");
    if !fields.is_empty() {
        return Err("`key` and `file` are for datasets in S3; this one is a table and has `record`".to_owned());
    }
    match record {
        Some(Value::Object(record)) => Ok(record),
        Some(_) => Err("`record` is not a JSON object".to_owned()),
        None => Err("`record` is missing".to_owned()),
    }
}

fn object_of(mut fields: Map<String, Value>, prefix: &str, folder: &Path) -> Result<(String, PathBuf), String> {
    if fields.contains_key("record") {
        return Err("`record` is for tables; this dataset is in S3 and has `key` and `file`".to_owned());
    }
    let key = text(&mut fields, "key")?;
    if !key.starts_with(prefix) || key.len() == prefix.len() {
        return Err(
            "`key` does not begin with the data map's prefix for this tenant and subject, then a name".to_owned(),
        );
    }
    if key.len() > MOST_KEY_BYTES || key.chars().any(char::is_control) {
        return Err("`key` is longer than 1,024 bytes or has control characters".to_owned());
    }
    let file = PathBuf::from(text(&mut fields, "file")?);
    if file.is_absolute() {
        return Err("`file` is not relative to the folder of the NDJSON file".to_owned());
    }
    let file = folder.join(file);
    if file.is_file() {
        Ok((key, file))
    } else {
        Err("`file` names no file there is".to_owned())
    }
}

#[cfg(test)]
#[path = "ndjson_tests.rs"]
mod tests;
