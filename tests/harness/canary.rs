//! Whether a word is anywhere it must not be: every table with its indexes, queue, bucket and function log.
//!
//! A word is also found in another dress: in small letters, in hexadecimal, in base64 wherever in the encoded text it
//! stands, and as its plain SHA-256, which for an e-mail address is no disguise at all. Values are searched as bytes,
//! so it does not matter which attribute holds them or how deep. Queues are looked at without taking anything away.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_sqs::types::QueueAttributeName;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use futures::{StreamExt, stream};
use sha2::{Digest, Sha256};

use crate::app::App;
use crate::mails;

/// Objects read at once.
const AT_ONCE: usize = 8;
/// A queue answers a sample each time: so often is it asked.
const ASKED: usize = 5;

/// Words to look for.
#[derive(Debug)]
pub struct Canary {
    /// What each pattern stands for, and its text.
    patterns: Vec<(String, String)>,
}

impl Canary {
    /// Looks for each of these words.
    pub fn new(words: &[&str]) -> Self {
        Self {
            patterns: words.iter().flat_map(|word| dresses(word)).collect(),
        }
    }

    /// Every place where a word is, with its dress.
    pub async fn found(&self, app: &App) -> Vec<String> {
        let mut found = self.in_tables(app).await;
        found.extend(self.in_queues(app).await);
        found.extend(self.in_buckets(app).await);
        found.extend(self.in_logs(app).await);
        found
    }

    fn in_bytes(&self, bytes: &[u8]) -> Vec<&str> {
        let text = String::from_utf8_lossy(bytes);
        let hits = self.patterns.iter().filter(|(_, pattern)| text.contains(pattern));
        hits.map(|(name, _)| name.as_str()).collect()
    }

    fn tell<'a>(&'a self, place: &'a str, bytes: &[u8]) -> impl Iterator<Item = String> + 'a {
        self.in_bytes(bytes)
            .into_iter()
            .map(move |name| format!("{name} in {place}"))
    }

    /// Tables of Lethe and of the sample application, each with all its indexes.
    pub async fn in_tables(&self, app: &App) -> Vec<String> {
        let dynamodb = app.clients.dynamodb();
        let mut found = vec![];
        for table in named(app, "Table") {
            let described = dynamodb
                .describe_table()
                .table_name(&table)
                .send()
                .await
                .expect("a table");
            let indexes = described
                .table
                .expect("a table")
                .global_secondary_indexes
                .unwrap_or_default();
            let indexes = indexes.into_iter().map(|index| index.index_name);
            for index in std::iter::once(None).chain(indexes) {
                let scan = dynamodb.scan().table_name(&table).set_index_name(index.clone());
                let mut items = scan.into_paginator().items().send();
                while let Some(item) = items.next().await {
                    let item = item.expect("a scan");
                    let mut bytes = vec![];
                    map(&item, &mut bytes);
                    let place = format!(
                        "table {table}, index {index:?}, {:?} {:?}",
                        item.get("pk"),
                        item.get("sk")
                    );
                    found.extend(self.tell(&place, &bytes));
                }
            }
        }
        found
    }

    /// Every queue there is, dead-letter queues too.
    pub async fn in_queues(&self, app: &App) -> Vec<String> {
        let sqs = app.clients.sqs();
        let queues = sqs
            .list_queues()
            .send()
            .await
            .expect("the queues")
            .queue_urls
            .unwrap_or_default();
        assert!(queues.len() >= 5, "two queues and three dead-letter queues: {queues:?}");
        let mut found = vec![];
        for queue in queues {
            for _ in 0..ASKED {
                let look = sqs
                    .receive_message()
                    .queue_url(&queue)
                    .visibility_timeout(0)
                    .max_number_of_messages(10);
                let look = look.message_attribute_names("All").wait_time_seconds(0);
                let messages = look.send().await.expect("a look").messages.unwrap_or_default();
                for message in messages {
                    found.extend(self.tell(&format!("queue {queue}"), format!("{message:?}").as_bytes()));
                }
            }
        }
        found
    }

    /// Every version of every object, key and content, of Lethe's buckets and the sample application's.
    pub async fn in_buckets(&self, app: &App) -> Vec<String> {
        let s3 = app.clients.s3();
        let mut found = vec![];
        for bucket in named(app, "Bucket") {
            let versions = versions(&s3, &bucket).await;
            let looks = stream::iter(versions).map(|(key, version)| {
                let (s3, bucket) = (&s3, &bucket);
                async move {
                    let mut bytes = key.clone().into_bytes();
                    if let Some(version) = version {
                        let get = s3
                            .get_object()
                            .bucket(bucket)
                            .key(&key)
                            .version_id(version)
                            .send()
                            .await;
                        // Purged by another test since it was listed: then there is nothing left to look at.
                        if let Ok(object) = get {
                            bytes.extend(format!("{:?}", object.metadata()).into_bytes());
                            bytes.extend(
                                object
                                    .body
                                    .collect()
                                    .await
                                    .map(|body| body.to_vec())
                                    .unwrap_or_default(),
                            );
                        }
                    }
                    self.tell(&format!("bucket {bucket}"), &bytes).collect::<Vec<_>>()
                }
            });
            found.extend(looks.buffer_unordered(AT_ONCE).concat().await);
        }
        found
    }

    /// Every log group there is.
    pub async fn in_logs(&self, app: &App) -> Vec<String> {
        let logs = app.clients.logs();
        let groups = logs
            .describe_log_groups()
            .into_paginator()
            .items()
            .send()
            .collect::<Result<Vec<_>, _>>()
            .await;
        let names: Vec<String> = groups
            .expect("the logs")
            .into_iter()
            .filter_map(|group| group.log_group_name)
            .collect();
        for function in [
            "Submission",
            "Review",
            "Planning",
            "Execution",
            "Supervision",
            "Notification",
        ] {
            let group = app.output(&format!("{function}LogGroup"));
            assert!(names.iter().any(|name| name == group), "{group} is not in {names:?}");
        }
        let mut found = vec![];
        for group in names {
            let mut pages = logs.filter_log_events().log_group_name(&group).into_paginator().send();
            while let Some(page) = pages.next().await {
                for event in page.expect("log lines").events.unwrap_or_default() {
                    let line = event.message.unwrap_or_default();
                    found.extend(self.tell(&format!("log {group}: {line}"), line.as_bytes()));
                }
            }
        }
        found
    }

    /// How many messages wait anywhere: for a test that wants to see the queues empty.
    pub async fn waiting(app: &App) -> u64 {
        let sqs = app.clients.sqs();
        let mut sum = 0;
        for queue in sqs
            .list_queues()
            .send()
            .await
            .expect("the queues")
            .queue_urls
            .unwrap_or_default()
        {
            let ask = sqs
                .get_queue_attributes()
                .queue_url(queue)
                .attribute_names(QueueAttributeName::All);
            let attributes = ask.send().await.expect("attributes").attributes.unwrap_or_default();
            let waiting = attributes
                .iter()
                .filter(|(name, _)| name.as_str().starts_with("ApproximateNumberOfMessages"));
            sum += waiting.filter_map(|(_, n)| n.parse::<u64>().ok()).sum::<u64>();
        }
        sum
    }
}

/// The physical names of every table or bucket, by the outputs' names.
fn named(app: &App, kind: &str) -> Vec<String> {
    let outputs = app.stack.outputs.iter().chain(&app.stack.demo_outputs);
    outputs
        .filter(|(name, _)| name.ends_with(kind))
        .map(|(_, value)| value.clone())
        .collect()
}

/// Key and version of everything in a bucket; delete markers have no content. Real mails, which nobody here is erased
/// from by this search, are known by their keys only: there are thousands of them.
async fn versions(s3: &aws_sdk_s3::Client, bucket: &str) -> Vec<(String, Option<String>)> {
    let (mut all, mut key, mut version) = (vec![], None, None);
    loop {
        let list = s3
            .list_object_versions()
            .bucket(bucket)
            .set_key_marker(key)
            .set_version_id_marker(version);
        let page = list.send().await.expect("a list");
        for one in page.versions() {
            let key = one.key().unwrap_or_default().to_owned();
            let content = (!key.starts_with(mails::TENANT)).then(|| one.version_id().unwrap_or("null").to_owned());
            all.push((key, content));
        }
        all.extend(
            page.delete_markers()
                .iter()
                .map(|one| (one.key().unwrap_or_default().to_owned(), None)),
        );
        if page.is_truncated() != Some(true) {
            return all;
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
}

/// The ways a word can be written and still be read.
fn dresses(word: &str) -> Vec<(String, String)> {
    let named = |name: &str, text: String| (format!("{word:?} ({name})"), text);
    let mut all = vec![
        named("plain", word.to_owned()),
        named("small letters", word.to_lowercase()),
        named("hexadecimal", hex::encode(word)),
        named("SHA-256", hex::encode(Sha256::digest(word))),
    ];
    // Base64 of a text depends on where in the whole the word begins: three ways, without the edges, which mix with
    // what stands beside it.
    for before in 0..3 {
        let bytes: Vec<u8> = std::iter::repeat_n(0, before).chain(word.bytes()).collect();
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&bytes);
            let from = (before * 8).div_ceil(6);
            let to = bytes.len() * 8 / 6;
            all.push(named("base64", encoded[from..to].to_owned()));
        }
    }
    all
}

fn map(item: &HashMap<String, AttributeValue>, bytes: &mut Vec<u8>) {
    for (name, attribute) in item {
        bytes.extend(name.as_bytes());
        bytes.push(b'\n');
        value(attribute, bytes);
        bytes.push(b'\n');
    }
}

fn value(attribute: &AttributeValue, bytes: &mut Vec<u8>) {
    match attribute {
        AttributeValue::S(text) | AttributeValue::N(text) => bytes.extend(text.as_bytes()),
        AttributeValue::B(blob) => bytes.extend(blob.as_ref()),
        AttributeValue::M(fields) => map(fields, bytes),
        AttributeValue::L(values) => values.iter().for_each(|one| value(one, bytes)),
        AttributeValue::Ss(texts) | AttributeValue::Ns(texts) => bytes.extend(texts.join("\n").as_bytes()),
        AttributeValue::Bs(blobs) => blobs.iter().for_each(|blob| bytes.extend(blob.as_ref())),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_every_dress() {
        let canary = Canary::new(&["Ada-4711"]);
        for before in ["", "x", "xy", "xyz"] {
            let text = format!("{before}Ada-4711 and more");
            for dress in [
                text.clone(),
                STANDARD_NO_PAD.encode(&text),
                URL_SAFE_NO_PAD.encode(&text),
                hex::encode(&text),
            ] {
                assert!(!canary.in_bytes(dress.as_bytes()).is_empty(), "{dress}");
            }
        }
        assert!(
            !canary
                .in_bytes(hex::encode(Sha256::digest("Ada-4711")).as_bytes())
                .is_empty()
        );
        assert!(canary.in_bytes(b"Ada-4712 Bda-4711").is_empty());
    }

    #[test]
    fn a_value_is_searched_however_deep() {
        let deep =
            AttributeValue::M([("a".to_owned(), AttributeValue::L(vec![AttributeValue::S("Ada".into())]))].into());
        let mut bytes = vec![];
        map(&[("doc".to_owned(), deep)].into(), &mut bytes);
        assert_eq!(Canary::new(&["Ada"]).in_bytes(&bytes).len(), 1);
    }
}
