//! Settling legal holds: what was armed before is disarmed, what waited for a release goes on, nothing else is stirred.

use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, play};
use super::people::{ada, olga, otto};
use crate::domain::chunk::{ChunkState, Op};
use crate::domain::ids::{HoldId, RequestKey};
use crate::domain::personal::Personal;
use crate::domain::request::Status;
use crate::ports::{HoldRow, Holds};
use crate::workflow::order::Wish;

/// A hold's row as it is.
async fn row(desk: &Desk, id: HoldId) -> HoldRow {
    let row = desk.records.store.hold(&olga().tenant, id).await.expect("read");
    row.expect("it was placed")
}

/// A round of supervision a minute later; answers how many holds it looked at.
async fn round(desk: &Desk) -> u32 {
    desk.wait(SignedDuration::from_secs(61));
    let round = Box::pin(desk.supervisor().round(desk.now())).await;
    round.expect("nothing fails").holds
}

async fn held(desk: &Desk, scope: &[&str]) -> HoldId {
    desk.hold(&olga(), &ada(), scope).await.expect("Olga may").id
}

fn wakes(desk: &Desk, key: &RequestKey) -> Option<Timestamp> {
    desk.row(key).wake_at
}

#[test]
fn a_hold_is_settled_when_the_last_expiry_is_removed_and_not_before() {
    play(async |desk| {
        desk.write("messages", 0..4);
        desk.write("profiles", 0..2);
        desk.executed_for(&["conversations", "profile"]).await;
        desk.toil().await;
        let id = held(&desk, &["conversations"]).await;
        desk.work_one().await;
        assert_eq!(round(&desk).await, 1);
        let half = row(&desk, id).await;
        assert_eq!(half.hold.settled_at, None, "one of two is stripped");
        assert!(half.wake_at.is_some_and(|at| at > desk.now()));
        desk.work().await;
        assert_eq!(round(&desk).await, 1);
        let settled = row(&desk, id).await;
        assert!(settled.hold.settled_at.is_some() && settled.wake_at.is_none());
        assert_eq!(round(&desk).await, 0, "it is done with");
    });
}

#[test]
fn every_hold_that_is_not_settled_is_looked_at() {
    play(async |desk| {
        desk.write("messages", 0..2);
        desk.swept().await;
        for _ in 0..2 {
            held(&desk, &["conversations"]).await;
        }
        assert_eq!(round(&desk).await, 2);
    });
}

#[test]
fn what_no_expiry_destroys_is_safe_as_soon_as_it_is_held() {
    play(async |desk| {
        desk.write("messages", 0..2);
        desk.write("profiles", 0..2);
        desk.executed_for(&["conversations", "profile"]).await;
        desk.toil().await;
        let placed = desk.hold(&olga(), &ada(), &["profile"]).await.expect("Olga may");
        assert!(placed.settled, "that the messages expire does not concern it");
    });
}

#[test]
fn what_a_cancellation_left_hidden_is_disarmed_too() {
    play(async |desk| {
        let key = desk.planned(4).await;
        desk.work_one().await;
        desk.cancel(&key).await.expect("Otto may");
        desk.work().await;
        let given_back = desk.chunks(&key).pop().expect("the second");
        assert_eq!((given_back.state, given_back.epoch), (ChunkState::Ready, 1));
        let id = held(&desk, &["conversations"]).await;
        assert_eq!(row(&desk, id).await.hold.settled_at, None);
        desk.work().await;
        assert_eq!(desk.chunks(&key).remove(0).op, Op::Strip);
        round(&desk).await;
        let settled = row(&desk, id).await.hold.settled_at;
        assert!(settled.is_some(), "what nobody swept before the cancellation is safe");
    });
}

#[test]
fn what_five_workers_could_not_disarm_is_tried_again() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        desk.sources.break_down("messages", "access_denied");
        let id = held(&desk, &["conversations"]).await;
        for _ in 0..7 {
            desk.work().await;
            desk.wait(SignedDuration::from_secs(5));
        }
        assert_eq!(desk.chunks(&key).remove(0).state, ChunkState::Parked);
        desk.sources.repair("messages");
        round(&desk).await;
        desk.work().await;
        let stripped = desk.chunks(&key).remove(0);
        assert_eq!((stripped.op, stripped.state), (Op::Strip, ChunkState::Done));
        desk.wait(SignedDuration::from_hours(1));
        round(&desk).await;
        assert!(row(&desk, id).await.hold.settled_at.is_some());
    });
}

#[test]
fn a_release_wakes_what_waited_for_it() {
    play(async |desk| {
        desk.write("profiles", 0..2);
        let key = desk.executed_for(&["profile"]).await;
        desk.toil().await;
        let id = held(&desk, &["profile"]).await;
        let ends = desk.facts(&key).recover_until.expect("hidden");
        desk.pass(&key, ends + SignedDuration::from_hours(48)).await;
        assert!(wakes(&desk, &key).is_some_and(|at| at > desk.now()));
        let released = desk.let_go(&otto(), id).await.expect("Otto may");
        assert!(released.settled);
        assert!(
            wakes(&desk, &key).is_some_and(|at| at <= desk.now()),
            "not only tomorrow"
        );
    });
}

#[test]
fn what_holds_nothing_hidden_is_left_alone() {
    play(async |desk| {
        let emptied = desk.planned(2).await;
        desk.cancel(&emptied).await.expect("Otto may");
        desk.pass(&emptied, desk.now() + SignedDuration::from_mins(30)).await;
        assert!(desk.facts(&emptied).shred_at.is_some());
        let withdrawn = desk.submitted().await;
        let wish = Wish::Withdraw {
            reason: Some(Personal::new("she called")),
        };
        desk.order(&olga(), &withdrawn, wish).await.expect("Olga may");
        let completed = desk.executed_for(&["profile"]).await;
        desk.toil().await;
        let over = desk.facts(&completed).completes_by.expect("approved");
        desk.pass(&completed, over).await;
        assert_eq!(desk.facts(&completed).status, Status::Completed);
        let pending = desk.submitted().await;
        let keys = [emptied, withdrawn, completed, pending];
        let before = keys.clone().map(|key| desk.row(&key));
        let id = held(&desk, &["conversations", "profile"]).await;
        assert!(desk.let_go(&otto(), id).await.expect("Otto may").settled);
        assert_eq!(keys.map(|key| desk.row(&key)), before);
    });
}
