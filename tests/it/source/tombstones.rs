//! The plain life of items: planned, swept, swept again, purged; all key types, TTL with and without an old value.

use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use shared::domain::manifest::Line;
use shared::domain::outcome::Code;
use shared::ports::Sources;

use super::scratch::{MINE, Scratch, codes, item, n, request, s};

pub(super) const WITH_TTL: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"{tenant}#{subject}\"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}";

#[tokio::test]
async fn marks_keep_the_old_ttl_and_sweeping_twice_is_the_same() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    let mut with_ttl = item(s("a"));
    with_ttl.insert("expires_at".into(), n(3_000_000_000));
    with_ttl.insert("text".into(), s("hello"));
    scratch.put(with_ttl).await;
    scratch.put(item(s("b"))).await;

    let lines = scratch.plan().await;
    assert_eq!(codes(&scratch.inspect(&lines).await), [Code::Untouched; 2]);
    assert_eq!(codes(&scratch.sweep(&lines).await), [Code::Swept; 2]);
    let after_one = scratch.items().await;
    let marked = &after_one[&format!("{:?}", s("a"))];
    assert_eq!(marked["erasure_id"], s(&request(MINE).to_string()));
    assert_eq!(marked["erasure_deleted_at"], s("2026-11-22T00:00:00Z"));
    assert_eq!(marked["erasure_ttl_was"], n(3_000_000_000));
    assert_eq!(
        (&marked["expires_at"], &marked["text"]),
        (&n(4_000_000_000), &s("hello"))
    );
    let marked = &after_one[&format!("{:?}", s("b"))];
    assert!(!marked.contains_key("erasure_ttl_was"), "there was no TTL to keep");
    assert_eq!(marked["expires_at"], n(4_000_000_000));

    assert_eq!(codes(&scratch.sweep(&lines).await), [Code::Swept; 2]);
    assert_eq!(scratch.items().await, after_one);
    assert_eq!(codes(&scratch.inspect(&lines).await), [Code::Swept; 2]);

    // Verification lists what is still there; the purge takes it; purging again is the same.
    let left = scratch.plan().await;
    assert_eq!(left.len(), 2);
    let swept = scratch.sweep(&lines).await;
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged; 2]);
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged; 2]);
    assert!(scratch.items().await.is_empty() && scratch.plan().await.is_empty());
}

#[tokio::test]
async fn a_vanished_item_does_not_come_into_being() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    scratch.put(item(s("kept"))).await;
    let mut lines = scratch.plan().await;
    let Line::Item { key, .. } = &lines[0] else {
        panic!("an item")
    };
    let mut ghost = key.clone();
    ghost.insert("sk".into(), shared::domain::manifest::Scalar::S("ghost".into()));
    lines.push(Line::Item {
        key: ghost,
        ttl: None,
        written: None,
    });
    assert_eq!(
        codes(&scratch.inspect(&lines).await),
        [Code::Untouched, Code::AlreadyAbsent]
    );
    assert_eq!(codes(&scratch.sweep(&lines).await), [Code::Swept, Code::AlreadyAbsent]);
    assert_eq!(scratch.items().await.len(), 1);
}

#[tokio::test]
async fn numeric_and_binary_keys_are_found_again() {
    for (kind, keys) in [
        (
            ScalarAttributeType::N,
            vec![n(-3), n(0), AttributeValue::N("1.5".into())],
        ),
        (
            ScalarAttributeType::B,
            vec![
                AttributeValue::B(Blob::new([0, 255])),
                AttributeValue::B(Blob::new(*b"x\"y")),
            ],
        ),
    ] {
        let scratch = Scratch::table(kind, WITH_TTL).await;
        for key in &keys {
            scratch.put(item(key.clone())).await;
        }
        let (lines, _, pages) = scratch.plan_by(1).await;
        assert_eq!(lines.len(), keys.len());
        assert!(pages >= keys.len(), "one line a page");
        let swept = scratch.sweep(&lines).await;
        assert!(swept.iter().all(|outcome| outcome.code == Code::Swept), "{swept:?}");
        assert!(
            scratch
                .items()
                .await
                .values()
                .all(|item| item.contains_key("erasure_id"))
        );
        let purged = scratch.purge(&lines, &swept).await;
        assert!(purged.iter().all(|outcome| outcome.code == Code::Purged), "{purged:?}");
        assert!(scratch.items().await.is_empty());
    }
}

#[tokio::test]
async fn an_index_leads_to_the_items_and_prefix_and_count_agree() {
    let map = "table: NAME\n    index: by_owner\n    source: dynamodb
    key: {attribute: owner, template: \"{tenant}#{subject}\"}
    sort_key_prefix: \"MSG#\"
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}";
    let scratch = Scratch::table(ScalarAttributeType::S, map).await;
    for (pk, sk, owner) in [
        ("x", "MSG#1", "acme#7"),
        ("y", "MSG#2", "acme#7"),
        ("x", "ADR#1", "acme#7"),
        ("x", "MSG#3", "acme#8"),
    ] {
        let mut item = item(s(sk));
        item.extend([
            ("pk".into(), s(pk)),
            ("owner".into(), s(owner)),
            ("expires_at".into(), n(3_000_000_000)),
        ]);
        scratch.put(item).await;
    }
    let lines = scratch.plan_by(1).await.0;
    assert_eq!(lines.len(), 2);
    let patience = Duration::from_secs(30);
    let census = scratch
        .sources
        .census(scratch.page_order(None, 10), patience)
        .await
        .expect("counted");
    assert_eq!((census.records, census.at_least), (2, false));
    let swept = scratch.sweep(&lines).await;
    assert_eq!(codes(&swept), [Code::Swept; 2]);
    let items = scratch.items().await;
    assert_eq!(items.values().filter(|item| item.contains_key("erasure_id")).count(), 2);
    let kept_ttl = items
        .values()
        .filter(|item| item.get("erasure_ttl_was") == Some(&n(3_000_000_000)));
    assert_eq!(kept_ttl.count(), 2, "an index of keys only still knows the TTL");
    scratch.purge(&lines, &swept).await;
    assert_eq!(scratch.items().await.len(), 2);
}

#[tokio::test]
async fn counting_stops_when_patience_ends() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    scratch.put(item(s("a"))).await;
    let counted = |patience| scratch.sources.census(scratch.page_order(None, 10), patience);
    let stopped = counted(Duration::ZERO).await.expect("counted");
    assert_eq!((stopped.records, stopped.at_least), (0, true));
    let whole = counted(Duration::from_secs(30)).await.expect("counted");
    assert_eq!((whole.records, whole.at_least), (1, false));
}
