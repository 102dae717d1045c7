//! Vault mode on the stack: every type of attribute, items of 400 KB, the vault's bucket, and what it costs.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef as After, BeforeSerializationInterceptorContextMut as Before,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::batch_execute_statement::{BatchExecuteStatementInput, BatchExecuteStatementOutput};
use aws_sdk_dynamodb::operation::batch_get_item::{BatchGetItemInput, BatchGetItemOutput};
use aws_sdk_dynamodb::operation::delete_item::{DeleteItemInput, DeleteItemOutput};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ConsumedCapacity, ReturnConsumedCapacity, ScalarAttributeType};
use shared::blob::S3Vault;
use shared::domain::manifest::Line;
use shared::domain::vault::Attributes;
use shared::ports::{Always, Fault, Items as _, ItemsOrder, PutBack, Taken, Vault as _, Whole};
use shared::source::AwsSources;

use super::scratch::{Item, Scratch, Stack, item, n, s};
use crate::conformance::source::desk::Desk;
use crate::conformance::source::ground::{MINE, WITH_TTL, request};

const VAULT: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"{tenant}#{subject}\"}
    tenant: {in: key}
    soft_delete: {mode: vault}";

/// Every planned item, whole.
async fn copied(desk: &Desk<AwsSources>) -> Vec<Attributes> {
    let lines = desk.plan().await;
    let lines: Vec<&Line> = lines.iter().collect();
    let mut items = Vec::new();
    for some in lines.chunks(100) {
        let answers = desk.sources.read_whole(&desk.dataset, some).await.expect("read");
        items.extend(answers.into_iter().map(|whole| match whole {
            Whole::There(item) => item,
            other => panic!("{other:?}"),
        }));
    }
    items
}

fn order<'a>(desk: &'a Desk<AwsSources>, items: &'a [Attributes]) -> ItemsOrder<'a> {
    ItemsOrder {
        dataset: &desk.dataset,
        request: request(MINE),
        items,
    }
}

/// By sort key, with sets in order, for they have none.
fn sorted(items: Vec<Item>) -> BTreeMap<String, Item> {
    let in_order = |value: AttributeValue| match value {
        AttributeValue::Ss(mut set) => {
            set.sort();
            AttributeValue::Ss(set)
        }
        AttributeValue::Ns(mut set) => {
            set.sort();
            AttributeValue::Ns(set)
        }
        AttributeValue::Bs(mut set) => {
            set.sort_by(|a, b| a.as_ref().cmp(b.as_ref()));
            AttributeValue::Bs(set)
        }
        other => other,
    };
    let by_sort = |item: Item| {
        let sort = item["sk"].as_s().expect("a string").clone();
        (
            sort,
            item.into_iter().map(|(name, value)| (name, in_order(value))).collect(),
        )
    };
    items.into_iter().map(by_sort).collect()
}

/// One attribute of each type, empty and nested ones, and a number of 38 digits.
fn odd(sort: &str) -> Item {
    let blob = |bytes: &[u8]| Blob::new(bytes.to_vec());
    let mut odd = item(s(sort));
    let inner = Item::from([("none".into(), AttributeValue::M(Item::new())), ("ü.[0]".into(), s(""))]);
    odd.extend([
        ("text".to_owned(), s("ä\"\\\n")),
        (
            "number".to_owned(),
            AttributeValue::N("-0.12345678901234567890123456789012345678".into()),
        ),
        ("bytes".to_owned(), AttributeValue::B(blob(&[0, 255, 10]))),
        ("no bytes".to_owned(), AttributeValue::B(blob(&[]))),
        ("yes".to_owned(), AttributeValue::Bool(true)),
        ("null".to_owned(), AttributeValue::Null(true)),
        ("map".to_owned(), AttributeValue::M(inner)),
        (
            "list".to_owned(),
            AttributeValue::L(vec![AttributeValue::L(vec![]), n(1), AttributeValue::Null(true)]),
        ),
        ("strings".to_owned(), AttributeValue::Ss(vec!["b".into(), "a".into()])),
        (
            "numbers".to_owned(),
            AttributeValue::Ns(vec!["3".into(), "-1.5".into()]),
        ),
        ("blobs".to_owned(), AttributeValue::Bs(vec![blob(&[2]), blob(&[1])])),
    ]);
    odd
}

#[tokio::test]
async fn every_type_and_400_kilobytes_come_back_as_they_were() {
    let scratch = Scratch::table(ScalarAttributeType::S, VAULT).await;
    scratch.put_raw(odd("odd")).await;
    scratch.put_raw(item(s("bare"))).await;
    for sort in ["full-1", "full-2"] {
        let mut full = item(s(sort));
        let named = "pk".len() + "acme#7".len() + "sk".len() + sort.len() + "text".len();
        full.insert("text".into(), s(&"x".repeat(400 * 1024 - named)));
        scratch.put_raw(full).await;
    }
    let before = sorted(scratch.raw_items().await);
    let items = copied(&scratch.desk).await;
    let taken = scratch.desk.sources.take(order(&scratch.desk, &items), &Always).await;
    assert!(taken.expect("taken").iter().all(|taken| *taken == Some(Taken::Gone)));
    assert!(scratch.raw_items().await.is_empty());
    let put = scratch.desk.sources.put_back(order(&scratch.desk, &items)).await;
    assert_eq!(put.expect("put back"), [PutBack::Done; 4]);
    assert!(sorted(scratch.raw_items().await) == before, "to the byte");
    let again = scratch.desk.sources.put_back(order(&scratch.desk, &items)).await;
    assert_eq!(again.expect("put back"), [PutBack::Same; 4]);
}

#[tokio::test]
async fn a_change_inside_a_nested_attribute_is_seen() {
    let scratch = Scratch::table(ScalarAttributeType::S, VAULT).await;
    scratch.put_raw(odd("a")).await;
    let items = copied(&scratch.desk).await;
    let mut changed = odd("a");
    changed.insert(
        "list".into(),
        AttributeValue::L(vec![AttributeValue::L(vec![]), n(2), AttributeValue::Null(true)]),
    );
    scratch.put_raw(changed).await;
    let taken = scratch.desk.sources.take(order(&scratch.desk, &items), &Always).await;
    assert_eq!(taken.expect("asked"), [Some(Taken::Changed)]);
}

#[tokio::test]
async fn the_vault_keeps_what_it_was_given_and_forgets_a_chunk() {
    let scratch = Scratch::bucket(false).await;
    let vault = S3Vault::new(scratch.s3.clone(), scratch.name.clone(), "alias/aws/s3");
    let groups = [
        "v/acme/r/notes/0/1/000001-000000",
        "v/acme/r/notes/0/1/000002-000000",
        "v/acme/r/notes/0/10/000001-000000",
    ];
    for (n, group) in groups.iter().enumerate() {
        vault.put(group, vec![n as u8; 1000]).await.expect("put");
    }
    assert_eq!(vault.read(groups[1]).await.expect("read"), Some(vec![1; 1000]));
    assert_eq!(vault.list("v/acme/r/notes/0/1/").await.expect("listed"), groups[..2]);
    let chunk: Vec<String> = groups[..2].iter().map(|key| (*key).to_owned()).collect();
    vault.delete(&chunk).await.expect("deleted");
    vault.delete(&chunk).await.expect("deleted already");
    assert_eq!(vault.list("v/acme/").await.expect("listed"), groups[2..]);
    assert_eq!(vault.read(groups[1]).await.expect("read"), None);
    let none = S3Vault::new(scratch.s3.clone(), None, "alias/aws/s3");
    let refused = none.put(groups[0], vec![]).await;
    assert!(matches!(
        refused,
        Err(Fault::Permanent {
            code: "not_configured",
            ..
        })
    ));
}

/// Adds up what the calls of a client consumed.
#[derive(Clone, Debug, Default)]
struct Meter(Arc<Mutex<f64>>);

impl Meter {
    fn take(&self) -> f64 {
        std::mem::take(&mut self.0.lock().expect("nothing panics in here"))
    }

    fn add<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
        *self.0.lock().expect("nothing panics in here") += units;
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn modify_before_serialization(
        &self,
        context: &mut Before<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let total = Some(ReturnConsumedCapacity::Total);
        let input = context.input_mut();
        if let Some(delete) = input.downcast_mut::<DeleteItemInput>() {
            delete.return_consumed_capacity = total;
        } else if let Some(get) = input.downcast_mut::<BatchGetItemInput>() {
            get.return_consumed_capacity = total;
        } else if let Some(batch) = input.downcast_mut::<BatchExecuteStatementInput>() {
            batch.return_consumed_capacity = total;
        }
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &After<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Ok(output) = context.output_or_error() else {
            return Ok(());
        };
        if let Some(delete) = output.downcast_ref::<DeleteItemOutput>() {
            self.add(delete.consumed_capacity());
        } else if let Some(get) = output.downcast_ref::<BatchGetItemOutput>() {
            self.add(get.consumed_capacity());
        } else if let Some(batch) = output.downcast_ref::<BatchExecuteStatementOutput>() {
            self.add(batch.consumed_capacity());
        }
        Ok(())
    }
}

/// A table of hundred items of about 700 bytes, whose calls are metered.
async fn metered(yaml: &str) -> (Scratch, Meter) {
    let mut scratch = Scratch::table(ScalarAttributeType::S, yaml).await;
    for n in 0..100 {
        let mut item = item(s(&format!("{n:03}")));
        item.insert("text".into(), s(&"x".repeat(700)));
        scratch.put_raw(item).await;
    }
    let meter = Meter::default();
    let stack = Stack::find();
    let metered = stack
        .dynamodb("test", "test")
        .config()
        .to_builder()
        .interceptor(meter.clone());
    let client = aws_sdk_dynamodb::Client::from_conf(metered.build());
    scratch.desk.sources = AwsSources::new(client, scratch.s3.clone());
    (scratch, meter)
}

#[tokio::test]
async fn what_a_record_costs_beside_a_tombstone() {
    let (vault, meter) = metered(VAULT).await;
    let items = copied(&vault.desk).await;
    let read = meter.take();
    let taken = vault.desk.sources.take(order(&vault.desk, &items), &Always).await;
    assert_eq!(taken.expect("taken").len(), 100);
    let deleted = meter.take();

    let (marked, meter) = metered(&WITH_TTL.replace("expiry: ttl, ttl_attribute: expires_at", "expiry: purge")).await;
    let lines = marked.desk.plan().await;
    meter.take();
    let outcomes = marked.desk.sweep(&lines).await;
    let mark = meter.take();
    marked.desk.purge(&lines, &outcomes).await;
    let purge = meter.take();
    println!(
        "capacity units of a record of 700 bytes: vault {:.2} to write and {:.2} to read; tombstone {:.2} to mark, {:.2} to purge (with its reads; none of it where TTL deletes)",
        deleted / 100.0,
        read / 100.0,
        mark / 100.0,
        purge / 100.0
    );
    assert!(deleted > 0.0 && mark > 0.0, "the stack tells what calls consume");
    assert!(deleted <= mark + purge, "vault mode writes no more than mark and purge");
}
