//! The histories: pages of an index or of the rows that a hash finds, newest first, several statuses merged into one
//! order.
//!
//! A page may be short, even empty, and still have more behind it: a filter is applied after DynamoDB has counted,
//! and of several partitions a page can only show what none of them may still precede. Guarantees: nothing is shown
//! twice or left out between two pages of unmoved requests, and every page gets further.

use std::cmp::Reverse;

use aws_sdk_dynamodb::types::AttributeValue;
use futures::future::try_join_all;

use super::Storage;
use super::error::fault;
use super::item::{Item, Reader};
use super::keys;
use crate::domain::ids::RequestKey;
use crate::domain::request::Status;
use crate::ports::{Fault, ListPage, ListQuery, ListScope, Listed};

const OPERATION: &str = "list requests";

/// Sorts below and above every instant.
const LOWEST: &str = "0";
const HIGHEST: &str = "~";

/// What one partition answered.
#[derive(Debug, Default)]
struct Slice {
    items: Vec<Listed>,
    /// Looked at down to here; none if to the end.
    reached: Option<String>,
    /// Rows looked at.
    read: u32,
}

/// A range of sort keys, both ends included.
struct Range {
    from: String,
    to: String,
}

impl Range {
    fn of(query: &ListQuery) -> Self {
        let to = query.to.map_or_else(|| HIGHEST.to_owned(), keys::submitted_last);
        let after = query.after.clone();
        Self {
            from: query.from.map_or_else(|| LOWEST.to_owned(), keys::instant),
            to: after.map_or(to.clone(), |after| after.min(to)),
        }
    }
}

/// Where a query reads: an index or the table itself, the names of its key's parts, the partitions.
struct Place {
    index: Option<&'static str>,
    pk: &'static str,
    at: &'static str,
    partitions: Vec<String>,
}

impl Place {
    fn of(query: &ListQuery) -> Self {
        let tenant = &query.tenant;
        let history = |index, pk, partitions| Self {
            index: Some(index),
            pk,
            at: "at",
            partitions,
        };
        match &query.scope {
            ListScope::Tenant => history("by_tenant", "tenant_pk", vec![keys::by_tenant(tenant)]),
            ListScope::Subject(subject) => history("by_subject", "subject_pk", vec![keys::by_subject(tenant, subject)]),
            ListScope::Statuses(statuses) => {
                let all = statuses.iter().map(|status| keys::by_status(tenant, *status));
                history("by_status", "status_pk", all.collect())
            }
            ListScope::Found(hash) => Self {
                index: None,
                pk: "pk",
                at: "sk",
                partitions: vec![keys::found_partition(tenant, hash)],
            },
        }
    }

    /// Rows to read of each partition. One more than asked: the range begins with the item that the last page ended
    /// with, and what is read must get further than that.
    fn reads(&self, query: &ListQuery) -> i32 {
        let partitions = u32::try_from(self.partitions.len()).unwrap_or(u32::MAX);
        let share = (query.reads / partitions.max(1)).max(2);
        i32::try_from(share.min(query.limit.saturating_add(1))).unwrap_or(i32::MAX)
    }
}

/// What a query leaves out of what it reads, on the attributes that every row of the place has.
fn filters(query: &ListQuery) -> Vec<(&'static str, Vec<String>)> {
    let kind = query.kind.iter().map(|kind| ("kind", vec![kind.as_str().to_owned()]));
    let subject = query.subject.iter().map(|one| ("subject_ref", vec![one.to_string()]));
    let statuses: Vec<_> = query.statuses.iter().map(Status::to_string).collect();
    let statuses = (!statuses.is_empty()).then_some(("status", statuses));
    kind.chain(subject).chain(statuses).collect()
}

impl Storage {
    /// A page of the place a query is for.
    pub(super) async fn read_page(&self, query: &ListQuery) -> Result<ListPage, Fault> {
        let range = Range::of(query);
        if range.from > range.to {
            return Ok(ListPage {
                items: vec![],
                next: None,
                read: 0,
            });
        }
        let place = Place::of(query);
        let slices = place.partitions.iter().map(|pk| self.slice(&place, pk, &range, query));
        Ok(merge(try_join_all(slices).await?, query.limit as usize))
    }

    async fn slice(&self, place: &Place, pk: &str, range: &Range, query: &ListQuery) -> Result<Slice, Fault> {
        let mut call = self
            .client
            .query()
            .table_name(&self.tables.requests)
            .set_index_name(place.index.map(str::to_owned))
            .limit(place.reads(query))
            .scan_index_forward(false)
            .key_condition_expression("#pk = :pk AND #at BETWEEN :from AND :to")
            .expression_attribute_names("#pk", place.pk)
            .expression_attribute_names("#at", place.at);
        for (name, value) in [(":pk", pk), (":from", &range.from), (":to", &range.to)] {
            call = call.expression_attribute_values(name, AttributeValue::S(value.to_owned()));
        }
        let mut conditions = Vec::new();
        for (name, allowed) in filters(query) {
            let places: Vec<_> = (0..allowed.len()).map(|n| format!(":{name}{n}")).collect();
            conditions.push(format!("#{name} IN ({})", places.join(", ")));
            call = call.expression_attribute_names(format!("#{name}"), name);
            for (place, value) in places.into_iter().zip(allowed) {
                call = call.expression_attribute_values(place, AttributeValue::S(value));
            }
        }
        let filter = (!conditions.is_empty()).then(|| conditions.join(" AND "));
        let answer = call.set_filter_expression(filter).send().await;
        let answer = answer.map_err(|error| fault(OPERATION, error))?;
        let items = answer.items().iter().map(|item| listed(item, place));
        let mut items = items.collect::<Result<Vec<_>, _>>()?;
        items.retain(|item| query.after.as_ref() != Some(&item.at));
        let reached = answer
            .last_evaluated_key()
            .map(|key| Reader::projected(key, OPERATION).text(place.at))
            .transpose()?;
        Ok(Slice {
            items,
            reached: reached.map(str::to_owned),
            read: u32::try_from(answer.scanned_count()).unwrap_or_default(),
        })
    }

    /// Requests of one shard whose instant has come, earliest first.
    pub(super) async fn read_due(&self, shard: u8, now: jiff::Timestamp, limit: u32) -> Result<Vec<RequestKey>, Fault> {
        const OPERATION: &str = "read due requests";
        let call = self
            .client
            .query()
            .table_name(&self.tables.requests)
            .index_name("active");
        let call = call.limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let call = call.key_condition_expression("#pk = :pk AND #wake_at <= :now");
        let call = call
            .expression_attribute_names("#pk", "active_pk")
            .expression_attribute_names("#wake_at", "wake_at");
        let call = call.expression_attribute_values(":pk", AttributeValue::S(keys::active(shard)));
        let call = call.expression_attribute_values(":now", AttributeValue::S(keys::instant(now)));
        let answer = call.send().await.map_err(|error| fault(OPERATION, error))?;
        let keys = answer.items().iter().map(|item| {
            let pk = Reader::projected(item, OPERATION).text("pk")?;
            keys::request_of(pk).ok_or_else(|| Fault::corrupt(OPERATION, "a key of index active is no request's"))
        });
        keys.collect()
    }
}

fn listed(item: &Item, place: &Place) -> Result<Listed, Fault> {
    let reader = Reader::projected(item, OPERATION);
    let at = reader.text(place.at)?.to_owned();
    if place.index.is_none() {
        let (id, status) = (reader.parsed("request")?, None);
        return Ok(Listed { id, status, at });
    }
    let status = serde_json::Value::from(reader.text("status")?);
    let status = serde_json::from_value(status);
    Ok(Listed {
        id: reader.parsed("id")?,
        status: Some(status.map_err(|_| Fault::corrupt(OPERATION, "attribute status is no status"))?),
        at,
    })
}

/// Merges partitions, newest first. Below the highest point where a partition stopped, that partition may hold newer
/// items than the others, so the page ends there.
fn merge(slices: Vec<Slice>, limit: usize) -> ListPage {
    let horizon = slices.iter().filter_map(|slice| slice.reached.clone()).max();
    let read = slices.iter().map(|slice| slice.read).sum();
    let mut items: Vec<_> = slices.into_iter().flat_map(|slice| slice.items).collect();
    items.sort_by(|a, b| Reverse(&a.at).cmp(&Reverse(&b.at)));
    // While the index catches up with a transition, one request can be in two partitions.
    items.dedup_by(|a, b| a.at == b.at);
    if let Some(horizon) = &horizon {
        items.retain(|item| item.at >= *horizon);
    }
    if items.len() > limit {
        items.truncate(limit);
        let next = items.last().map(|item| item.at.clone());
        return ListPage { items, next, read };
    }
    ListPage {
        items,
        next: horizon,
        read,
    }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
