//! The ground of the adapter: scratch tables on the emulator, or wherever `LETHE_CONFORMANCE_ENDPOINT` says.

use std::io::Write;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures::{FutureExt, StreamExt};
use shared::domain::ids::Ref;
use shared::storage::{Storage, keys};

use super::ground::{Case, Ground};
use super::samples::acme;
use crate::storage::tables::{Scratch, client, scratch, scratch_on};

/// One hold on `messages`.
const STANDING: &str = r#"{"hld_00000000010000000000000001": ["messages"]}"#;
/// Names the further side.
const ENDPOINT: &str = "LETHE_CONFORMANCE_ENDPOINT";
/// Cases that run there at a time: AWS takes seconds to make a table.
const AT_ONCE: usize = 8;

impl Ground for Scratch {
    type Store = Storage;

    fn store(&self) -> &Storage {
        &self.store
    }

    async fn put_holds(&self, subject: &Ref, version: u64) {
        let head = keys::hold_head(&acme(), subject);
        let call = self.client.put_item().table_name(&self.tables.requests);
        let call = call
            .item("pk", AttributeValue::S(head.pk))
            .item("sk", AttributeValue::S(head.sk))
            .item("v", AttributeValue::N("1".into()))
            .item("version", AttributeValue::N(version.to_string()))
            .item("standing", AttributeValue::S(STANDING.into()));
        call.send().await.expect("a hold head");
    }

    async fn pause(&self) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Plays a case on the emulator, in tables of its own.
pub(super) async fn play<F: Future<Output = ()>>(case: impl FnOnce(Scratch) -> F) {
    case(scratch().await).await;
}

#[tokio::test]
async fn every_case_on_dynamodb_local_or_aws() {
    let Ok(endpoint) = std::env::var(ENDPOINT) else {
        // Straight to stdout: the runner would keep a `println!` of a test that passes to itself.
        let why = "SKIPPED: the store's conformance on DynamoDB Local or AWS:";
        writeln!(std::io::stdout(), "{why} {ENDPOINT} is not set").expect("stdout");
        return;
    };
    let client = match endpoint.as_str() {
        "aws" => Client::new(&aws_config::defaults(BehaviorVersion::latest()).load().await),
        endpoint => client(endpoint).await,
    };
    let plays = super::all()
        .into_iter()
        .map(|(name, case)| play_on(&client, name, case));
    let failed: Vec<_> = futures::stream::iter(plays)
        .buffer_unordered(AT_ONCE)
        .filter_map(async |failed| failed)
        .collect()
        .await;
    assert!(failed.is_empty(), "on {endpoint} these cases fail: {failed:?}");
}

/// Plays a case in tables that are deleted afterwards; answers its name if it failed.
async fn play_on(client: &Client, name: &'static str, case: Case<Scratch>) -> Option<&'static str> {
    let scratch = scratch_on(client).await;
    let tables = scratch.tables.clone();
    let outcome = AssertUnwindSafe(case(scratch)).catch_unwind().await;
    for table in [&tables.requests, &tables.audit, &tables.keys] {
        client
            .delete_table()
            .table_name(table)
            .send()
            .await
            .expect("a table can be deleted");
    }
    outcome.is_err().then_some(name)
}
