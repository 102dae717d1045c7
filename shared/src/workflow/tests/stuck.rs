//! Work of every kind that comes to a stand: it goes on within two rounds of supervision, and is counted by its kind.

use jiff::SignedDuration;

use super::desk::{Desk, PATIENCE, play};
use super::people::olga;
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::ids::RequestKey;
use crate::domain::job::{Phase, Plan};
use crate::domain::outcome::{Code, Counts};
use crate::domain::personal::Personal;
use crate::domain::stuck::{Pushed, Stuck};
use crate::ports::Work;
use crate::workflow::dispatch::due;
use crate::workflow::order::Wish;

/// How often the schedule runs supervision.
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

impl Desk {
    /// What is pushed within two rounds, once something stood still for two.
    async fn found(&self) -> Pushed {
        self.wait(PATIENCE);
        self.two_rounds().await
    }

    /// What the next two rounds push.
    async fn two_rounds(&self) -> Pushed {
        let mut pushed = Pushed::default();
        for _ in 0..2 {
            self.wait(MINUTE);
            let round = Box::pin(self.supervisor().round(self.now())).await;
            pushed += round.expect("all shards are read").pushed;
        }
        pushed
    }

    /// A worker accounts for a chunk and dies before it looks whether that was the last.
    async fn settled_by_the_dead(&self, key: &RequestKey, done: impl Fn(&Chunk) -> Chunk) {
        self.queues.chunks.borrow_mut().lose_all();
        for chunk in self.chunks(key) {
            let settled = Chunk {
                state: ChunkState::Done,
                send: chunk.send.max(1),
                epoch: chunk.epoch + 1,
                accounted: chunk.epoch + 1,
                rev: chunk.rev + 1,
                touched_at: self.now(),
                ..done(&chunk)
            };
            let written = self.records.store.swap_chunk(key, chunk.rev, &settled).await;
            assert!(written.expect("written"));
        }
    }

    /// Two hidden messages, when their purge is due.
    async fn due(&self) -> RequestKey {
        self.write("messages", 0..2);
        let key = self.swept().await;
        let due = due(&self.facts(&key), &self.chunks(&key)[0]).expect("hidden");
        self.pass(&key, due - MINUTE).await;
        key
    }

    /// The same, once they are purged and a verification has begun; nobody has its message.
    async fn verifying(&self) -> RequestKey {
        let key = self.due().await;
        self.two_rounds().await;
        self.work().await;
        assert_eq!(self.phase(&key), Phase::Verifying);
        self.queues.plans.borrow_mut().lose_all();
        key
    }
}

#[test]
fn a_plan_whose_message_is_lost() {
    play(async |desk| {
        let key = desk.executed().await;
        desk.post().await;
        desk.queues.plans.borrow_mut().lose_all();
        assert_eq!(desk.found().await, Pushed::only(Stuck::Plan, 1));
        desk.plan().await;
        assert!(desk.plans(&key)[0].complete);
    });
}

#[test]
fn a_chunk_whose_message_is_lost() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.post().await;
        desk.queues.chunks.borrow_mut().lose_all();
        assert_eq!(desk.found().await, Pushed::only(Stuck::Chunk, 1));
        desk.work().await;
        assert_eq!(desk.phase(&key), Phase::Recovering);
    });
}

#[test]
fn a_mail_that_nobody_took() {
    play(async |desk| {
        let key = desk.submitted().await;
        let untaken = desk.records.store.take_inserted_mails().len();
        assert!(untaken > 0);
        let pushed = desk.found().await;
        assert_eq!(
            pushed,
            Pushed::only(Stuck::Outbox, u32::try_from(untaken).expect("few"))
        );
        desk.post().await;
        assert!(desk.mails(&key).iter().all(crate::domain::outbox::Mail::is_settled));
    });
}

#[test]
fn a_sweep_whose_last_worker_died_before_it_said_so() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.post().await;
        let now = desk.now();
        desk.settled_by_the_dead(&key, |chunk| Chunk {
            counts: Counts::all(Code::AlreadyAbsent, 2),
            swept_at: Some(now),
            ..chunk.clone()
        })
        .await;
        let pushed = desk.found().await;
        assert_eq!(pushed, Pushed::only(Stuck::Finish, 1));
        assert_eq!(desk.phase(&key), Phase::Verifying, "nothing is hidden that could wait");
    });
}

#[test]
fn a_request_whose_last_mail_is_out_for_long() {
    play(async |desk| {
        let key = desk.executed().await;
        desk.toil().await;
        desk.post().await;
        assert_eq!(desk.phase(&key), Phase::Closing);
        assert_eq!(desk.found().await, Pushed::only(Stuck::Finish, 1));
        assert!(desk.facts(&key).closed_at.is_some());
    });
}

#[test]
fn a_purge_whose_message_is_lost() {
    play(async |desk| {
        let key = desk.due().await;
        assert_eq!(desk.two_rounds().await.total(), 0, "it is begun in time");
        assert_eq!(desk.chunks(&key)[0].op, Op::Purge);
        desk.queues.chunks.borrow_mut().lose_all();
        assert_eq!(desk.found().await, Pushed::only(Stuck::Purge, 1));
        desk.work().await;
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn a_purge_that_supervision_slept_through() {
    play(async |desk| {
        let key = desk.due().await;
        assert_eq!(desk.found().await, Pushed::only(Stuck::Purge, 1));
        assert_eq!(desk.phase(&key), Phase::Purging);
    });
}

#[test]
fn a_purge_whose_last_worker_died_before_it_said_so() {
    play(async |desk| {
        let key = desk.due().await;
        desk.two_rounds().await;
        desk.settled_by_the_dead(&key, |chunk| Chunk {
            counts: Counts::all(Code::Purged, 2),
            ..chunk.clone()
        })
        .await;
        assert_eq!(desk.found().await, Pushed::only(Stuck::Finish, 1));
        assert_eq!(desk.phase(&key), Phase::Verifying);
    });
}

#[test]
fn a_verification_whose_message_is_lost() {
    play(async |desk| {
        let key = desk.verifying().await;
        assert_eq!(desk.found().await, Pushed::only(Stuck::Verify, 1));
        desk.plan().await;
        assert_eq!(desk.phase(&key), Phase::Closing);
    });
}

#[test]
fn a_verification_whose_planner_died_before_it_said_that_nothing_is_left() {
    play(async |desk| {
        let key = desk.verifying().await;
        let plan = desk.plans(&key).remove(1);
        let listed = Plan {
            complete: true,
            rev: plan.rev + 1,
            ..plan.clone()
        };
        let written = desk.records.store.commit_page(&key, &plan, &listed, &[]).await;
        assert!(written.expect("written"));
        assert_eq!(desk.found().await, Pushed::only(Stuck::Verify, 1));
        assert_eq!(desk.phase(&key), Phase::Closing);
    });
}

#[test]
fn personal_data_that_should_be_gone_by_now() {
    play(async |desk| {
        let key = desk.submitted().await;
        let reason = Personal::new("not hers");
        desk.order(&olga(), &key, Wish::Reject { reason })
            .await
            .expect("Olga may");
        desk.post().await;
        assert_eq!(desk.two_rounds().await.total(), 0);
        let shred_at = desk.facts(&key).shred_at.expect("closed");
        desk.world.advance_to(shred_at);
        assert_eq!(desk.found().await, Pushed::only(Stuck::Shred, 1));
        assert!(desk.facts(&key).shredded);
    });
}
