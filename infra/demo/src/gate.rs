//! Asking Lethe whom not to show, as any application does: one `BatchGetItem` for everybody on a page.
//!
//! Knows of Lethe only what its README tells: the table, how a key is made of tenant and customer, and the attribute
//! `hidden`. Ask before the data is read: Lethe lets go of a category when all its records are marked, so whoever reads
//! the data afterwards finds the marks. The other way round a record could be read before its mark, and the gate after
//! it let go.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use sha2::{Digest, Sha256};

use crate::item::{Item, text};

/// Keys DynamoDB takes in one `BatchGetItem`.
const BATCH: usize = 100;

/// Lethe's table of gates, read with the right that its stack's policy `GateReadPolicy` gives.
#[derive(Debug, Clone)]
pub struct Gate {
    /// With that right.
    pub client: aws_sdk_dynamodb::Client,
    /// Output `RequestsTable` of Lethe's stack.
    pub table: String,
}

/// The categories that are not to be shown, by customer; whoever is not in it is shown whole.
pub type Hidden = BTreeMap<String, BTreeSet<String>>;

/// The partition key of a customer's gate.
pub fn partition_key(tenant: &str, customer: &str) -> String {
    let hash = Sha256::digest(format!("{tenant}|{customer}"));
    format!("GATE#{tenant}#{}", hex::encode(hash))
}

impl Gate {
    /// What is hidden of these customers now.
    pub async fn hidden(&self, tenant: &str, customers: &[&str]) -> Result<Hidden> {
        let named = customers
            .iter()
            .map(|customer| (partition_key(tenant, customer), *customer));
        let by_key: BTreeMap<String, &str> = named.collect();
        let keys: Vec<&String> = by_key.keys().collect();
        let mut hidden = Hidden::new();
        for some in keys.chunks(BATCH) {
            for row in self.rows(some).await? {
                let customer = text(&row, "pk").and_then(|key| by_key.get(key));
                let categories = row.get("hidden").and_then(|value| value.as_ss().ok());
                if let (Some(customer), Some(categories)) = (customer, categories) {
                    hidden.insert((*customer).to_owned(), categories.iter().cloned().collect());
                }
            }
        }
        Ok(hidden)
    }

    /// The rows there are, read consistently; what DynamoDB left out is asked for again.
    async fn rows(&self, keys: &[&String]) -> Result<Vec<Item>> {
        let key = |pk: &&String| {
            let pk = AttributeValue::S((*pk).clone());
            Item::from([
                ("pk".to_owned(), pk),
                ("sk".to_owned(), AttributeValue::S("GATE".to_owned())),
            ])
        };
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.iter().map(key).collect()))
            // `hidden` is a word of DynamoDB's own.
            .projection_expression("pk, #hidden")
            .expression_attribute_names("#hidden", "hidden")
            .consistent_read(true)
            .build()?;
        let (mut rows, mut open) = (vec![], Some((self.table.clone(), wanted)));
        while let Some((table, wanted)) = open.take() {
            let call = self.client.batch_get_item().request_items(table, wanted);
            let answer = call.send().await.context("cannot read the gate")?;
            rows.extend(answer.responses.into_iter().flatten().flat_map(|(_, rows)| rows));
            open = answer.unprocessed_keys.into_iter().flatten().next();
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that Lethe's README prints.
    #[test]
    fn a_key_is_what_lethe_says() {
        let known = "GATE#acme#52e3f292ac8c7015e4214f25d51184f0b94a97ef43768842cc7438f863d44049";
        assert_eq!(partition_key("acme", "customer-42"), known);
    }
}
