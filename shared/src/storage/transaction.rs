//! A transaction being gathered: actions, what each guards, and the limits DynamoDB sets.
//!
//! Guarantees: the request token is a digest of the whole transaction, so the same transaction sent again (after a
//! lost answer) is done once, and another one is never taken for it; each refused action is reported by its guard;
//! a transaction that DynamoDB can never take is a permanent fault before it is sent. Where next: `storage::commit`.

use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem};
use sha2::{Digest, Sha256};

use super::Storage;
use super::condition::Condition;
use super::error::fault;
use super::item::{Item, canonical, size};
use crate::ports::Fault;

/// Actions DynamoDB takes in one transaction.
const MAX_ACTIONS: usize = 100;
/// Bytes DynamoDB takes in one transaction.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What an action protects, so that its refusal can be told in the domain's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guard {
    /// The request's row has not moved.
    Request,
    /// The trail's next entry is not there.
    Entry,
    /// The mail is not there, or not touched.
    Mail,
    /// The idempotency key is free.
    Idempotency,
    /// No open request for the same data.
    Scope,
    /// The scope that is given up is this request's.
    Release,
    /// The holds have not changed.
    Holds,
    /// The hold is not there, or not touched.
    Hold,
    /// No data key of this name.
    DataKey,
    /// The plan is not there, or not touched.
    Plan,
    /// The plan that is closed has not been touched.
    OpenPlan,
    /// The chunk is not there.
    Chunk,
    /// The chunk or finding that is settled by hand has not been touched.
    Settled,
    /// The restoration is not there, or not touched.
    Restore,
    /// A package to be written.
    Assembly,
    /// The row that finds the request is its own.
    Found,
    /// The subject's gate is as it was read.
    Gate,
    /// The end of the month's chain has not moved.
    Month,
}

/// Why an action was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Its condition does not hold.
    Condition,
    /// Another transaction has the row in hand.
    Contention,
}

/// What became of a transaction.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// All of it is written.
    Written,
    /// Nothing is written by this call, because it was sent before; what came of it must be read back.
    Repeated,
    /// Nothing is written; which actions were refused.
    Refused(Vec<(Guard, Why)>),
}

/// Actions gathered so far.
pub(super) struct Transaction {
    operation: &'static str,
    actions: Vec<TransactWriteItem>,
    guards: Vec<Guard>,
    bytes: usize,
    digest: Sha256,
}

impl Transaction {
    pub(super) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            actions: Vec::new(),
            guards: Vec::new(),
            bytes: 0,
            digest: Sha256::new(),
        }
    }

    /// Puts an item on a condition.
    pub(super) fn put(&mut self, guard: Guard, table: &str, item: Item, on: &Condition) -> Result<(), Fault> {
        self.note(guard, "put", table, &item, Some(on));
        let put = Put::builder()
            .table_name(table)
            .set_item(Some(item))
            .condition_expression(on.expression)
            .set_expression_attribute_names(Some(on.names()))
            .set_expression_attribute_values(on.values());
        let put = put.build().map_err(|error| self.malformed(error))?;
        self.actions.push(TransactWriteItem::builder().put(put).build());
        Ok(())
    }

    /// Deletes a row, on a condition if there is one.
    pub(super) fn delete(&mut self, guard: Guard, table: &str, key: Item, on: Option<&Condition>) -> Result<(), Fault> {
        self.note(guard, "delete", table, &key, on);
        let mut delete = Delete::builder().table_name(table).set_key(Some(key));
        if let Some(on) = on {
            delete = delete
                .condition_expression(on.expression)
                .set_expression_attribute_names(Some(on.names()))
                .set_expression_attribute_values(on.values());
        }
        let delete = delete.build().map_err(|error| self.malformed(error))?;
        self.actions.push(TransactWriteItem::builder().delete(delete).build());
        Ok(())
    }

    /// Checks a row without writing it.
    pub(super) fn check(&mut self, guard: Guard, table: &str, key: Item, on: &Condition) -> Result<(), Fault> {
        self.note(guard, "check", table, &key, Some(on));
        let check = ConditionCheck::builder()
            .table_name(table)
            .set_key(Some(key))
            .condition_expression(on.expression)
            .set_expression_attribute_names(Some(on.names()))
            .set_expression_attribute_values(on.values());
        let check = check.build().map_err(|error| self.malformed(error))?;
        self.actions
            .push(TransactWriteItem::builder().condition_check(check).build());
        Ok(())
    }

    fn note(&mut self, guard: Guard, verb: &str, table: &str, item: &Item, on: Option<&Condition>) {
        self.guards.push(guard);
        self.bytes += size(item);
        self.digest
            .update(format!("{verb} {table} {} {on:?}\n", canonical(item)));
    }

    fn malformed(&self, error: BuildError) -> Fault {
        Fault::permanent(self.operation, "invalid", error)
    }

    fn check_limits(&self) -> Result<(), Fault> {
        if self.actions.len() > MAX_ACTIONS {
            let why = format!("{} actions; DynamoDB takes {MAX_ACTIONS}", self.actions.len());
            return Err(Fault::permanent(self.operation, "too_many_actions", why));
        }
        if self.bytes > MAX_BYTES {
            let why = format!("{} bytes; DynamoDB takes {MAX_BYTES}", self.bytes);
            return Err(Fault::permanent(self.operation, "too_large", why));
        }
        Ok(())
    }

    /// Half of a SHA-256 in hexadecimal: fits the 36 characters of a request token.
    fn token(&self) -> String {
        hex::encode(&self.digest.clone().finalize()[..16])
    }
}

impl Storage {
    /// Sends a transaction. A transient fault leaves open whether it was written.
    pub(super) async fn transact(&self, transaction: Transaction) -> Result<Sent, Fault> {
        transaction.check_limits()?;
        let token = transaction.token();
        let Transaction {
            operation,
            actions,
            guards,
            ..
        } = transaction;
        let call = self.client.transact_write_items().set_transact_items(Some(actions));
        match call.client_request_token(token).send().await {
            Ok(_) => Ok(Sent::Written),
            Err(error) if is_repeated(&error) => Ok(Sent::Repeated),
            Err(error) => match refusals(&error, &guards) {
                Some(refused) => Ok(Sent::Refused(refused)),
                None => Err(fault(operation, error)),
            },
        }
    }
}

/// Whether the token was used before for what looks like something else. It is a digest, so that was this very
/// transaction with its attributes in another order. AWS takes no notice of the order; DynamoDB Local does.
fn is_repeated(error: &SdkError<TransactWriteItemsError>) -> bool {
    let service = error.as_service_error();
    service.is_some_and(TransactWriteItemsError::is_idempotent_parameter_mismatch_exception)
}

/// The refused actions of a cancelled transaction; none if it failed otherwise (throttled, malformed, unreachable).
fn refusals(error: &SdkError<TransactWriteItemsError>, guards: &[Guard]) -> Option<Vec<(Guard, Why)>> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return None;
    };
    let refused = cancelled.cancellation_reasons().iter().zip(guards);
    let refused: Vec<_> = refused
        .filter_map(|(reason, guard)| Some((*guard, why(reason)?)))
        .collect();
    (!refused.is_empty()).then_some(refused)
}

fn why(reason: &CancellationReason) -> Option<Why> {
    match reason.code()? {
        "ConditionalCheckFailed" => Some(Why::Condition),
        "TransactionConflict" => Some(Why::Contention),
        _ => None,
    }
}

#[cfg(test)]
#[path = "transaction_tests.rs"]
mod tests;
