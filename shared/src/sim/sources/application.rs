//! The application: it writes and deletes its records. None of this is a call of Lethe's, and nothing here can fail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::SimSources;
use super::journal::RecordId;
use super::table::{Item, Key, Stored, Table};
use crate::domain::data_map::{Dataset, DynamoPlace, KeyType, Place, TenantBinding, TimeFormat, WrittenAt};
use crate::domain::ids::{SubjectId, Tenant};
use crate::domain::manifest::Scalar;

/// The partition key of tables that a dataset reads by an index; where it reads the table, its own.
pub(super) const PARTITION: &str = "pk";
/// The sort key of every table and index.
pub(super) const SORT: &str = "sk";
/// Where an item's content is.
const BODY: &str = "body";

impl SimSources {
    /// Puts an item whole: one that was there is overwritten, marks and all. `sort` follows the dataset's prefix.
    pub fn put_item(
        &self,
        dataset: &Dataset,
        (tenant, subject): (&Tenant, &SubjectId),
        sort: &str,
        body: &str,
        written_at: Timestamp,
    ) -> RecordId {
        self.host_dataset(dataset);
        let Place::Dynamodb(place) = &dataset.place else {
            panic!("dataset {} holds objects, no items", dataset.id);
        };
        let prefix = place.sort_key_prefix.as_deref().unwrap_or_default();
        let sort = Scalar::S(format!("{prefix}{sort}"));
        let located = located(place, dataset.locate(tenant, subject));
        let mut item = Item::from([
            (place.key.attribute.clone(), located),
            (BODY.to_owned(), Scalar::S(body.to_owned())),
        ]);
        item.entry(PARTITION.to_owned()).or_insert_with(|| sort.clone());
        item.insert(SORT.to_owned(), sort);
        if let TenantBinding::Attribute { attribute } = &dataset.tenant {
            item.insert(attribute.clone(), Scalar::S(tenant.to_string()));
        }
        if let Some(form) = &dataset.written_at {
            item.insert(form.attribute.clone(), dated(form, written_at));
        }
        self.put_attributes(&place.table, item, written_at)
    }

    /// Puts an item with just these attributes.
    pub fn put_attributes(&self, table: &str, item: Item, written: Timestamp) -> RecordId {
        let now = self.world.now();
        let mut state = self.state.borrow_mut();
        let table_of = state.tables.get_mut(table).expect("the table is hosted");
        let key = table_of.keys.of(&item).expect("the item has its key attributes");
        let record = RecordId::item(table, &key);
        let written = Some(written);
        table_of.put(key, Stored { item, written }, now);
        record
    }

    /// Changes an item's body in place: marks, TTL and dates stay. Whether there was one.
    pub fn update_item(&self, record: &RecordId, body: &str) -> bool {
        self.change(record, |item| {
            item.insert(BODY.to_owned(), Scalar::S(body.to_owned()));
        })
    }

    /// Sets an item's TTL, or takes it away, where the table has one. Whether there was such an item.
    pub fn touch_ttl(&self, record: &RecordId, seconds: Option<i64>) -> bool {
        let ttl = self
            .state
            .borrow()
            .tables
            .get(&record.container)
            .and_then(|table| table.ttl.clone());
        let Some(ttl) = ttl else { return false };
        self.change(record, |item| match seconds {
            Some(seconds) => {
                item.insert(ttl, Scalar::N(seconds.to_string()));
            }
            None => {
                item.remove(&ttl);
            }
        })
    }

    /// Deletes an item. Whether there was one.
    pub fn delete_item(&self, record: &RecordId) -> bool {
        let now = self.world.now();
        let mut state = self.state.borrow_mut();
        let table = state.tables.get_mut(&record.container);
        table.is_some_and(|table| key_of(table, record).is_some_and(|key| table.remove(&key, now).is_some()))
    }

    /// Uploads a version; answers the object and the version's id.
    pub fn put_object(
        &self,
        dataset: &Dataset,
        (tenant, subject): (&Tenant, &SubjectId),
        name: &str,
        body: &str,
    ) -> (RecordId, String) {
        self.host_dataset(dataset);
        let key = format!("{}{name}", dataset.locate(tenant, subject));
        let record = RecordId::object(dataset.container(), &key);
        let version = self.put_version(&record, Some(body));
        (record, version)
    }

    /// Deletes an object as an application does: by a marker, whose id is answered.
    pub fn delete_object(&self, record: &RecordId) -> String {
        self.put_version(record, None)
    }

    /// Puts a version of this content, or a delete marker.
    pub fn put_version(&self, record: &RecordId, body: Option<&str>) -> String {
        let now = self.world.now();
        let body = body.map(str::to_owned);
        self.state
            .borrow_mut()
            .add_version(&record.container, &record.key, body, now, None)
    }

    /// Destroys a version or a marker. Whether there was one.
    pub fn destroy_version(&self, record: &RecordId, version: &str) -> bool {
        let mut state = self.state.borrow_mut();
        state.take_version(&record.container, &record.key, version).is_some()
    }

    fn change(&self, record: &RecordId, change: impl FnOnce(&mut Item)) -> bool {
        let now = self.world.now();
        let mut state = self.state.borrow_mut();
        let Some(table) = state.tables.get_mut(&record.container) else {
            return false;
        };
        let Some(key) = key_of(table, record) else { return false };
        let Some(mut stored) = table.get(&key).cloned() else {
            return false;
        };
        change(&mut stored.item);
        table.put(key, stored, now);
        true
    }
}

fn key_of(table: &Table, record: &RecordId) -> Option<Key> {
    let is_it = |key: &&Key| RecordId::item(&record.container, key) == *record;
    table.items().map(|(key, _)| key).find(is_it).cloned()
}

fn located(place: &DynamoPlace, text: String) -> Scalar {
    match place.key.kind {
        KeyType::S => Scalar::S(text),
        KeyType::N => Scalar::N(text),
        KeyType::B => Scalar::B(STANDARD.encode(text)),
    }
}

fn dated(form: &WrittenAt, at: Timestamp) -> Scalar {
    match form.format {
        TimeFormat::Rfc3339 => Scalar::S(at.to_string()),
        TimeFormat::EpochSeconds => Scalar::N(at.as_second().to_string()),
        TimeFormat::EpochMillis => Scalar::N(at.as_millisecond().to_string()),
    }
}
