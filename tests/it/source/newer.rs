//! Objects the application writes after the plan: never hidden, never destroyed, while the planned ones are.

use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use shared::domain::manifest::Line;
use shared::domain::outcome::{Code, LineOutcome};

use super::scratch::{Scratch, codes};

impl Scratch {
    /// When the newest entry of a key was made, by S3's own clock.
    async fn made(&self, key: &str) -> Timestamp {
        let call = self.s3.list_object_versions().bucket(&self.name).prefix(key);
        let answer = call.send().await.expect("a listing");
        let versions = answer.versions().iter().filter_map(|v| v.last_modified());
        let markers = answer.delete_markers().iter().filter_map(|m| m.last_modified());
        let newest = versions.chain(markers).map(|at| at.as_nanos()).max().expect("an entry");
        Timestamp::from_nanosecond(newest).expect("an instant")
    }

    /// Waits until S3's clock has passed the cutoff, told by a key outside of the subject's prefix.
    async fn pass_cutoff(&self) {
        loop {
            self.write("clock", "tick").await;
            if self.made("clock").await > self.cutoff {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A bucket with `acme/7/a` of two versions, planned now.
async fn planned() -> (Scratch, Vec<Line>) {
    let mut scratch = Scratch::bucket(true).await;
    scratch.write("acme/7/a", "one").await;
    scratch.write("acme/7/a", "two").await;
    scratch.cutoff = scratch.made("acme/7/a").await;
    scratch.pass_cutoff().await;
    let lines = scratch.plan().await;
    assert_eq!(lines.len(), 1);
    (scratch, lines)
}

#[tokio::test]
async fn a_version_written_after_the_plan_stays_visible() {
    let (scratch, lines) = planned().await;
    let newer = scratch.write("acme/7/a", "three").await;
    let swept = scratch.sweep(&lines).await;
    assert_eq!(
        swept,
        [LineOutcome::plain(Code::Swept)],
        "hidden by the newer one, not by us"
    );
    assert!(scratch.visible().await.contains(&"acme/7/a".to_owned()));
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged]);
    assert_eq!(scratch.versions().await["acme/7/a"], [newer]);
}

#[tokio::test]
async fn a_version_written_over_our_marker_survives_the_purge() {
    let (scratch, lines) = planned().await;
    let swept = scratch.sweep(&lines).await;
    assert!(swept[0].detail.is_some());
    let newer = scratch.write("acme/7/a", "three").await;
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged]);
    assert_eq!(scratch.versions().await["acme/7/a"], [newer]);
    let (lines, later, _) = scratch.plan_by(10).await;
    assert_eq!((lines.len(), later), (0, 1), "verification leaves it alone");
}

#[tokio::test]
async fn a_version_written_at_the_very_moment_is_not_hidden() {
    let scratch = Scratch::bucket(true).await;
    let keys: Vec<String> = (0..200).map(|n| format!("acme/7/{n:03}")).collect();
    join_all(keys.iter().map(|key| scratch.write(key, "planned"))).await;
    let lines = scratch.plan().await;
    let writes = join_all(keys.iter().map(|key| scratch.write(key, "written meanwhile")));
    let (swept, _) = tokio::join!(scratch.sweep(&lines), writes);
    assert!(swept.iter().all(|outcome| outcome.code == Code::Swept), "{swept:?}");
    assert_eq!(scratch.visible().await, keys, "whether before or after the marker");
    scratch.purge(&lines, &swept).await;
    assert_eq!(scratch.visible().await, keys);
}

#[tokio::test]
async fn what_the_application_wrote_and_deleted_itself_stays_hidden() {
    let (scratch, lines) = planned().await;
    let newer = scratch.write("acme/7/a", "three").await;
    let theirs = scratch.hide("acme/7/a").await;
    let swept = scratch.sweep(&lines).await;
    assert_eq!(swept, [LineOutcome::plain(Code::Swept)]);
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged]);
    assert_eq!(scratch.versions().await["acme/7/a"], [newer, format!("-{theirs}")]);
    assert!(!scratch.visible().await.contains(&"acme/7/a".to_owned()));
}

#[tokio::test]
async fn older_versions_below_a_newer_one_are_planned() {
    let (scratch, first) = planned().await;
    let newer = scratch.write("acme/7/a", "three").await;
    scratch.write("acme/7/b", "only after the cutoff").await;
    let (lines, later, _) = scratch.plan_by(10).await;
    assert_eq!(later, 2);
    assert!(lines == first, "the same version as without the newer one");
    let swept = scratch.sweep(&lines).await;
    scratch.purge(&lines, &swept).await;
    let left = scratch.versions().await;
    assert_eq!(left["acme/7/a"], [newer]);
    assert_eq!(left["acme/7/b"].len(), 1);
}

#[tokio::test]
async fn a_purge_that_broke_off_goes_on() {
    let (scratch, lines) = planned().await;
    let swept = scratch.sweep(&lines).await;
    let all = scratch.versions().await["acme/7/a"].clone();
    for version in all.iter().filter(|id| !id.starts_with('-')) {
        let call = scratch
            .s3
            .delete_object()
            .bucket(&scratch.name)
            .key("acme/7/a")
            .version_id(version);
        call.send().await.expect("destroyed");
    }
    assert_eq!(codes(&scratch.purge(&lines, &swept).await), [Code::Purged]);
    assert!(!scratch.versions().await.contains_key("acme/7/a"));
}
