//! History: a page of requests, newest first, by an index; a subject sees their own.

use jiff::Timestamp;
use serde::Serialize;

use super::access::{View, view_of};
use super::failure::Failure;
use super::records::Records;
use super::view::{Resource, render};
use crate::domain::actor::Caller;
use crate::domain::ids::RequestKey;
use crate::domain::request::{Kind, Status};
use crate::ports::{Keys, ListQuery, ListScope, Requests, Sealer};

/// What the caller asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Any of these statuses; empty: all.
    pub statuses: Vec<Status>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Submitted at or after.
    pub from: Option<Timestamp>,
    /// Submitted at or before.
    pub to: Option<Timestamp>,
    /// At most (1 to 100).
    pub limit: u32,
    /// Where the page begins, as an earlier page said.
    pub after: Option<String>,
}

/// A page.
#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// Newest first; may be short and still have more.
    pub items: Vec<Resource>,
    /// Where the next page begins; authenticated by the HTTP edge.
    #[serde(skip)]
    pub next: Option<String>,
}

/// Lists what the caller may see.
pub async fn list<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    filter: Filter,
    now: Timestamp,
) -> Result<History, Failure> {
    let own = !caller.reads_everything();
    let scope = if own {
        ListScope::Subject(caller.subject_ref.clone())
    } else if filter.statuses.is_empty() {
        ListScope::Tenant
    } else {
        ListScope::Statuses(filter.statuses.clone())
    };
    let query = ListQuery {
        tenant: caller.tenant.clone(),
        scope,
        kind: filter.kind,
        from: filter.from,
        to: filter.to,
        limit: filter.limit,
        after: filter.after,
    };
    let page = records.store.list(&query).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for listed in page.items {
        let key = RequestKey {
            tenant: caller.tenant.clone(),
            id: listed.id,
        };
        // The index lags: the row decides what is shown, and whether it still passes the filter.
        let Some(loaded) = records.load(&key).await? else {
            continue;
        };
        let facts = &loaded.request.facts;
        let passes = filter.statuses.is_empty() || filter.statuses.contains(&facts.status);
        let Some(view) = view_of(caller, facts).filter(|_| passes) else {
            continue;
        };
        debug_assert!(!own || view == View::Owner, "a subject lists their own requests only");
        items.push(render(&loaded.request, view, None, now));
    }
    Ok(History { items, next: page.next })
}
