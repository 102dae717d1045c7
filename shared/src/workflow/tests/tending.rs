//! Supervision: what a request waits for, and how it ends.

use jiff::SignedDuration;

use super::desk::{MOMENT, PATIENCE, play, play_under, play_with};
use super::people::{ada, held_head, olga};
use crate::domain::hold::HoldHead;
use crate::domain::job::Phase;
use crate::domain::personal::Personal;
use crate::domain::request::{Notice, Status};
use crate::sim::{Call, Dice, Fate, Fates};
use crate::workflow::order::Wish;

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
fn the_first_of_several_short_windows_is_not_slept_through() {
    play_under(", GracePeriod: PT1H, RecoveryWindow: PT1M", async |desk| {
        desk.write("profiles", 0..4);
        let key = desk.executed_for(&["profile"]).await;
        desk.plan().await;
        desk.work_one().await;
        desk.wait(SignedDuration::from_secs(30));
        desk.work().await;
        let ends = desk.chunks(&key)[0].swept_at.expect("swept") + SignedDuration::from_mins(1);
        assert_eq!(desk.row(&key).wake_at, Some(ends));
        assert!(desk.facts(&key).recover_until.is_some_and(|last| last > ends));
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
        let head = held_head(1, &["profile"]);
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
        desk.tend_at(&key, shred_at - MOMENT).await;
        assert!(!desk.facts(&key).shredded);
        desk.tend_at(&key, shred_at).await;
        assert!(desk.facts(&key).shredded);
    });
}

#[test]
fn a_cancelled_request_that_hid_something_is_told_first_and_emptied_later() {
    play(async |desk| {
        let key = desk.planned(4).await;
        desk.work_one().await;
        desk.cancel(&key).await.expect("Otto may");
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
        let none = Box::pin(desk.supervisor().round(desk.now())).await.expect("a round");
        assert_eq!((none.tended, none.pushed.total(), none.failed), (0, 0, 0));
        desk.wait(PATIENCE + MOMENT * 10);
        let round = Box::pin(desk.supervisor().round(desk.now())).await.expect("a round");
        assert_eq!((round.tended, round.pushed.total(), round.failed), (12, 12, 0));
    });
}

/// The first request of a round cannot be read.
struct FirstUnread(bool);

impl Fates for FirstUnread {
    fn fate(&mut self, call: &Call<'_>, _: &mut Dice) -> Fate {
        if call.op == "read mails" && !std::mem::replace(&mut self.0, true) {
            return Fate::FailBefore;
        }
        Fate::Pass
    }
}

#[test]
fn a_request_that_cannot_be_tended_keeps_no_other_waiting() {
    play_with((1, ""), FirstUnread(false), async |desk| {
        for scope in ["profile", "conversations", "drafts"] {
            desk.submitted_for(&[scope]).await;
        }
        desk.wait(PATIENCE + MOMENT);
        let round = Box::pin(desk.supervisor().round(desk.now())).await.expect("a round");
        assert_eq!((round.tended, round.pushed.total(), round.failed), (3, 2, 1));
    });
}
