//! Dispatch: what is sent next, in each phase, and what is not.

use futures::future::join;
use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, play, play_seeded};
use super::people::{held_head, otto};
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::hold::HoldHead;
use crate::domain::ids::RequestKey;
use crate::workflow::dispatch::{
    Demand, Followed, due, fill_windows, follow, is_held, is_open, send_unseen, send_waiting,
};
use crate::workflow::run::pause;

fn sends(desk: &Desk, key: &RequestKey) -> Vec<u32> {
    desk.chunks(key).iter().map(|c| c.send).collect()
}

async fn fill(desk: &Desk, key: &RequestKey, now: Timestamp) -> usize {
    let (facts, chunks) = (desk.facts(key), desk.chunks(key));
    let holds = HoldHead::default();
    let demand = Demand::of(&desk.records.store, &facts, &holds).await.expect("read");
    let sent = fill_windows(&desk.records.store, &desk.queues, &demand, &chunks, now).await;
    sent.expect("nothing fails")
}

#[test]
fn a_window_holds_what_is_sent_and_what_is_leased() {
    play(async |desk| {
        let key = desk.planned(10).await;
        assert_eq!((sends(&desk, &key), desk.waiting().len()), (vec![1, 1, 0, 0, 0], 2));
        assert_eq!(fill(&desk, &key, desk.now()).await, 0, "it is full");
        desk.work_one().await;
        assert_eq!((sends(&desk, &key), desk.waiting().len()), (vec![1, 1, 1, 0, 0], 2));
        assert_eq!(fill(&desk, &key, desk.now()).await, 0);
    });
}

#[test]
fn of_two_who_follow_the_same_chunk_one_sends_and_the_other_knows_that_it_did_not() {
    for seed in 0..10 {
        play_seeded(seed, async |desk| {
            let key = desk.planned(10).await;
            let (facts, done, holds) = (desk.facts(&key), desk.chunks(&key).remove(0), HoldHead::default());
            let (store, queues) = (&desk.records.store, &desk.queues);
            let demand = Demand::of(store, &facts, &holds).await.expect("read");
            let next = |millis| {
                let now = desk.now() + SignedDuration::from_millis(millis);
                follow(store, queues, &demand, &done, now)
            };
            let (one, two) = join(next(0), next(1)).await;
            let mut followed = [one.expect("nothing fails"), two.expect("nothing fails")];
            followed.sort_by_key(|followed| *followed == Followed::Waits);
            assert_eq!(followed, [Followed::Sent, Followed::Waits]);
            assert_eq!(sends(&desk, &key), [1, 1, 1, 0, 0]);
        });
    }
}

#[test]
fn each_dataset_has_a_window_of_its_own() {
    play(async |desk| {
        desk.write("messages", 0..6);
        desk.write("profiles", 0..6);
        let key = desk.executed_for(&["conversations", "profile"]).await;
        desk.plan().await;
        assert_eq!(sends(&desk, &key), [1, 1, 0, 1, 1, 0]);
        let next = desk
            .waiting()
            .iter()
            .map(|m| (m.chunk.to_string(), m.send))
            .collect::<Vec<_>>();
        let first = ["messages.0.0", "messages.0.1", "profiles.0.0", "profiles.0.1"];
        assert_eq!(next, first.map(|chunk| (chunk.to_owned(), 1)));
    });
}

#[test]
fn a_paused_job_sends_no_sweep_and_nothing_is_lost() {
    play(async |desk| {
        let key = desk.planned(10).await;
        pause(&desk.records, &otto(), (key.id, None), desk.now())
            .await
            .expect("Otto may");
        desk.work().await;
        assert_eq!(sends(&desk, &key), [1, 1, 0, 0, 0]);
        assert!(
            desk.chunks(&key).iter().all(|c| c.state == ChunkState::Ready),
            "what was sent is given back"
        );
        assert_eq!(fill(&desk, &key, desk.now()).await, 0);
    });
}

#[test]
fn nothing_is_purged_before_its_window_is_over() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.work().await;
        let (facts, chunk) = (desk.facts(&key), desk.chunks(&key).remove(0));
        let policy = facts.policy.clone().expect("fixed");
        let window_ends = policy.recovery_window.after(chunk.swept_at.expect("swept"));
        let at = policy.ttl_slack.after(window_ends);
        assert_eq!(due(&facts, &chunk), Some(at), "TTL has time to delete it first");
        let moment = SignedDuration::from_millis(1);
        assert!(is_open(&facts, &chunk, window_ends - moment) && !is_open(&facts, &chunk, window_ends));
        desk.world.advance_to(at + moment);
        assert_eq!(fill(&desk, &key, at).await, 0, "the job does not purge yet");
        desk.tend(&key).await;
        let purge = desk.chunks(&key).remove(0);
        assert_eq!((purge.op, purge.state, purge.send), (Op::Purge, ChunkState::Ready, 2));
        assert_eq!(due(&facts, &purge), None, "it is under way");
        assert_eq!(desk.waiting().pop().map(|m| (m.chunk, m.send)), Some((purge.id, 2)));
    });
}

#[test]
fn a_chunk_whose_window_is_still_open_waits_while_others_are_purged() {
    play(async |desk| {
        let key = desk.planned(4).await;
        desk.work_one().await;
        desk.wait(SignedDuration::from_hours(1));
        desk.work().await;
        let facts = desk.facts(&key);
        let first = due(&facts, &desk.chunks(&key)[0]).expect("swept");
        desk.pass(&key, first + SignedDuration::from_secs(30)).await;
        let ops: Vec<_> = desk.chunks(&key).iter().map(|c| c.op).collect();
        assert_eq!(ops, [Op::Purge, Op::Sweep]);
    });
}

#[test]
fn a_hold_covers_the_chunks_of_its_category() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let (facts, chunk) = (desk.facts(&key), desk.chunks(&key).remove(0));
        let on = |category: &str| held_head(1, &[category]);
        assert!(is_held(&facts, &chunk, &on("conversations")));
        assert!(!is_held(&facts, &chunk, &on("profile")) && !is_held(&facts, &chunk, &HoldHead::default()));
    });
}

fn with(chunk: &Chunk, change: impl FnOnce(&mut Chunk)) -> Chunk {
    let mut changed = chunk.clone();
    change(&mut changed);
    changed
}

#[test]
fn what_is_sent_again_is_what_waits_or_was_left_in_the_middle() {
    play(async |desk| {
        let key = desk.planned(4).await;
        let (facts, chunks, now) = (desk.facts(&key), desk.chunks(&key), desk.now());
        let (store, queues) = (&desk.records.store, &desk.queues);
        let waiting = send_waiting(store, queues, &facts, &chunks, now).await.expect("sent");
        assert_eq!((waiting, sends(&desk, &key)), (2, vec![2, 2]));
        let chunks = desk.chunks(&key);
        let others = [
            with(&chunks[0], |c| c.send = 0),
            with(&chunks[0], |c| c.op = Op::Purge),
            with(&chunks[0], |c| c.state = ChunkState::Done),
        ];
        assert_eq!(
            send_waiting(store, queues, &facts, &others, now).await.expect("sent"),
            0
        );
        assert_eq!(
            send_unseen(store, queues, &facts, &chunks, now).await.expect("sent"),
            0,
            "nobody was at work"
        );
        let left = with(&chunks[1], |c| c.epoch = 1);
        let unseen = [with(&left, |c| c.state = ChunkState::Done), left];
        assert_eq!(send_unseen(store, queues, &facts, &unseen, now).await.expect("sent"), 1);
        assert_eq!(sends(&desk, &key), [2, 3]);
    });
}
