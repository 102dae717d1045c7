//! The ground of the adapters: scratch tables and buckets on the emulator.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType, TimeToLiveSpecification};
use aws_sdk_s3::primitives::ByteStream;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use shared::domain::data_map::{KeyType, Retain};
use shared::domain::manifest::Scalar;
use shared::source::AwsSources;

use super::desk::Desk;
use super::ground::{Bed, Ground, Item, s, text};
use crate::source::scratch::Scratch;

/// Makes tables and buckets on the stack.
pub(super) struct Emulator;

impl Ground for Emulator {
    type Bed = Scratch;

    async fn table(&self, sort: KeyType, yaml: &str) -> Scratch {
        let sort = match sort {
            KeyType::S => ScalarAttributeType::S,
            KeyType::N => ScalarAttributeType::N,
            KeyType::B => ScalarAttributeType::B,
        };
        Scratch::table(sort, yaml).await
    }

    async fn bucket(&self, versioned: bool) -> Scratch {
        Scratch::bucket(versioned).await
    }
}

impl Bed for Scratch {
    type Sources = AwsSources;

    fn desk(&self) -> &Desk<AwsSources> {
        &self.desk
    }

    fn cut(&mut self, cutoff: Timestamp) {
        self.desk.cutoff = cutoff;
    }

    fn ask_for_hidden(&mut self) {
        self.desk.hidden_too = true;
    }

    fn retain(&mut self, retain: Option<Retain>) {
        self.desk.dataset.retain = retain;
    }

    /// DynamoDB changes no attribute in place: what was on is switched off first.
    async fn set_ttl(&self, attribute: Option<&str>) {
        let set = |attribute: &str, on| {
            let ttl = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(on);
            let call = self.db.update_time_to_live().table_name(&self.name);
            call.time_to_live_specification(ttl.build().expect("complete")).send()
        };
        let described = self.db.describe_time_to_live().table_name(&self.name).send().await;
        let before = described.expect("described").time_to_live_description;
        if let Some(before) = before.and_then(|ttl| ttl.attribute_name) {
            set(&before, false).await.expect("switched off");
        }
        if let Some(attribute) = attribute {
            set(attribute, true).await.expect("switched on");
        }
    }

    async fn tear_down(&self) {
        let call = self.db.delete_table().table_name(&self.name);
        call.send().await.expect("deleted");
    }

    async fn put(&self, item: Item) {
        self.put_raw(item.iter().map(|(name, part)| (name.clone(), value(part))).collect())
            .await;
    }

    async fn delete(&self, sort: &str) {
        let key = [
            ("pk".to_owned(), value(&s("acme#7"))),
            ("sk".to_owned(), value(&s(sort))),
        ];
        let call = self.db.delete_item().table_name(&self.name).set_key(Some(key.into()));
        call.send().await.expect("deleted");
    }

    async fn items(&self) -> BTreeMap<String, Item> {
        let plain = |item: crate::source::scratch::Item| -> Item {
            item.iter().map(|(name, part)| (name.clone(), scalar(part))).collect()
        };
        let items = self.raw_items().await.into_iter().map(plain);
        items.map(|item| (text(&item["sk"]).to_owned(), item)).collect()
    }

    async fn write(&self, key: &str, body: &str) -> String {
        let body = ByteStream::from(body.as_bytes().to_vec());
        let answer = self.s3.put_object().bucket(&self.name).key(key).body(body).send().await;
        let id = answer.expect("an object is put").version_id;
        id.unwrap_or_else(|| "null".to_owned())
    }

    async fn hide(&self, key: &str) -> String {
        let answer = self.s3.delete_object().bucket(&self.name).key(key).send().await;
        let id = answer.expect("a marker is put").version_id;
        id.unwrap_or_else(|| "null".to_owned())
    }

    async fn destroy(&self, key: &str, version: &str) {
        let call = self.s3.delete_object().bucket(&self.name).key(key).version_id(version);
        call.send().await.expect("destroyed");
    }

    async fn visible(&self) -> Vec<String> {
        let answer = self.s3.list_objects_v2().bucket(&self.name).send().await;
        let answer = answer.expect("a listing");
        let keys = answer.contents().iter().filter_map(|object| object.key());
        keys.map(str::to_owned).collect()
    }

    async fn versions(&self) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut add = |key: Option<&str>, id: String| found.entry(key.expect("a key").to_owned()).or_default().push(id);
        let mut marker = (None::<String>, None::<String>);
        loop {
            let call = self.s3.list_object_versions().bucket(&self.name);
            let call = call
                .set_key_marker(marker.0.take())
                .set_version_id_marker(marker.1.take());
            let answer = call.send().await.expect("a listing");
            for version in answer.versions() {
                add(version.key(), version.version_id().expect("an id").to_owned());
            }
            for deleted in answer.delete_markers() {
                add(deleted.key(), format!("-{}", deleted.version_id().expect("an id")));
            }
            if answer.is_truncated() != Some(true) {
                return found;
            }
            marker = (answer.next_key_marker, answer.next_version_id_marker);
        }
    }

    async fn made(&self, key: &str) -> Timestamp {
        let call = self.s3.list_object_versions().bucket(&self.name).prefix(key);
        let answer = call.send().await.expect("a listing");
        let versions = answer.versions().iter().filter_map(|v| v.last_modified());
        let markers = answer.delete_markers().iter().filter_map(|m| m.last_modified());
        let newest = versions.chain(markers).map(|at| at.as_nanos()).max().expect("an entry");
        Timestamp::from_nanosecond(newest).expect("an instant")
    }

    /// Told by a key outside of the subject's prefix.
    async fn pass_cutoff(&self) {
        loop {
            self.write("clock", "tick").await;
            if self.made("clock").await > self.desk.cutoff {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn value(scalar: &Scalar) -> AttributeValue {
    match scalar {
        Scalar::S(text) => AttributeValue::S(text.clone()),
        Scalar::N(number) => AttributeValue::N(number.clone()),
        Scalar::B(text) => AttributeValue::B(Blob::new(STANDARD.decode(text).expect("base64"))),
    }
}

fn scalar(value: &AttributeValue) -> Scalar {
    match value {
        AttributeValue::S(text) => Scalar::S(text.clone()),
        AttributeValue::N(number) => Scalar::N(number.clone()),
        AttributeValue::B(bytes) => Scalar::B(STANDARD.encode(bytes)),
        other => panic!("no scalar: {other:?}"),
    }
}
