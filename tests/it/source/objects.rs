//! The plain life of objects: planned, hidden, hidden again, destroyed with every older version.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use shared::domain::manifest::Line;
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Fault, Sources};

use super::scratch::{Scratch, codes};

impl Scratch {
    /// Writes a version; answers its id.
    pub(super) async fn write(&self, key: &str, body: &str) -> String {
        let body = ByteStream::from(body.as_bytes().to_vec());
        let answer = self.s3.put_object().bucket(&self.name).key(key).body(body).send().await;
        answer
            .expect("an object is put")
            .version_id()
            .unwrap_or("null")
            .to_owned()
    }

    /// Deletes as an application does; answers the marker's id.
    pub(super) async fn hide(&self, key: &str) -> String {
        let answer = self.s3.delete_object().bucket(&self.name).key(key).send().await;
        answer
            .expect("a marker is put")
            .version_id()
            .unwrap_or("null")
            .to_owned()
    }

    /// Keys that an application sees.
    pub(super) async fn visible(&self) -> Vec<String> {
        let answer = self
            .s3
            .list_objects_v2()
            .bucket(&self.name)
            .send()
            .await
            .expect("a listing");
        answer
            .contents()
            .iter()
            .filter_map(|object| object.key().map(str::to_owned))
            .collect()
    }

    /// Every version and marker there is, by key; markers begin with `-`.
    pub(super) async fn versions(&self) -> HashMap<String, Vec<String>> {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        let mut marker = (None::<String>, None::<String>);
        loop {
            let call = self.s3.list_object_versions().bucket(&self.name);
            let call = call
                .set_key_marker(marker.0.take())
                .set_version_id_marker(marker.1.take());
            let answer = call.send().await.expect("a listing");
            for version in answer.versions() {
                let id = version.version_id().expect("an id").to_owned();
                found
                    .entry(version.key().expect("a key").to_owned())
                    .or_default()
                    .push(id);
            }
            for deleted in answer.delete_markers() {
                let id = format!("-{}", deleted.version_id().expect("an id"));
                found
                    .entry(deleted.key().expect("a key").to_owned())
                    .or_default()
                    .push(id);
            }
            if answer.is_truncated() != Some(true) {
                return found;
            }
            marker = (
                answer.next_key_marker().map(str::to_owned),
                answer.next_version_id_marker().map(str::to_owned),
            );
        }
    }
}

#[tokio::test]
async fn every_version_of_a_hidden_object_is_destroyed() {
    let scratch = Scratch::bucket(true).await;
    let keys = [
        "acme/7/a b+c.txt",
        "acme/7/deep/&<>\"'.txt",
        "acme/7/ümläut-日本.txt",
        "acme/7/plain",
    ];
    for key in keys {
        scratch.write(key, "one").await;
        scratch.write(key, "two").await;
    }
    scratch.write("acme/70/other", "another subject's").await;
    let lines = scratch.plan_by(1).await.0;
    assert_eq!(lines.len(), keys.len());
    let census = scratch
        .sources
        .census(scratch.page_order(None, 10), Duration::from_secs(30))
        .await;
    assert_eq!(census.expect("counted").records, 4);

    assert_eq!(codes(&scratch.inspect(&lines).await), [Code::Untouched; 4]);
    let swept = scratch.sweep(&lines).await;
    assert!(
        swept.iter().all(|o| o.code == Code::Swept && o.detail.is_some()),
        "{swept:?}"
    );
    assert_eq!(scratch.visible().await, ["acme/70/other"]);
    let hidden = scratch.versions().await;
    assert!(keys.iter().all(|key| hidden[*key].len() == 3));

    assert_eq!(scratch.sweep(&lines).await, swept, "our own markers are recognised");
    assert_eq!(scratch.inspect(&lines).await, swept);
    assert_eq!(scratch.versions().await, hidden, "and no second one is put");

    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged; 4]);
    assert_eq!(scratch.versions().await.keys().collect::<Vec<_>>(), ["acme/70/other"]);
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged; 4]);
}

#[tokio::test]
async fn what_the_application_had_deleted_is_destroyed_too() {
    let scratch = Scratch::bucket(true).await;
    scratch.write("acme/7/deleted", "still there, below the marker").await;
    scratch.hide("acme/7/deleted").await;
    scratch.hide("acme/7/only-a-marker").await;
    let lines = scratch.plan().await;
    assert!(
        lines
            .iter()
            .all(|line| matches!(line, Line::Object { was_deleted: true, .. }))
    );
    let before = scratch.versions().await;
    let swept = scratch.sweep(&lines).await;
    assert_eq!(
        swept,
        [LineOutcome::plain(Code::Swept), LineOutcome::plain(Code::Swept)]
    );
    assert_eq!(scratch.versions().await, before, "no marker on a marker");
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged; 2]);
    assert!(scratch.versions().await.is_empty());
}

#[tokio::test]
async fn an_object_that_is_gone_gets_no_marker() {
    let scratch = Scratch::bucket(true).await;
    let id = scratch.write("acme/7/a", "x").await;
    let lines = scratch.plan().await;
    let call = scratch
        .s3
        .delete_object()
        .bucket(&scratch.name)
        .key("acme/7/a")
        .version_id(id);
    call.send().await.expect("destroyed");
    assert_eq!(codes(&scratch.sweep(&lines).await), [Code::AlreadyAbsent]);
    assert_eq!(codes(&scratch.inspect(&lines).await), [Code::AlreadyAbsent]);
    assert!(scratch.versions().await.is_empty());
}

#[tokio::test]
async fn a_bucket_without_versions_is_refused_before_anything_happens() {
    let scratch = Scratch::bucket(false).await;
    scratch.write("acme/7/a", "x").await;
    let refused = |fault: Fault| {
        matches!(
            fault,
            Fault::Permanent {
                code: "not_versioned",
                ..
            }
        )
    };
    assert!(refused(
        scratch
            .sources
            .page(scratch.page_order(None, 10))
            .await
            .expect_err("a fault")
    ));
    let lines = [Line::Object {
        key: "acme/7/a".into(),
        version: "null".into(),
        was_deleted: false,
    }];
    let swept = scratch
        .sources
        .sweep(scratch.sweep_order(&lines, super::scratch::MINE))
        .await;
    assert!(refused(swept.expect_err("a fault")));
    assert_eq!(scratch.visible().await, ["acme/7/a"]);
}
