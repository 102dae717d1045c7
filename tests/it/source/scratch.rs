//! A scratch table or bucket on the stack and its dataset. The application's hand in it, and what a workflow would ask,
//! are the conformance suite's (`Bed` and `Desk`), for which this is one of two sides.
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
use shared::source::AwsSources;

use crate::conformance::source::desk::Desk;
use crate::conformance::source::ground::{BUCKET, dataset};

/// An item as the SDK has it.
pub(crate) type Item = HashMap<String, AttributeValue>;

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
        aws_sdk_s3::Client::from_conf(self.s3_settings(key, secret).build())
    }

    pub(super) fn s3_settings(&self, key: &str, secret: &str) -> aws_sdk_s3::config::Builder {
        aws_sdk_s3::Config::builder()
            .behavior_version_latest()
            .endpoint_url(&self.endpoint)
            .region(aws_sdk_s3::config::Region::new(self.region.clone()))
            .credentials_provider(Credentials::new(key, secret, None, None, "test"))
            .force_path_style(true)
    }
}

/// A table or bucket, whoever asks for its records, and clients that may do everything.
pub(crate) struct Scratch {
    pub(crate) desk: Desk<AwsSources>,
    pub(crate) db: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    pub(crate) name: String,
}

impl Scratch {
    /// A table with keys `pk` (S) and `sk` of a type, an index `by_owner` on `owner` and `sk`, and its dataset.
    pub(crate) async fn table(sk: ScalarAttributeType, yaml: &str) -> Self {
        let scratch = Self::around(unique("table"), yaml);
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
    pub(crate) async fn bucket(versioned: bool) -> Self {
        let scratch = Self::around(unique("bucket"), BUCKET);
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

    fn around(name: String, yaml: &str) -> Self {
        let dataset = dataset(&name, yaml);
        let stack = Stack::find();
        let (db, s3) = (stack.dynamodb("test", "test"), stack.s3("test", "test"));
        Self {
            desk: Desk::new(AwsSources::new(db.clone(), s3.clone()), dataset),
            db,
            s3,
            name,
        }
    }

    /// Puts an item of any shape.
    pub(crate) async fn put_raw(&self, item: Item) {
        let call = self.db.put_item().table_name(&self.name).set_item(Some(item));
        call.send().await.expect("an item is put");
    }

    /// Every item of the table, of whatever shape.
    pub(crate) async fn raw_items(&self) -> Vec<Item> {
        let mut pages = self
            .db
            .scan()
            .table_name(&self.name)
            .consistent_read(true)
            .into_paginator()
            .items()
            .send();
        let mut found = Vec::new();
        while let Some(item) = pages.next().await {
            found.push(item.expect("a scan"));
        }
        found
    }
}

/// An item of subject 7 with a sort key.
pub(super) fn item(sk: AttributeValue) -> Item {
    HashMap::from([("pk".into(), s("acme#7")), ("sk".into(), sk)])
}
