//! Pause, resume, cancel.

use jiff::SignedDuration;

use super::desk::{Desk, play};
use super::people::{ada, held_head, otto, refusal};
use crate::domain::chunk::{Chunk, ChunkState};
use crate::domain::ids::RequestKey;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::outcome::Code;
use crate::domain::request::{CancelStage, Notice, Status};
use crate::ports::Work;
use crate::state_machine::refusal::Refusal;
use crate::workflow::run::pause;
use crate::workflow::work_chunk::Worked;

#[test]
fn a_resumed_job_sends_what_was_given_back_and_goes_on_to_its_end() {
    play(async |desk| {
        let key = desk.planned(10).await;
        let (records, target) = (&desk.records, (key.id, None));
        let (paused, _) = pause(records, &otto(), target, desk.now()).await.expect("Otto may");
        assert!(paused.request.facts.job.expect("a job").paused);
        assert_eq!(desk.work().await, [Worked::Dropped, Worked::Dropped]);
        assert!(desk.waiting().is_empty());
        desk.resume(&key).await.expect("Olga may");
        let sent: Vec<_> = desk.waiting().iter().map(|m| (m.chunk.n, m.send)).collect();
        assert_eq!(sent, [(0, 2), (1, 2)]);
        desk.work().await;
        assert_eq!(desk.phase(&key), Phase::Recovering);
    });
}

#[test]
fn a_pause_keeps_nobody_from_looking_at_what_may_be_armed_under_a_hold() {
    for (died, held, worked) in [
        (true, true, Worked::Done),
        (true, false, Worked::Dropped),
        (false, true, Worked::Dropped),
    ] {
        play(async move |desk| {
            let key = desk.planned(2).await;
            let message = desk.waiting().remove(0);
            if died {
                leased(&desk, &key).await;
                desk.wait(SignedDuration::from_secs(40));
            }
            let target = (key.id, None);
            pause(&desk.records, &otto(), target, desk.now())
                .await
                .expect("Otto may");
            if held {
                let (ada, head) = (ada(), held_head(1, &["conversations"]));
                desk.records.store.put_holds(&ada.tenant, &ada.subject_ref, head);
            }
            assert_eq!(desk.handle(&message).await, worked, "died: {died}, held: {held}");
        });
    }
}

#[test]
fn a_job_resumed_while_planning_sends_nothing_of_its_own() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.executed().await;
        let (records, target) = (&desk.records, (key.id, None));
        pause(records, &otto(), target, desk.now()).await.expect("Otto may");
        desk.plan().await;
        assert!(desk.waiting().is_empty() && desk.phase(&key) == Phase::Sweeping);
        desk.resume(&key).await.expect("Olga may");
        assert_eq!(desk.waiting().len(), 1);
    });
}

#[test]
fn a_command_on_a_version_that_has_passed_is_stale() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let version = desk.facts(&key).version;
        let late = pause(&desk.records, &otto(), (key.id, Some(version - 1)), desk.now()).await;
        assert!(matches!(refusal(late), Refusal::StaleVersion));
        let right = pause(&desk.records, &otto(), (key.id, Some(version)), desk.now()).await;
        assert!(right.is_ok());
    });
}

#[test]
fn a_cancellation_settles_at_once_where_nobody_is_at_work() {
    play(async |desk| {
        let key = desk.planned(10).await;
        desk.work_one().await;
        let facts = desk.cancel(&key).await.expect("Otto may");
        assert_eq!(
            (facts.status, facts.cancel_stage),
            (Status::Cancelled, Some(CancelStage::DuringExecution))
        );
        assert_eq!(facts.job.expect("a job").status, JobStatus::Cancelled);
        assert_eq!(facts.notice, Some(Notice::Pending));
        let account = &facts.account[&"messages".parse().expect("a slug")];
        assert_eq!((account.of(Code::Swept), account.of(Code::Untouched)), (2, 8));
        let swept_at = desk.chunks(&key)[0].swept_at.expect("swept");
        let window = facts.policy.expect("fixed").recovery_window;
        assert_eq!(facts.recover_until, Some(window.after(swept_at)));
        assert_eq!(
            desk.work().await,
            [Worked::Dropped, Worked::Dropped],
            "nothing more is hidden"
        );
        assert!(matches!(
            refusal(desk.cancel(&key).await),
            Refusal::NotInThisStatus { .. }
        ));
    });
}

/// Somebody is at work on the first chunk, for 40 seconds at most.
async fn leased(desk: &Desk, key: &RequestKey) {
    let before = desk.chunks(key).remove(0);
    let leased = Chunk {
        state: ChunkState::Leased,
        epoch: 1,
        lease_until: Some(desk.now() + SignedDuration::from_secs(40)),
        rev: before.rev + 1,
        ..before.clone()
    };
    let written = desk.records.store.swap_chunk(key, before.rev, &leased).await;
    assert!(written.expect("written"));
}

#[test]
fn a_cancellation_waits_for_whoever_is_at_work() {
    play(async |desk| {
        let key = desk.planned(4).await;
        leased(&desk, &key).await;
        let facts = desk.cancel(&key).await.expect("Otto may");
        assert_eq!(facts.status, Status::InProgress, "the account is not settled");
        assert!(matches!(refusal(desk.cancel(&key).await), Refusal::AlreadyCancelling));
        desk.queues.chunks.borrow_mut().lose_all();
        desk.pass(&key, desk.now() + SignedDuration::from_hours(1)).await;
        let settled = desk.facts(&key);
        assert_eq!(settled.status, Status::Cancelled);
        let account = &settled.account[&"messages".parse().expect("a slug")];
        assert_eq!(account.of(Code::Untouched), 4, "the dead worker had hidden nothing");
    });
}

#[test]
fn the_last_who_is_at_work_settles_the_cancellation() {
    play(async |desk| {
        let key = desk.planned(10).await;
        let message = desk.waiting().remove(0);
        leased(&desk, &key).await;
        desk.cancel(&key).await.expect("Otto may");
        desk.wait(SignedDuration::from_secs(40));
        assert_eq!(desk.handle(&message).await, Worked::Done, "it looks what is marked");
        assert_eq!(
            desk.facts(&key).status,
            Status::Cancelled,
            "nobody waits for supervision"
        );
    });
}

#[test]
fn what_was_given_back_in_the_middle_is_looked_at_before_the_account_is_settled() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.sources.break_down("messages", "access_denied");
        desk.work_one().await;
        desk.sources.repair("messages");
        desk.queues.chunks.borrow_mut().lose_all();
        let facts = desk.cancel(&key).await.expect("Otto may");
        assert_eq!(facts.status, Status::InProgress);
        assert_eq!(desk.waiting().len(), 1, "sent again at once, to be looked at");
        desk.work().await;
        let facts = desk.facts(&key);
        assert_eq!(facts.status, Status::Cancelled);
        assert_eq!(
            facts.account[&"messages".parse().expect("a slug")].of(Code::Untouched),
            2
        );
    });
}

#[test]
fn a_cancelled_request_is_emptied_when_its_last_hidden_record_is_purged() {
    play(async |desk| {
        let key = desk.planned(4).await;
        desk.work_one().await;
        let facts = desk.cancel(&key).await.expect("Otto may");
        let until = facts.recover_until.expect("two are hidden");
        let slack = facts.policy.expect("fixed").ttl_slack;
        desk.pass(&key, slack.after(until) - SignedDuration::from_hours(1))
            .await;
        assert_eq!(desk.facts(&key).shred_at, None, "they can still be restored");
        desk.pass(&key, slack.after(until) + SignedDuration::from_hours(1))
            .await;
        let over = desk.facts(&key);
        assert!(over.shredded && over.notice == Some(Notice::Sent));
        assert!(desk.manifests.objects().is_empty());
        let account = &over.account[&"messages".parse().expect("a slug")];
        assert_eq!((account.of(Code::Purged), account.of(Code::Untouched)), (2, 2));
        assert_eq!(desk.sources.items("messages").len(), 2);
    });
}

#[test]
fn a_job_that_has_purged_everything_cannot_be_cancelled() {
    play(async |desk| {
        let key = desk.executed().await;
        desk.plan().await;
        assert_eq!(desk.phase(&key), Phase::Closing);
        assert!(matches!(refusal(desk.cancel(&key).await), Refusal::NothingToCancel));
    });
}

#[test]
fn a_job_that_only_looks_whether_something_is_left_cannot_be_cancelled() {
    play(async |desk| {
        desk.write("profiles", 0..2);
        let key = desk.executed_for(&["profile"]).await;
        desk.toil().await;
        let ends = desk.facts(&key).recover_until.expect("hidden");
        desk.tend_at(&key, ends).await;
        desk.work().await;
        assert_eq!(desk.phase(&key), Phase::Verifying);
        assert!(matches!(refusal(desk.cancel(&key).await), Refusal::NothingToCancel));
    });
}

#[test]
fn while_planning_there_may_always_be_something_to_cancel() {
    play(async |desk| {
        let key = desk.executed().await;
        let facts = desk.cancel(&key).await.expect("Otto may");
        assert_eq!(facts.status, Status::Cancelled);
    });
}
