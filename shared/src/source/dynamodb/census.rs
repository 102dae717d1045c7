//! Counting one subject's items for a preview.
//!
//! Guarantees: before an execution the number is what planning would list. (Where DynamoDB does the counting, items
//! newer than the cutoff are included and this request's own marks are not; at a preview there are neither.) When
//! patience ends, what was counted by then is a lower bound and says so.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ComparisonOperator, Select};

use super::Tables;
use super::enumerate::{QUERY, is, last_key};
use super::layout::Layout;
use crate::domain::data_map::DynamoPlace;
use crate::ports::{Census, Fault, PageOrder};
use crate::source::fault;

/// Lines a page is asked for, where counting has to read.
const COUNTED_AT_ONCE: usize = 1000;

impl Tables {
    /// Counts for at most `patience`.
    pub(in crate::source) async fn census(
        &self,
        place: &DynamoPlace,
        order: &PageOrder<'_>,
        patience: Duration,
    ) -> Result<Census, Fault> {
        let counted = AtomicU64::new(0);
        let finished = match tokio::time::timeout(patience, self.count(place, order, &counted)).await {
            Ok(result) => result.map(|()| true)?,
            Err(_) => false,
        };
        Ok(Census {
            records: counted.load(Ordering::Relaxed),
            at_least: !finished,
        })
    }

    async fn count(&self, place: &DynamoPlace, order: &PageOrder<'_>, counted: &AtomicU64) -> Result<(), Fault> {
        let layout = self.layout(order.dataset, place).await?;
        // A filter may name neither what an index does not hold nor an attribute of the key: then the items are read.
        let filterable = place.index.is_none() && !layout.tenant().is_some_and(|name| layout.in_key(name));
        if !filterable {
            return self.count_by_pages(place, order, counted).await;
        }
        let mut from = None;
        loop {
            let call = filtered(&layout, order, self.located(&layout, order, from.as_ref())?)?;
            let answer = call
                .select(Select::Count)
                .send()
                .await
                .map_err(|e| fault::of_sdk(QUERY, e))?;
            counted.fetch_add(u64::try_from(answer.count).unwrap_or(0), Ordering::Relaxed);
            from = last_key(answer.last_evaluated_key)?;
            if from.is_none() {
                return Ok(());
            }
        }
    }

    async fn count_by_pages(
        &self,
        place: &DynamoPlace,
        order: &PageOrder<'_>,
        counted: &AtomicU64,
    ) -> Result<(), Fault> {
        let mut cursor: Option<String> = None;
        loop {
            let order = PageOrder {
                cursor: cursor.as_deref(),
                limit: COUNTED_AT_ONCE,
                ..order.clone()
            };
            let page = self.page(place, &order).await?;
            counted.fetch_add(page.lines.len() as u64, Ordering::Relaxed);
            match page.next {
                Some(next) => cursor = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// Leaves out what is marked, where what is hidden does not count, and what is another tenant's.
fn filtered(layout: &Layout<'_>, order: &PageOrder<'_>, call: QueryFluentBuilder) -> Result<QueryFluentBuilder, Fault> {
    let call = if order.hidden_too {
        call
    } else {
        call.query_filter(&layout.marks().id, is(ComparisonOperator::Null, None)?)
    };
    let Some(tenant) = layout.tenant() else {
        return Ok(call);
    };
    let of_tenant = AttributeValue::S(order.tenant.to_string());
    Ok(call.query_filter(tenant, is(ComparisonOperator::Eq, Some(of_tenant))?))
}
