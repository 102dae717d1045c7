//! The three histories: pages of an index, newest first, several statuses merged into one order.
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

impl Storage {
    /// A page of the index a query is for.
    pub(super) async fn read_page(&self, query: &ListQuery) -> Result<ListPage, Fault> {
        let range = Range::of(query);
        if range.from > range.to {
            return Ok(ListPage {
                items: vec![],
                next: None,
            });
        }
        let (index, attribute, partitions) = partitions(query);
        let slices = partitions
            .into_iter()
            .map(|pk| self.slice((index, attribute), pk, &range, query));
        Ok(merge(try_join_all(slices).await?, query.limit as usize))
    }

    async fn slice(
        &self,
        (index, attribute): (&str, &str),
        pk: String,
        range: &Range,
        query: &ListQuery,
    ) -> Result<Slice, Fault> {
        // One more than asked: the range begins with the item that the last page ended with.
        let limit = i32::try_from(query.limit).unwrap_or(i32::MAX).saturating_add(1);
        let mut call = self
            .client
            .query()
            .table_name(&self.tables.requests)
            .index_name(index)
            .limit(limit);
        call = call
            .scan_index_forward(false)
            .key_condition_expression("#pk = :pk AND #at BETWEEN :from AND :to");
        call = call
            .expression_attribute_names("#pk", attribute)
            .expression_attribute_names("#at", "at");
        for (name, value) in [(":pk", &pk), (":from", &range.from), (":to", &range.to)] {
            call = call.expression_attribute_values(name, AttributeValue::S(value.clone()));
        }
        if let Some(kind) = query.kind {
            call = call
                .filter_expression("#kind = :kind")
                .expression_attribute_names("#kind", "kind");
            call = call.expression_attribute_values(":kind", AttributeValue::S(kind.as_str().to_owned()));
        }
        let answer = call.send().await.map_err(|error| fault(OPERATION, error))?;
        let mut items = answer.items().iter().map(listed).collect::<Result<Vec<_>, _>>()?;
        items.retain(|item| query.after.as_ref() != Some(&item.at));
        let reached = answer
            .last_evaluated_key()
            .map(|key| Reader::projected(key, OPERATION).text("at"))
            .transpose()?;
        Ok(Slice {
            items,
            reached: reached.map(str::to_owned),
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

/// The index, its partition key's attribute, and the partitions a query reads.
fn partitions(query: &ListQuery) -> (&'static str, &'static str, Vec<String>) {
    let tenant = &query.tenant;
    match &query.scope {
        ListScope::Tenant => ("by_tenant", "tenant_pk", vec![keys::by_tenant(tenant)]),
        ListScope::Subject(subject) => ("by_subject", "subject_pk", vec![keys::by_subject(tenant, subject)]),
        ListScope::Statuses(statuses) => {
            let all = statuses.iter().map(|status| keys::by_status(tenant, *status));
            ("by_status", "status_pk", all.collect())
        }
    }
}

fn listed(item: &Item) -> Result<Listed, Fault> {
    let reader = Reader::projected(item, OPERATION);
    let status = serde_json::Value::from(reader.text("status")?);
    Ok(Listed {
        id: reader.parsed("id")?,
        status: serde_json::from_value(status)
            .map_err(|_| Fault::corrupt(OPERATION, "attribute status is no status"))?,
        at: reader.text("at")?.to_owned(),
    })
}

/// Merges partitions, newest first. Below the highest point where a partition stopped, that partition may hold newer
/// items than the others, so the page ends there.
fn merge(slices: Vec<Slice>, limit: usize) -> ListPage {
    let horizon = slices.iter().filter_map(|slice| slice.reached.clone()).max();
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
        return ListPage { items, next };
    }
    ListPage { items, next: horizon }
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
