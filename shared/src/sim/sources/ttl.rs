//! DynamoDB's own deletions: an item whose TTL attribute lies in the past goes some time later, unasked.
//!
//! When is the scheduler's to decide; that the attribute is still in the past is looked at again when it happens.

use jiff::Timestamp;

use super::journal::{Effect, RecordId, What, Who, text};
use super::table::{Item, Key};
use super::{SimSources, State};
use crate::domain::manifest::Scalar;

impl SimSources {
    /// How many items TTL could delete now.
    pub fn expired(&self, now: Timestamp) -> usize {
        self.state.borrow().expired(now).count()
    }

    /// Lets TTL delete one of them.
    pub fn expire_one(&self, which: usize) {
        let now = self.world.now();
        let mut state = self.state.borrow_mut();
        let found = state
            .expired(now)
            .nth(which)
            .map(|(name, key)| (name.to_owned(), key.clone()));
        let Some((name, key)) = found else { return };
        let Some(stored) = state.tables.get_mut(&name).and_then(|table| table.remove(&key, now)) else {
            return;
        };
        let record = RecordId::item(&name, &key);
        self.world.note("ttl", format!("deletes {record}"));
        let mark = state
            .tables
            .get(&name)
            .and_then(|table| stored.item.get(table.mark.as_ref()?));
        let mark = mark.map(|mark| text(mark).to_owned());
        let planned = state.planned.iter().any(|(_, planned, _)| *planned == record);
        state.journal.push(Effect {
            at: now,
            who: Who::Ttl,
            record,
            what: What::Destroyed,
            planned,
            mark,
            written: stored.written,
        });
    }

    /// The next instant after `now` at which an item's TTL is reached; the application's own TTLs count, too.
    pub fn next_expiry(&self, now: Timestamp) -> Option<Timestamp> {
        let state = self.state.borrow();
        let ends = state.ttls().map(|(_, _, end)| end);
        ends.filter_map(|end| Timestamp::from_second(end).ok())
            .filter(|end| *end > now)
            .min()
    }
}

impl State {
    fn expired(&self, now: Timestamp) -> impl Iterator<Item = (&str, &Key)> {
        let past = self.ttls().filter(move |(_, _, end)| *end <= now.as_second());
        past.map(|(table, key, _)| (table, key))
    }

    /// Every item with a TTL.
    fn ttls(&self) -> impl Iterator<Item = (&str, &Key, i64)> {
        self.tables.iter().flat_map(|(name, table)| {
            let end = move |item: &Item| table.ttl.as_ref().and_then(|ttl| seconds(item.get(ttl)?));
            table
                .items()
                .filter_map(move |(key, stored)| Some((name.as_str(), key, end(&stored.item)?)))
        })
    }
}

/// Only a number is a TTL.
fn seconds(value: &Scalar) -> Option<i64> {
    match value {
        Scalar::N(number) => number.parse().ok(),
        Scalar::S(_) | Scalar::B(_) => None,
    }
}
