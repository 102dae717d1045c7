//! Whole items of a dataset in vault mode: read, deleted as they were copied, put back where there is none.
//!
//! Guarantees: a deletion states what it deletes ([`exact`]) and looks at what it deleted: an attribute that somebody
//! added between copy and deletion is in the answer, since no condition can say that there is no other. A put never
//! overwrites. After a fault, or once the gate is shut, no further write is begun, but those in flight are awaited.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::config::{Builder, Config, retry::RetryConfig};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemError, DeleteItemOutput};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{KeysAndAttributes, ReturnValue, ReturnValuesOnConditionCheckFailure};
use futures::StreamExt as _;
use futures::stream;

use super::Tables;
use super::attribute::{self, Item, Key};
use super::exact;
use super::layout::Layout;
use super::sweep::keys;
use crate::domain::data_map::{Dataset, DynamoPlace};
use crate::domain::manifest::Line;
use crate::domain::vault::Attributes;
use crate::ports::{Always, Fault, ItemsOrder, PutBack, Taken, Watch, Whole};
use crate::source::fault::{self, Meaning};
use crate::source::gate::Gate;

const READ: &str = "reading whole items";
const TAKE: &str = "deleting copied items";
const PUT_BACK: &str = "putting items back";

/// Keys of one read: BatchGetItem's limit. It answers at most 16 MB of them.
const PER_READ: usize = 100;
/// Writes of one order under way at a time.
const IN_FLIGHT: usize = 32;

impl Tables {
    /// One answer's worth of whole items.
    pub(in crate::source) async fn items(
        &self,
        (dataset, place): (&Dataset, &DynamoPlace),
        lines: &[&Line],
    ) -> Result<Vec<Whole>, Fault> {
        let layout = self.layout(dataset, place).await?;
        let keys = keys(READ, lines.iter().copied())?;
        let asked = &keys[..keys.len().min(PER_READ)];
        let wire = asked.iter().map(|key| Ok(attribute::wire(key)?.into_iter().collect()));
        let request = KeysAndAttributes::builder()
            .consistent_read(true)
            .set_keys(Some(wire.collect::<Result<Vec<_>, Fault>>()?))
            .build()
            .map_err(|e| Fault::permanent(READ, "source_refused", e))?;
        let call = self.client.batch_get_item().request_items(&place.table, request);
        let answer = call.send().await.map_err(|e| fault::of_sdk(READ, e))?;
        let mut found = BTreeMap::new();
        for item in answer.responses.into_iter().flatten().flat_map(|(_, items)| items) {
            if let Some(key) = layout.key_of(&item) {
                found.insert(key, attribute::whole(item)?);
            }
        }
        let left = answer.unprocessed_keys.into_iter().flatten();
        let left: Vec<Key> = left
            .flat_map(|(_, keys)| keys.keys)
            .filter_map(|key| layout.key_of(&key))
            .collect();
        if left.len() >= asked.len() && !asked.is_empty() {
            return Err(Fault::transient(READ, "every key was left unprocessed"));
        }
        let answer = |(n, key): (usize, &&Key)| match found.remove(*key) {
            _ if n >= PER_READ => Whole::Unread,
            Some(item) => Whole::There(item),
            None if left.contains(*key) => Whole::Unread,
            None => Whole::Absent,
        };
        Ok(keys.iter().enumerate().map(answer).collect())
    }

    /// Deletes what is as it was copied.
    pub(in crate::source) async fn take<W: Watch>(
        &self,
        place: &DynamoPlace,
        order: &ItemsOrder<'_>,
        watch: &W,
    ) -> Result<Vec<Option<Taken>>, Fault> {
        let layout = self.layout(order.dataset, place).await?;
        let take = |copied| self.take_one(&layout, copied);
        self.write_each(TAKE, order.items, &Gate::new(watch), take).await
    }

    async fn take_one(&self, layout: &Layout<'_>, copied: &Attributes) -> Result<Option<Taken>, Fault> {
        let item = attribute::sdk_item(copied)?;
        let Some(condition) = exact::as_copied(layout, &item) else {
            return Ok(Some(Taken::Unverifiable));
        };
        let call = self
            .client
            .delete_item()
            .table_name(&layout.place.table)
            .set_key(Some(key_of(layout, &item)?))
            .condition_expression(condition.text)
            .set_expression_attribute_names(Some(condition.names))
            .set_expression_attribute_values(Some(condition.values).filter(|values| !values.is_empty()))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.customize().config_override(once()).send().await {
            Ok(answer) => gone(answer, copied).map(Some),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(why)) => Ok(Some(not_taken(why.item()))),
                _ => Ok(self.refused(TAKE, error)?.map(Taken::Refused)),
            },
        }
    }

    /// Puts what is not there.
    pub(in crate::source) async fn put_back(
        &self,
        place: &DynamoPlace,
        order: &ItemsOrder<'_>,
    ) -> Result<Vec<PutBack>, Fault> {
        let layout = self.layout(order.dataset, place).await?;
        let put = |copied| self.put_one(&layout, copied);
        let answers = self.write_each(PUT_BACK, order.items, &Gate::new(&Always), put).await?;
        // Without a fault such a gate stays open: there is an answer to each.
        Ok(answers.into_iter().flatten().collect())
    }

    async fn put_one(&self, layout: &Layout<'_>, copied: &Attributes) -> Result<Option<PutBack>, Fault> {
        let call = self
            .client
            .put_item()
            .table_name(&layout.place.table)
            .set_item(Some(attribute::sdk_item(copied)?))
            .condition_expression("attribute_not_exists(#key)")
            .expression_attribute_names("#key", &layout.shape.keys.partition)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match call.customize().config_override(once()).send().await {
            Ok(_) => Ok(Some(PutBack::Done)),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(why)) => not_put(why.item(), copied).map(Some),
                _ => Ok(self.refused(PUT_BACK, error)?.map(PutBack::Refused)),
            },
        }
    }

    /// One write for each item while the gate is open, at the pace; no answer for one that was not begun. A write without
    /// an answer was throttled or failed for now: it is tried again by itself, after a pause and more slowly.
    async fn write_each<'i, T, W: Watch, F>(
        &self,
        operation: &'static str,
        items: &'i [Attributes],
        gate: &Gate<'_, W>,
        write: impl Fn(&'i Attributes) -> F,
    ) -> Result<Vec<Option<T>>, Fault>
    where
        F: Future<Output = Result<Option<T>, Fault>>,
    {
        let mut answers: Vec<Option<T>> = items.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..items.len()).collect();
        let mut in_flight = IN_FLIGHT;
        loop {
            let ebb = AtomicBool::new(false);
            let calls = open.iter().map(|at| self.write_one((gate, &ebb), write(&items[*at])));
            let calls: Vec<_> = calls.collect();
            let heard: Vec<Result<_, Fault>> = stream::iter(calls).buffered(in_flight).collect().await;
            let heard: Vec<Option<T>> = heard.into_iter().collect::<Result<_, Fault>>()?;
            let mut again = Vec::new();
            for (at, heard) in open.into_iter().zip(heard) {
                if heard.is_none() {
                    again.push(at);
                }
                answers[at] = heard;
            }
            // Who stops does not wait: what was not answered is looked at.
            if !ebb.into_inner() || gate.is_shut() {
                return Ok(answers);
            }
            if !self.pacer.slow_down().await {
                return Err(Fault::transient(operation, "items were throttled or not answered"));
            }
            (open, in_flight) = (again, IN_FLIGHT / 8);
        }
    }

    /// One write, if the gate is open and nothing was throttled in this round.
    async fn write_one<T, W: Watch>(
        &self,
        (gate, ebb): (&Gate<'_, W>, &AtomicBool),
        write: impl Future<Output = Result<Option<T>, Fault>>,
    ) -> Result<Option<T>, Fault> {
        self.pacer.turn(1).await;
        if ebb.load(Ordering::Relaxed) || !gate.opens().await {
            return Ok(None);
        }
        let heard = write.await;
        match &heard {
            Ok(Some(_)) => self.pacer.settled(1),
            Ok(None) => ebb.store(true, Ordering::Relaxed),
            Err(_) => gate.shut(),
        }
        heard
    }

    /// The code of one item's own failure; none if it is to be tried again; what concerns the table is a fault.
    fn refused<E>(&self, operation: &'static str, error: SdkError<E>) -> Result<Option<&'static str>, Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let meaning = fault::meaning_of(&error);
        self.pacer.heard(meaning, 1);
        match (meaning, error.code()) {
            (Meaning::Throttled | Meaning::Later, _) => Ok(None),
            (_, Some("ItemCollectionSizeLimitExceededException")) => Ok(Some("item_collection_full")),
            (_, Some("ValidationException")) => Ok(Some("source_refused")),
            _ => Err(fault::of_sdk(operation, error)),
        }
    }
}

/// The SDK tries nothing again: the pacer says when.
fn once() -> Builder {
    Config::builder().retry_config(RetryConfig::disabled())
}

fn key_of(layout: &Layout<'_>, item: &Item) -> Result<Item, Fault> {
    let names = layout.shape.keys.names();
    let part = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
    names
        .map(part)
        .collect::<Option<_>>()
        .ok_or_else(|| Fault::corrupt(TAKE, "a copy without its key"))
}

/// What a deletion deleted, against its copy. An answer without the item (no such item, and yet the condition held)
/// cannot be.
fn gone(answer: DeleteItemOutput, copied: &Attributes) -> Result<Taken, Fault> {
    match answer.attributes.map(attribute::whole).transpose()? {
        Some(item) if item != *copied => Ok(Taken::GoneWithMore(item)),
        Some(_) | None => Ok(Taken::Gone),
    }
}

/// Why a deletion's condition failed: an item that is not there is not in the answer.
fn not_taken(there: Option<&Item>) -> Taken {
    match there {
        Some(item) if !item.is_empty() => Taken::Changed,
        Some(_) | None => Taken::Absent,
    }
}

fn not_put(there: Option<&Item>, copied: &Attributes) -> Result<PutBack, Fault> {
    let there = there.cloned().map(attribute::whole).transpose()?;
    Ok(if there.as_ref() == Some(copied) {
        PutBack::Same
    } else {
        PutBack::Other
    })
}
