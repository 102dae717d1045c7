//! Single calls: get a row, query a partition, put on a condition; and what a refused or unclear write is worth.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Storage;
use super::condition::Condition;
use super::error::fault;
use super::item::Item;
use crate::ports::Fault;

impl Storage {
    /// One row, consistently.
    pub(super) async fn get(&self, table: &str, key: Item, operation: &'static str) -> Result<Option<Item>, Fault> {
        let call = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key))
            .consistent_read(true);
        let answer = call.send().await.map_err(|error| fault(operation, error))?;
        Ok(answer.item)
    }

    /// Every row of a partition whose sort key begins so, consistently.
    pub(super) async fn rows(&self, pk: String, prefix: &str, operation: &'static str) -> Result<Vec<Item>, Fault> {
        let query = self.partition(&self.tables.requests, pk).consistent_read(true);
        let query = query.key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)");
        let query = query.expression_attribute_names("#sk", "sk");
        let query = query.expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()));
        let items = query
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await;
        items.map_err(|error| fault(operation, error))
    }

    /// The beginning of a query over one partition.
    pub(super) fn partition(&self, table: &str, pk: String) -> QueryFluentBuilder {
        let query = self
            .client
            .query()
            .table_name(table)
            .expression_attribute_names("#pk", "pk");
        query.expression_attribute_values(":pk", AttributeValue::S(pk))
    }

    /// Puts a row, on a condition; `false` if that does not hold.
    pub(super) async fn put_if(
        &self,
        table: &str,
        item: Item,
        on: &Condition,
        operation: &'static str,
    ) -> Result<bool, Fault> {
        let put = self.client.put_item().table_name(table).set_item(Some(item));
        let put = put
            .condition_expression(on.expression)
            .set_expression_attribute_names(Some(on.names()));
        match put.set_expression_attribute_values(on.values()).send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(fault(operation, error)),
            },
        }
    }

    /// Puts a row whatever was there: caches only.
    pub(super) async fn put_over(&self, item: Item, operation: &'static str) -> Result<(), Fault> {
        let put = self
            .client
            .put_item()
            .table_name(&self.tables.requests)
            .set_item(Some(item));
        put.send().await.map(drop).map_err(|error| fault(operation, error))
    }
}

/// Settles a conditional write by reading back. A refused one may have been done by an earlier try whose answer was
/// lost; a transient fault leaves open whether it was done. What `is_there` finds was done.
pub(super) async fn settled(
    answer: Result<bool, Fault>,
    is_there: impl Future<Output = Result<bool, Fault>>,
) -> Result<bool, Fault> {
    match answer {
        Ok(true) => Ok(true),
        Ok(false) => is_there.await,
        Err(fault @ Fault::Permanent { .. }) => Err(fault),
        Err(fault) => match is_there.await {
            Ok(true) => Ok(true),
            Ok(false) | Err(_) => Err(fault),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settle(answer: Result<bool, Fault>, there: Result<bool, Fault>) -> Result<bool, Fault> {
        futures::executor::block_on(settled(answer, async { there }))
    }

    #[test]
    fn a_write_is_done_if_it_was_answered_so_or_is_there() {
        assert!(settle(Ok(true), Ok(false)).expect("answered"));
        assert!(settle(Ok(false), Ok(true)).expect("read back"));
        assert!(!settle(Ok(false), Ok(false)).expect("refused"));
        assert!(settle(Err(Fault::transient("t", "lost")), Ok(true)).expect("read back"));
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        assert!(settle(Err(Fault::transient("t", "lost")), Ok(false)).is_err());
        assert!(settle(Err(Fault::transient("t", "lost")), Err(Fault::transient("t", "too"))).is_err());
        assert!(settle(Ok(false), Err(Fault::transient("t", "lost"))).is_err());
        assert!(settle(Err(Fault::permanent("t", "invalid", "no")), Ok(true)).is_err());
    }
}
