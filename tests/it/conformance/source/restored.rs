//! Items brought back, or stripped of their expiry: attribute by attribute what they were, and nothing of anybody else's.

use shared::domain::data_map::KeyType;
use shared::domain::manifest::Scalar;
use shared::domain::outcome::{Code, LineOutcome};

use super::ground::{Bed, Ground, Item, OTHER, WITH_TTL, codes, item, n, request, s};

const TENANT_IN_ITEM: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"acme#{subject}\"}
    tenant: {attribute: tenant}
    soft_delete: {mode: tombstone, expiry: purge, ttl_attribute: expires_at}";

fn with_ttl(sort: &str, ttl: Scalar) -> Item {
    let mut item = item(s(sort));
    item.extend([("expires_at".into(), ttl), ("text".into(), s("hello"))]);
    item
}

fn overwritten() -> LineOutcome {
    LineOutcome::because(Code::Recreated, "overwritten")
}

fn gone() -> LineOutcome {
    LineOutcome::because(Code::Purged, "gone")
}

pub(super) async fn what_is_restored_is_what_it_was<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(with_ttl("number", n(3_000_000_000))).await;
    bed.put(with_ttl("text", s("never"))).await;
    bed.put(with_ttl("binary", Scalar::B("AP8=".into()))).await;
    bed.put(item(s("without"))).await;
    let before = bed.items().await;
    let lines = bed.desk().plan().await;
    let swept = bed.desk().sweep(&lines).await;
    assert!(
        bed.items()
            .await
            .values()
            .all(|item| item["expires_at"] == n(4_000_000_000))
    );

    let restored = bed.desk().restore(&lines, &swept, None).await;
    assert_eq!(restored, vec![LineOutcome::plain(Code::Restored); 4]);
    assert_eq!(bed.items().await, before);
    // The answer was lost, so the same is asked again.
    assert_eq!(bed.desk().restore(&lines, &swept, None).await, restored);
    assert_eq!(bed.items().await, before);
    // Neither a purge by the old account nor one by the new touches what lives again.
    let purged = bed.desk().purge(&lines, &swept).await;
    assert_eq!(codes(&purged), [Code::Recreated; 4]);
    assert_eq!(bed.desk().purge(&lines, &restored).await, restored);
    assert_eq!(bed.items().await, before);
}

pub(super) async fn only_chosen_swept_lines_are_restored<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    for sort in ["a", "b", "c"] {
        bed.put(item(s(sort))).await;
    }
    let lines = bed.desk().plan().await;
    let mut outcomes = bed.desk().sweep(&lines).await;
    outcomes[2] = LineOutcome::failed("x");
    let restored = bed.desk().restore(&lines, &outcomes, Some(&[1, 2, 9])).await;
    let expected = [
        LineOutcome::plain(Code::Swept),
        LineOutcome::plain(Code::Restored),
        LineOutcome::failed("x"),
    ];
    assert_eq!(restored, expected);
    let items = bed.items().await;
    let hidden = ["a", "b", "c"].map(|sort| items[sort].contains_key("erasure_id"));
    assert_eq!(hidden, [true, false, true]);
    let none = bed.desk().restore(&lines, &outcomes, Some(&[])).await;
    assert_eq!((none, bed.items().await), (outcomes, items));
}

pub(super) async fn a_ttl_that_changed_before_the_sweep_comes_back<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(with_ttl("a", n(3_000_000_000))).await;
    bed.put(with_ttl("b", n(3_000_000_000))).await;
    let lines = bed.desk().plan().await;
    bed.put(with_ttl("a", n(3_100_000_000))).await;
    bed.put(item(s("b"))).await;
    let before = bed.items().await;
    let swept = bed.desk().sweep(&lines).await;
    assert_eq!(
        codes(&bed.desk().restore(&lines, &swept, None).await),
        [Code::Restored; 2]
    );
    assert_eq!(bed.items().await, before);
}

pub(super) async fn what_somebody_else_wrote_or_deleted_is_named_not_touched<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    for sort in ["foreign", "gone", "overwritten"] {
        bed.put(item(s(sort))).await;
    }
    let lines = bed.desk().plan().await;
    let swept = bed.desk().sweep(&lines).await;
    let mut foreign = bed.items().await["foreign"].clone();
    foreign.insert("erasure_id".into(), s(&request(OTHER).to_string()));
    bed.put(foreign).await;
    bed.delete("gone").await;
    bed.put(with_ttl("overwritten", n(3_000_000_000))).await;
    let before = bed.items().await;

    let expected = [LineOutcome::failed("marked_by_other"), gone(), overwritten()];
    assert_eq!(bed.desk().restore(&lines, &swept, None).await, expected);
    assert_eq!(bed.desk().strip(&lines, &swept).await, expected);
    assert_eq!(bed.items().await, before);
}

pub(super) async fn an_item_that_is_another_tenants_by_now_stays_as_it_is<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, TENANT_IN_ITEM).await;
    let mut mine = with_ttl("a", n(3_000_000_000));
    mine.insert("tenant".into(), s("acme"));
    bed.put(mine.clone()).await;
    let lines = bed.desk().plan().await;
    let swept = bed.desk().sweep(&lines).await;
    let mut moved = bed.items().await["a"].clone();
    moved.insert("tenant".into(), s("globex"));
    bed.put(moved.clone()).await;
    let refused = bed.desk().restore(&lines, &swept, None).await;
    assert_eq!(refused, [LineOutcome::failed("changed")]);
    assert_eq!(bed.items().await["a"], moved);

    // Back with its tenant it is restored. The TTL, which such a sweep never set, is the application's all along.
    moved.extend([("tenant".into(), s("acme")), ("expires_at".into(), n(3_500_000_000))]);
    bed.put(moved).await;
    assert_eq!(
        bed.desk().strip(&lines, &swept).await,
        swept,
        "there is no expiry of ours"
    );
    assert_eq!(codes(&bed.desk().restore(&lines, &swept, None).await), [Code::Restored]);
    mine.insert("expires_at".into(), n(3_500_000_000));
    assert_eq!(bed.items().await["a"], mine);
}

pub(super) async fn a_stripped_item_stays_hidden_does_not_expire_and_can_be_restored<G: Ground>(ground: G) {
    let bed = ground.table(KeyType::S, WITH_TTL).await;
    bed.put(with_ttl("a", n(3_000_000_000))).await;
    bed.put(item(s("b"))).await;
    let before = bed.items().await;
    let lines = bed.desk().plan().await;
    let mut outcomes = bed.desk().sweep(&lines).await;
    let mut expected = bed.items().await;
    for item in expected.values_mut() {
        item.remove("expires_at");
    }
    for _ in 0..2 {
        outcomes = bed.desk().strip(&lines, &outcomes).await;
        assert_eq!(outcomes, vec![LineOutcome::plain(Code::Swept); 2]);
        assert_eq!(bed.items().await, expected, "the mark and the old TTL are still noted");
    }
    assert_eq!(bed.desk().sweep(&lines).await, outcomes, "a sweep arms nothing anew");
    assert_eq!(bed.items().await, expected);
    assert_eq!(
        codes(&bed.desk().restore(&lines, &outcomes, None).await),
        [Code::Restored; 2]
    );
    assert_eq!(bed.items().await, before);
}
