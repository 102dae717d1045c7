//! Supervision: what stands still is pushed after two rounds, and what a request waits for is known.

use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, play};
use super::people::{ada, olga, otto};
use crate::domain::chunk::{Chunk, ChunkState};
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::outbox::{Mail, MailState};
use crate::domain::personal::Personal;
use crate::domain::request::{Notice, Status};
use crate::ports::{HoldHead, Outbox, Work};
use crate::state_machine::watch::PATIENCE_SECONDS;
use crate::workflow::order::Wish;
use crate::workflow::run::{cancel, pause};

const PATIENCE: SignedDuration = SignedDuration::from_secs(PATIENCE_SECONDS);
const MOMENT: SignedDuration = SignedDuration::from_secs(1);

/// Supervision looks when so much time has passed since a moment.
async fn tend_at(desk: &Desk, key: &RequestKey, at: Timestamp) -> u32 {
    desk.world.advance_to(at);
    desk.supervisor().tend(key, at).await.expect("it is tended")
}

async fn planned(desk: &Desk, records: u32) -> RequestKey {
    desk.write("messages", 0..records);
    let key = desk.executed().await;
    desk.post().await;
    desk.plan().await;
    key
}

#[test]
fn a_mail_that_stands_still_is_put_again_under_a_number_of_its_own() {
    play(async |desk| {
        let key = desk.approved_for(&["profile"]).await;
        let (first, last) = (desk.mails(&key)[0].touched_at, desk.mails(&key)[1].touched_at);
        assert_eq!(tend_at(&desk, &key, first + PATIENCE - MOMENT).await, 0);
        let numbers = |desk: &Desk| desk.mails(&key).iter().map(|mail| mail.n).collect::<Vec<_>>();
        assert_eq!(numbers(&desk), [1, 2]);
        assert_eq!(tend_at(&desk, &key, last + PATIENCE).await, 2);
        assert_eq!(numbers(&desk), [1_000_001, 1_000_002]);
        let put = desk.mails(&key);
        assert!(
            put.iter()
                .all(|mail| mail.state == MailState::Pending && mail.touched_at == last + PATIENCE)
        );
        assert_eq!(put.iter().map(|mail| mail.rev).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(tend_at(&desk, &key, last + PATIENCE * 2).await, 2);
        assert_eq!(
            numbers(&desk),
            [1_000_003, 1_000_004],
            "each time anew, for the stream to carry"
        );
        desk.post().await;
        assert_eq!(desk.mailer.delivered().len(), 2);
        assert_eq!(tend_at(&desk, &key, last + PATIENCE * 4).await, 0, "both are sent");
    });
}

#[test]
fn a_mail_whose_worker_died_is_put_again_when_its_lease_is_over() {
    play(async |desk| {
        let key = desk.submitted().await;
        let before = desk.mails(&key).remove(0);
        let until = desk.now() + PATIENCE * 3;
        let leased = Mail {
            state: MailState::Sending,
            lease_until: Some(until),
            rev: 1,
            ..before
        };
        assert!(desk.records.store.swap_mail(&key, 0, &leased).await.expect("written"));
        assert_eq!(tend_at(&desk, &key, until - MOMENT).await, 0);
        assert_eq!(tend_at(&desk, &key, until).await, 1);
        let put = desk.mails(&key).remove(0);
        assert_eq!((put.state, put.lease_until, put.rev), (MailState::Pending, None, 2));
    });
}

#[test]
fn a_mail_is_given_up_after_72_hours() {
    play(async |desk| {
        let key = desk.submitted().await;
        let owed_at = desk.mails(&key)[0].owed_at;
        let over = owed_at + SignedDuration::from_hours(72);
        assert_eq!(tend_at(&desk, &key, over - MOMENT).await, 1);
        assert_eq!(tend_at(&desk, &key, over + PATIENCE).await, 0);
        let failed = desk.mails(&key).remove(0);
        assert_eq!(failed.state, MailState::Failed);
        assert_eq!(failed.error.as_deref(), Some("undeliverable_for_72_hours"));
        assert_eq!(failed.touched_at, over + PATIENCE);
    });
}

#[test]
fn a_lost_plan_message_is_sent_again_as_long_as_the_job_plans() {
    play(async |desk| {
        desk.write("messages", 0..1);
        desk.write("profiles", 0..1);
        let key = desk.executed_for(&["conversations", "profile"]).await;
        desk.post().await;
        desk.queues.plans.borrow_mut().lose_all();
        let touched = desk.plans(&key)[0].touched_at;
        assert_eq!(tend_at(&desk, &key, touched + PATIENCE - MOMENT).await, 0);
        assert_eq!(tend_at(&desk, &key, touched + PATIENCE).await, 2);
        let sent: Vec<_> = desk
            .queues
            .plans
            .borrow()
            .bodies()
            .iter()
            .map(|m| m.dataset.to_string())
            .collect();
        assert_eq!(sent, ["messages", "profiles"]);
        desk.plan().await;
        desk.queues.chunks.borrow_mut().lose_all();
        tend_at(&desk, &key, desk.now() + MOMENT).await;
        assert!(
            desk.queues.plans.borrow().bodies().is_empty(),
            "a complete plan needs no planner"
        );
    });
}

#[test]
fn a_plan_that_failed_waits_for_a_person() {
    play(async |desk| {
        desk.write("messages", 0..1);
        let key = desk.executed().await;
        desk.sources.break_down("messages", "access_denied");
        desk.plan().await;
        desk.post().await;
        assert_eq!(tend_at(&desk, &key, desk.now() + PATIENCE * 2).await, 0);
        assert!(desk.queues.plans.borrow().bodies().is_empty());
    });
}

#[test]
fn a_lost_chunk_message_is_sent_again_under_the_next_number() {
    play(async |desk| {
        let key = planned(&desk, 6).await;
        desk.queues.chunks.borrow_mut().lose_all();
        let touched = desk.chunks(&key)[0].touched_at;
        assert_eq!(tend_at(&desk, &key, touched + PATIENCE - MOMENT).await, 0);
        assert_eq!(tend_at(&desk, &key, touched + PATIENCE + MOMENT).await, 2);
        let sent: Vec<_> = desk.waiting().iter().map(|m| (m.chunk.n, m.send)).collect();
        assert_eq!(sent, [(0, 2), (1, 2)], "what was never sent waits for room");
        desk.work().await;
        assert_eq!(desk.phase(&key), Phase::Recovering);
    });
}

#[test]
fn a_paused_jobs_chunks_are_not_pushed() {
    play(async |desk| {
        let key = planned(&desk, 4).await;
        pause(&desk.records, &otto(), (key.id, None), desk.now())
            .await
            .expect("Otto may");
        desk.queues.chunks.borrow_mut().lose_all();
        assert_eq!(tend_at(&desk, &key, desk.now() + PATIENCE * 2).await, 0);
        assert!(desk.waiting().is_empty());
    });
}

#[test]
fn a_chunk_whose_worker_died_is_sent_again_when_its_lease_is_over() {
    play(async |desk| {
        let key = planned(&desk, 2).await;
        let before = desk.chunks(&key).remove(0);
        let until = desk.now() + PATIENCE * 3;
        let leased = Chunk {
            state: ChunkState::Leased,
            epoch: 1,
            attempts: 1,
            lease_until: Some(until),
            rev: before.rev + 1,
            ..before.clone()
        };
        assert!(
            desk.records
                .store
                .swap_chunk(&key, before.rev, &leased)
                .await
                .expect("written")
        );
        assert_eq!(tend_at(&desk, &key, until - MOMENT).await, 0);
        assert_eq!(tend_at(&desk, &key, until).await, 1);
        assert_eq!(desk.chunks(&key)[0].send, 2);
    });
}

#[test]
fn a_job_that_recovers_is_looked_at_when_its_first_purge_is_due() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        desk.post().await;
        let facts = desk.facts(&key);
        for _ in 0..2 {
            desk.tend(&key).await;
            desk.post().await;
        }
        assert_eq!(desk.row(&key).wake_at, Some(facts.due_at), "operators are told then");
        desk.pass(&key, facts.due_at + PATIENCE * 5).await;
        assert_eq!(desk.row(&key).wake_at, facts.recover_until, "and when the window ends");
        let ends = facts.recover_until.expect("hidden");
        desk.pass(&key, ends + PATIENCE * 5).await;
        let slack = facts.policy.expect("fixed").ttl_slack;
        assert_eq!(
            desk.row(&key).wake_at,
            Some(slack.after(ends)),
            "TTL has time until then"
        );
    });
}

#[test]
fn a_held_job_is_looked_at_now_and_then() {
    play(async |desk| {
        desk.write("profiles", 0..2);
        let key = desk.executed_for(&["profile"]).await;
        desk.toil().await;
        desk.post().await;
        let ada = ada();
        let head = HoldHead {
            version: Some(1),
            categories: vec!["profile".parse().expect("a slug")],
        };
        desk.records.store.put_holds(&ada.tenant, &ada.subject_ref, head);
        let facts = desk.facts(&key);
        let until = facts.recover_until.expect("hidden") + SignedDuration::from_hours(48);
        desk.pass(&key, until).await;
        let wake_at = desk.row(&key).wake_at.expect("it waits for the release");
        assert!(wake_at > until && wake_at <= until + SignedDuration::from_hours(1));
        let kept = desk.sources.items("profiles").len();
        assert_eq!(kept, 2, "nothing held is destroyed");
        desk.records
            .store
            .put_holds(&ada.tenant, &ada.subject_ref, HoldHead::default());
        desk.pass(&key, until + SignedDuration::from_hours(4)).await;
        assert_eq!(desk.facts(&key).status, Status::Completed);
        assert!(desk.sources.items("profiles").is_empty());
    });
}

#[test]
fn a_request_completes_when_its_subject_was_told_or_cannot_be() {
    for (refused, notice) in [(false, Notice::Sent), (true, Notice::Failed)] {
        play(async move |desk| {
            let key = desk.executed().await;
            desk.post().await;
            if refused {
                desk.mailer.refuse("ada@example.com");
            }
            desk.plan().await;
            assert_eq!(desk.phase(&key), Phase::Closing);
            desk.tend(&key).await;
            assert_eq!(desk.facts(&key).status, Status::InProgress, "the mail is still owed");
            desk.post().await;
            desk.tend(&key).await;
            let facts = desk.facts(&key);
            assert_eq!(
                (facts.status, facts.notice, facts.shredded),
                (Status::Completed, Some(notice), true)
            );
            let told = desk
                .mails(&key)
                .iter()
                .any(|mail| mail.occasion.as_str() == "undeliverable");
            assert_eq!(told, refused);
        });
    }
}

#[test]
fn what_became_of_a_closing_mail_is_written_down() {
    play(async |desk| {
        let key = desk.submitted().await;
        let wish = Wish::Reject {
            reason: Personal::new("not hers"),
        };
        desk.order(&olga(), &key, wish).await.expect("Olga may");
        desk.tend(&key).await;
        assert_eq!(desk.facts(&key).notice, Some(Notice::Pending));
        desk.post().await;
        desk.tend(&key).await;
        let facts = desk.facts(&key);
        assert_eq!((facts.notice, facts.shredded), (Some(Notice::Sent), false));
        assert_eq!(desk.row(&key).wake_at, facts.shred_at, "until then nothing is owed");
        let shred_at = facts.shred_at.expect("closed");
        tend_at(&desk, &key, shred_at - MOMENT).await;
        assert!(!desk.facts(&key).shredded);
        tend_at(&desk, &key, shred_at).await;
        assert!(desk.facts(&key).shredded);
    });
}

#[test]
fn a_cancelled_request_that_hid_something_is_told_first_and_emptied_later() {
    play(async |desk| {
        let key = planned(&desk, 4).await;
        desk.work_one().await;
        let (records, queues, reason) = (&desk.records, &desk.queues, Personal::new("a mistake"));
        let cancelled = cancel(records, queues, &otto(), (key.id, None), reason, desk.now()).await;
        cancelled.expect("Otto may");
        desk.tend(&key).await;
        assert_eq!(desk.facts(&key).notice, Some(Notice::Pending));
        desk.post().await;
        desk.tend(&key).await;
        let facts = desk.facts(&key);
        assert_eq!(
            (facts.notice, facts.shred_at),
            (Some(Notice::Sent), None),
            "two are still hidden"
        );
        assert!(!desk.manifests.objects().is_empty());
    });
}

#[test]
fn a_round_tends_what_is_due_in_every_shard() {
    play(async |desk| {
        let mut keys = vec![];
        for _ in 0..12 {
            let name = format!("subject-{}", keys.len());
            let by = crate::domain::actor::Caller {
                subject_ref: crate::domain::ids::Ref::new(
                    &crate::sim::sealer::reference_key(&ada().tenant),
                    "subject",
                    &name,
                ),
                ..ada()
            };
            keys.push(
                desk.submit(&by, super::people::deletion(&["profile"]))
                    .await
                    .expect("taken"),
            );
        }
        let none = desk.supervisor().round(desk.now()).await.expect("a round");
        assert_eq!((none.tended, none.pushed, none.failed), (0, 0, 0));
        desk.wait(PATIENCE + MOMENT * 10);
        let round = desk.supervisor().round(desk.now()).await.expect("a round");
        assert_eq!((round.tended, round.pushed, round.failed), (12, 12, 0));
    });
}
