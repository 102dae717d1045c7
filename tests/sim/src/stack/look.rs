//! Looking at rows without a call: for triggers and the oracle, never for a function.

use jiff::Timestamp;
use shared::audit::Entry;
use shared::domain::chunk::{Chunk, ChunkId};
use shared::domain::finding::Finding;
use shared::domain::gate::{Gate, GateId};
use shared::domain::hold::Hold;
use shared::domain::ids::RequestKey;
use shared::domain::job::Plan;
use shared::domain::month::Month;
use shared::domain::outbox::Mail;
use shared::domain::outcome::Code;
use shared::domain::package::Assembly;
use shared::domain::request::Facts;
use shared::domain::restore::{RecordRef, Restore};
use shared::ports::{KeyName, RequestRow};
use shared::sim::store::tables::{MonthNotes, OfRequest, Tables};

use super::Outside;
use crate::people::{subject_ref, tenant};

impl Outside {
    /// A request's row.
    pub fn row(&self, key: &RequestKey) -> Option<RequestRow> {
        self.of(key, |of| of.request.clone())
    }

    /// A chunk's row.
    pub fn chunk(&self, key: &RequestKey, id: &ChunkId) -> Option<Chunk> {
        self.of(key, |of| of.chunks.get(id).cloned())
    }

    /// Every chunk's row.
    pub fn chunks(&self, key: &RequestKey) -> Vec<Chunk> {
        self.of(key, |of| of.chunks.values().cloned().collect())
    }

    /// The first line of the first chunk that holds swept records, as an operator would pick it from a list.
    pub fn one_swept(&self, key: &RequestKey) -> Vec<RecordRef> {
        let chunks = self.chunks(key);
        let swept = chunks.into_iter().find(|chunk| chunk.counts.of(Code::Swept) > 0);
        let first = swept.map(|chunk| RecordRef {
            chunk: chunk.id,
            line: 0,
        });
        first.into_iter().collect()
    }

    /// The row of a package.
    pub fn assembly(&self, key: &RequestKey) -> Option<Assembly> {
        self.of(key, |of| of.assembly.clone())
    }

    /// Every restoration's row.
    pub fn restores(&self, key: &RequestKey) -> Vec<Restore> {
        self.of(key, |of| of.restores.values().cloned().collect())
    }

    /// Every chunk row that was replaced, and by what.
    pub fn replaced(&self, key: &RequestKey) -> Vec<(Chunk, Chunk)> {
        self.of(key, |of| of.replaced.clone())
    }

    /// Requests of anybody, as they are.
    pub fn all_facts(&self) -> Vec<Facts> {
        let store = &self.records.store;
        store.inspect(|tables| tables.rows().map(|row| row.facts.clone()).collect())
    }

    /// A subject's holds as they are, oldest first.
    pub fn holds(&self, subject: &str) -> Vec<Hold> {
        let subject_ref = subject_ref(subject);
        self.records.store.inspect(|tables| {
            let rows = tables.held.values().map(|held| &held.row.hold);
            rows.filter(|hold| hold.subject_ref == subject_ref).cloned().collect()
        })
    }

    /// Every version of every hold, in order.
    pub fn holds_ever(&self) -> Vec<Hold> {
        self.records.store.inspect(|tables| tables.held_ever.clone())
    }

    /// Whether every hold, as it is, is settled.
    pub fn are_holds_settled(&self) -> bool {
        let store = &self.records.store;
        store.inspect(|tables| tables.held.values().all(|held| held.row.hold.settled_at.is_some()))
    }

    /// What is hidden of a subject.
    pub fn gate(&self, id: &GateId) -> Gate {
        let at = (tenant(), id.clone());
        let store = &self.records.store;
        store.inspect(|tables| tables.gates.get(&at).cloned().unwrap_or_default())
    }

    /// Every plan's row.
    pub fn plans(&self, key: &RequestKey) -> Vec<Plan> {
        self.of(key, |of| of.plans.values().cloned().collect())
    }

    /// The trail, in order.
    pub fn entries(&self, key: &RequestKey) -> Vec<Entry> {
        self.of(key, |of| of.entries.values().cloned().collect())
    }

    /// Every mail's row.
    pub fn mails(&self, key: &RequestKey) -> Vec<Mail> {
        self.of(key, |of| of.mails.values().cloned().collect())
    }

    /// Open findings.
    pub fn findings(&self, key: &RequestKey) -> Vec<Finding> {
        self.of(key, |of| of.findings.values().cloned().collect())
    }

    /// Whether the request's own key is there.
    pub fn has_person_key(&self, key: &RequestKey) -> bool {
        self.has_key(&KeyName::Person(key.tenant.clone(), key.id))
    }

    /// Whether there is a wrapped data key of this name.
    pub fn has_key(&self, name: &KeyName) -> bool {
        self.records
            .store
            .inspect(|tables| tables.keys.contains_key(&name.text()))
    }

    /// How many scopes a request holds.
    pub fn open_scopes(&self, key: &RequestKey) -> usize {
        let store = &self.records.store;
        store.inspect(|tables| tables.scopes.values().filter(|holder| **holder == key.id).count())
    }

    /// The months' entries of no request.
    pub fn months(&self) -> Vec<(Month, MonthNotes)> {
        let months = |tables: &Tables| {
            tables
                .months
                .iter()
                .map(|((_, month), of)| (*month, of.clone()))
                .collect()
        };
        self.records.store.inspect(months)
    }

    /// Until when each row that finds the request does so.
    pub fn found_until(&self, key: &RequestKey) -> Vec<Option<Timestamp>> {
        let rows = |tables: &Tables| {
            let ours = tables
                .found
                .iter()
                .filter(|((tenant, ..), row)| *tenant == key.tenant && row.id == key.id);
            ours.map(|(_, row)| row.until).collect()
        };
        self.records.store.inspect(rows)
    }

    fn of<T: Default>(&self, key: &RequestKey, look: impl FnOnce(&OfRequest) -> T) -> T {
        self.records
            .store
            .inspect(|tables| tables.of(key).map(look).unwrap_or_default())
    }
}
