//! Tables and buckets: which there are, which of them fail, what is in them, and what was done to them.

use std::collections::BTreeMap;

use super::application::{PARTITION, SORT};
use super::calls::Capacity;
use super::journal::{Effect, Record, RecordId, Version, typed};
use super::table::{Item, Key, Keys, Stored, Table};
use super::{SimSources, State};
use crate::domain::data_map::{DataMap, Dataset, DynamoPlace, KeyType, Place};

impl SimSources {
    /// Makes the tables, indexes and buckets that a data map names, as far as they are not there.
    pub fn host(&self, map: &DataMap) {
        for dataset in &map.datasets {
            self.host_dataset(dataset);
        }
    }

    /// Makes one dataset's table or bucket.
    pub fn host_dataset(&self, dataset: &Dataset) {
        let mut state = self.state.borrow_mut();
        match &dataset.place {
            Place::Dynamodb(place) => state.host_table(place),
            Place::S3(place) => {
                state.buckets.entry(place.bucket.clone()).or_default();
            }
        }
    }

    /// Somebody deletes a table or bucket with all that is in it.
    pub fn tear_down(&self, container: &str) {
        let mut state = self.state.borrow_mut();
        state.tables.remove(container);
        state.buckets.remove(container);
    }

    /// From now on every call to this table or bucket fails for good, with this code.
    pub fn break_down(&self, container: &str, code: &'static str) {
        self.state.borrow_mut().broken.insert(container.to_owned(), code);
    }

    /// Somebody repaired it.
    pub fn repair(&self, container: &str) {
        self.state.borrow_mut().broken.remove(container);
    }

    /// From now on a table or bucket takes so many writes a second, and throttles the others.
    pub fn limit_capacity(&self, container: &str, per_second: usize) {
        let capacity = Capacity {
            per_second,
            second: 0,
            left: 0,
        };
        self.state
            .borrow_mut()
            .capacities
            .insert(container.to_owned(), capacity);
    }

    /// A table's TTL is switched on for an attribute, or off.
    pub fn set_ttl(&self, table: &str, attribute: Option<&str>) {
        let mut state = self.state.borrow_mut();
        let table = state.tables.get_mut(table).expect("the table is hosted");
        table.ttl = attribute.map(str::to_owned);
    }

    /// Versioning of a bucket is switched off, or on.
    pub fn suspend_versioning(&self, bucket: &str, suspended: bool) {
        let mut state = self.state.borrow_mut();
        state.buckets.entry(bucket.to_owned()).or_default().suspended = suspended;
    }

    /// From now on this record refuses Lethe's writes, with this code.
    pub fn lock(&self, record: &RecordId, code: &'static str) {
        self.state.borrow_mut().locked.insert(record.clone(), code);
    }

    /// Somebody unlocked it.
    pub fn unlock(&self, record: &RecordId) {
        self.state.borrow_mut().locked.remove(record);
    }

    /// Everything that Lethe and TTL did, in order.
    pub fn journal(&self) -> Vec<Effect> {
        self.state.borrow().journal.clone()
    }

    /// A table's items, in the order of their keys.
    pub fn items(&self, table: &str) -> Vec<Item> {
        let state = self.state.borrow();
        let items = state.tables.get(table).into_iter().flat_map(Table::items);
        items.map(|(_, stored)| stored.item.clone()).collect()
    }

    /// Every record there is, byte for byte.
    pub fn snapshot(&self) -> BTreeMap<RecordId, Record> {
        let state = self.state.borrow();
        let values = |item: &Item| item.iter().map(|(name, value)| (name.clone(), typed(value))).collect();
        let items = state.tables.iter().flat_map(|(name, table)| {
            let record =
                move |(key, stored): (&Key, &Stored)| (RecordId::item(name, key), Record::Item(values(&stored.item)));
            table.items().map(record)
        });
        let objects = state.buckets.iter().flat_map(|(name, bucket)| {
            let record = move |(key, versions): (&String, &Vec<Version>)| {
                (RecordId::object(name, key), Record::Object(versions.clone()))
            };
            bucket.objects.iter().map(record)
        });
        items.chain(objects).collect()
    }
}

impl State {
    fn host_table(&mut self, place: &DynamoPlace) {
        let queried = Keys {
            partition: place.key.attribute.clone(),
            kind: place.key.kind,
            sort: SORT.to_owned(),
        };
        let own = match &place.index {
            None => queried.clone(),
            Some(_) => Keys {
                partition: PARTITION.to_owned(),
                kind: KeyType::S,
                ..queried.clone()
            },
        };
        let table = self
            .tables
            .entry(place.table.clone())
            .or_insert_with(|| Table::new(own));
        if let Some(index) = &place.index {
            table.indexes.insert(index.clone(), queried);
        }
        table.ttl = place.soft_delete.ttl_attribute.clone().or(table.ttl.take());
        table.mark = Some(place.soft_delete.marks.id.clone());
    }
}
