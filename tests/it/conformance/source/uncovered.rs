//! Objects brought back: our marker comes off, the application's own deletions and newer versions stand.

use shared::domain::manifest::Line;
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Always, Sources as _, SweepOrder};

use super::ground::{Bed, Ground, MINE};

const KEY: &str = "acme/7/a";

fn theirs() -> LineOutcome {
    LineOutcome::because(Code::Restored, "deleted_by_application")
}

/// A bucket with [`KEY`] of two versions, planned.
async fn planned<G: Ground>(ground: &G) -> (G::Bed, Vec<Line>) {
    let bed = ground.bucket(true).await;
    bed.write(KEY, "one").await;
    bed.write(KEY, "two").await;
    let lines = bed.desk().plan().await;
    assert_eq!(lines.len(), 1);
    (bed, lines)
}

pub(super) async fn the_planned_version_is_seen_again<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let before = bed.versions().await;
    let swept = bed.desk().sweep(&lines).await;
    assert!(bed.visible().await.is_empty());
    assert_eq!(bed.desk().strip(&lines, &swept).await, swept, "a marker has no expiry");
    assert_eq!(bed.desk().restore(&lines, &swept, Some(&[])).await, swept);

    let restored = bed.desk().restore(&lines, &swept, None).await;
    assert_eq!(restored, [LineOutcome::plain(Code::Restored)]);
    assert_eq!(bed.versions().await, before);
    assert_eq!(bed.visible().await, [KEY]);
    // The answer was lost, so the same is asked again.
    assert_eq!(bed.desk().restore(&lines, &swept, None).await, restored);
    assert_eq!(bed.desk().purge(&lines, &restored).await, restored);
    assert_eq!(bed.versions().await, before);
}

pub(super) async fn what_the_application_deleted_before_the_plan_stays_deleted<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    bed.write(KEY, "one").await;
    bed.hide(KEY).await;
    let lines = bed.desk().plan().await;
    let before = bed.versions().await;
    let swept = bed.desk().sweep(&lines).await;
    assert_eq!(bed.desk().restore(&lines, &swept, None).await, [theirs()]);
    assert_eq!(bed.versions().await, before);
    assert!(bed.visible().await.is_empty());
}

pub(super) async fn what_the_application_deleted_before_the_sweep_stays_deleted<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    bed.hide(KEY).await;
    let before = bed.versions().await;
    let first = SweepOrder {
        again: false,
        ..bed.desk().sweep_order(&lines, MINE)
    };
    let swept = bed.desk().sources.sweep(first, &Always).await.expect("a sweep");
    assert_eq!(
        swept,
        [LineOutcome::plain(Code::Swept)],
        "nothing of ours was there before"
    );
    assert_eq!(bed.desk().restore(&lines, &swept, None).await, [theirs()]);
    assert_eq!(bed.versions().await, before);
}

pub(super) async fn what_the_application_deleted_since_the_sweep_stays_deleted<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let swept = bed.desk().sweep(&lines).await;
    bed.hide(KEY).await;
    assert_eq!(bed.desk().restore(&lines, &swept, None).await, [theirs()]);
    assert!(bed.visible().await.is_empty());
    let left = &bed.versions().await[KEY];
    let ours = format!("-{}", swept[0].detail.as_deref().expect("a marker"));
    assert!(left.len() == 3 && !left.contains(&ours), "theirs alone hides it");
}

pub(super) async fn a_newer_version_stays_and_the_planned_one_below_it<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let mut expected = bed.versions().await[KEY].clone();
    let swept = bed.desk().sweep(&lines).await;
    expected.insert(0, bed.write(KEY, "three").await);
    let restored = bed.desk().restore(&lines, &swept, None).await;
    assert_eq!(restored, [LineOutcome::because(Code::Recreated, "overwritten")]);
    assert_eq!(bed.versions().await[KEY], expected);
    assert_eq!(bed.visible().await, [KEY]);
}

pub(super) async fn a_destroyed_version_is_gone_and_older_ones_are_not_shown<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let swept = bed.desk().sweep(&lines).await;
    let newest = bed.versions().await[KEY][0].clone();
    bed.destroy(KEY, &newest).await;
    let before = bed.versions().await;
    let restored = bed.desk().restore(&lines, &swept, None).await;
    assert_eq!(restored, [LineOutcome::because(Code::Purged, "gone")]);
    assert_eq!(bed.versions().await, before);
}
