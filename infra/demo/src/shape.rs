//! What a table says about its keys, and whether an item fits: asked before writing, so that a batch is never refused
//! half-way for one item.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::{KeySchemaElement, KeyType as Role, ScalarAttributeType};
use shared::domain::data_map::{DynamoPlace, KeyType};

use crate::item::Item;

/// What a key may be long everywhere: a sort key in DynamoDB, an object key in S3.
pub(crate) const MOST_KEY_BYTES: usize = 1_024;

/// The keys of one table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shape {
    /// Key attributes of the table and its indexes, with their types: an item may not have them otherwise.
    pub typed: BTreeMap<String, KeyType>,
    /// The table's own key attributes: no item is without them.
    pub keys: Vec<String>,
    /// The sort key of the table or index the data map queries.
    pub sort: Option<String>,
}

impl Shape {
    /// Asks DynamoDB.
    pub async fn of(client: &aws_sdk_dynamodb::Client, place: &DynamoPlace) -> Result<Self> {
        let answer = client.describe_table().table_name(&place.table).send().await;
        let refused = || {
            format!(
                "cannot describe the table {}; does the data map name the right one?",
                place.table
            )
        };
        let table = answer.with_context(refused)?.table.with_context(refused)?;
        let typed = table.attribute_definitions().iter();
        let typed = typed
            .map(|one| (one.attribute_name().to_owned(), kind_of(one.attribute_type())))
            .collect();
        let queried = match &place.index {
            None => table.key_schema(),
            Some(index) => {
                let schema = table
                    .global_secondary_indexes()
                    .iter()
                    .map(|one| (one.index_name(), one.key_schema()));
                let local = table
                    .local_secondary_indexes()
                    .iter()
                    .map(|one| (one.index_name(), one.key_schema()));
                let found = schema.chain(local).find(|(name, _)| *name == Some(index));
                found
                    .with_context(|| format!("the table {} has no index {index}; correct the data map", place.table))?
                    .1
            }
        };
        let sort = queried.iter().find(|key| key.key_type() == &Role::Range).map(name_of);
        Ok(Self {
            typed,
            keys: table.key_schema().iter().map(name_of).collect(),
            sort,
        })
    }

    /// Whether the table takes the item, as far as keys go. The reason names attributes, never values.
    pub(crate) fn check(&self, item: &Item) -> Result<(), String> {
        if let Some(name) = self.keys.iter().find(|name| !item.contains_key(*name)) {
            return Err(format!("`record.{name}` is missing: it is part of the table's key"));
        }
        for (name, kind) in &self.typed {
            let (fits, wanted) = match (item.get(name), kind) {
                (None, _) => continue,
                (Some(value), KeyType::S) => (
                    value
                        .as_s()
                        .is_ok_and(|text| (1..=MOST_KEY_BYTES).contains(&text.len())),
                    "a string of 1 to 1,024 bytes",
                ),
                (Some(value), KeyType::N) => (value.is_n(), "a number"),
                (Some(value), KeyType::B) => (value.is_b(), "binary, which JSON cannot hold"),
            };
            if !fits {
                return Err(format!(
                    "`record.{name}` is a key of the table or an index and has to be {wanted}"
                ));
            }
        }
        Ok(())
    }
}

fn name_of(key: &KeySchemaElement) -> String {
    key.attribute_name().to_owned()
}

fn kind_of(kind: &ScalarAttributeType) -> KeyType {
    match kind {
        ScalarAttributeType::N => KeyType::N,
        ScalarAttributeType::B => KeyType::B,
        _ => KeyType::S,
    }
}
