//! Limits and token of a transaction.

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::types::error::{IdempotentParameterMismatchException, TransactionInProgressException};

use super::super::item::Row;
use super::*;

fn transaction(actions: usize, bytes: usize) -> Transaction {
    let mut transaction = Transaction::new("test");
    for n in 0..actions {
        let item = Row::of_partition(n.to_string()).bytes("b", &vec![0; bytes]).into_item();
        transaction
            .put(Guard::Chunk, "t", item, &Condition::absent())
            .expect("whole");
    }
    transaction
}

#[test]
fn what_dynamodb_never_takes_is_not_sent() {
    assert!(transaction(100, 1).check_limits().is_ok());
    assert!(transaction(101, 1).check_limits().is_err());
    assert!(transaction(12, 399_000).check_limits().is_err());
}

#[test]
fn the_token_is_the_transactions_and_fits() {
    assert_eq!(transaction(3, 5).token(), transaction(3, 5).token());
    assert_eq!(transaction(3, 5).token().len(), 32);
    assert_ne!(transaction(3, 5).token(), transaction(3, 6).token());
    let mut other = Transaction::new("test");
    for n in 0..3_u8 {
        let item = Row::of_partition(n.to_string()).bytes("b", &[0; 5]).into_item();
        other
            .put(Guard::Chunk, "t", item, &Condition::number_is("rev", 1))
            .expect("whole");
    }
    assert_ne!(transaction(3, 5).token(), other.token(), "the condition counts");
}

#[test]
fn a_token_used_in_another_order_is_a_repeated_transaction() {
    let error = |error| {
        let raw = HttpResponse::new(400.try_into().expect("a status"), "".into());
        SdkError::service_error(error, raw)
    };
    let mismatch = IdempotentParameterMismatchException::builder().build();
    let mismatch = TransactWriteItemsError::IdempotentParameterMismatchException(mismatch);
    assert!(is_repeated(&error(mismatch)));
    let busy = TransactionInProgressException::builder().build();
    let busy = TransactWriteItemsError::TransactionInProgressException(busy);
    assert!(!is_repeated(&error(busy)), "nobody knows yet what comes of it");
}
