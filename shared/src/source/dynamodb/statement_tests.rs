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
        dated: None,
        owner: None,
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
fn the_date_of_a_retention_must_be_what_decided_it() {
    let retained = |from: &str| format!("{MAP}    retain: {{for: P7Y, from: {from}, ground: law}}\n");
    let seen = Seen {
        dated: Some(AttributeValue::S("d".into())),
        ..Seen::default()
    };
    let text = |from| with(&retained(from), |layout, order| mark(layout, order, &key(), &seen).text);
    assert!(text("issued").contains(" AND \"issued\" = ?"), "{}", text("issued"));
    assert_eq!(
        text("sent_at").matches("\"sent_at\"").count(),
        1,
        "named as written_at already"
    );
    assert_eq!(text("sk").matches("\"sk\"").count(), 1, "part of the key");
}

#[test]
fn marks_come_off_and_the_ttl_comes_back_on_condition_of_both() {
    let whose = |order: &SweepOrder<'_>| (order.tenant.clone(), order.request);
    let n = |text: &str| AttributeValue::N(text.into());
    let marked = Item::from([
        ("erasure_id".into(), n("1")),
        ("erasure_deleted_at".into(), n("1")),
        ("erasure_ttl_was".into(), n("5")),
        ("expires_at".into(), n("9")),
    ]);
    let made = |item: &Item| {
        with(MAP, |layout, order| {
            let (tenant, request) = whose(order);
            unmark(layout, (&tenant, request), &key(), item)
        })
    };
    let had_one = made(&marked);
    assert_eq!(
        had_one.text,
        "UPDATE \"messages\" SET \"expires_at\" = ? REMOVE \"erasure_id\" REMOVE \"erasure_deleted_at\" \
         REMOVE \"erasure_ttl_was\" WHERE \"pk\" = ? AND \"sk\" = ? AND \"erasure_id\" = ? AND \"tenant\" = ? \
         AND \"erasure_ttl_was\" = ?"
    );
    assert_eq!(
        (&had_one.parameters[0], had_one.parameters.last()),
        (&n("5"), Some(&n("5")))
    );
    assert_eq!(had_one.text.matches('?').count(), had_one.parameters.len());

    let mut without = marked.clone();
    without.remove("erasure_ttl_was");
    let had_none = made(&without).text;
    assert!(
        had_none.starts_with("UPDATE \"messages\" REMOVE \"expires_at\" REMOVE \"erasure_id\""),
        "{had_none}"
    );
    assert!(had_none.ends_with("AND \"erasure_ttl_was\" IS MISSING"), "{had_none}");
    without.remove("expires_at");
    assert!(
        !made(&without).text.contains("expires_at"),
        "stripped before: there is nothing to remove"
    );
}

#[test]
fn a_strip_takes_the_expiry_alone() {
    let item = Item::from([("expires_at".into(), AttributeValue::N("9".into()))]);
    let made = with(MAP, |layout, order| {
        disarm(layout, (order.tenant, order.request), &key(), "expires_at", &item)
    });
    assert_eq!(
        made.text,
        "UPDATE \"messages\" REMOVE \"expires_at\" WHERE \"pk\" = ? AND \"sk\" = ? AND \"erasure_id\" = ? \
         AND \"tenant\" = ?"
    );
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

#[test]
fn what_an_index_located_must_still_be_given_to_whom_it_was() {
    let map = MAP.replace("key: {attribute: pk", "index: by_owner\n    key: {attribute: owner");
    let seen = Seen {
        owner: Some(AttributeValue::S("acme#7".into())),
        ..Seen::default()
    };
    let made = with(&map, |layout, order| mark(layout, order, &key(), &seen));
    assert!(made.text.ends_with(" AND \"owner\" = ?"), "{}", made.text);
    assert_eq!(made.parameters.last(), Some(&AttributeValue::S("acme#7".into())));
    let of_before = with(&map, |layout, order| mark(layout, order, &key(), &Seen::default()));
    assert!(!of_before.text.contains("owner"), "{}", of_before.text);
    let by_key = with(MAP, |layout, order| mark(layout, order, &key(), &seen));
    assert!(!by_key.text.contains("owner"), "{}", by_key.text);
}
