//! The port [`Notes`]: entries of no request, and the trail by day.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::tables::{MonthNotes, Tables};
use super::{SimStore, settled};
use crate::audit::Entry;
use crate::domain::ids::Tenant;
use crate::domain::month::Month;
use crate::ports::{DayPage, DayQuery, Fault, MonthHead, Note, Notes};

impl Notes for SimStore {
    async fn month_head(&self, tenant: &Tenant, month: Month) -> Result<MonthHead, Fault> {
        let read = |tables: &Tables| tables.months.get(&(tenant.clone(), month)).map(|of| of.head.clone());
        let head = self.read("read month's head", tenant, read).await?;
        Ok(head.unwrap_or_default())
    }

    async fn append(&self, note: &Note) -> Result<bool, Fault> {
        let key = (note.tenant.clone(), note.month);
        let append = self.write("append a note", &note.tenant, |tables| {
            let of = tables.months.entry(key).or_default();
            let unmoved = of.head.rev + 1 == note.head.rev;
            if unmoved {
                of.put(note);
            }
            unmoved
        });
        settled(append.await, self.has_note(note)).await
    }

    async fn notes(&self, tenant: &Tenant, month: Month, after: u64, limit: u32) -> Result<Vec<Entry>, Fault> {
        let read = |tables: &Tables| {
            let of = tables.months.get(&(tenant.clone(), month));
            let entries = of
                .into_iter()
                .flat_map(|of| of.entries.range(after.saturating_add(1)..));
            entries.take(limit as usize).map(|(_, entry)| entry.clone()).collect()
        };
        self.read("read notes", tenant, read).await
    }

    async fn day(&self, query: &DayQuery) -> Result<DayPage, Fault> {
        self.read("read trail by day", &query.tenant, |tables| page(tables, query))
            .await
    }
}

impl SimStore {
    async fn has_note(&self, note: &Note) -> Result<bool, Fault> {
        let Some(entry) = &note.entry else {
            return Ok(self.month_head(&note.tenant, note.month).await? == note.head);
        };
        let there = self.notes(&note.tenant, note.month, entry.body.seq - 1, 1).await?;
        Ok(there.first() == Some(entry))
    }
}

impl MonthNotes {
    pub(super) fn put(&mut self, note: &Note) {
        self.head = note.head.clone();
        if let Some(entry) = note.entry.clone() {
            self.entries.insert(entry.body.seq, entry);
        }
    }
}

/// Instants compare as the adapter's do, by the millisecond.
fn page(tables: &Tables, query: &DayQuery) -> DayPage {
    let ms = |at: Timestamp| at.as_nanosecond().div_euclid(1_000_000);
    let (from, to) = (ms(query.from), ms(query.to));
    let of_requests = tables.requests.values().flat_map(|of| of.entries.values());
    let of_months = tables.months.values().flat_map(|of| of.entries.values());
    let mut rows: Vec<(String, &Entry)> = of_requests
        .chain(of_months)
        .filter(|entry| {
            let at = entry.body.at;
            let today = at.to_zoned(TimeZone::UTC).date() == query.day;
            entry.body.tenant == query.tenant && today && (from..=to).contains(&ms(at))
        })
        .map(|entry| (place(entry), entry))
        .filter(|(place, _)| query.after.as_ref().is_none_or(|after| place > after))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    let next = rows.last().filter(|_| more).map(|(place, _)| place.clone());
    let entries = rows.into_iter().map(|(_, entry)| entry.clone()).collect();
    DayPage { entries, next }
}

fn place(entry: &Entry) -> String {
    let body = &entry.body;
    let chain = body
        .request
        .map_or_else(|| Month::of(body.at).to_string(), |id| id.to_string());
    format!(
        "{:020} {chain} {:010}",
        body.at.as_nanosecond().div_euclid(1_000_000),
        body.seq
    )
}
