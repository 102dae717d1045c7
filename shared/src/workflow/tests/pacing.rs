//! The pace of writing: who begins when, what a source that throttles teaches, and what supervision leaves alone.

use jiff::SignedDuration;

use super::desk::{Desk, MOMENT, PATIENCE, dataset, play};
use super::people::{ada, olga};
use crate::domain::chunk::{Chunk, ChunkState};
use crate::domain::ids::RequestKey;
use crate::domain::pace::{Bounded, Breaker, Limit, Turn};
use crate::ports::Limits;
use crate::workflow::work_chunk::Worked;

fn own() -> Bounded {
    Bounded::Dataset(ada().tenant, dataset("messages").id)
}

fn tables() -> Bounded {
    Bounded::Container("messages".to_owned())
}

fn limit(desk: &Desk, of: &Bounded) -> Option<Limit> {
    desk.records.store.inspect(|tables| tables.limits.get(of).cloned())
}

/// The dataset's source takes a record a second, as was learnt, and has none to spare for ten seconds.
async fn slow(desk: &Desk) -> Limit {
    let limit = Limit {
        rate: 1,
        slowed_at: Some(desk.now()),
        tat: desk.now() + SignedDuration::from_secs(10),
        ..Limit::fresh(500, desk.now())
    };
    let limit = limit.signed("somebody");
    assert!(desk.records.store.swap_limit(&own(), &limit).await.expect("written"));
    limit
}

fn chunk(desk: &Desk, key: &RequestKey, n: u32) -> Chunk {
    desk.chunks(key)
        .into_iter()
        .find(|c| c.id.n == n)
        .expect("there is one")
}

#[test]
fn a_chunk_takes_its_records_of_both_limits() {
    play(async |desk| {
        desk.planned(2).await;
        let before = desk.now();
        desk.work().await;
        for (of, ceiling, cost_ms) in [(own(), 500, 4), (tables(), 4_000, 0)] {
            let limit = limit(&desk, &of).expect("it was asked");
            assert_eq!((limit.rate, limit.ceiling, limit.throttled), (ceiling, ceiling, 0));
            let paid = limit.tat.duration_since(before);
            assert!(paid >= SignedDuration::from_millis(cost_ms), "{of}: {paid:?}");
        }
    });
}

#[test]
fn a_chunk_without_tokens_is_not_begun_and_comes_back_at_its_turn() {
    play(async |desk| {
        let key = desk.planned(4).await;
        let first = slow(&desk).await.tat;
        assert_eq!(desk.work().await, [Worked::Waiting, Worked::Waiting]);
        let [one, two] = [0, 1].map(|n| chunk(&desk, &key, n));
        for waiting in [&one, &two] {
            assert_eq!((waiting.state, waiting.send), (ChunkState::Ready, 2));
            assert_eq!((waiting.epoch, waiting.attempts), (0, 0), "nobody began it");
        }
        let turns = [one.turn, two.turn].map(|turn| turn.expect("it has one").at);
        assert_eq!(turns, [first, first + SignedDuration::from_secs(2)], "not both at once");
        let paid = limit(&desk, &own()).expect("asked").tat;
        desk.wait(SignedDuration::from_secs(8));
        assert_eq!(desk.work_one().await, None, "not before");
        desk.world.advance_to(first + MOMENT);
        assert_eq!(desk.work_one().await, Some(Worked::Done));
        let after = chunk(&desk, &key, 0);
        assert_eq!((after.epoch, after.turn), (1, None));
        assert_eq!(limit(&desk, &own()).expect("asked").tat, paid, "it had paid already");
    });
}

#[test]
fn a_turn_from_before_the_source_slowed_down_is_void() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let first = slow(&desk).await.tat;
        desk.work().await;
        let now = limit(&desk, &own()).expect("asked");
        let slower = Limit {
            slowed: now.slowed + 1,
            tat: first + SignedDuration::from_secs(60),
            ..now
        };
        let slower = slower.signed("somebody");
        assert!(desk.records.store.swap_limit(&own(), &slower).await.expect("written"));
        desk.world.advance_to(first + MOMENT);
        assert_eq!(desk.work_one().await, Some(Worked::Waiting));
        let turn = chunk(&desk, &key, 0).turn.expect("another");
        assert_eq!((turn.at, turn.given), (slower.tat, Some([slower.slowed, 0])));
    });
}

#[test]
fn a_message_sent_again_before_the_turn_waits_for_the_same_turn() {
    play(async |desk| {
        let key = desk.planned(2).await;
        slow(&desk).await;
        desk.work().await;
        let (row, paid) = (chunk(&desk, &key, 0), limit(&desk, &own()));
        // As resuming a job does, too.
        let message = crate::workflow::dispatch::message(&key, &row);
        assert_eq!(desk.handle(&message).await, Worked::Waiting);
        let after = chunk(&desk, &key, 0);
        assert_eq!((after.turn, after.send, limit(&desk, &own())), (row.turn, 3, paid));
    });
}

#[test]
fn what_waits_for_its_turn_is_not_lost() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let slow = slow(&desk).await;
        let far = Limit {
            tat: desk.now() + PATIENCE * 4,
            ..slow
        };
        let written = desk.records.store.swap_limit(&own(), &far.signed("somebody")).await;
        assert!(written.expect("written"));
        assert_eq!(desk.work_one().await, Some(Worked::Waiting));
        let (turn, sent) = (
            chunk(&desk, &key, 0).turn.expect("it waits"),
            chunk(&desk, &key, 0).send,
        );
        for patient in [turn.at - MOMENT, turn.at + PATIENCE - MOMENT] {
            desk.tend_at(&key, patient).await;
            assert_eq!(chunk(&desk, &key, 0).send, sent);
        }
        desk.tend_at(&key, turn.at + PATIENCE).await;
        assert_eq!(chunk(&desk, &key, 0).send, sent + 1, "its message was lost");
    });
}

#[test]
fn a_paused_job_takes_no_tokens() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let paused = crate::workflow::run::pause(&desk.records, &olga(), (key.id, None), desk.now()).await;
        paused.expect("paused");
        assert_eq!(desk.work_one().await, Some(Worked::Dropped));
        assert_eq!(limit(&desk, &own()), None);
    });
}

#[test]
fn throttled_records_are_tried_again_at_once_and_slow_the_dataset_alone() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.sources.limit_capacity("messages", 1);
        assert_eq!(desk.work_one().await, Some(Worked::Done));
        assert_eq!(chunk(&desk, &key, 0).epoch, 1);
        let (own, table) = (
            limit(&desk, &own()).expect("asked"),
            limit(&desk, &tables()).expect("asked"),
        );
        assert!(own.rate == 250 && own.throttled > 0, "{own:?}");
        assert_eq!((table.rate, table.slowed), (4_000, 0), "the other tenants go on");
        assert_eq!(desk.sources.journal().len(), 2, "each was marked once");
    });
}

#[test]
fn a_source_that_takes_nothing_is_left_alone_and_no_chunk_is_given_up() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.sources.limit_capacity("messages", 0);
        // Halved each time: 250, 125, 62, 31, 15.
        for _ in 0..5 {
            assert_eq!(desk.work_one().await, Some(Worked::Postponed));
            desk.wait(SignedDuration::from_secs(6));
        }
        let row = chunk(&desk, &key, 0);
        assert_eq!((row.attempts, row.trouble, row.open), (0, None, Some(2)));
        let open = limit(&desk, &own()).expect("asked");
        assert_eq!((open.breaker.as_str(), open.rate), ("open", 15));
        assert_eq!(desk.work_one().await, Some(Worked::Waiting));
        let Some(Turn { at, given: None }) = chunk(&desk, &key, 0).turn else {
            panic!("it has to ask again");
        };
        desk.sources.limit_capacity("messages", 100);
        desk.world.advance_to(at + MOMENT);
        assert_eq!(desk.work_one().await, Some(Worked::Done), "the probe");
        let closed = limit(&desk, &own()).expect("asked");
        assert_eq!(closed.breaker, Breaker::Closed { failures: 0 });
        assert_eq!(chunk(&desk, &key, 0).open, None);
    });
}
