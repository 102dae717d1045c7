//! One subject's items: planning, verification, counting.
//!
//! The table is read consistently. An index is not: it may show for seconds what its table held before, so it only says
//! where to look. A query may end early, and a full one names a place to go on even when nothing follows.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::calls::key_of;
use super::journal::RecordId;
use super::table::{Item, Key, Place, Query};
use super::view::View;
use super::{SimSources, State};
use crate::domain::data_map::KeyType;
use crate::domain::manifest::{Line, Scalar};
use crate::ports::{Census, Fault, Page, PageOrder};

const QUERY: &str = "query table";
const READ: &str = "read items";

/// What a query found, and where the next one begins.
type Queried = (Vec<(Place, Item)>, Option<Place>);

/// What an item is to a request.
enum Found {
    Line(Line),
    Later,
    NotOurs,
}

impl SimSources {
    pub(super) async fn page_of_items(&self, view: View<'_>, order: &PageOrder<'_>) -> Result<Page, Fault> {
        let partition = partition(view, order)?;
        let parse = |cursor| serde_json::from_str(cursor).map_err(|e| Fault::corrupt(QUERY, e));
        let mut after: Option<Place> = order.cursor.map(parse).transpose()?;
        let mut page = Page::default();
        loop {
            let room = order.limit.saturating_sub(page.lines.len()).max(1);
            let (found, last) = self.query(view, &partition, after.as_ref(), room).await?;
            for item in self.as_in_table(view, &partition, found).await? {
                match self.found(view, order, &item) {
                    Found::Line(line) => page.lines.push(line),
                    Found::Later => page.arrived_later += 1,
                    Found::NotOurs => {}
                }
            }
            self.remember(&view.place.table, order, &page);
            after = last;
            if after.is_none() || page.lines.len() >= order.limit || self.world.mishap(100) {
                break;
            }
        }
        let write = |place| serde_json::to_string(&place).map_err(|e| Fault::corrupt(QUERY, e));
        page.next = after.map(write).transpose()?;
        Ok(page)
    }

    /// Counts what carries no mark (or all of it, where what is hidden counts), as DynamoDB does when it counts by itself;
    /// an index is counted by its pages.
    pub(super) async fn count_items(
        &self,
        view: View<'_>,
        order: &PageOrder<'_>,
        patience: Duration,
    ) -> Result<Census, Fault> {
        let begun = self.world.now();
        let (partition, mut census, mut after) = (partition(view, order)?, Census::default(), None);
        loop {
            let waited = self.world.now().duration_since(begun).unsigned_abs();
            if waited >= patience {
                census.at_least = true;
                return Ok(census);
            }
            let (found, last) = self.query(view, &partition, after.as_ref(), 1000).await?;
            for item in self.as_in_table(view, &partition, found).await? {
                let counts = match view.place.index {
                    Some(_) => matches!(self.found(view, order, &item), Found::Line(_)),
                    None => {
                        (order.hidden_too || !item.contains_key(&view.marks().id)) && view.is_of(order.tenant, &item)
                    }
                };
                census.records += u64::from(counts);
            }
            after = last;
            if after.is_none() {
                return Ok(census);
            }
        }
    }

    async fn query(
        &self,
        view: View<'_>,
        partition: &Scalar,
        after: Option<&Place>,
        room: usize,
    ) -> Result<Queried, Fault> {
        let world = &self.world;
        let query = Query {
            index: view.place.index.as_deref(),
            partition: (&view.place.key.attribute, partition),
            sort_prefix: view.place.sort_key_prefix.as_deref(),
            after,
        };
        let run = |state: &mut State| {
            let mut found = state.tables[&view.place.table].query(&query, world.now(), || world.mishap(300));
            let cut = found.len() > 1 && world.mishap(100);
            let most = if cut {
                world.roll(|dice| 1 + dice.below(found.len() - 1))
            } else {
                room
            };
            let full = found.len() >= most.min(room);
            found.truncate(most.min(room));
            let last = found.last().filter(|_| full).map(|(place, _)| place.clone());
            (found, last)
        };
        self.ask(QUERY, &view.place.table, run).await
    }

    /// The items as the table has them. What an index found is read again, and left out if it is elsewhere by now.
    async fn as_in_table(
        &self,
        view: View<'_>,
        partition: &Scalar,
        found: Vec<(Place, Item)>,
    ) -> Result<Vec<Item>, Fault> {
        if view.place.index.is_none() {
            return Ok(found.into_iter().map(|(_, item)| item).collect());
        }
        let keys: Vec<Key> = found.into_iter().map(|(place, _)| place.key).collect();
        let here = |item: &Item| item.get(&view.place.key.attribute) == Some(partition);
        let items = self.read_items(view, &keys).await?;
        Ok(items.into_iter().flatten().filter(here).collect())
    }

    fn found(&self, view: View<'_>, order: &PageOrder<'_>, item: &Item) -> Found {
        // Marks without a request id are nobody's: listed, so that the sweep reports them.
        let anothers = view.is_anothers(item, order.request) && item.contains_key(&view.marks().id);
        if (anothers && !order.hidden_too) || !view.is_of(order.tenant, item) {
            return Found::NotOurs;
        }
        if view.is_later(item, order.cutoff) {
            return Found::Later;
        }
        let key = self.state.borrow().tables[&view.place.table].keys.of(item);
        key.map_or(Found::NotOurs, |key| Found::Line(view.line(key, item)))
    }

    /// Notes what was planned, for the journal.
    fn remember(&self, table: &str, order: &PageOrder<'_>, page: &Page) {
        let keys = page.lines.iter().filter_map(|line| key_of(QUERY, line).ok());
        let planned = keys.map(|key| (order.request, RecordId::item(table, &key), None));
        self.state.borrow_mut().planned.extend(planned);
    }

    /// Consistent reads of many keys; none for a key without an item.
    pub(super) async fn read_items(&self, view: View<'_>, keys: &[Key]) -> Result<Vec<Option<Item>>, Fault> {
        let table = &view.place.table;
        let read = |state: &mut State, key: &Key| state.tables[table].get(key).map(|stored| stored.item.clone());
        self.look_at_each(READ, table, keys, read).await
    }
}

fn partition(view: View<'_>, order: &PageOrder<'_>) -> Result<Scalar, Fault> {
    let text = order.dataset.locate(order.tenant, order.subject);
    match view.place.key.kind {
        KeyType::S => Ok(Scalar::S(text)),
        KeyType::B => Ok(Scalar::B(STANDARD.encode(text))),
        KeyType::N if text.parse::<f64>().is_ok_and(f64::is_finite) => Ok(Scalar::N(text)),
        KeyType::N => Err(Fault::permanent(
            QUERY,
            "key_not_numeric",
            "the subject id is no number",
        )),
    }
}
