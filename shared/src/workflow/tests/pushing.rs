//! Work that stands still: a message that was lost is sent again after two rounds of supervision.

use jiff::SignedDuration;

use super::desk::{Desk, MOMENT, PATIENCE, play};
use super::people::{ada, olga, otto};
use crate::domain::chunk::{Chunk, ChunkState};
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::outcome::Code;
use crate::domain::restore::Wanted;
use crate::ports::Work;
use crate::workflow::run::pause;

#[test]
fn a_lost_plan_message_is_sent_again_as_long_as_the_job_plans() {
    play(async |desk| {
        desk.write("messages", 0..1);
        desk.write("profiles", 0..1);
        let key = desk.executed_for(&["conversations", "profile"]).await;
        desk.post().await;
        desk.queues.plans.borrow_mut().lose_all();
        let touched = desk.plans(&key)[0].touched_at;
        assert_eq!(desk.tend_at(&key, touched + PATIENCE - MOMENT).await, 0);
        assert_eq!(desk.tend_at(&key, touched + PATIENCE).await, 2);
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
        desk.tend_at(&key, desk.now() + MOMENT).await;
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
        assert_eq!(desk.tend_at(&key, desk.now() + PATIENCE * 2).await, 0);
        assert!(desk.queues.plans.borrow().bodies().is_empty());
    });
}

#[test]
fn a_lost_chunk_message_is_sent_again_under_the_next_number() {
    play(async |desk| {
        let key = desk.planned(6).await;
        desk.queues.chunks.borrow_mut().lose_all();
        let touched = desk.chunks(&key)[0].touched_at;
        assert_eq!(desk.tend_at(&key, touched + PATIENCE - MOMENT).await, 0);
        assert_eq!(desk.tend_at(&key, touched + PATIENCE + MOMENT).await, 2);
        let sent: Vec<_> = desk.waiting().iter().map(|m| (m.chunk.n, m.send)).collect();
        assert_eq!(sent, [(0, 2), (1, 2)], "what was never sent waits for room");
        desk.work().await;
        assert_eq!(desk.phase(&key), Phase::Recovering);
    });
}

#[test]
fn a_paused_jobs_chunks_are_not_pushed() {
    play(async |desk| {
        let key = desk.planned(4).await;
        pause(&desk.records, &otto(), (key.id, None), desk.now())
            .await
            .expect("Otto may");
        desk.queues.chunks.borrow_mut().lose_all();
        assert_eq!(desk.tend_at(&key, desk.now() + PATIENCE * 2).await, 0);
        assert!(desk.waiting().is_empty());
    });
}

#[test]
fn a_chunk_whose_worker_died_is_sent_again_when_its_lease_is_over() {
    play(async |desk| {
        let key = desk.planned(2).await;
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
        assert_eq!(desk.tend_at(&key, until - MOMENT).await, 0);
        assert_eq!(desk.tend_at(&key, until).await, 1);
        assert_eq!(desk.chunks(&key)[0].send, 2);
    });
}

#[test]
fn a_lost_restoration_of_a_cancelled_request_is_sent_again() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.work().await;
        desk.cancel(&key).await.expect("Otto may");
        desk.post().await;
        desk.restore(&key, Wanted::All).await.expect("Otto may");
        desk.queues.chunks.borrow_mut().lose_all();
        assert_eq!(desk.tend_at(&key, desk.now() + PATIENCE * 2).await, 1);
        desk.work().await;
        assert_eq!(desk.chunks(&key)[0].counts.of(Code::Restored), 2);
    });
}

/// Two hidden profiles whose purge was given up, because their table is forbidden.
async fn given_up(desk: &Desk, is_cancelled: bool) -> RequestKey {
    desk.write("profiles", 0..2);
    let key = desk.executed_for(&["profile"]).await;
    desk.toil().await;
    if is_cancelled {
        desk.cancel(&key).await.expect("Otto may");
    }
    desk.sources.break_down("profiles", "access_denied");
    let ends = desk.facts(&key).recover_until.expect("hidden");
    desk.pass(&key, ends).await;
    while desk.chunks(&key)[0].state != ChunkState::Parked {
        desk.pass(&key, desk.now() + MOMENT * 10).await;
    }
    desk.sources.repair("profiles");
    key
}

/// Supervision looks a day after it was given up, and a moment before.
async fn a_day_later(desk: &Desk, key: &RequestKey) -> [ChunkState; 2] {
    let day = desk.chunks(key)[0].touched_at + SignedDuration::from_hours(24);
    desk.tend_at(key, day - MOMENT).await;
    let before = desk.chunks(key)[0].state;
    desk.tend_at(key, day).await;
    [before, desk.chunks(key)[0].state]
}

#[test]
fn a_purge_that_was_given_up_is_tried_again_each_day_once_nobody_can_retry_the_job() {
    play(async |desk| {
        let key = given_up(&desk, true).await;
        assert_eq!(a_day_later(&desk, &key).await, [ChunkState::Parked, ChunkState::Ready]);
        desk.work().await;
        assert!(desk.sources.items("profiles").is_empty());
    });
    play(async |desk| {
        let key = given_up(&desk, false).await;
        assert_eq!(a_day_later(&desk, &key).await, [ChunkState::Parked; 2], "a person will");
    });
}

#[test]
fn a_purge_that_was_given_up_waits_for_the_end_of_a_hold() {
    play(async |desk| {
        let key = given_up(&desk, true).await;
        desk.hold(&olga(), &ada(), &["profile"]).await.expect("Olga may");
        assert_eq!(a_day_later(&desk, &key).await, [ChunkState::Parked; 2]);
    });
}
