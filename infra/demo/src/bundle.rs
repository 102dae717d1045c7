//! Cuts a stream of records into what one call, or one short row of calls, can write.
//!
//! A bundle is a batch of items or all versions of one object. Versions stay together because their order is what makes
//! the newest the newest; bundles may be written in any order.

use std::iter::Peekable;

use crate::item::{self, Item};
use crate::record::{Body, Dataset, Record};

/// What BatchWriteItem takes at once.
pub(crate) const BATCH: usize = 25;

/// What is written by one task: a batch of items, or the versions of one key, which must keep their order.
pub(crate) enum Bundle {
    Items(Vec<(Dataset, Item)>),
    Versions(String, Vec<Option<Vec<u8>>>),
}

/// Cuts a stream of records into bundles without holding more than one.
pub(crate) struct Bundles<I: Iterator<Item = Record>> {
    records: Peekable<I>,
}

impl<I: Iterator<Item = Record>> Iterator for Bundles<I> {
    type Item = Bundle;

    fn next(&mut self) -> Option<Bundle> {
        let key = match &self.records.peek()?.body {
            Body::Item(_) => return Some(Bundle::Items(self.batch())),
            Body::Object { key, .. } | Body::Deleted { key } => key.clone(),
        };
        let mut versions = Vec::new();
        while let Some(record) = self.records.next_if(|record| key_of(record) == Some(&key)) {
            versions.push(if let Body::Object { bytes, .. } = record.body {
                Some(bytes)
            } else {
                None
            });
        }
        Some(Bundle::Versions(key, versions))
    }
}

impl<I: Iterator<Item = Record>> Bundles<I> {
    pub(crate) fn of(records: I) -> Self {
        Self {
            records: records.peekable(),
        }
    }

    fn batch(&mut self) -> Vec<(Dataset, Item)> {
        let mut batch = Vec::with_capacity(BATCH);
        while batch.len() < BATCH
            && let Some(record) = self.records.next_if(|record| key_of(record).is_none())
        {
            if let Body::Item(item) = record.body {
                batch.push((record.dataset, item::from_json(item)));
            }
        }
        batch
    }
}

fn key_of(record: &Record) -> Option<&String> {
    match &record.body {
        Body::Item(_) => None,
        Body::Object { key, .. } | Body::Deleted { key } => Some(key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{ACME, EPOCH, LARGE, Population};

    #[test]
    fn bundles_hold_every_record_once_and_keep_a_keys_versions_together() {
        let population = Population::new(3, 2_000, EPOCH);
        let expected = population.expected(ACME, LARGE);
        let large = population.customer(ACME, LARGE).unwrap();
        let (mut items, mut keys, mut versions) = (0, 0, 0);
        for bundle in Bundles::of(large.records(EPOCH)) {
            match bundle {
                Bundle::Items(batch) => {
                    assert!((1..=BATCH).contains(&batch.len()));
                    items += batch.len() as u64;
                }
                Bundle::Versions(_, contents) => {
                    assert!(contents[0].is_some());
                    keys += 1;
                    versions += contents.len() as u64;
                }
            }
        }
        assert_eq!(items, expected.messages + expected.profiles);
        assert_eq!(
            (keys, versions),
            (expected.attachments, expected.versions + expected.markers)
        );
    }
}
