//! The condition of a deletion: what it compares, and what it cannot say.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;
use crate::domain::data_map::{DataMap, Place};
use crate::source::dynamodb::layout::{Keys, Shape};

const MAP: &str = r#"
v: 1
datasets:
  - id: notes
    category: notes
    description: x
    source: dynamodb
    table: notes
    key: {attribute: pk, template: "{tenant}#{subject}", type: S}
    tenant: {attribute: tenant}
    soft_delete: {mode: vault}
"#;

fn with(map: &str, copied: &[(&str, &str)]) -> Option<Condition> {
    let map = DataMap::parse(map).expect("valid");
    let Place::Dynamodb(place) = &map.datasets[0].place else {
        panic!("a table");
    };
    let keys = Keys {
        partition: "pk".into(),
        sort: Some("sk".into()),
    };
    let layout = Layout {
        dataset: &map.datasets[0],
        place,
        shape: Arc::new(Shape {
            keys,
            indexes: HashMap::new(),
            types: HashMap::new(),
        }),
    };
    let item = copied
        .iter()
        .map(|(name, text)| ((*name).to_owned(), AttributeValue::S((*text).to_owned())));
    as_copied(&layout, &item.collect())
}

/// The condition with names and values in their places.
fn read(condition: &Condition) -> String {
    let mut text = condition.text.clone();
    for (placeholder, name) in &condition.names {
        text = text.replace(&format!("({placeholder})"), &format!("({name})"));
        text = text.replace(&format!("{placeholder} "), &format!("{name} "));
    }
    for (placeholder, value) in &condition.values {
        let AttributeValue::S(value) = value else { continue };
        text = format!("{text} ")
            .replace(&format!("{placeholder} "), &format!("{value} "))
            .trim_end()
            .to_owned();
    }
    text
}

#[test]
fn every_attribute_is_compared_and_what_is_guarded_is_absent_as_it_was() {
    let item = [("pk", "acme#7"), ("sk", "1"), ("tenant", "acme"), ("text", "hello")];
    assert_eq!(
        read(&with(MAP, &item).expect("few")),
        "attribute_not_exists(erasure_deleted_at) AND attribute_not_exists(erasure_id) AND tenant = acme AND text = hello"
    );
}

#[test]
fn a_version_stands_for_the_rest_where_there_is_one() {
    let versioned =
        format!("{MAP}    version_attribute: version\n    written_at: {{attribute: at, format: rfc3339}}\n");
    let item = [
        ("pk", "acme#7"),
        ("tenant", "acme"),
        ("text", "hello"),
        ("version", "v1"),
    ];
    assert_eq!(
        read(&with(&versioned, &item).expect("few")),
        "attribute_not_exists(at) AND attribute_not_exists(erasure_deleted_at) AND attribute_not_exists(erasure_id) \
         AND tenant = acme AND version = v1"
    );
    assert!(
        read(&with(&versioned, &item[..3]).expect("few")).contains("text = hello"),
        "it has none"
    );
}

#[test]
fn a_key_is_no_version() {
    let keyed = format!("{MAP}    version_attribute: sk\n");
    let condition = with(&keyed, &[("pk", "acme#7"), ("sk", "1"), ("text", "hello")]).expect("few");
    assert!(read(&condition).contains("text = hello"), "{}", read(&condition));
}

#[test]
fn an_item_of_its_key_alone_must_exist() {
    let only = MAP.replace("{attribute: tenant}", "{in: key}");
    let condition = with(&only, &[("pk", "acme#7"), ("sk", "1")]).expect("few");
    assert!(
        read(&condition).ends_with(" AND attribute_exists(pk)"),
        "{}",
        read(&condition)
    );
    assert!(condition.values.is_empty());
}

#[test]
fn names_and_values_never_stand_in_the_text() {
    let condition = with(MAP, &[("pk", "a"), ("tenant", "acme"), ("a = b OR c", "x) OR (y")]).expect("few");
    assert!(!condition.text.contains("OR"), "{}", condition.text);
}

#[test]
fn more_attributes_than_one_condition_holds_cannot_be_verified() {
    let names: Vec<String> = (0..149).map(|n| format!("a{n:03}")).collect();
    let mut item: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x")).collect();
    item.push(("pk", "acme#7"));
    // Two marks are looked at besides, and the tenant.
    assert!(with(MAP, &item).is_none());
    item.drain(..2);
    let condition = with(MAP, &item).expect("150 comparisons");
    let operators = condition.text.matches(" AND ").count() + condition.names.len();
    assert_eq!((condition.names.len(), operators), (150, 299));
    assert!(condition.text.len() <= 4096, "{} bytes", condition.text.len());
    item.push(("version", "1"));
    item.push(("more", "x"));
    assert!(with(&format!("{MAP}    version_attribute: version\n"), &item).is_some());
}
