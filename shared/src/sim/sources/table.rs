//! A table: items by primary key, an index that lags, and TTL.
//!
//! Every table has a partition and a sort key, as real ones that hold a subject's records in one collection do.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::journal::text;
use crate::domain::data_map::KeyType;
use crate::domain::manifest::Scalar;

/// For how long an index may show what its table held before.
const LAG: SignedDuration = SignedDuration::from_secs(5);

/// A primary key, as a manifest has it.
pub type Key = BTreeMap<String, Scalar>;

/// An item's attributes.
pub type Item = BTreeMap<String, Scalar>;

/// The key attributes of a table or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) partition: String,
    pub(super) kind: KeyType,
    pub(super) sort: String,
}

impl Keys {
    pub(super) fn names(&self) -> [&str; 2] {
        [&self.partition, &self.sort]
    }

    pub(super) fn of(&self, item: &Item) -> Option<Key> {
        let named = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
        self.names().into_iter().map(named).collect()
    }
}

/// An item, and what the simulation knows of it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) item: Item,
    /// When the application wrote it, in true time; none of what Lethe conjured.
    pub(super) written: Option<Timestamp>,
}

/// What an index may still show.
#[derive(Clone, Debug)]
struct Before {
    item: Option<Item>,
    until: Timestamp,
}

/// A table.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) keys: Keys,
    pub(super) indexes: BTreeMap<String, Keys>,
    pub(super) ttl: Option<String>,
    /// The attribute that holds Lethe's mark, for the journal.
    pub(super) mark: Option<String>,
    items: BTreeMap<Key, Stored>,
    before: BTreeMap<Key, Before>,
}

/// Where a query stands: the sort key, then the primary key, so that items of one sort key in an index have an order.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Place {
    sort: Scalar,
    pub(super) key: Key,
}

impl Place {
    fn cmp(&self, other: &Self) -> Ordering {
        sorts(&self.sort, &other.sort).then_with(|| self.key.cmp(&other.key))
    }
}

/// What to query.
pub(super) struct Query<'a> {
    pub(super) index: Option<&'a str>,
    pub(super) partition: (&'a str, &'a Scalar),
    pub(super) sort_prefix: Option<&'a str>,
    pub(super) after: Option<&'a Place>,
}

impl Table {
    pub(super) fn new(keys: Keys) -> Self {
        Self {
            keys,
            indexes: BTreeMap::new(),
            ttl: None,
            mark: None,
            items: BTreeMap::new(),
            before: BTreeMap::new(),
        }
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Stored> {
        self.items.get(key)
    }

    pub(super) fn items(&self) -> impl Iterator<Item = (&Key, &Stored)> {
        self.items.iter()
    }

    pub(super) fn put(&mut self, key: Key, stored: Stored, now: Timestamp) {
        let old = self.items.insert(key.clone(), stored);
        self.remember(key, old, now);
    }

    pub(super) fn remove(&mut self, key: &Key, now: Timestamp) -> Option<Stored> {
        let old = self.items.remove(key);
        self.remember(key.clone(), old.clone(), now);
        old
    }

    fn remember(&mut self, key: Key, old: Option<Stored>, now: Timestamp) {
        if !self.indexes.is_empty() {
            let (item, until) = (old.map(|stored| stored.item), now + LAG);
            self.before.insert(key, Before { item, until });
        }
    }

    /// The items under a partition with their places, in order. `lags` says whether the index shows an old entry.
    pub(super) fn query(&self, query: &Query<'_>, now: Timestamp, lags: impl Fn() -> bool) -> Vec<(Place, Item)> {
        let Some(keys) = query.index.map_or(Some(&self.keys), |name| self.indexes.get(name)) else {
            return vec![];
        };
        let (name, value) = query.partition;
        let mut found = Vec::new();
        for (key, item) in self.seen(query.index.is_some(), now, lags) {
            let Some(sort) = item.get(&keys.sort) else { continue };
            let here =
                item.get(name) == Some(value) && query.sort_prefix.is_none_or(|prefix| begins_with(sort, prefix));
            let place = Place {
                sort: sort.clone(),
                key: key.clone(),
            };
            if here && query.after.is_none_or(|after| place.cmp(after) == Ordering::Greater) {
                found.push((place, item.clone()));
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    fn seen(&self, by_index: bool, now: Timestamp, lags: impl Fn() -> bool) -> BTreeMap<&Key, &Item> {
        let mut seen: BTreeMap<&Key, &Item> = self.items.iter().map(|(key, stored)| (key, &stored.item)).collect();
        if by_index {
            for (key, before) in self.before.iter().filter(|(_, before)| now < before.until && lags()) {
                match &before.item {
                    Some(item) => seen.insert(key, item),
                    None => seen.remove(key),
                };
            }
        }
        seen
    }
}

/// Sort keys of one table have one type: text by its bytes, numbers by value, binaries by their bytes.
fn sorts(a: &Scalar, b: &Scalar) -> Ordering {
    let number = |text: &str| text.parse().unwrap_or(f64::NAN);
    let bytes = |text: &str| STANDARD.decode(text).unwrap_or_default();
    match (a, b) {
        (Scalar::N(a), Scalar::N(b)) => number(a).total_cmp(&number(b)),
        (Scalar::B(a), Scalar::B(b)) => bytes(a).cmp(&bytes(b)),
        (a, b) => a.cmp(b),
    }
}

fn begins_with(sort: &Scalar, prefix: &str) -> bool {
    match sort {
        Scalar::B(text) => STANDARD
            .decode(text)
            .is_ok_and(|bytes| bytes.starts_with(prefix.as_bytes())),
        Scalar::S(_) | Scalar::N(_) => text(sort).starts_with(prefix),
    }
}
