//! Items whose attributes have shapes that a manifest cannot keep.

use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use shared::domain::outcome::Code;

use super::scratch::{Scratch, item, n, s};
use crate::conformance::source::ground::{WITH_TTL, codes};

#[tokio::test]
async fn a_ttl_that_is_a_list_is_kept_as_it_is() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    let list = AttributeValue::L(vec![n(1)]);
    let mut odd = item(s("odd"));
    odd.insert("expires_at".into(), list.clone());
    scratch.put_raw(odd).await;
    let lines = scratch.desk.plan().await;
    assert_eq!(codes(&scratch.desk.sweep(&lines).await), [Code::Swept]);
    let items = scratch.raw_items().await;
    assert_eq!(items[0].get("erasure_ttl_was"), Some(&list));
    assert_eq!(items[0].get("expires_at"), Some(&n(4_000_000_000)));
}
