//! Sizes: queries of several megabytes, items with hardly room for a mark, a thousand and a half of objects.

use aws_sdk_dynamodb::types::ScalarAttributeType;
use futures::future::join_all;
use shared::domain::outcome::{Code, LineOutcome};

use super::scratch::Scratch;
use crate::conformance::source::ground::{Bed as _, WITH_TTL, codes, item, s};

#[tokio::test]
async fn a_subject_of_many_megabytes_is_planned_whole() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    let text = "x".repeat(40_000);
    for n in 0..100 {
        let mut item = item(s(&format!("{n:03}")));
        item.insert("text".into(), s(&text));
        scratch.put(item).await;
    }
    let (lines, _, pages) = scratch.desk.plan_by(1000).await;
    assert_eq!(
        (lines.len(), pages),
        (100, 1),
        "one page follows several queries of 1 MB"
    );
    let (by_sevens, _, pages) = scratch.desk.plan_by(7).await;
    assert!(by_sevens == lines && pages >= 15);
    let swept = scratch.desk.sweep(&lines).await;
    assert!(swept.iter().all(|outcome| outcome.code == Code::Swept));
    let purged = scratch.desk.purge(&lines, &swept).await;
    assert!(purged.iter().all(|outcome| outcome.code == Code::Purged));
    assert!(scratch.items().await.is_empty());
}

#[tokio::test]
async fn an_item_without_room_for_a_mark_is_reported() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    let whole = 400 * 1024;
    for (sk, room) in [("full", 20), ("roomy", 400)] {
        let mut item = item(s(sk));
        let named = "pk".len() + "acme#7".len() + "sk".len() + sk.len() + "text".len();
        item.insert("text".into(), s(&"x".repeat(whole - named - room)));
        scratch.put(item).await;
    }
    let lines = scratch.desk.plan().await;
    let outcomes = scratch.desk.sweep(&lines).await;
    assert_eq!(
        outcomes,
        [LineOutcome::failed("item_too_large"), LineOutcome::plain(Code::Swept)]
    );
}

#[tokio::test]
async fn a_thousand_and_a_half_of_objects() {
    let scratch = Scratch::bucket(true).await;
    let keys: Vec<String> = (0..1500).map(|n| format!("acme/7/file-{n:05}.txt")).collect();
    for some in keys.chunks(50) {
        join_all(some.iter().map(|key| scratch.write(key, key))).await;
    }
    scratch.write("acme/77/file-00001.txt", "not subject 7's").await;
    let (lines, _, pages) = scratch.desk.plan_by(400).await;
    assert_eq!((lines.len(), pages), (1500, 4));
    let mut swept = Vec::new();
    for chunk in lines.chunks(500) {
        swept.extend(scratch.desk.sweep(chunk).await);
    }
    assert!(
        swept
            .iter()
            .all(|outcome| outcome.code == Code::Swept && outcome.detail.is_some())
    );
    let visible: Vec<String> = scratch.visible().await;
    assert_eq!(visible, ["acme/77/file-00001.txt"]);

    // Every tenth line alone: the keys between are leapt over.
    let tenth = |all: &[_]| all.iter().step_by(10).cloned().collect::<Vec<_>>();
    let (some, outcomes) = (tenth(&lines), swept.iter().step_by(10).cloned().collect::<Vec<_>>());
    assert!(
        codes(&scratch.desk.purge(&some, &outcomes).await)
            .iter()
            .all(|code| *code == Code::Purged)
    );
    assert_eq!(scratch.versions().await.len(), 1500 - 150 + 1);
    let purged = scratch.desk.purge(&lines, &swept).await;
    assert!(purged.iter().all(|outcome| outcome.code == Code::Purged));
    let left = scratch.versions().await;
    assert_eq!(left.keys().collect::<Vec<_>>(), ["acme/77/file-00001.txt"]);
}
