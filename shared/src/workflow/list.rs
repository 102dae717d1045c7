//! History: a page of requests, newest first, by an index; a subject sees their own.
//!
//! Guarantees: the table is never scanned, and a page reads a bounded number of index rows whatever the filters: where
//! few requests pass, it is short and leads on. What the index says is checked against each row, which alone decides;
//! keys are read and opened only for what is shown. Searching for people is for operators and auditors: a subject who
//! asks for it is refused, because even an empty page and its cursor would tell of others.

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::Serialize;

use super::access::{View, view_of};
use super::failure::Failure;
use super::records::{Loaded, Records};
use super::view::{Resource, render};
use crate::domain::actor::Caller;
use crate::domain::ids::{Ref, RequestKey, SubjectId};
use crate::domain::personal::Personal;
use crate::domain::request::{Facts, Kind, Status};
use crate::domain::search::Sought;
use crate::ports::{DataKey, Fault, Keys, LIST_READS, ListQuery, ListScope, Listed, Requests, Sealer};
use crate::state_machine::refusal::Refusal;

/// Requests that are opened at a time.
const IN_FLIGHT: usize = 8;
/// Index rows that are worth another read: two for each status there is.
const LEAST_READS: u32 = 14;

/// What the caller asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Any of these statuses; empty: all.
    pub statuses: Vec<Status>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Words of the name, or the e-mail address, of subject or requester.
    pub requester: Option<Personal>,
    /// Only this subject's.
    pub subject: Option<SubjectId>,
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
    let search = Search::read(records, caller, &filter).await?;
    let mut query = search.query(caller, &filter);
    let (mut loaded, mut staff_key) = (vec![], None);
    let next = loop {
        query.limit = filter.limit - u32::try_from(loaded.len()).unwrap_or(filter.limit);
        let page = records.store.list(&query).await?;
        query.reads = query.reads.saturating_sub(page.read);
        if staff_key.is_none() && !page.items.is_empty() {
            staff_key = Some(records.staff_key(&caller.tenant).await?);
        }
        if let Some(staff_key) = &staff_key {
            // Boxed: it holds the futures of several requests.
            let opened = Box::pin(search.open(records, caller, page.items, staff_key, now));
            loaded.extend(opened.await?);
        }
        let full = loaded.len() >= filter.limit as usize;
        match page.next {
            None => break None,
            Some(next) if full || query.reads < LEAST_READS => break Some(next),
            Some(next) => query.after = Some(next),
        }
    };
    let shown = loaded.iter().map(|(one, view)| render(&one.request, *view, None, now));
    Ok(History {
        items: shown.collect(),
        next,
    })
}

/// A filter with people as hashes.
struct Search {
    statuses: Vec<Status>,
    sought: Option<Sought>,
    subject: Option<Ref>,
}

impl Search {
    async fn read<S: Requests + Keys, K: Sealer>(
        records: &Records<S, K>,
        caller: &Caller,
        filter: &Filter,
    ) -> Result<Self, Failure> {
        let for_people = filter.requester.is_some() || filter.subject.is_some();
        if for_people && !caller.reads_everything() {
            return Err(Refusal::OperatorOnly.into());
        }
        let mut search = Self {
            statuses: filter.statuses.clone(),
            sought: None,
            subject: None,
        };
        search.statuses.sort();
        search.statuses.dedup();
        if search.statuses == Status::ALL {
            search.statuses.clear();
        }
        if !for_people {
            return Ok(search);
        }
        let key = records.ref_key(&caller.tenant).await?;
        if let Some(typed) = &filter.requester {
            let nothing = || Refusal::InvalidInput {
                pointer: "/requester".to_owned(),
                detail: "expected words of a name, or an e-mail address".to_owned(),
            };
            search.sought = Some(Sought::read(&key, typed).ok_or_else(nothing)?);
        }
        let subject = filter.subject.as_ref();
        search.subject = subject.map(|id| Ref::new(&key, "subject", id.expose()));
        Ok(search)
    }

    /// By the index that leads to the fewest requests; what it does not know is left to the row.
    fn query(&self, caller: &Caller, filter: &Filter) -> ListQuery {
        let own = !caller.reads_everything();
        let (statuses, subject) = (self.statuses.clone(), self.subject.clone());
        let (scope, statuses, subject) = match (&self.sought, subject) {
            _ if own => (ListScope::Subject(caller.subject_ref.clone()), statuses, None),
            (Some(sought), subject) => (ListScope::Found(sought.first().clone()), vec![], subject),
            (None, Some(subject)) => (ListScope::Subject(subject), statuses, None),
            (None, None) if statuses.is_empty() => (ListScope::Tenant, vec![], None),
            (None, None) => (ListScope::Statuses(statuses), vec![], None),
        };
        ListQuery {
            tenant: caller.tenant.clone(),
            scope,
            kind: filter.kind,
            statuses,
            subject,
            from: filter.from,
            to: filter.to,
            limit: filter.limit,
            reads: LIST_READS,
            after: filter.after.clone(),
        }
    }

    /// Opens what is listed and passes, in order.
    async fn open<S: Requests + Keys, K: Sealer>(
        &self,
        records: &Records<S, K>,
        caller: &Caller,
        listed: Vec<Listed>,
        staff_key: &DataKey,
        now: Timestamp,
    ) -> Result<Vec<(Loaded, View)>, Fault> {
        let one = async |listed: Listed| {
            let key = RequestKey {
                tenant: caller.tenant.clone(),
                id: listed.id,
            };
            let row = records.store.request(&key).await?;
            let row = row.filter(|row| self.passes(&row.facts, now));
            let Some((view, row)) = row.and_then(|row| Some((view_of(caller, &row.facts)?, row))) else {
                return Ok(None);
            };
            Ok(Some((records.open_with(row, staff_key.clone()).await?, view)))
        };
        let opened = stream::iter(listed).map(one).buffered(IN_FLIGHT);
        opened.try_filter_map(async |one| Ok(one)).try_collect().await
    }

    /// Whether the row passes: the index lags, knows no other words, and TTL is late.
    fn passes(&self, facts: &Facts, now: Timestamp) -> bool {
        let status = self.statuses.is_empty() || self.statuses.contains(&facts.status);
        let words = self
            .sought
            .as_ref()
            .is_none_or(|sought| sought.is_met_by(&facts.found_by));
        let for_people = self.sought.is_some() || self.subject.is_some();
        let over = facts.found_until().is_some_and(|until| until <= now);
        status && words && !(for_people && over)
    }
}
