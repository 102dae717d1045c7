//! Verification: what is there again is swept again, three times, and what is there on purpose is left.

use jiff::SignedDuration;

use super::desk::{Desk, dataset, play, play_under};
use super::people::ada;
use crate::domain::ids::RequestKey;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::outcome::Code;
use crate::domain::request::{Completion, Status};
use crate::domain::restore::{RecordRef, Wanted};
use crate::workflow::dispatch::due;
use crate::workflow::plan::Planned;

/// Records from a backup: older than the execution, and there only now.
fn import(desk: &Desk, names: &[&str]) {
    let ada = ada();
    let long_ago = desk.now() - SignedDuration::from_hours(24 * 300);
    for name in names {
        let whose = (&ada.tenant, &ada.subject_id);
        desk.sources
            .put_item(&dataset("messages"), whose, name, "imported", long_ago);
    }
}

/// Until all that is hidden is purged, and the job has looked whether something is left.
async fn purged(desk: &Desk, key: &RequestKey) {
    let facts = desk.facts(key);
    let last = desk.chunks(key).iter().filter_map(|chunk| due(&facts, chunk)).max();
    let last = last.expect("something is hidden");
    desk.pass(key, last + SignedDuration::from_mins(10)).await;
}

#[test]
fn what_is_there_again_is_swept_in_another_generation() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.swept().await;
        import(&desk, &["imported-1", "imported-2", "imported-3"]);
        purged(&desk, &key).await;
        let generations: Vec<_> = desk.chunks(&key).iter().map(|c| (c.id.generation, c.lines)).collect();
        assert_eq!(generations, [(0, 2), (0, 1), (1, 2), (1, 1)]);
        let plans: Vec<_> = desk.plans(&key).iter().map(|p| (p.generation, p.planned)).collect();
        assert_eq!(plans[..2], [(0, 3), (1, 3)]);
        purged(&desk, &key).await;
        assert_eq!(desk.facts(&key).status, Status::Completed);
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn a_message_of_an_earlier_plan_is_no_verification() {
    play(async |desk| {
        desk.write("profiles", 0..2);
        let key = desk.executed_for(&["profile"]).await;
        let old = desk.queues.plans.borrow().bodies().remove(0);
        desk.toil().await;
        desk.tend_at(&key, desk.facts(&key).recover_until.expect("hidden"))
            .await;
        desk.work().await;
        assert_eq!(desk.phase(&key), Phase::Verifying);
        let stop_at = desk.now() + SignedDuration::from_secs(30);
        let planned = Box::pin(desk.bench().plan(&old, || desk.now(), stop_at)).await;
        assert_eq!(planned.expect("nothing fails"), Planned::Dropped);
    });
}

#[test]
fn what_is_there_after_three_verifications_is_a_finding_for_each_dataset_that_has_it() {
    play_under(
        ", RecoveryWindow: PT1H, TtlMargin: PT1H, TtlSlack: PT3H",
        async |desk| {
            desk.write("messages", 0..1);
            desk.write("profiles", 0..1);
            let key = desk.executed_for(&["conversations", "profile"]).await;
            desk.toil().await;
            for round in 0..4 {
                import(&desk, &[&format!("a{round}"), &format!("b{round}")]);
                purged(&desk, &key).await;
            }
            let job = desk.facts(&key).job.expect("a job");
            assert_eq!(
                (job.status, job.phase, job.generation),
                (JobStatus::Failed, Phase::Verifying, 4)
            );
            let found: Vec<_> = desk
                .findings(&key)
                .into_iter()
                .map(|f| (f.chunk.dataset.to_string(), f.chunk.generation, f.code, f.count))
                .collect();
            assert_eq!(found, [("messages".to_owned(), 4, "leftover".to_owned(), 2)]);
            assert_eq!(job.findings, 1);
        },
    );
}

#[test]
fn what_was_restored_is_no_leftover() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.swept().await;
        let chunk = desk.chunks(&key).remove(0).id;
        let wanted = Wanted::of(&[RecordRef { chunk, line: 1 }]);
        desk.restore(&key, wanted).await.expect("Otto may");
        desk.toil().await;
        import(&desk, &["imported"]);
        purged(&desk, &key).await;
        let newest = desk.chunks(&key).pop().expect("a chunk");
        assert_eq!((newest.id.generation, newest.lines), (1, 1), "only what was imported");
        purged(&desk, &key).await;
        let facts = desk.facts(&key);
        assert_eq!(
            (facts.status, facts.result),
            (Status::Completed, Some(Completion::Partial))
        );
        let left: Vec<_> = desk.sources.items("messages");
        assert_eq!(left.len(), 1);
        assert!(!left[0].contains_key("erasure_id"));
        let restored: u64 = desk.chunks(&key).iter().map(|c| c.counts.of(Code::Restored)).sum();
        assert_eq!(restored, 1);
    });
}

#[test]
fn what_was_restored_elsewhere_under_the_same_key_is_a_leftover_here() {
    play(async |desk| {
        desk.write("messages", 0..1);
        desk.write("drafts", 0..1);
        let key = desk.executed_for(&["conversations", "drafts"]).await;
        desk.toil().await;
        let draft = desk
            .chunks(&key)
            .into_iter()
            .find(|chunk| chunk.id.dataset.as_str() == "drafts");
        let chunk = draft.expect("a chunk").id;
        desk.restore(&key, Wanted::of(&[RecordRef { chunk, line: 0 }]))
            .await
            .expect("Otto may");
        desk.toil().await;
        let until = desk.facts(&key).recover_until.expect("hidden");
        desk.pass(&key, until).await;
        for message in desk.sources.items("messages") {
            assert!(message.contains_key("erasure_id"));
        }
        desk.sources.expire_one(0);
        import(&desk, &["000"]);
        purged(&desk, &key).await;
        let again: Vec<_> = desk.chunks(&key).iter().map(|c| c.id.to_string()).collect();
        assert!(again.contains(&"messages.1.0".to_owned()), "{again:?}");
    });
}
