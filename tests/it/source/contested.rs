//! Items somebody else touches: other requests, other tenants, and the application between plan, sweep and purge.

use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, ScalarAttributeType};
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::Sources;

use super::scratch::{Item, OTHER, Scratch, codes, instant, item, n, s};
use super::tombstones::WITH_TTL;

const DATED: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"acme#{subject}\"}
    tenant: {attribute: tenant}
    written_at: {attribute: at, format: epoch_seconds}
    soft_delete: {mode: tombstone, expiry: purge}";

fn dated(sk: &str, tenant: &str, at: AttributeValue) -> Item {
    let mut item = item(s(sk));
    item.extend([("tenant".into(), s(tenant)), ("at".into(), at)]);
    item
}

async fn dated_table() -> Scratch {
    let mut scratch = Scratch::table(ScalarAttributeType::S, DATED).await;
    scratch.cutoff = instant("2026-01-01T00:00:00Z");
    scratch
}

async fn counted(scratch: &Scratch) -> u64 {
    let census = scratch
        .sources
        .census(scratch.page_order(None, 10), Duration::from_secs(30));
    census.await.expect("counted").records
}

const BEFORE: i64 = 1_767_225_600;

#[tokio::test]
async fn only_the_tenants_items_up_to_the_cutoff_are_planned() {
    let scratch = dated_table().await;
    scratch.put(dated("in", "acme", n(BEFORE))).await;
    scratch.put(dated("unreadable", "acme", s("long ago"))).await;
    scratch.put(dated("later", "acme", n(BEFORE + 1))).await;
    scratch.put(dated("foreign", "globex", n(BEFORE))).await;
    let (lines, later, _) = scratch.plan_by(1000).await;
    assert_eq!((lines.len(), later), (2, 1));
    assert_eq!(counted(&scratch).await, 3, "the tenant's, without a look at their time");
    assert_eq!(codes(&scratch.sweep(&lines).await), [Code::Swept; 2]);
    let items = scratch.items().await;
    let marked = |sk: &str| items[&format!("{:?}", s(sk))].contains_key("erasure_id");
    assert_eq!(
        ["in", "unreadable", "later", "foreign"].map(marked),
        [true, true, false, false]
    );
}

#[tokio::test]
async fn another_requests_mark_is_neither_planned_nor_overruled() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    scratch.put(item(s("a"))).await;
    let lines = scratch.plan().await;
    let theirs = scratch
        .sources
        .sweep(scratch.sweep_order(&lines, OTHER))
        .await
        .expect("a sweep");
    assert_eq!(codes(&theirs), [Code::Swept]);
    let before = scratch.items().await;

    assert!(scratch.plan().await.is_empty() && counted(&scratch).await == 0);
    assert_eq!(scratch.sweep(&lines).await, [LineOutcome::failed("marked_by_other")]);
    assert_eq!(codes(&scratch.inspect(&lines).await), [Code::Untouched]);
    let outcomes = scratch.purge(&lines, &[LineOutcome::plain(Code::Swept)]).await;
    assert_eq!(codes(&outcomes), [Code::Recreated]);
    assert_eq!(scratch.items().await, before);
}

#[tokio::test]
async fn an_item_changed_between_plan_and_sweep_is_judged_by_what_it_says() {
    let scratch = dated_table().await;
    for sk in ["later", "same", "earlier", "moved", "gone"] {
        scratch.put(dated(sk, "acme", n(BEFORE))).await;
    }
    let lines = scratch.plan().await;
    scratch.put(dated("later", "acme", n(BEFORE + 60))).await;
    scratch.put(dated("earlier", "acme", n(BEFORE - 60))).await;
    scratch.put(dated("moved", "globex", n(BEFORE))).await;
    let gone = [("pk".to_owned(), s("acme#7")), ("sk".to_owned(), s("gone"))];
    let delete = scratch
        .db
        .delete_item()
        .table_name(&scratch.name)
        .set_key(Some(gone.into()));
    delete.send().await.expect("deleted");

    let outcomes = scratch.sweep(&lines).await;
    // In the order of the sort key: earlier, gone, later, moved, same.
    let expected = [
        LineOutcome::failed("changed"),
        LineOutcome::plain(Code::AlreadyAbsent),
        LineOutcome::plain(Code::ArrivedLater),
        LineOutcome::failed("changed"),
        LineOutcome::plain(Code::Swept),
    ];
    assert_eq!(outcomes, expected);
    let marked = scratch
        .items()
        .await
        .values()
        .filter(|item| item.contains_key("erasure_id"))
        .count();
    assert_eq!(marked, 1);
}

#[tokio::test]
async fn a_changed_ttl_is_read_again_and_kept() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    for sk in ["arose", "changed", "odd", "vanished"] {
        let mut item = item(s(sk));
        item.insert("expires_at".into(), n(3_000_000_000));
        if sk == "arose" {
            item.remove("expires_at");
        }
        scratch.put(item).await;
    }
    let lines = scratch.plan().await;
    for (sk, ttl) in [
        ("arose", Some(n(3_100_000_000))),
        ("changed", Some(n(3_200_000_000))),
        ("odd", Some(AttributeValue::L(vec![n(1)]))),
        ("vanished", None),
    ] {
        let mut item = item(s(sk));
        item.extend(ttl.map(|ttl| ("expires_at".to_owned(), ttl)));
        scratch.put(item).await;
    }
    assert_eq!(codes(&scratch.sweep(&lines).await), [Code::Swept; 4]);
    let items = scratch.items().await;
    let was = |sk: &str| items[&format!("{:?}", s(sk))].get("erasure_ttl_was").cloned();
    assert_eq!(was("arose"), Some(n(3_100_000_000)));
    assert_eq!(was("changed"), Some(n(3_200_000_000)));
    assert_eq!(was("odd"), Some(AttributeValue::L(vec![n(1)])));
    assert_eq!(was("vanished"), None);
}

#[tokio::test]
async fn an_overwritten_item_lost_its_mark_and_survives_the_purge() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    scratch.put(item(s("a"))).await;
    scratch.put(item(s("b"))).await;
    let lines = scratch.plan().await;
    let swept = scratch.sweep(&lines).await;
    scratch.put(item(s("a"))).await;
    assert_eq!(
        codes(&scratch.purge(&lines, &swept).await),
        [Code::Recreated, Code::Purged]
    );
    assert_eq!(scratch.items().await.into_values().collect::<Vec<_>>(), [item(s("a"))]);

    // A line that was not swept is answered as it was, whatever the item carries.
    let failed = [LineOutcome::failed("x"), LineOutcome::plain(Code::AlreadyAbsent)];
    assert_eq!(scratch.purge(&lines, &failed).await, failed);
}

#[tokio::test]
async fn marks_without_a_request_are_reported_not_skipped() {
    let scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    let mut odd = item(s("a"));
    odd.insert("erasure_deleted_at".into(), s("the application's own"));
    scratch.put(odd.clone()).await;
    let lines = scratch.plan().await;
    assert_eq!(scratch.sweep(&lines).await, [LineOutcome::failed("marked_by_other")]);
    assert_eq!(scratch.items().await.into_values().collect::<Vec<_>>(), [odd]);
}
