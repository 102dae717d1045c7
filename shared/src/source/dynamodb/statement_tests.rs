//! The statements' texts, also for names and values nobody sane would choose.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::layout::{Keys, Shape};
use super::*;
use crate::domain::data_map::{DataMap, Dataset, Place};
use crate::domain::ids::RequestId;

const MAP: &str = r#"
v: 1
datasets:
  - id: messages
    category: c
    description: d
    source: dynamodb
    table: messages
    key: {attribute: pk, template: "{subject}"}
    tenant: {attribute: tenant}
    written_at: {attribute: sent_at, format: rfc3339}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}
"#;

fn with<T>(map: &str, see: impl FnOnce(&Layout<'_>, &SweepOrder<'_>) -> T) -> T {
    let map = DataMap::parse(map).expect("valid");
    let dataset: &Dataset = &map.datasets[0];
    let Place::Dynamodb(place) = &dataset.place else {
        unreachable!("the map names a table")
    };
    let keys = Keys {
        partition: "pk".into(),
        sort: Some("sk".into()),
    };
    let layout = Layout {
        dataset,
        place,
        shape: Arc::new(Shape {
            keys,
            indexes: HashMap::new(),
            types: HashMap::new(),
        }),
    };
    let order = SweepOrder {
        dataset,
        tenant: &"acme".parse().expect("slug"),
        request: RequestId::from_parts(1, 1),
        cutoff: "2026-01-01T00:00:00Z".parse().expect("instant"),
        now: "2026-01-02T00:00:00Z".parse().expect("instant"),
        expires_at: Some(1_800_000_000),
        again: true,
        lines: &[],
    };
    see(&layout, &order)
}

fn key() -> Vec<(String, AttributeValue)> {
    vec![
        ("pk".into(), AttributeValue::S("'; DELETE FROM \"messages\"".into())),
        ("sk".into(), AttributeValue::N("7".into())),
    ]
}

#[test]
fn a_mark_states_every_condition() {
    let seen = Seen {
        ttl: Some(AttributeValue::N("5".into())),
        written: Some(AttributeValue::S("w".into())),
    };
    let made = with(MAP, |layout, order| mark(layout, order, &key(), &seen));
    assert_eq!(
        made.text,
        "UPDATE \"messages\" SET \"erasure_id\" = ? SET \"erasure_deleted_at\" = ? SET \"erasure_ttl_was\" = ? \
         SET \"expires_at\" = ? WHERE \"pk\" = ? AND \"sk\" = ? AND \"erasure_id\" IS MISSING \
         AND \"erasure_deleted_at\" IS MISSING AND \"expires_at\" = ? AND \"sent_at\" = ? AND \"tenant\" = ?"
    );
    assert_eq!(made.text.matches('?').count(), made.parameters.len());
    assert_eq!(made.parameters[2], AttributeValue::N("5".into()));
    assert_eq!(made.parameters.last(), Some(&AttributeValue::S("acme".into())));
}

#[test]
fn what_was_missing_must_still_be_missing() {
    let made = with(MAP, |layout, order| {
        let order = SweepOrder {
            expires_at: None,
            ..order.clone()
        };
        mark(layout, &order, &key(), &Seen::default())
    });
    assert!(!made.text.contains("erasure_ttl_was"));
    assert!(
        made.text
            .contains("AND \"expires_at\" IS MISSING AND \"sent_at\" IS MISSING AND \"tenant\" = ?")
    );
    assert!(!made.text.contains("SET \"expires_at\""), "a zero window arms nothing");
    assert_eq!(made.text.matches('?').count(), made.parameters.len());
}

#[test]
fn names_are_quoted_and_values_never_in_the_text() {
    let hostile = MAP.replace(
        "ttl_attribute: expires_at",
        r#"ttl_attribute: "t\" = ? OR \"x", marks: {id: "a.b[0]"}"#,
    );
    let made = with(&hostile, |layout, order| mark(layout, order, &key(), &Seen::default()));
    assert!(
        made.text.contains(r#"AND "t"" = ? OR ""x" IS MISSING"#),
        "{}",
        made.text
    );
    assert!(made.text.contains(r#"AND "a.b[0]" IS MISSING"#), "{}", made.text);
    assert!(!made.text.contains("DELETE"));
    assert!(
        made.parameters
            .contains(&AttributeValue::S("'; DELETE FROM \"messages\"".into()))
    );
}

#[test]
fn attributes_of_the_key_are_not_named_twice() {
    let map = MAP
        .replace("attribute: sent_at", "attribute: sk")
        .replace("{attribute: tenant}", "{attribute: pk}");
    let made = with(&map, |layout, order| mark(layout, order, &key(), &Seen::default()));
    assert_eq!(made.text.matches("\"sk\"").count(), 1, "{}", made.text);
    assert_eq!(made.text.matches("\"pk\"").count(), 1, "{}", made.text);
}

#[test]
fn a_delete_needs_the_mark() {
    let made = with(MAP, |layout, order| delete(layout, &key(), order.request.to_string()));
    assert_eq!(
        made.text,
        "DELETE FROM \"messages\" WHERE \"pk\" = ? AND \"sk\" = ? AND \"erasure_id\" = ?"
    );
    assert_eq!(made.parameters.len(), 3);
}
