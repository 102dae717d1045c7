//! Reading many keys at once, consistently: BatchGetItem, 100 keys a call.
//!
//! Guarantees: only the attributes asked for are read; a key without an answer is a key without an item, because
//! unprocessed keys are asked for again. A call that makes no progress at all is throttling, left to the caller's retry.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::KeysAndAttributes;
use futures::StreamExt as _;
use futures::stream;

use super::Tables;
use super::attribute::{self, Item, Key};
use super::layout::Layout;
use crate::ports::Fault;
use crate::source::fault;

const PER_CALL: usize = 100;
const IN_FLIGHT: usize = 4;

impl Tables {
    /// The items that exist under these keys, with the attributes `wanted`.
    pub(super) async fn read(
        &self,
        operation: &'static str,
        layout: &Layout<'_>,
        wanted: &BTreeSet<&str>,
        keys: impl IntoIterator<Item = &Key>,
    ) -> Result<BTreeMap<Key, Item>, Fault> {
        // A key named twice in one call is refused by DynamoDB.
        let keys: Vec<Key> = keys.into_iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let calls: Vec<_> = keys
            .chunks(PER_CALL)
            .map(|keys| self.read_some(operation, layout, wanted, keys))
            .collect();
        let mut answers = stream::iter(calls).buffered(IN_FLIGHT);
        let mut found = BTreeMap::new();
        while let Some(items) = answers.next().await {
            for item in items? {
                if let Some(key) = layout.key_of(&item) {
                    found.insert(key, item);
                }
            }
        }
        Ok(found)
    }

    async fn read_some(
        &self,
        operation: &'static str,
        layout: &Layout<'_>,
        wanted: &BTreeSet<&str>,
        keys: &[Key],
    ) -> Result<Vec<Item>, Fault> {
        let table = &layout.place.table;
        let mut open = Some(request(operation, wanted, keys)?);
        let mut left = keys.len();
        let mut items = Vec::with_capacity(left);
        while let Some(keys) = open.take() {
            let call = self.client.batch_get_item().request_items(table, keys);
            let answer = call.send().await.map_err(|e| fault::of_sdk(operation, e))?;
            items.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            let unprocessed = answer.unprocessed_keys.into_iter().flatten().map(|(_, keys)| keys);
            open = unprocessed.into_iter().find(|keys| !keys.keys().is_empty());
            if let Some(keys) = &open {
                if keys.keys().len() >= left {
                    return Err(Fault::transient(operation, "every key was left unprocessed"));
                }
                left = keys.keys().len();
            }
        }
        Ok(items)
    }
}

fn request(operation: &'static str, wanted: &BTreeSet<&str>, keys: &[Key]) -> Result<KeysAndAttributes, Fault> {
    let (projection, names) = projection(wanted);
    let keys = keys.iter().map(attribute::wire).collect::<Result<Vec<_>, _>>()?;
    KeysAndAttributes::builder()
        .consistent_read(true)
        .projection_expression(projection)
        .set_expression_attribute_names(Some(names))
        .set_keys(Some(keys.into_iter().map(|key| key.into_iter().collect()).collect()))
        .build()
        .map_err(|e| Fault::permanent(operation, "source_refused", e))
}

/// A projection of these attributes, each by a placeholder: names may hold any character.
fn projection(wanted: &BTreeSet<&str>) -> (String, HashMap<String, String>) {
    let placeholders: Vec<String> = (0..wanted.len()).map(|n| format!("#p{n}")).collect();
    let names = placeholders
        .iter()
        .cloned()
        .zip(wanted.iter().map(|name| (*name).to_owned()));
    (placeholders.join(", "), names.collect())
}
