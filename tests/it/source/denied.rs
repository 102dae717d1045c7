//! A missing permission is a permanent fault with its code, or the failure of one record; nothing is changed.
//!
//! The emulator enforces IAM for users it knows; they are made here by its plain query API.

use aws_sdk_dynamodb::types::ScalarAttributeType;
use shared::domain::outcome::LineOutcome;
use shared::ports::{Fault, Sources};
use shared::source::AwsSources;

use super::scratch::{MINE, Scratch, Stack, item, s, unique};
use super::tombstones::WITH_TTL;

/// The sources as a new user sees them who may do only these actions.
async fn allowed(actions: &str) -> AwsSources {
    let (stack, user) = (Stack::find(), unique("user"));
    let policy =
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#);
    iam(&stack, &[("Action", "CreateUser"), ("UserName", &user)]).await;
    let put = [
        ("Action", "PutUserPolicy"),
        ("UserName", &user),
        ("PolicyName", "p"),
        ("PolicyDocument", &policy),
    ];
    iam(&stack, &put).await;
    let made = iam(&stack, &[("Action", "CreateAccessKey"), ("UserName", &user)]).await;
    let field = |name: &str| {
        let after = made.split_once(&format!("<{name}>")).expect("a key").1;
        after.split_once('<').expect("a key").0.to_owned()
    };
    let (key, secret) = (field("AccessKeyId"), field("SecretAccessKey"));
    AwsSources::new(stack.dynamodb(&key, &secret), stack.s3(&key, &secret))
}

async fn iam(stack: &Stack, fields: &[(&str, &str)]) -> String {
    let scope = format!("test/20260101/{}/iam/aws4_request", stack.region);
    let mut url = reqwest::Url::parse(&stack.endpoint).expect("a URL");
    url.query_pairs_mut()
        .extend_pairs(fields)
        .append_pair("Version", "2010-05-08");
    let call = reqwest::Client::new().post(url).header(
        "Authorization",
        format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=x"),
    );
    let answer = call.send().await.expect("an answer");
    assert!(answer.status().is_success(), "{fields:?}: {}", answer.status());
    answer.text().await.expect("a text")
}

#[tokio::test]
async fn an_item_that_may_not_be_marked() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    scratch.put(item(s("a"))).await;
    let reader = allowed(r#""dynamodb:DescribeTable","dynamodb:Query","dynamodb:BatchGetItem""#).await;
    let lines = reader
        .page(scratch.page_order(None, 10))
        .await
        .expect("reading is allowed")
        .lines;
    let fault = reader
        .sweep(scratch.sweep_order(&lines, MINE))
        .await
        .expect_err("marking is not");
    assert!(
        matches!(
            fault,
            Fault::Permanent {
                code: "access_denied",
                ..
            }
        ),
        "{fault:?}"
    );
    assert_eq!(scratch.items().await.into_values().collect::<Vec<_>>(), [item(s("a"))]);

    let blind = allowed(r#""dynamodb:DescribeTable""#).await;
    let fault = blind
        .page(scratch.page_order(None, 10))
        .await
        .expect_err("reading is not");
    assert!(
        matches!(
            fault,
            Fault::Permanent {
                code: "access_denied",
                ..
            }
        ),
        "{fault:?}"
    );
}

#[tokio::test]
async fn an_object_that_may_not_be_hidden() {
    let scratch = Scratch::bucket(true).await;
    scratch.write("acme/7/a", "x").await;
    let reader = allowed(r#""s3:ListBucketVersions","s3:GetBucketVersioning""#).await;
    let lines = reader
        .page(scratch.page_order(None, 10))
        .await
        .expect("reading is allowed")
        .lines;
    match reader.sweep(scratch.sweep_order(&lines, MINE)).await {
        Ok(outcomes) => assert_eq!(outcomes, [LineOutcome::failed("access_denied")]),
        Err(fault) => assert!(
            matches!(
                fault,
                Fault::Permanent {
                    code: "access_denied",
                    ..
                }
            ),
            "{fault:?}"
        ),
    }
    assert_eq!(scratch.visible().await, ["acme/7/a"]);
}

#[tokio::test]
async fn a_table_that_does_not_exist() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    scratch.put(item(s("a"))).await;
    let lines = scratch.plan().await;
    scratch
        .db
        .delete_table()
        .table_name(&scratch.name)
        .send()
        .await
        .expect("deleted");
    let fault = scratch
        .sources
        .sweep(scratch.sweep_order(&lines, MINE))
        .await
        .expect_err("a fault");
    assert!(
        matches!(
            fault,
            Fault::Permanent {
                code: "source_gone",
                ..
            }
        ),
        "{fault:?}"
    );
}
