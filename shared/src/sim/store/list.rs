//! The histories and the due requests, read from the lagging indexes or from the rows that a hash finds.
//!
//! A page is what DynamoDB makes of it: each partition is read so far, then filtered, so that a page may be short, even
//! empty, with more behind it.

use jiff::Timestamp;

use super::index::{Projection, instant};
use super::{Inner, SimStore};
use crate::domain::ids::{RequestKey, Tenant};
use crate::domain::request::Status;
use crate::ports::{Fault, ListPage, ListQuery, ListScope, Listed};

/// What one partition answered.
struct Slice {
    items: Vec<Listed>,
    /// Looked at down to here; none if to the end.
    reached: Option<String>,
    /// Rows looked at.
    read: u32,
}

impl SimStore {
    /// A page of the index a query is for.
    pub(super) async fn read_page(&self, query: &ListQuery) -> Result<ListPage, Fault> {
        let page = || {
            let limit = query.limit as usize;
            let partitions = partitions(&query.scope);
            // A megabyte can end a read early; for us it is chance.
            let short = self.world.mishap(100);
            let share = (query.reads as usize / partitions.len().max(1)).max(2);
            let reads = share.min(if short { 1 + limit / 2 } else { limit + 1 });
            let now = self.world.now();
            let mut inner = self.inner.borrow_mut();
            inner.tables.expire(now);
            let Inner { tables, indexes, .. } = &mut *inner;
            let shown: Vec<_> = indexes
                .shown(now)
                .map(|(key, row)| (&key.tenant, row.clone()))
                .collect();
            let rows = match &query.scope {
                ListScope::Found(hash) => tables.found_by(&query.tenant, hash),
                ListScope::Tenant | ListScope::Statuses(_) | ListScope::Subject(_) => shown,
            };
            let slices = partitions.into_iter();
            let slices = slices.map(|status| slice(&rows, query, status, reads)).collect();
            Ok(merge(slices, limit))
        };
        self.world.try_call("list requests", &query.tenant, page).await
    }

    /// Requests of one shard whose instant has come, earliest first.
    pub(super) async fn read_due(&self, shard: u8, now: Timestamp, limit: u32) -> Result<Vec<RequestKey>, Fault> {
        let due = || {
            let mut inner = self.inner.borrow_mut();
            let shown = inner.indexes.shown(self.world.now());
            let due = shown.filter(|(key, row)| key.id.shard() == shard && row.wake_at.is_some_and(|at| at <= now));
            let mut due: Vec<_> = due.map(|(key, row)| (row.wake_at, key.clone())).collect();
            due.sort();
            Ok(due.into_iter().take(limit as usize).map(|(_, key)| key).collect())
        };
        let what = format!("of shard {shard}");
        self.world.try_call("read due requests", what, due).await
    }
}

/// The partitions a query reads: one a status, or the only one.
fn partitions(scope: &ListScope) -> Vec<Option<Status>> {
    match scope {
        ListScope::Tenant | ListScope::Subject(_) | ListScope::Found(_) => vec![None],
        ListScope::Statuses(statuses) => statuses.iter().copied().map(Some).collect(),
    }
}

fn slice(shown: &[(&Tenant, Projection)], query: &ListQuery, status: Option<Status>, reads: usize) -> Slice {
    let (from, to) = (query.from.map(instant), query.to.map(|to| format!("{}#~", instant(to))));
    let is_in = |(tenant, row): &&(&Tenant, Projection)| {
        let of_subject = match &query.scope {
            ListScope::Subject(subject) => row.subject_ref == *subject,
            ListScope::Tenant | ListScope::Statuses(_) | ListScope::Found(_) => true,
        };
        let in_range = from.as_ref().is_none_or(|from| row.at >= *from) && to.as_ref().is_none_or(|to| row.at <= *to);
        let further = query.after.as_ref().is_none_or(|after| row.at <= *after);
        **tenant == query.tenant
            && status.is_none_or(|one| row.status == Some(one))
            && of_subject
            && in_range
            && further
    };
    let mut rows: Vec<_> = shown.iter().filter(is_in).map(|(_, row)| row).collect();
    rows.sort_by(|a, b| b.at.cmp(&a.at));
    rows.truncate(reads);
    let reached = rows.last().filter(|_| rows.len() == reads).map(|row| row.at.clone());
    let read = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    rows.retain(|row| passes(row, query) && query.after.as_ref() != Some(&row.at));
    let items = rows.into_iter().map(listed).collect();
    Slice { items, reached, read }
}

/// Whether a row passes what is filtered after it was read.
fn passes(row: &Projection, query: &ListQuery) -> bool {
    let status = query.statuses.is_empty() || row.status.is_some_and(|status| query.statuses.contains(&status));
    let subject = query.subject.as_ref().is_none_or(|subject| row.subject_ref == *subject);
    status && subject && query.kind.is_none_or(|kind| row.kind == kind)
}

fn listed(row: &Projection) -> Listed {
    Listed {
        id: row.id,
        status: row.status,
        at: row.at.clone(),
    }
}

/// Merges partitions, newest first, down to the highest point where one of them stopped.
fn merge(slices: Vec<Slice>, limit: usize) -> ListPage {
    let horizon = slices.iter().filter_map(|slice| slice.reached.clone()).max();
    let read = slices.iter().map(|slice| slice.read).sum();
    let mut items: Vec<_> = slices.into_iter().flat_map(|slice| slice.items).collect();
    items.sort_by(|a, b| b.at.cmp(&a.at));
    items.dedup_by(|a, b| a.at == b.at);
    items.retain(|item| horizon.as_ref().is_none_or(|horizon| item.at >= *horizon));
    if items.len() <= limit {
        return ListPage {
            items,
            next: horizon,
            read,
        };
    }
    items.truncate(limit);
    let next = items.last().map(|item| item.at.clone());
    ListPage { items, next, read }
}
