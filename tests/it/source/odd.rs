//! Items whose attributes have shapes that a manifest cannot keep.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
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

#[tokio::test]
async fn every_type_of_attribute_comes_back_as_it_was() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    let bytes = |bytes: &[u8]| Blob::new(bytes.to_vec());
    let values = [
        AttributeValue::Ss(vec!["a".into(), "b".into()]),
        AttributeValue::Ns(vec!["-1.5".into(), "1".into()]),
        AttributeValue::Bs(vec![bytes(&[0]), bytes(&[255, 10])]),
        AttributeValue::L(vec![n(1), AttributeValue::M(HashMap::from([("x".into(), s(""))]))]),
        AttributeValue::M(HashMap::from([("erasure_id".into(), s("not a mark"))])),
        AttributeValue::Bool(false),
        AttributeValue::Null(true),
        AttributeValue::B(bytes(&[0, 255])),
    ];
    for (at, value) in values.into_iter().enumerate() {
        let mut odd = item(s(&at.to_string()));
        odd.extend([("expires_at".into(), value.clone()), ("value".into(), value)]);
        scratch.put_raw(odd).await;
    }
    let before = scratch.raw_items().await;
    let lines = scratch.desk.plan().await;
    let swept = scratch.desk.sweep(&lines).await;
    assert_eq!(codes(&swept), [Code::Swept; 8]);
    let stripped = scratch.desk.strip(&lines, &swept).await;
    let hidden = scratch.raw_items().await;
    assert!(
        hidden
            .iter()
            .all(|item| item.contains_key("erasure_id") && !item.contains_key("expires_at"))
    );
    let restored = scratch.desk.restore(&lines, &stripped, None).await;
    assert_eq!(codes(&restored), [Code::Restored; 8]);
    assert_eq!(scratch.raw_items().await, before);
}
