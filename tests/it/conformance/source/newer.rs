//! Objects the application writes after the plan: never hidden, never destroyed, while the planned ones are.

use shared::domain::manifest::Line;
use shared::domain::outcome::{Code, LineOutcome};

use super::ground::{Bed, Ground, codes};

/// A bucket with `acme/7/a` of two versions, planned now.
async fn planned<G: Ground>(ground: &G) -> (G::Bed, Vec<Line>) {
    let mut bed = ground.bucket(true).await;
    bed.write("acme/7/a", "one").await;
    bed.write("acme/7/a", "two").await;
    let cutoff = bed.made("acme/7/a").await;
    bed.cut(cutoff);
    bed.pass_cutoff().await;
    let lines = bed.desk().plan().await;
    assert_eq!(lines.len(), 1);
    (bed, lines)
}

pub(super) async fn a_version_written_after_the_plan_stays_visible<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let newer = bed.write("acme/7/a", "three").await;
    let swept = bed.desk().sweep(&lines).await;
    assert_eq!(
        swept,
        [LineOutcome::plain(Code::Swept)],
        "hidden by the newer one, not by us"
    );
    assert!(bed.visible().await.contains(&"acme/7/a".to_owned()));
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged]);
    assert_eq!(bed.versions().await["acme/7/a"], [newer]);
}

pub(super) async fn a_version_written_over_our_marker_survives_the_purge<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let swept = bed.desk().sweep(&lines).await;
    assert!(swept[0].detail.is_some());
    let newer = bed.write("acme/7/a", "three").await;
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged]);
    assert_eq!(bed.versions().await["acme/7/a"], [newer]);
    let (lines, later, _) = bed.desk().plan_by(10).await;
    assert_eq!((lines.len(), later), (0, 1), "verification leaves it alone");
}

pub(super) async fn what_the_application_wrote_and_deleted_itself_stays_hidden<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let newer = bed.write("acme/7/a", "three").await;
    let theirs = bed.hide("acme/7/a").await;
    let swept = bed.desk().sweep(&lines).await;
    assert_eq!(swept, [LineOutcome::plain(Code::Swept)]);
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged]);
    assert_eq!(bed.versions().await["acme/7/a"], [newer, format!("-{theirs}")]);
    assert!(!bed.visible().await.contains(&"acme/7/a".to_owned()));
}

pub(super) async fn older_versions_below_a_newer_one_are_planned<G: Ground>(ground: G) {
    let (bed, first) = planned(&ground).await;
    let newer = bed.write("acme/7/a", "three").await;
    bed.write("acme/7/b", "only after the cutoff").await;
    let (lines, later, _) = bed.desk().plan_by(10).await;
    assert_eq!(later, 2);
    assert!(lines == first, "the same version as without the newer one");
    let swept = bed.desk().sweep(&lines).await;
    bed.desk().purge(&lines, &swept).await;
    let left = bed.versions().await;
    assert_eq!(left["acme/7/a"], [newer]);
    assert_eq!(left["acme/7/b"].len(), 1);
}

pub(super) async fn a_purge_that_broke_off_goes_on<G: Ground>(ground: G) {
    let (bed, lines) = planned(&ground).await;
    let swept = bed.desk().sweep(&lines).await;
    let all = bed.versions().await["acme/7/a"].clone();
    for version in all.iter().filter(|id| !id.starts_with('-')) {
        bed.destroy("acme/7/a", version).await;
    }
    assert_eq!(codes(&bed.desk().purge(&lines, &swept).await), [Code::Purged]);
    assert!(!bed.versions().await.contains_key("acme/7/a"));
}
