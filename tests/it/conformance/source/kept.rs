//! Records a duty to keep protects: never marked, whoever asks how often, and told apart from those without a date.

use shared::domain::data_map::{KeyType, Retain};
use shared::domain::manifest::{Line, Scalar};
use shared::domain::outcome::{Code, LineOutcome};

use super::ground::{Bed, Ground, Item, codes, instant, item, n, s};

const INVOICES: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"{tenant}#{subject}\"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}
    retain: {for: P7Y, from: issued, format: epoch_seconds, ground: Tax law}";

/// 1 January 2019, seven years before the cutoff.
const OVER: i64 = 1_546_300_800;

fn exempt() -> LineOutcome {
    LineOutcome::because(Code::Exempt, "Tax law")
}

fn flagged() -> LineOutcome {
    LineOutcome::failed("retention_unreadable")
}

fn invoice(sort: &str, issued: Option<Scalar>) -> Item {
    let mut item = item(s(sort));
    item.extend(issued.map(|issued| ("issued".to_owned(), issued)));
    item
}

async fn invoices<G: Ground>(ground: &G) -> G::Bed {
    let mut bed = ground.table(KeyType::S, INVOICES).await;
    bed.cut(instant("2026-01-01T00:00:00Z"));
    bed
}

pub(super) async fn only_what_is_past_its_retention_is_swept<G: Ground>(ground: G) {
    let bed = invoices(&ground).await;
    bed.put(invoice("kept", Some(n(OVER + 1)))).await;
    bed.put(invoice("missing", None)).await;
    bed.put(invoice("over", Some(n(OVER)))).await;
    bed.put(invoice("unreadable", Some(s("last spring")))).await;
    let before = bed.items().await;
    let lines = bed.desk().plan().await;
    let expected = [exempt(), flagged(), LineOutcome::plain(Code::Swept), flagged()];
    let mut swept = bed.desk().sweep(&lines).await;
    for _ in 0..2 {
        assert_eq!(swept, expected, "every attempt decides alike");
        swept = bed.desk().sweep(&lines).await;
    }
    assert_eq!(bed.desk().restore(&lines, &swept, None).await[2].code, Code::Restored);
    assert_eq!(bed.items().await, before);
    assert_eq!(
        codes(&bed.desk().purge(&lines, &expected).await)[..2],
        [Code::Exempt, Code::Failed]
    );
}

pub(super) async fn a_date_that_changed_after_the_plan_is_judged_anew<G: Ground>(ground: G) {
    let bed = invoices(&ground).await;
    for sort in ["earlier", "later", "lost"] {
        bed.put(invoice(sort, Some(n(OVER - 100)))).await;
    }
    let lines = bed.desk().plan().await;
    bed.put(invoice("earlier", Some(n(OVER - 200)))).await;
    bed.put(invoice("later", Some(n(OVER + 200)))).await;
    bed.put(invoice("lost", None)).await;
    let expected = [LineOutcome::plain(Code::Swept), exempt(), flagged()];
    assert_eq!(bed.desk().sweep(&lines).await, expected);
    let items = bed.items().await;
    let marked = ["earlier", "later", "lost"].map(|sort| items[sort].contains_key("erasure_id"));
    assert_eq!(marked, [true, false, false]);
}

pub(super) async fn an_object_is_kept_by_the_date_of_its_content<G: Ground>(ground: G) {
    let mut bed = ground.bucket(true).await;
    bed.write("acme/7/a", "content").await;
    bed.write("acme/7/b", "content").await;
    let written = bed.made("acme/7/b").await;
    bed.cut(written);
    bed.pass_cutoff().await;
    bed.hide("acme/7/b").await;
    let deleted = bed.made("acme/7/b").await;
    bed.cut(deleted);
    bed.pass_cutoff().await;
    let before = bed.versions().await;

    let retain = |period: &str| Retain {
        period: period.parse().expect("a period"),
        from: "last_modified".into(),
        format: Default::default(),
        ground: "Tax law".into(),
    };
    bed.retain(Some(retain("P7Y")));
    let lines = bed.desk().plan().await;
    let dates = lines.iter().map(|line| match line {
        Line::Object { modified, .. } => modified.expect("a date") <= written,
        Line::Item { .. } => panic!("an object"),
    });
    assert!(
        dates.eq([true, true]),
        "the deletion is not when the content was written"
    );
    assert_eq!(bed.desk().sweep(&lines).await, [exempt(), exempt()]);
    assert_eq!(bed.versions().await, before);

    // The time is over: seconds have passed since.
    bed.retain(Some(retain("PT1S")));
    let cutoff = instant("2100-01-01T00:00:00Z");
    bed.cut(cutoff);
    assert_eq!(codes(&bed.desk().sweep(&lines).await), [Code::Swept; 2]);

    // A manifest of before the duty to keep has no date.
    bed.retain(None);
    let undated = bed.desk().plan().await;
    bed.retain(Some(retain("PT1S")));
    assert_eq!(bed.desk().sweep(&undated).await, [flagged(), flagged()]);
}
