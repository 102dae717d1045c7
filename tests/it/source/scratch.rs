//! A scratch table or bucket on the stack, its dataset, and what is in it. `orders` has what a workflow would ask.
//!
//! Every test has its own, named by process and number; they are left to the stack, which is thrown away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_credential_types::Credentials;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use jiff::Timestamp;
use shared::domain::data_map::{DataMap, Dataset};
use shared::domain::ids::{RequestId, SubjectId, Tenant};
use shared::domain::outcome::{Code, LineOutcome};
use shared::source::AwsSources;

pub(super) type Item = HashMap<String, AttributeValue>;

/// The request of most tests, and another one.
pub(super) const MINE: u128 = 1;
pub(super) const OTHER: u128 = 2;

pub(super) fn request(n: u128) -> RequestId {
    RequestId::from_parts(1_700_000_000_000, n)
}

pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(super) fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.into())
}

pub(super) fn n(number: i64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub(super) fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{what}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Where the stack is.
pub(super) struct Stack {
    pub(super) endpoint: String,
    pub(super) region: String,
}

impl Stack {
    pub(super) fn find() -> Self {
        let path = std::env::var("LETHE_STACK").expect("LETHE_STACK names the stack.json of a running stack");
        let text = std::fs::read_to_string(&path).expect("stack.json is readable");
        let json: serde_json::Value = serde_json::from_str(&text).expect("stack.json is JSON");
        let field = |name: &str| {
            json[name]
                .as_str()
                .expect("stack.json names endpoint and region")
                .to_owned()
        };
        Self {
            endpoint: field("endpoint"),
            region: field("region"),
        }
    }

    pub(super) fn dynamodb(&self, key: &str, secret: &str) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .endpoint_url(&self.endpoint)
            .region(aws_sdk_dynamodb::config::Region::new(self.region.clone()))
            .credentials_provider(Credentials::new(key, secret, None, None, "test"));
        aws_sdk_dynamodb::Client::from_conf(config.build())
    }

    pub(super) fn s3(&self, key: &str, secret: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .endpoint_url(&self.endpoint)
            .region(aws_sdk_s3::config::Region::new(self.region.clone()))
            .credentials_provider(Credentials::new(key, secret, None, None, "test"))
            .force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }
}

/// A dataset, whoever asks for it, and the sources that serve it.
pub(super) struct Scratch {
    pub(super) sources: AwsSources,
    pub(super) db: aws_sdk_dynamodb::Client,
    pub(super) s3: aws_sdk_s3::Client,
    pub(super) name: String,
    pub(super) dataset: Dataset,
    pub(super) tenant: Tenant,
    pub(super) subject: SubjectId,
    pub(super) cutoff: Timestamp,
}

impl Scratch {
    /// A table with keys `pk` (S) and `sk` of a type, an index `by_owner` on `owner` and `sk`, and its dataset.
    pub(super) async fn table(sk: ScalarAttributeType, dataset: &str) -> Self {
        let scratch = Self::around(unique("table"), dataset);
        let attribute = |name: &str, kind| {
            AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(kind)
                .build()
                .expect("complete")
        };
        let key = |name: &str, kind| {
            KeySchemaElement::builder()
                .attribute_name(name)
                .key_type(kind)
                .build()
                .expect("complete")
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name("by_owner")
            .key_schema(key("owner", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build());
        let call = scratch
            .db
            .create_table()
            .table_name(&scratch.name)
            .billing_mode(BillingMode::PayPerRequest);
        call.attribute_definitions(attribute("pk", ScalarAttributeType::S))
            .attribute_definitions(attribute("sk", sk))
            .attribute_definitions(attribute("owner", ScalarAttributeType::S))
            .key_schema(key("pk", KeyType::Hash))
            .key_schema(key("sk", KeyType::Range))
            .global_secondary_indexes(index.build().expect("complete"))
            .send()
            .await
            .expect("the table is made");
        scratch
    }

    /// A bucket and its dataset.
    pub(super) async fn bucket(versioned: bool) -> Self {
        let dataset = "bucket: NAME\n    source: s3\n    prefix: \"{tenant}/{subject}/\"\n    tenant: {in: key}";
        let scratch = Self::around(unique("bucket"), dataset);
        scratch
            .s3
            .create_bucket()
            .bucket(&scratch.name)
            .send()
            .await
            .expect("the bucket is made");
        if versioned {
            let on = VersioningConfiguration::builder()
                .status(BucketVersioningStatus::Enabled)
                .build();
            let call = scratch
                .s3
                .put_bucket_versioning()
                .bucket(&scratch.name)
                .versioning_configuration(on);
            call.send().await.expect("versioning is on");
        }
        scratch
    }

    fn around(name: String, dataset: &str) -> Self {
        let head = "v: 1\ndatasets:\n  - id: scratch\n    category: scratch\n    description: Scratch\n    ";
        let map = format!("{head}{}\n", dataset.replace("NAME", &name));
        let map = DataMap::parse(&map).unwrap_or_else(|e| panic!("{e:?}\n{map}"));
        let stack = Stack::find();
        let (db, s3) = (stack.dynamodb("test", "test"), stack.s3("test", "test"));
        Self {
            sources: AwsSources::new(db.clone(), s3.clone()),
            db,
            s3,
            name,
            dataset: map.datasets[0].clone(),
            tenant: "acme".parse().expect("a slug"),
            subject: SubjectId::try_from("7".to_owned()).expect("an id"),
            cutoff: instant("2100-01-01T00:00:00Z"),
        }
    }

    pub(super) async fn put(&self, item: Item) {
        let call = self.db.put_item().table_name(&self.name).set_item(Some(item));
        call.send().await.expect("an item is put");
    }

    /// Every item of the table, by its sort key's text.
    pub(super) async fn items(&self) -> HashMap<String, Item> {
        let mut pages = self
            .db
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = HashMap::new();
        while let Some(item) = pages.next().await {
            let item = item.expect("a scan");
            found.insert(format!("{:?}", item["sk"]), item);
        }
        found
    }
}

/// An item of subject 7 with a sort key.
pub(super) fn item(sk: AttributeValue) -> Item {
    HashMap::from([("pk".into(), s("acme#7")), ("sk".into(), sk)])
}

pub(super) fn codes(outcomes: &[LineOutcome]) -> Vec<Code> {
    outcomes.iter().map(|outcome| outcome.code).collect()
}
