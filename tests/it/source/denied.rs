//! A missing permission is a permanent fault with its code, or the failure of one record; nothing is changed.
//!
//! The emulator enforces IAM for users it knows; they are made here.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::ScalarAttributeType;
use harness::iam;
use lethe::clients::Clients;
use lethe::stack_file::Stack;
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Always, Sources};
use shared::source::AwsSources;

use super::scratch::{Scratch, unique};
use crate::conformance::source::desk::permanent;
use crate::conformance::source::ground::{Bed as _, MINE, WITH_TTL, codes, item, s};

/// The sources as a new user sees them who may do only these actions.
async fn allowed(actions: &str) -> AwsSources {
    let (stack, user) = (Stack::for_tests().expect("a stack"), unique("user"));
    let policy =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#);
    iam::call(&stack, &[("Action", "CreateUser"), ("UserName", &user)]).await;
    let put = [
        ("Action", "PutUserPolicy"),
        ("UserName", &user),
        ("PolicyName", "p"),
        ("PolicyDocument", &policy),
    ];
    iam::call(&stack, &put).await;
    let made = iam::call(&stack, &[("Action", "CreateAccessKey"), ("UserName", &user)]).await;
    let field = |name: &str| iam::elements(&made, name).pop().expect("a key");
    let (key, secret) = (field("AccessKeyId"), field("SecretAccessKey"));
    let somebody = Credentials::new(key, secret, None, None, "a user of the test");
    let clients = Clients::of(&stack).await.acting_as(somebody);
    AwsSources::new(clients.dynamodb(), clients.s3())
}

#[tokio::test]
async fn an_item_that_may_not_be_marked() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    scratch.put(item(s("a"))).await;
    let reader = allowed(r#""dynamodb:DescribeTable","dynamodb:Query","dynamodb:BatchGetItem""#).await;
    let lines = reader
        .page(scratch.desk.page_order(None, 10))
        .await
        .expect("reading is allowed")
        .lines;
    let fault = reader
        .sweep(scratch.desk.sweep_order(&lines, MINE), &Always)
        .await
        .expect_err("marking is not");
    assert_eq!(permanent(&fault), Some("access_denied"), "{fault:?}");
    assert_eq!(scratch.items().await.into_values().collect::<Vec<_>>(), [item(s("a"))]);

    let blind = allowed(r#""dynamodb:DescribeTable""#).await;
    let fault = blind
        .page(scratch.desk.page_order(None, 10))
        .await
        .expect_err("reading is not");
    assert_eq!(permanent(&fault), Some("access_denied"), "{fault:?}");
}

#[tokio::test]
async fn an_object_that_may_not_be_hidden() {
    let scratch = Scratch::bucket(true).await;
    scratch.write("acme/7/a", "x").await;
    let reader = allowed(r#""s3:ListBucketVersions","s3:GetBucketVersioning""#).await;
    let lines = reader
        .page(scratch.desk.page_order(None, 10))
        .await
        .expect("reading is allowed")
        .lines;
    match reader.sweep(scratch.desk.sweep_order(&lines, MINE), &Always).await {
        Ok(outcomes) => assert_eq!(outcomes, [LineOutcome::failed("access_denied")]),
        Err(fault) => assert_eq!(permanent(&fault), Some("access_denied"), "{fault:?}"),
    }
    assert_eq!(scratch.visible().await, ["acme/7/a"]);
}

const READING: &str = r#""dynamodb:DescribeTable","dynamodb:Query","dynamodb:BatchGetItem",
    "s3:ListBucketVersions","s3:GetBucketVersioning""#;

/// Two of these are for one side only. AWS wants `s3:GetObject` for a delete on condition of an ETag, and knows no
/// `BatchExecuteStatement`; the emulator checks that in place of the PartiQL actions.
const WRITING: &str = r#""dynamodb:PartiQLUpdate","dynamodb:PartiQLDelete","dynamodb:BatchExecuteStatement",
    "s3:DeleteObject","s3:DeleteObjectVersion","s3:GetObject""#;

/// What `lethe data-map apply` grants is enough: to plan with the first list, to sweep, strip, restore and purge with
/// both.
#[tokio::test]
async fn these_actions_are_enough() {
    let table = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    table.put(item(s("a"))).await;
    let bucket = Scratch::bucket(true).await;
    bucket.write("acme/7/a", "x").await;
    let reader = allowed(READING).await;
    let writer = allowed(&format!("{READING},{WRITING}")).await;
    for scratch in [&table, &bucket] {
        let order = scratch.desk.page_order(None, 10);
        let counted = reader
            .census(order.clone(), Duration::from_secs(30))
            .await
            .expect("counted");
        assert_eq!(counted.records, 1);
        let lines = reader.page(order).await.expect("planned").lines;
        let swept = writer
            .sweep(scratch.desk.sweep_order(&lines, MINE), &Always)
            .await
            .expect("swept");
        assert_eq!(codes(&swept), [Code::Swept]);
        let inspected = writer
            .inspect(scratch.desk.sweep_order(&lines, MINE))
            .await
            .expect("inspected");
        assert_eq!(codes(&inspected), [Code::Swept]);
        let account: Vec<_> = lines.iter().cloned().zip(swept).collect();
        let stripped = writer
            .strip(scratch.desk.strip_order(&account))
            .await
            .expect("stripped");
        assert_eq!(codes(&stripped), [Code::Swept]);
        let order = scratch.desk.restore_order(&account, None);
        assert_eq!(codes(&writer.restore(order).await.expect("restored")), [Code::Restored]);
        let order = scratch.desk.sweep_order(&lines, MINE);
        let swept = writer.sweep(order, &Always).await.expect("swept again");
        let lines: Vec<_> = lines.into_iter().zip(swept).collect();
        let purged = writer.purge(scratch.desk.purge_order(&lines)).await.expect("purged");
        assert_eq!(codes(&purged), [Code::Purged]);
    }
}
