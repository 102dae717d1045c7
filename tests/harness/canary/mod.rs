//! Whether a word is anywhere it must not be: every table with its indexes, queue, bucket and function log.
//!
//! A word is also found in another dress: in small letters, in hexadecimal, in base64 wherever in the encoded text it
//! stands, and as its plain SHA-256, which for an e-mail address is no disguise at all. Values are searched as bytes,
//! so it does not matter which attribute holds them or how deep. Queues are looked at without taking anything away.

mod dress;

use std::collections::BTreeMap;

use futures::{StreamExt, stream};

use crate::app::App;
use crate::mails;
use crate::wait::until;

/// Objects read at once.
const AT_ONCE: usize = 8;
/// A queue answers a sample each time: so often is it asked.
const ASKED: usize = 5;

/// Words to look for.
#[derive(Debug)]
pub struct Canary {
    patterns: Vec<dress::Pattern>,
}

impl Canary {
    /// Looks for each of these words.
    pub fn new(words: &[&str]) -> Self {
        Self {
            patterns: words.iter().flat_map(|word| dress::of(word)).collect(),
        }
    }

    /// Every place where a word is, with its dress.
    pub async fn found(&self, app: &App) -> Vec<String> {
        let mut found = self.found_in_lethe(app).await;
        found.extend(self.found_in_application(app).await);
        found
    }

    /// The same without the sample application's own data, where what was kept still is.
    pub async fn found_in_lethe(&self, app: &App) -> Vec<String> {
        let mut found = self.tables(app, &named(&app.stack.outputs, "Table")).await;
        found.extend(self.in_queues(app).await);
        found.extend(self.buckets(app, &named(&app.stack.outputs, "Bucket")).await);
        found.extend(self.in_logs(app).await);
        found
    }

    /// The sample application's own data alone.
    pub async fn found_in_application(&self, app: &App) -> Vec<String> {
        let mut found = self.tables(app, &named(&app.stack.demo_outputs, "Table")).await;
        found.extend(self.buckets(app, &named(&app.stack.demo_outputs, "Bucket")).await);
        found
    }

    fn in_bytes(&self, bytes: &[u8]) -> Vec<&str> {
        let text = String::from_utf8_lossy(bytes);
        let hits = self.patterns.iter().filter(|pattern| text.contains(&pattern.text));
        hits.map(|pattern| pattern.name.as_str()).collect()
    }

    fn tell<'a>(&'a self, place: &'a str, bytes: &[u8]) -> impl Iterator<Item = String> + 'a {
        self.in_bytes(bytes)
            .into_iter()
            .map(move |name| format!("{name} in {place}"))
    }

    /// Tables of Lethe and of the sample application, each with all its indexes.
    pub async fn in_tables(&self, app: &App) -> Vec<String> {
        self.tables(app, &everywhere(app, "Table")).await
    }

    async fn tables(&self, app: &App, tables: &[String]) -> Vec<String> {
        let dynamodb = app.clients.dynamodb();
        let mut found = vec![];
        for table in tables {
            let described = dynamodb
                .describe_table()
                .table_name(table)
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
                let scan = dynamodb.scan().table_name(table).set_index_name(index.clone());
                let mut items = scan.into_paginator().items().send();
                while let Some(item) = items.next().await {
                    let item = item.expect("a scan");
                    let mut bytes = vec![];
                    dress::bytes_of(&item, &mut bytes);
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
        assert!(
            queues.len() >= 7,
            "three queues and four dead-letter queues: {queues:?}"
        );
        let mut found = vec![];
        for queue in queues {
            for _ in 0..ASKED {
                let look = sqs
                    .receive_message()
                    .queue_url(&queue)
                    .visibility_timeout(0)
                    .max_number_of_messages(10);
                let look = look.message_attribute_names("All").wait_time_seconds(0);
                let looked = match look.send().await {
                    Ok(looked) => looked,
                    // A queue of another test's own, deleted since it was listed.
                    Err(error)
                        if error
                            .as_service_error()
                            .is_some_and(|why| why.is_queue_does_not_exist()) =>
                    {
                        break;
                    }
                    Err(error) => panic!("a look: {error:?}"),
                };
                for message in looked.messages.unwrap_or_default() {
                    found.extend(self.tell(&format!("queue {queue}"), format!("{message:?}").as_bytes()));
                }
            }
        }
        found
    }

    /// Every version of every object, key and content, of Lethe's buckets and the sample application's.
    pub async fn in_buckets(&self, app: &App) -> Vec<String> {
        self.buckets(app, &everywhere(app, "Bucket")).await
    }

    async fn buckets(&self, app: &App, buckets: &[String]) -> Vec<String> {
        let s3 = app.clients.s3();
        let mut found = vec![];
        for bucket in buckets {
            let versions = versions(&s3, bucket).await;
            let looks = stream::iter(versions).map(|(key, version)| {
                let s3 = &s3;
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
        // The emulator fails a reader of a list that grows in the same moment, so a look is repeated.
        let groups = until("the list of log groups", async || {
            let groups = logs.describe_log_groups().into_paginator().items().send();
            groups.collect::<Result<Vec<_>, _>>().await.ok()
        });
        let names: Vec<String> = groups
            .await
            .into_iter()
            .filter_map(|group| group.log_group_name)
            .collect();
        for function in [
            "Submission",
            "Review",
            "Planning",
            "Execution",
            "Packaging",
            "Supervision",
            "Notification",
        ] {
            let group = app.output(&format!("{function}LogGroup"));
            assert!(names.iter().any(|name| name == group), "{group} is not in {names:?}");
        }
        let mut found = vec![];
        for group in names {
            let pages = until("the lines of a log", async || {
                let pages = logs.filter_log_events().log_group_name(&group).into_paginator();
                pages.send().collect::<Result<Vec<_>, _>>().await.ok()
            });
            for event in pages.await.into_iter().filter_map(|page| page.events).flatten() {
                let line = event.message.unwrap_or_default();
                found.extend(self.tell(&format!("log {group}: {line}"), line.as_bytes()));
            }
        }
        found
    }
}

/// The physical names of a stack's tables or buckets, by the outputs' names.
fn named(outputs: &BTreeMap<String, String>, kind: &str) -> Vec<String> {
    let named = outputs.iter().filter(|(name, _)| name.ends_with(kind));
    named.map(|(_, value)| value.clone()).collect()
}

/// Those of Lethe and of the sample application.
fn everywhere(app: &App, kind: &str) -> Vec<String> {
    [named(&app.stack.outputs, kind), named(&app.stack.demo_outputs, kind)].concat()
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
