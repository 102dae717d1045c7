//! Each mistake a data map can make about real tables and buckets is found, and a good map passes.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, GlobalSecondaryIndexDescription, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TableDescription,
};
use shared::domain::data_map::DataMap;

use super::{Table, World, judge};

const MAP: &str = r#"
v: 1
datasets:
  - id: messages
    category: conversations
    description: Messages
    source: dynamodb
    table: messages
    key: {attribute: pk, template: "{tenant}#{subject}", type: S}
    sort_key_prefix: "MSG#"
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}
  - id: profiles
    category: profile
    description: Profile
    source: dynamodb
    table: messages
    index: by_customer
    key: {attribute: customer, template: "{subject}", type: N}
    tenant: {attribute: tenant}
    soft_delete: {mode: tombstone, expiry: purge}
  - id: files
    category: files
    description: Files
    source: s3
    bucket: files
    prefix: "{tenant}/{subject}/"
    tenant: {in: key}
"#;

fn key(name: &str, role: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(role)
        .build()
        .expect("complete")
}

fn attribute(name: &str, letter: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition::builder()
        .attribute_name(name)
        .attribute_type(letter)
        .build()
        .expect("complete")
}

fn world(held: &[&str], ttl: Option<&str>, versioned: bool) -> World {
    let projection = Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(held.iter().map(|name| (*name).to_owned()).collect()))
        .build();
    let index = GlobalSecondaryIndexDescription::builder()
        .index_name("by_customer")
        .key_schema(key("customer", KeyType::Hash))
        .projection(projection)
        .build();
    let table = TableDescription::builder()
        .table_arn("arn")
        .attribute_definitions(attribute("pk", ScalarAttributeType::S))
        .attribute_definitions(attribute("sk", ScalarAttributeType::S))
        .attribute_definitions(attribute("customer", ScalarAttributeType::N))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .global_secondary_indexes(index)
        .build();
    let table = Table::read(&table, ttl.map(str::to_owned));
    World {
        tables: [("messages".to_owned(), Some(table))].into(),
        buckets: [("files".to_owned(), Some(versioned))].into(),
    }
}

fn good() -> World {
    world(&["tenant", "erasure_id"], Some("expires_at"), true)
}

fn mistakes(yaml: &str, world: &World) -> Vec<String> {
    judge(&DataMap::parse(yaml).expect("a sound structure"), world)
}

#[test]
fn a_good_map_passes() {
    assert_eq!(mistakes(MAP, &good()), Vec::<String>::new());
}

#[test]
fn mistakes_in_the_map_are_found() {
    for (from, to, part) in [
        ("attribute: pk", "attribute: id", "partition key is pk"),
        ("type: S", "type: B", "type S, not B"),
        ("index: by_customer", "index: by_name", "it has by_customer"),
        ("ttl_attribute: expires_at", "ttl_attribute: ttl", "expires_at, not ttl"),
        (
            "ttl_attribute: expires_at",
            "ttl_attribute: expires_at, marks: {id: sk}",
            "sk is a key",
        ),
        (
            "ttl_attribute: expires_at",
            "ttl_attribute: expires_at, marks: {id: x, ttl_was: x}",
            "three different",
        ),
        (
            "table: messages\n    key",
            "table: absent\n    key",
            "table absent does not exist",
        ),
        ("bucket: files", "bucket: gone", "bucket gone does not exist"),
        (
            "tenant: {attribute: tenant}",
            "tenant: {attribute: owner}",
            "does not hold owner",
        ),
        (
            "template: \"{subject}\", type: N}",
            "template: \"{subject}\", type: N}\n    sort_key_prefix: a",
            "no sort key",
        ),
    ] {
        let yaml = MAP.replacen(from, to, 1);
        assert_ne!(yaml, MAP, "the sample has {from}");
        let found = mistakes(&yaml, &good());
        assert!(found.iter().any(|why| why.contains(part)), "{part}: {found:?}");
    }
}

#[test]
fn mistakes_in_the_world_are_found() {
    for (world, part) in [
        (world(&["tenant", "erasure_id"], None, true), "TTL is off"),
        (
            world(&["tenant", "erasure_id"], Some("expires_at"), false),
            "keeps no versions",
        ),
        (world(&["tenant"], Some("expires_at"), true), "does not hold erasure_id"),
        (World::default(), "does not exist"),
    ] {
        let found = mistakes(MAP, &world);
        assert!(found.iter().any(|why| why.contains(part)), "{part}: {found:?}");
    }
}
