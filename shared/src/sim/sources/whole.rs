//! Whole items of a dataset in vault mode: read, deleted as they were copied, put back where there is none.
//!
//! The fake's items have scalars only; what other types become on the way is for the adapter's own tests.

use std::collections::{BTreeSet, VecDeque};

use jiff::Timestamp;

use super::calls::{batch, foreign_line, key_of};
use super::journal::{Effect, RecordId, What, Who, named};
use super::table::{Item, Key, Stored};
use super::view::View;
use super::{SimSources, State};
use crate::domain::data_map::{Dataset, Place, TenantBinding};
use crate::domain::ids::RequestId;
use crate::domain::manifest::{Line, Scalar};
use crate::domain::vault::{Attributes, Value};
use crate::knobs::Guard;
use crate::ports::{Fault, Items, ItemsOrder, PutBack, Taken, Watch, Whole};

const READ: &str = "read whole items";
const TAKE: &str = "delete copied items";
const PUT_BACK: &str = "put items back";
/// Comparisons in one condition.
const COMPARED: usize = 150;

impl Items for SimSources {
    async fn read_whole(&self, dataset: &Dataset, lines: &[&Line]) -> Result<Vec<Whole>, Fault> {
        let view = view(READ, dataset)?;
        let keys = lines.iter().map(|line| key_of(READ, line));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let cut = self.world.mishap(100);
        let most = if cut { 1 } else { 4 * batch() };
        let read = |state: &mut State| {
            let table = &state.tables[&view.place.table];
            let whole = |(n, key): (usize, &Key)| match table.get(key) {
                _ if n >= most => Whole::Unread,
                Some(stored) => Whole::There(whole(&stored.item)),
                None => Whole::Absent,
            };
            keys.iter().enumerate().map(whole).collect()
        };
        self.ask(READ, &view.place.table, read).await
    }

    async fn take(&self, order: ItemsOrder<'_>, watch: &impl Watch) -> Result<Vec<Option<Taken>>, Fault> {
        let view = view(TAKE, order.dataset)?;
        let take = |state: &mut State, copied: &Attributes| state.take(view, order.request, copied, self.world.now());
        self.each_while(TAKE, &view.place.table, order.items, take, watch).await
    }

    async fn put_back(&self, order: ItemsOrder<'_>) -> Result<Vec<PutBack>, Fault> {
        let view = view(PUT_BACK, order.dataset)?;
        let put =
            |state: &mut State, copied: &Attributes| state.put_back(view, order.request, copied, self.world.now());
        self.each(PUT_BACK, &view.place.table, order.items, put).await
    }
}

impl SimSources {
    /// Once, between the next copy of an item and its deletion, the application writes this attribute.
    pub fn write_before_take(&self, record: &RecordId, name: &str, value: Scalar) {
        let mut state = self.state.borrow_mut();
        let writes = state.meddling.entry(record.clone()).or_default();
        writes.push_back((name.to_owned(), value));
    }
}

fn view<'a>(op: &'static str, dataset: &'a Dataset) -> Result<View<'a>, Fault> {
    match &dataset.place {
        Place::Dynamodb(place) => Ok(View { dataset, place }),
        Place::S3(_) => Err(foreign_line(op)),
    }
}

fn whole(item: &Item) -> Attributes {
    let value = |(name, scalar): (&String, &Scalar)| (name.clone(), Value::from(scalar.clone()));
    item.iter().map(value).collect()
}

fn scalars(copied: &Attributes) -> Item {
    let scalar = |(name, value): (&String, &Value)| Some((name.clone(), value.scalar()?));
    copied.iter().filter_map(scalar).collect()
}

/// The attributes that one condition compares with a copy.
fn compared<'a>(view: View<'a>, keys: [&str; 2], copied: &'a Attributes) -> BTreeSet<&'a str> {
    let (dataset, marks) = (view.dataset, view.marks());
    let mut names = BTreeSet::from([marks.id.as_str(), marks.deleted_at.as_str()]);
    names.extend(dataset.written_at.as_ref().map(|form| form.attribute.as_str()));
    names.extend(dataset.retain.as_ref().map(|retain| retain.from.as_str()));
    if let TenantBinding::Attribute { attribute } = &dataset.tenant {
        names.insert(attribute);
    }
    let version = dataset.version_attribute.as_deref();
    match version.filter(|name| copied.contains_key(*name) && !keys.contains(name)) {
        Some(version) => {
            names.insert(version);
        }
        None => names.extend(copied.keys().map(String::as_str)),
    }
    names.retain(|name| !keys.contains(name));
    names
}

impl State {
    /// One deletion.
    fn take(&mut self, view: View<'_>, request: RequestId, copied: &Attributes, now: Timestamp) -> Taken {
        let table = &self.tables[&view.place.table];
        let compared = compared(view, table.keys.names(), copied);
        if compared.len() > COMPARED {
            return Taken::Unverifiable;
        }
        let Some(key) = table.keys.of(&scalars(copied)) else {
            return Taken::Refused("source_refused");
        };
        let record = RecordId::item(&view.place.table, &key);
        let Some(mut stored) = table.get(&key).cloned() else {
            return Taken::Absent;
        };
        if let Some((name, value)) = self.meddling.get_mut(&record).and_then(VecDeque::pop_front) {
            stored.item.insert(name, value);
            self.put_item_again(view, &key, &stored, now);
        }
        let item = whole(&stored.item);
        let as_copied = compared.iter().all(|name| copied.get(*name) == item.get(*name));
        if !as_copied && Guard::AsCopied.stands() {
            return Taken::Changed;
        }
        if let Some(code) = self.locked.get(&record) {
            return Taken::Refused(code);
        }
        let written = stored.written;
        let mark = view.mark_text(&stored.item);
        let what = What::Taken(stored.item.iter().map(named).collect());
        self.note_whole((request, now), record, what, (mark, written));
        if let Some(table) = self.tables.get_mut(&view.place.table) {
            table.remove(&key, now);
        }
        if item == *copied {
            Taken::Gone
        } else {
            Taken::GoneWithMore(item)
        }
    }

    fn put_item_again(&mut self, view: View<'_>, key: &Key, stored: &Stored, now: Timestamp) {
        if let Some(table) = self.tables.get_mut(&view.place.table) {
            table.put(key.clone(), stored.clone(), now);
        }
    }

    /// One put.
    fn put_back(&mut self, view: View<'_>, request: RequestId, copied: &Attributes, now: Timestamp) -> PutBack {
        let item = scalars(copied);
        let table = &self.tables[&view.place.table];
        let Some(key) = table.keys.of(&item) else {
            return PutBack::Refused("source_refused");
        };
        if let Some(stored) = table.get(&key) {
            return if stored.item == item {
                PutBack::Same
            } else {
                PutBack::Other
            };
        }
        let record = RecordId::item(&view.place.table, &key);
        if let Some(code) = self.locked.get(&record) {
            return PutBack::Refused(code);
        }
        let written = self.journal.iter().rev().find(|effect| effect.record == record);
        let written = written.and_then(|effect| effect.written);
        self.note_whole((request, now), record, What::PutBack, (None, written));
        if let Some(table) = self.tables.get_mut(&view.place.table) {
            table.put(key, Stored { item, written }, now);
        }
        PutBack::Done
    }

    fn note_whole(
        &mut self,
        (request, at): (RequestId, Timestamp),
        record: RecordId,
        what: What,
        (mark, written): (Option<String>, Option<Timestamp>),
    ) {
        let planned = self.planned.contains(&(request, record.clone(), None));
        self.journal.push(Effect {
            at,
            who: Who::Request(request),
            record,
            what,
            planned,
            mark,
            written,
        });
    }
}
