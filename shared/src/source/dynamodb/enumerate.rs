//! One subject's items: Query, page by page, for planning and verification.
//!
//! Guarantees: what one page decides about an item, every page does: another request's mark (unless what is hidden is
//! asked for, too) and another tenant's items are skipped, items newer than the cutoff are counted as `arrived_later`, this request's own marks are listed (so that
//! verification finds what was left over). The table is read consistently. An index only says where to look: its
//! entries lag, so each item is read from the table itself, and one that no longer belongs under the key is skipped.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ComparisonOperator, Condition};

use super::Tables;
use super::attribute::{self, Item, Key};
use super::layout::{Layout, Marked};
use crate::domain::data_map::{DynamoPlace, KeyType};
use crate::domain::manifest::Line;
use crate::ports::{Fault, Page, PageOrder};
use crate::source::fault;

pub(super) const QUERY: &str = "querying a table";

/// A page ends after so many reads of up to 1 MB even with few lines, so that a planner of 30 seconds gets its turn
/// whatever the size of the items.
const READS_PER_PAGE: usize = 64;

impl Tables {
    /// The next page of a subject's items. It may have no line at all and still a `next`.
    pub(in crate::source) async fn page(&self, place: &DynamoPlace, order: &PageOrder<'_>) -> Result<Page, Fault> {
        let layout = self.layout(order.dataset, place).await?;
        let mut from = order.cursor.map(parse_cursor).transpose()?;
        let mut page = Page::default();
        for _ in 0..READS_PER_PAGE {
            let room = order.limit.saturating_sub(page.lines.len()).max(1);
            let (items, last) = self.query(&layout, order, from.as_ref(), room).await?;
            for item in &items {
                match line(&layout, order, item) {
                    Found::Line(line) => page.lines.push(line),
                    Found::Later => page.arrived_later += 1,
                    Found::NotOurs => {}
                }
            }
            from = last;
            if from.is_none() || page.lines.len() >= order.limit {
                break;
            }
        }
        page.next = from.as_ref().map(write_cursor).transpose()?;
        Ok(page)
    }

    async fn query(
        &self,
        layout: &Layout<'_>,
        order: &PageOrder<'_>,
        from: Option<&Key>,
        limit: usize,
    ) -> Result<(Vec<Item>, Option<Key>), Fault> {
        let mut wanted = layout.watched();
        if layout.place.index.is_some() {
            wanted = layout.shape.keys.names().chain(layout.queried()?.names()).collect();
        }
        let call = self
            .located(layout, order, from)?
            .set_attributes_to_get(Some(wanted.into_iter().map(str::to_owned).collect()));
        let call = call.limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = call.send().await.map_err(|e| fault::of_sdk(QUERY, e))?;
        let last = last_key(answer.last_evaluated_key)?;
        let items = answer.items.unwrap_or_default();
        if layout.place.index.is_some() {
            return Ok((self.as_in_table(layout, items).await?, last));
        }
        Ok((items, last))
    }

    /// The items an index names, as the table has them now; those that moved elsewhere meanwhile are left out.
    async fn as_in_table(&self, layout: &Layout<'_>, entries: Vec<Item>) -> Result<Vec<Item>, Fault> {
        let place = layout.queried()?;
        let mut wanted = layout.watched();
        wanted.extend(place.names());
        let keys: Vec<Key> = entries.iter().filter_map(|entry| layout.key_of(entry)).collect();
        let mut found = self.read(QUERY, layout, &wanted, &keys).await?;
        let here = |entry: &Item, item: &Item| place.names().all(|name| entry.get(name) == item.get(name));
        Ok(entries
            .iter()
            .filter_map(|entry| found.remove(&layout.key_of(entry)?).filter(|item| here(entry, item)))
            .collect())
    }

    /// The Query that locates one subject, without a projection.
    ///
    /// In the older form (`KeyConditions`, `AttributesToGet`, `QueryFilter`): it means the same, it names attributes
    /// without placeholders, and the local stack evaluates it three times as fast. DynamoDB refuses to mix the forms.
    pub(super) fn located(
        &self,
        layout: &Layout<'_>,
        order: &PageOrder<'_>,
        from: Option<&Key>,
    ) -> Result<QueryFluentBuilder, Fault> {
        let place = layout.place;
        let mut call = self
            .client
            .query()
            .table_name(&place.table)
            .set_index_name(place.index.clone())
            .consistent_read(place.index.is_none())
            .key_conditions(
                &place.key.attribute,
                is(ComparisonOperator::Eq, Some(partition(layout, order)?))?,
            );
        if let Some(prefix) = &place.sort_key_prefix {
            let sort = layout.queried()?.sort.as_deref();
            let sort =
                sort.ok_or_else(|| Fault::permanent(QUERY, "source_refused", "there is no sort key to match"))?;
            let prefix = prefix_value(layout.is_binary(sort), prefix);
            call = call.key_conditions(sort, is(ComparisonOperator::BeginsWith, Some(prefix))?);
        }
        let start = from.map(attribute::wire).transpose()?;
        Ok(call.set_exclusive_start_key(start.map(|key| key.into_iter().collect())))
    }
}

/// A condition on one attribute.
pub(super) fn is(operator: ComparisonOperator, value: Option<AttributeValue>) -> Result<Condition, Fault> {
    Condition::builder()
        .comparison_operator(operator)
        .set_attribute_value_list(value.map(|value| vec![value]))
        .build()
        .map_err(|e| Fault::permanent(QUERY, "source_refused", e))
}

/// What an item is to this request.
enum Found {
    Line(Line),
    Later,
    NotOurs,
}

fn line(layout: &Layout<'_>, order: &PageOrder<'_>, item: &Item) -> Found {
    // Marks without a request id are nobody's: listed, so that the sweep reports them instead of leaving them out.
    let other = layout.mark_of(item, order.request) == Marked::Other && item.contains_key(&layout.marks().id);
    if (other && !order.hidden_too) || !layout.is_of(order.tenant, item) {
        return Found::NotOurs;
    }
    if layout.is_later(item, order.cutoff) {
        return Found::Later;
    }
    layout.line_of(item).map_or(Found::NotOurs, Found::Line)
}

/// The subject's partition key. An id that is no number cannot be in a numeric key: that is the data map's mistake, and
/// finding nothing would look like a finished erasure.
fn partition(layout: &Layout<'_>, order: &PageOrder<'_>) -> Result<AttributeValue, Fault> {
    let text = order.dataset.locate(order.tenant, order.subject);
    Ok(match layout.place.key.kind {
        KeyType::S => AttributeValue::S(text),
        KeyType::B => AttributeValue::B(Blob::new(text.into_bytes())),
        KeyType::N if text.parse::<f64>().is_ok_and(f64::is_finite) => AttributeValue::N(text),
        KeyType::N => {
            return Err(Fault::permanent(
                QUERY,
                "key_not_numeric",
                "the subject id is no number",
            ));
        }
    })
}

fn prefix_value(binary: bool, prefix: &str) -> AttributeValue {
    if binary {
        AttributeValue::B(Blob::new(prefix.as_bytes()))
    } else {
        AttributeValue::S(prefix.to_owned())
    }
}

pub(super) fn last_key(last: Option<Item>) -> Result<Option<Key>, Fault> {
    let Some(last) = last.filter(|key| !key.is_empty()) else {
        return Ok(None);
    };
    let key = attribute::key(last.keys().map(String::as_str), &last);
    key.map(Some)
        .ok_or_else(|| Fault::permanent(QUERY, "source_refused", "the last key is not made of scalars"))
}

fn parse_cursor(cursor: &str) -> Result<Key, Fault> {
    serde_json::from_str(cursor).map_err(|e| Fault::corrupt(QUERY, e))
}

fn write_cursor(last: &Key) -> Result<String, Fault> {
    serde_json::to_string(last).map_err(|e| Fault::corrupt(QUERY, e))
}
