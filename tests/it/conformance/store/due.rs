//! Due requests: what supervision finds, and how a wake-up moves.

use shared::domain::ids::RequestKey;
use shared::ports::Requests;

use super::ground::{Ground, done, shows};
use super::lists::submit;
use super::samples::{at, id, key, step, submission};

/// At a second, at most so many of the shard are due, once the index is up to date.
async fn is_due(ground: &impl Ground, (second, limit): (i64, u32), expected: &[RequestKey]) {
    let due = async || ground.store().due(id(8).shard(), at(second), limit).await.expect("due");
    shows(ground, expected.to_vec(), due).await;
}

pub(super) async fn due_requests_come_earliest_first_and_leave_when_nothing_is_owed(ground: impl Ground) {
    // Eight apart: the same shard.
    for (n, wake_at) in [
        (8, Some(at(30))),
        (16, Some(at(10))),
        (24, Some(at(20))),
        (32, None),
        (9, Some(at(1))),
    ] {
        submit(&ground, n, |commit| commit.row.wake_at = wake_at).await;
    }
    let store = ground.store();
    is_due(&ground, (9, 10), &[]).await;
    is_due(&ground, (20, 10), &[key(16), key(24)]).await;
    is_due(&ground, (99, 2), &[key(16), key(24)]).await;
    let row = store.request(&key(16)).await.expect("read").expect("there");
    assert!(store.rewake(&row, Some(at(40))).await.expect("moved"));
    is_due(&ground, (99, 10), &[key(24), key(8), key(16)]).await;
    let row = store.request(&key(16)).await.expect("read").expect("there");
    assert!(store.rewake(&row, None).await.expect("dropped"));
    is_due(&ground, (99, 10), &[key(24), key(8)]).await;
    let after = store.request(&key(16)).await.expect("read").expect("there");
    assert_eq!((after.wake_at, after.head), (None, row.head), "nothing else moved");
}

pub(super) async fn of_two_who_move_a_wake_up_the_first_wins(ground: impl Ground) {
    submit(&ground, 8, |commit| commit.row.wake_at = None).await;
    let store = ground.store();
    let asleep = store.request(&key(8)).await.expect("read").expect("a row");
    assert!(store.rewake(&asleep, Some(at(7))).await.expect("an answer"));
    assert!(
        !store.rewake(&asleep, Some(at(900))).await.expect("an answer"),
        "it was woken since it was read"
    );
    let row = store.request(&key(8)).await.expect("read").expect("a row");
    assert_eq!(row.wake_at, Some(at(7)));
    assert!(store.rewake(&row, None).await.expect("an answer"));
}

pub(super) async fn a_wake_up_of_a_request_that_moved_is_left_alone(ground: impl Ground) {
    let base = submission(8);
    submit(&ground, 8, |_| ()).await;
    let verify = step(&base.row, "verify", at(10));
    done(&ground, &verify).await;
    assert!(!ground.store().rewake(&base.row, None).await.expect("an answer"));
    assert!(
        !ground
            .store()
            .rewake(&submission(99).row, Some(at(5)))
            .await
            .expect("an answer")
    );
    assert_eq!(
        ground.store().request(&key(99)).await.expect("read"),
        None,
        "no row is made up"
    );
    assert_eq!(ground.store().request(&key(8)).await.expect("read"), Some(verify.row));
}
