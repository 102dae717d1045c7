//! The plain life of objects: planned, hidden, hidden again, destroyed with every older version.

use shared::domain::manifest::Line;
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Always, Sources as _};

use super::desk::permanent;
use super::ground::{Bed, Ground, MINE, codes};

pub(super) async fn every_version_of_a_hidden_object_is_destroyed<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    let keys = [
        "acme/7/a b+c.txt",
        "acme/7/deep/&<>\"'.txt",
        "acme/7/ümläut-日本.txt",
        "acme/7/plain",
    ];
    for key in keys {
        bed.write(key, "one").await;
        bed.write(key, "two").await;
    }
    bed.write("acme/70/other", "another subject's").await;
    let lines = bed.desk().plan_by(1).await.0;
    assert_eq!(lines.len(), keys.len());
    assert_eq!(bed.desk().counted().await, 4);

    assert_eq!(codes(&bed.desk().inspect(&lines).await), [Code::Untouched; 4]);
    let swept = bed.desk().sweep(&lines).await;
    assert!(
        swept.iter().all(|o| o.code == Code::Swept && o.detail.is_some()),
        "{swept:?}"
    );
    assert_eq!(bed.visible().await, ["acme/70/other"]);
    let hidden = bed.versions().await;
    assert!(keys.iter().all(|key| hidden[*key].len() == 3));

    assert_eq!(bed.desk().sweep(&lines).await, swept, "our own markers are recognised");
    assert_eq!(bed.desk().inspect(&lines).await, swept);
    assert_eq!(bed.versions().await, hidden, "and no second one is put");

    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged; 4]);
    assert_eq!(bed.versions().await.keys().collect::<Vec<_>>(), ["acme/70/other"]);
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged; 4]);
}

pub(super) async fn what_the_application_had_deleted_is_destroyed_too<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    bed.write("acme/7/deleted", "still there, below the marker").await;
    bed.hide("acme/7/deleted").await;
    bed.hide("acme/7/only-a-marker").await;
    let lines = bed.desk().plan().await;
    assert!(
        lines
            .iter()
            .all(|line| matches!(line, Line::Object { was_deleted: true, .. }))
    );
    let before = bed.versions().await;
    let swept = bed.desk().sweep(&lines).await;
    assert_eq!(
        swept,
        [LineOutcome::plain(Code::Swept), LineOutcome::plain(Code::Swept)]
    );
    assert_eq!(bed.versions().await, before, "no marker on a marker");
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged; 2]);
    assert!(bed.versions().await.is_empty());
}

pub(super) async fn an_object_that_is_gone_gets_no_marker<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    let id = bed.write("acme/7/a", "x").await;
    let lines = bed.desk().plan().await;
    bed.destroy("acme/7/a", &id).await;
    assert_eq!(codes(&bed.desk().sweep(&lines).await), [Code::AlreadyAbsent]);
    assert_eq!(codes(&bed.desk().inspect(&lines).await), [Code::AlreadyAbsent]);
    assert!(bed.versions().await.is_empty());
}

pub(super) async fn a_bucket_without_versions_is_refused_before_anything_happens<G: Ground>(ground: G) {
    let bed = ground.bucket(false).await;
    bed.write("acme/7/a", "x").await;
    let page = bed.desk().sources.page(bed.desk().page_order(None, 10)).await;
    assert_eq!(permanent(&page.expect_err("a fault")), Some("not_versioned"));
    let lines = [Line::Object {
        key: "acme/7/a".into(),
        version: "null".into(),
        was_deleted: false,
        modified: None,
    }];
    let swept = bed
        .desk()
        .sources
        .sweep(bed.desk().sweep_order(&lines, MINE), &Always)
        .await;
    assert_eq!(permanent(&swept.expect_err("a fault")), Some("not_versioned"));
    assert_eq!(bed.visible().await, ["acme/7/a"]);
}
