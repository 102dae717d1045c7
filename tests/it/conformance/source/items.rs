//! The plain life of items: planned, swept, swept again, purged; all key types, TTL with and without an old value.

use std::time::Duration;

use shared::domain::data_map::KeyType;
use shared::domain::manifest::{Line, Scalar};
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Always, Sources as _};

use super::desk::permanent;
use super::ground::{Bed, Ground, MINE, WITH_TTL, codes, item, n, request, s};

pub(super) async fn marks_keep_the_old_ttl_and_sweeping_twice_is_the_same<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    let mut with_ttl = item(s("a"));
    with_ttl.insert("expires_at".into(), n(3_000_000_000));
    with_ttl.insert("text".into(), s("hello"));
    bed.put(with_ttl).await;
    bed.put(item(s("b"))).await;

    let lines = bed.desk().plan().await;
    assert_eq!(codes(&bed.desk().inspect(&lines).await), [Code::Untouched; 2]);
    assert_eq!(codes(&bed.desk().sweep(&lines).await), [Code::Swept; 2]);
    let after_one = bed.items().await;
    let marked = &after_one["a"];
    assert_eq!(marked["erasure_id"], s(&request(MINE).to_string()));
    assert_eq!(marked["erasure_deleted_at"], s("2026-11-22T00:00:00Z"));
    assert_eq!(marked["erasure_ttl_was"], n(3_000_000_000));
    assert_eq!(
        (&marked["expires_at"], &marked["text"]),
        (&n(4_000_000_000), &s("hello"))
    );
    let marked = &after_one["b"];
    assert!(!marked.contains_key("erasure_ttl_was"), "there was no TTL to keep");
    assert_eq!(marked["expires_at"], n(4_000_000_000));

    assert_eq!(codes(&bed.desk().sweep(&lines).await), [Code::Swept; 2]);
    assert_eq!(bed.items().await, after_one);
    assert_eq!(codes(&bed.desk().inspect(&lines).await), [Code::Swept; 2]);

    // Verification lists what is still there; the purge takes it; purging again is the same.
    let left = bed.desk().plan().await;
    assert_eq!(left.len(), 2);
    let swept = bed.desk().sweep(&lines).await;
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged; 2]);
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged; 2]);
    assert!(bed.items().await.is_empty() && bed.desk().plan().await.is_empty());
}

pub(super) async fn a_vanished_item_does_not_come_into_being<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(item(s("kept"))).await;
    let mut lines = bed.desk().plan().await;
    let Line::Item { key, .. } = &lines[0] else {
        panic!("an item")
    };
    let mut ghost = key.clone();
    ghost.insert("sk".into(), s("ghost"));
    lines.push(Line::Item {
        key: ghost,
        ttl: None,
        written: None,
        dated: None,
        owner: None,
    });
    assert_eq!(
        codes(&bed.desk().inspect(&lines).await),
        [Code::Untouched, Code::AlreadyAbsent]
    );
    assert_eq!(
        codes(&bed.desk().sweep(&lines).await),
        [Code::Swept, Code::AlreadyAbsent]
    );
    assert_eq!(bed.items().await.len(), 1);
}

pub(super) async fn numeric_and_binary_keys_are_found_again_in_their_order<G: Ground>(ground: G) {
    // In base64, as a manifest has them; by their bytes the last comes first, in base64 it would not.
    let binaries = ["eCJ5", "//8=", "AP8="].map(|text| Scalar::B(text.into()));
    let numbers = ["10", "-3", "1.5"].map(|text| Scalar::N(text.into()));
    for (kind, keys, order) in [(KeyType::N, numbers, [1, 2, 0]), (KeyType::B, binaries, [2, 0, 1])] {
        let bed = ground.table(kind, WITH_TTL).await;
        for key in &keys {
            bed.put(item(key.clone())).await;
        }
        let (lines, _, pages) = bed.desk().plan_by(1).await;
        let found = lines.iter().map(|line| match line {
            Line::Item { key, .. } => key["sk"].clone(),
            Line::Object { .. } => panic!("an item"),
        });
        assert!(
            found.eq(order.map(|at| keys[at].clone())),
            "in the order of their values"
        );
        assert!(pages >= keys.len(), "one line a page");
        let swept = bed.desk().sweep(&lines).await;
        assert_eq!(codes(&swept), [Code::Swept; 3]);
        assert!(bed.items().await.values().all(|item| item.contains_key("erasure_id")));
        assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged; 3]);
        assert!(bed.items().await.is_empty());
    }
}

pub(super) async fn an_index_leads_to_the_items_and_prefix_and_count_agree<G: Ground>(ground: G) {
    let map = "table: NAME\n    index: by_owner\n    source: dynamodb
    key: {attribute: owner, template: \"{tenant}#{subject}\"}
    sort_key_prefix: \"MSG#\"
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}";
    let bed = ground.table(KeyType::S, map).await;
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
        bed.put(item).await;
    }
    let lines = bed.desk().plan_by(1).await.0;
    assert_eq!(lines.len(), 2);
    let census = bed
        .desk()
        .sources
        .census(bed.desk().page_order(None, 10), Duration::from_secs(30));
    let census = census.await.expect("counted");
    assert_eq!((census.records, census.at_least), (2, false));
    let swept = bed.desk().sweep(&lines).await;
    assert_eq!(codes(&swept), [Code::Swept; 2]);
    let items = bed.items().await;
    assert_eq!(items.values().filter(|item| item.contains_key("erasure_id")).count(), 2);
    let kept_ttl = items
        .values()
        .filter(|item| item.get("erasure_ttl_was") == Some(&n(3_000_000_000)));
    assert_eq!(kept_ttl.count(), 2, "an index of keys only still knows the TTL");
    bed.desk().purge(&lines, &swept).await;
    assert_eq!(bed.items().await.len(), 2);
}

pub(super) async fn an_item_that_is_given_to_somebody_else_after_the_plan_stays_as_it_is<G: Ground>(ground: G) {
    let map = "table: NAME\n    index: by_owner\n    source: dynamodb
    key: {attribute: owner, template: \"{tenant}#{subject}\"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: purge}";
    let bed = ground.table(KeyType::S, map).await;
    let owned = |sort: &str, owner: &str| {
        let mut item = item(s(sort));
        item.insert("owner".into(), s(owner));
        item
    };
    bed.put(owned("given", "acme#7")).await;
    bed.put(owned("kept", "acme#7")).await;
    let lines = bed.desk().plan().await;
    assert_eq!(lines.len(), 2);
    let given = owned("given", "acme#8");
    bed.put(given.clone()).await;

    let swept = bed.desk().sweep(&lines).await;
    assert!(swept.contains(&LineOutcome::failed("changed")), "{swept:?}");
    assert!(codes(&swept).contains(&Code::Swept), "{swept:?}");
    bed.desk().purge(&lines, &swept).await;
    assert_eq!(bed.items().await.into_values().collect::<Vec<_>>(), [given]);
}

pub(super) async fn counting_stops_when_patience_ends<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(item(s("a"))).await;
    let counted = |patience| bed.desk().sources.census(bed.desk().page_order(None, 10), patience);
    let stopped = counted(Duration::ZERO).await.expect("counted");
    assert_eq!((stopped.records, stopped.at_least), (0, true));
    let whole = counted(Duration::from_secs(30)).await.expect("counted");
    assert_eq!((whole.records, whole.at_least), (1, false));
}

pub(super) async fn a_place_that_does_not_exist_is_a_permanent_fault<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(item(s("a"))).await;
    let lines = bed.desk().plan().await;
    bed.tear_down().await;
    let fault = bed
        .desk()
        .sources
        .sweep(bed.desk().sweep_order(&lines, MINE), &Always)
        .await;
    assert_eq!(permanent(&fault.expect_err("a fault")), Some("source_gone"));
    let fault = bed.desk().sources.page(bed.desk().page_order(None, 10)).await;
    assert_eq!(permanent(&fault.expect_err("a fault")), Some("source_gone"));
}

pub(super) async fn lines_of_another_kind_are_refused_before_anything_happens<G: Ground>(ground: G) {
    let (table, bucket) = (ground.table(KeyType::S, WITH_TTL).await, ground.bucket(true).await);
    table.put(item(s("a"))).await;
    bucket.write("acme/7/a", "x").await;
    let (items, objects) = (table.desk().plan().await, bucket.desk().plan().await);
    let (before, versions) = (table.items().await, bucket.versions().await);
    for (bed, own, foreign) in [(&table, &items, &objects), (&bucket, &objects, &items)] {
        let mixed: Vec<Line> = own.iter().chain(foreign).cloned().collect();
        let order = bed.desk().sweep_order(&mixed, MINE);
        for refused in [
            bed.desk().sources.sweep(order.clone(), &Always).await,
            bed.desk().sources.inspect(order).await,
        ] {
            assert_eq!(permanent(&refused.expect_err("a fault")), Some("corrupt"));
        }
        let swept = mixed.into_iter().map(|line| (line, LineOutcome::plain(Code::Swept)));
        let swept: Vec<_> = swept.collect();
        let refused = bed.desk().sources.purge(bed.desk().purge_order(&swept)).await;
        assert_eq!(permanent(&refused.expect_err("a fault")), Some("corrupt"));
    }
    assert!(table.items().await == before && bucket.versions().await == versions);
}

pub(super) async fn a_subject_without_a_number_is_not_looked_for_under_numbers<G: Ground>(ground: G) {
    let map = WITH_TTL.replace("{subject}\"}", "{subject}\", type: N}");
    let bed = ground.table(KeyType::S, &map).await;
    let fault = bed.desk().sources.page(bed.desk().page_order(None, 10)).await;
    assert_eq!(permanent(&fault.expect_err("a fault")), Some("key_not_numeric"));
}
