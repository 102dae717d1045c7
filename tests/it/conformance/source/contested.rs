//! Items somebody else touches: other requests, other tenants, and the application between plan, sweep and purge.

use shared::domain::data_map::KeyType;
use shared::domain::manifest::Scalar;
use shared::domain::outcome::{Code, LineOutcome};

use super::ground::{Bed, Ground, Item, OTHER, WITH_TTL, codes, instant, item, n, s};

const DATED: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"acme#{subject}\"}
    tenant: {attribute: tenant}
    written_at: {attribute: at, format: epoch_seconds}
    soft_delete: {mode: tombstone, expiry: purge}";

fn dated(sk: &str, tenant: &str, at: Scalar) -> Item {
    let mut item = item(s(sk));
    item.extend([("tenant".into(), s(tenant)), ("at".into(), at)]);
    item
}

async fn dated_table<G: Ground>(ground: &G) -> G::Bed {
    let mut bed = ground.table(KeyType::S, DATED).await;
    bed.cut(instant("2026-01-01T00:00:00Z"));
    bed
}

const BEFORE: i64 = 1_767_225_600;

pub(super) async fn only_the_tenants_items_up_to_the_cutoff_are_planned<G: Ground>(ground: G) {
    let bed = dated_table(&ground).await;
    bed.put(dated("in", "acme", n(BEFORE))).await;
    bed.put(dated("unreadable", "acme", s("long ago"))).await;
    bed.put(dated("later", "acme", n(BEFORE + 1))).await;
    bed.put(dated("foreign", "globex", n(BEFORE))).await;
    let (lines, later, _) = bed.desk().plan_by(1000).await;
    assert_eq!((lines.len(), later), (2, 1));
    assert_eq!(
        bed.desk().counted().await,
        3,
        "the tenant's, without a look at their time"
    );
    assert_eq!(codes(&bed.desk().sweep(&lines).await), [Code::Swept; 2]);
    let items = bed.items().await;
    let marked = |sk: &str| items[sk].contains_key("erasure_id");
    assert_eq!(
        ["in", "unreadable", "later", "foreign"].map(marked),
        [true, true, false, false]
    );
}

pub(super) async fn another_requests_mark_is_neither_planned_nor_overruled<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(item(s("a"))).await;
    let lines = bed.desk().plan().await;
    let theirs = bed.desk().sweep_as(&lines, OTHER).await;
    assert_eq!(codes(&theirs), [Code::Swept]);
    let before = bed.items().await;

    assert!(bed.desk().plan().await.is_empty() && bed.desk().counted().await == 0);
    assert_eq!(bed.desk().sweep(&lines).await, [LineOutcome::failed("marked_by_other")]);
    assert_eq!(codes(&bed.desk().inspect(&lines).await), [Code::Untouched]);
    let outcomes = bed.desk().purge(&lines, &[LineOutcome::plain(Code::Swept)]).await;
    assert_eq!(codes(&outcomes), [Code::Recreated]);
    assert_eq!(bed.items().await, before);
}

pub(super) async fn an_item_changed_between_plan_and_sweep_is_judged_by_what_it_says<G: Ground>(ground: G) {
    let bed = dated_table(&ground).await;
    for sk in ["later", "same", "earlier", "moved", "gone"] {
        bed.put(dated(sk, "acme", n(BEFORE))).await;
    }
    let lines = bed.desk().plan().await;
    bed.put(dated("later", "acme", n(BEFORE + 60))).await;
    bed.put(dated("earlier", "acme", n(BEFORE - 60))).await;
    bed.put(dated("moved", "globex", n(BEFORE))).await;
    bed.delete("gone").await;

    let outcomes = bed.desk().sweep(&lines).await;
    // In the order of the sort key: earlier, gone, later, moved, same.
    let expected = [
        LineOutcome::failed("changed"),
        LineOutcome::plain(Code::AlreadyAbsent),
        LineOutcome::plain(Code::ArrivedLater),
        LineOutcome::failed("changed"),
        LineOutcome::plain(Code::Swept),
    ];
    assert_eq!(outcomes, expected);
    let marked = bed
        .items()
        .await
        .values()
        .filter(|item| item.contains_key("erasure_id"))
        .count();
    assert_eq!(marked, 1);
}

pub(super) async fn a_changed_ttl_is_read_again_and_kept<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    for sk in ["arose", "changed", "vanished"] {
        let mut item = item(s(sk));
        item.insert("expires_at".into(), n(3_000_000_000));
        if sk == "arose" {
            item.remove("expires_at");
        }
        bed.put(item).await;
    }
    let lines = bed.desk().plan().await;
    for (sk, ttl) in [
        ("arose", Some(n(3_100_000_000))),
        ("changed", Some(n(3_200_000_000))),
        ("vanished", None),
    ] {
        let mut item = item(s(sk));
        item.extend(ttl.map(|ttl| ("expires_at".to_owned(), ttl)));
        bed.put(item).await;
    }
    assert_eq!(codes(&bed.desk().sweep(&lines).await), [Code::Swept; 3]);
    let items = bed.items().await;
    let was = |sk: &str| items[sk].get("erasure_ttl_was").cloned();
    assert_eq!(was("arose"), Some(n(3_100_000_000)));
    assert_eq!(was("changed"), Some(n(3_200_000_000)));
    assert_eq!(was("vanished"), None);
}

pub(super) async fn an_overwritten_item_lost_its_mark_and_survives_the_purge<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(item(s("a"))).await;
    bed.put(item(s("b"))).await;
    let lines = bed.desk().plan().await;
    let swept = bed.desk().sweep(&lines).await;
    bed.put(item(s("a"))).await;
    assert_eq!(
        codes(&bed.desk().purge(&lines, &swept).await),
        [Code::Recreated, Code::Purged]
    );
    assert_eq!(bed.items().await.into_values().collect::<Vec<_>>(), [item(s("a"))]);

    // A line that was not swept is answered as it was, whatever the item carries.
    let failed = [LineOutcome::failed("x"), LineOutcome::plain(Code::AlreadyAbsent)];
    assert_eq!(bed.desk().purge(&lines, &failed).await, failed);
}

pub(super) async fn marks_without_a_request_are_reported_not_skipped<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    let mut odd = item(s("a"));
    odd.insert("erasure_deleted_at".into(), s("the application's own"));
    bed.put(odd.clone()).await;
    let lines = bed.desk().plan().await;
    assert_eq!(bed.desk().sweep(&lines).await, [LineOutcome::failed("marked_by_other")]);
    assert_eq!(bed.items().await.into_values().collect::<Vec<_>>(), [odd]);
}
