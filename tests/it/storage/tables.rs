//! Scratch tables with the schema of `template.yaml`: change one, change the other.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::operation::create_table::builders::CreateTableFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType, TimeToLiveSpecification,
};
use shared::storage::{Storage, Tables};

/// What the three histories show beside their keys.
const SHOWN: [&str; 7] = [
    "id",
    "status",
    "kind",
    "submitted_at",
    "received_at",
    "due_at",
    "completed_at",
];

/// Three tables of one test, and a store over them.
pub(crate) struct Scratch {
    /// The store under test.
    pub(crate) store: Storage,
    /// For what the store has no verb for.
    pub(crate) client: Client,
    /// Their names.
    pub(crate) tables: Tables,
}

/// Makes the tables on the stack's endpoint, and leaves them to it.
pub(crate) async fn scratch() -> Scratch {
    scratch_on(&client(&endpoint()).await).await
}

/// Makes the tables, for whoever deletes them again.
pub(crate) async fn scratch_on(client: &Client) -> Scratch {
    let run = RandomState::new().build_hasher().finish();
    let tables = Tables {
        requests: format!("lethe-it-requests-{run:016x}"),
        audit: format!("lethe-it-audit-{run:016x}"),
        keys: format!("lethe-it-keys-{run:016x}"),
    };
    requests_table(client, &tables.requests).await;
    audit_table(client, &tables.audit).await;
    let keys = keyed(client.create_table().table_name(&tables.keys), "pk", None);
    keys.send().await.expect("table keys");
    is_made(client, &tables.keys).await;
    Scratch {
        store: Storage::new(client.clone(), tables.clone()),
        client: client.clone(),
        tables,
    }
}

/// Waits for a table that has just been asked for.
async fn is_made(client: &Client, table: &str) {
    let made = client.wait_until_table_exists().table_name(table);
    made.wait(Duration::from_secs(120)).await.expect("the table is made");
}

/// The endpoint of the stack the tests run on.
pub(crate) fn endpoint() -> String {
    let file = std::env::var("LETHE_STACK").expect("these tests need a stack: run `cargo lethe test`");
    let bytes = std::fs::read(&file).expect("the stack file that LETHE_STACK names");
    let stack: serde_json::Value = serde_json::from_slice(&bytes).expect("a stack file");
    stack["endpoint"].as_str().expect("an endpoint").to_owned()
}

/// A client of an endpoint, as the emulator's root.
pub(crate) async fn client(endpoint: &str) -> Client {
    Client::new(&config(endpoint).await)
}

/// What clients of an endpoint have in common.
pub(crate) async fn config(endpoint: &str) -> SdkConfig {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"));
    config.load().await
}

async fn requests_table(client: &Client, name: &str) {
    let mut table = keyed(
        client.create_table().table_name(name),
        "pk",
        Some(("sk", ScalarAttributeType::S)),
    );
    for attribute in ["active_pk", "wake_at", "status_pk", "tenant_pk", "subject_pk", "at"] {
        table = table.attribute_definitions(attribute_of(attribute, ScalarAttributeType::S));
    }
    let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let shown = Projection::builder().projection_type(ProjectionType::Include);
    let shown = shown
        .set_non_key_attributes(Some(SHOWN.map(str::to_owned).to_vec()))
        .build();
    table = table.global_secondary_indexes(index("active", "active_pk", "wake_at", keys_only));
    for (name, pk) in [
        ("by_status", "status_pk"),
        ("by_tenant", "tenant_pk"),
        ("by_subject", "subject_pk"),
    ] {
        table = table.global_secondary_indexes(index(name, pk, "at", shown.clone()));
    }
    table.send().await.expect("table requests");
    is_made(client, name).await;
    expiring(client, name, "ttl").await;
}

async fn audit_table(client: &Client, name: &str) {
    let all = Projection::builder().projection_type(ProjectionType::All).build();
    let table = keyed(
        client.create_table().table_name(name),
        "pk",
        Some(("sk", ScalarAttributeType::N)),
    )
    .attribute_definitions(attribute_of("day_pk", ScalarAttributeType::S))
    .attribute_definitions(attribute_of("at", ScalarAttributeType::S))
    .global_secondary_indexes(index("by_day", "day_pk", "at", all));
    table.send().await.expect("table audit");
    is_made(client, name).await;
    expiring(client, name, "expires_at").await;
}

fn keyed(
    table: CreateTableFluentBuilder,
    pk: &str,
    sk: Option<(&str, ScalarAttributeType)>,
) -> CreateTableFluentBuilder {
    let table = table.billing_mode(BillingMode::PayPerRequest);
    let table = table
        .attribute_definitions(attribute_of(pk, ScalarAttributeType::S))
        .key_schema(hash(pk));
    match sk {
        Some((sk, kind)) => table
            .attribute_definitions(attribute_of(sk, kind))
            .key_schema(range(sk)),
        None => table,
    }
}

fn index(name: &str, pk: &str, sk: &str, projection: Projection) -> GlobalSecondaryIndex {
    let index = GlobalSecondaryIndex::builder().index_name(name).projection(projection);
    index
        .key_schema(hash(pk))
        .key_schema(range(sk))
        .build()
        .expect("an index")
}

fn attribute_of(name: &str, kind: ScalarAttributeType) -> AttributeDefinition {
    let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(kind);
    attribute.build().expect("an attribute")
}

fn hash(name: &str) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(KeyType::Hash)
        .build()
        .expect("a key")
}

fn range(name: &str) -> KeySchemaElement {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(KeyType::Range)
        .build()
        .expect("a key")
}

async fn expiring(client: &Client, table: &str, attribute: &str) {
    let ttl = TimeToLiveSpecification::builder()
        .attribute_name(attribute)
        .enabled(true)
        .build()
        .expect("a TTL");
    let call = client
        .update_time_to_live()
        .table_name(table)
        .time_to_live_specification(ttl);
    call.send().await.expect("TTL");
}
