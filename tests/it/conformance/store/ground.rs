//! What a case stands on: a store, fresh and empty, and the little that the ports have no verb for.

use std::fmt::Debug;

use futures::future::LocalBoxFuture;
use shared::domain::ids::Ref;
use shared::ports::{Commit, Committed, Conflict, Holds, KeyName, Keys, Limits, Notes, Outbox, Requests, Work};

use super::samples::{acme, id, key};

/// Looks at what is eventually consistent before a case gives up: ten seconds of pauses.
const LOOKS: u32 = 100;

/// A case as a value.
pub(super) type Case<G> = fn(G) -> LocalBoxFuture<'static, ()>;

/// A store to try.
pub(super) trait Ground {
    /// Which one.
    type Store: Requests + Work + Outbox + Keys + Notes + Holds + Limits;

    /// The store.
    fn store(&self) -> &Self::Store;

    /// Writes the head of a subject's holds on `messages`, as the use case that places one would.
    async fn put_holds(&self, subject: &Ref, version: u64);

    /// Lets a tenth of a second pass.
    async fn pause(&self);
}

/// Looks until an eventually consistent read shows what it must.
pub(super) async fn shows<T: PartialEq + Debug>(ground: &impl Ground, expected: T, mut read: impl AsyncFnMut() -> T) {
    for _ in 1..LOOKS {
        if read().await == expected {
            return;
        }
        ground.pause().await;
    }
    assert_eq!(read().await, expected);
}

/// A commit that holds.
pub(super) async fn done(ground: &impl Ground, commit: &Commit) {
    assert_eq!(ground.store().commit(commit).await.expect("an answer"), Committed::Done);
}

/// What stands against a commit that does not hold.
pub(super) async fn conflict(ground: &impl Ground, commit: &Commit) -> Conflict {
    match ground.store().commit(commit).await.expect("an answer") {
        Committed::Conflict(conflict) => conflict,
        Committed::Done => panic!("a commit that must not hold was written"),
    }
}

/// A commit that was refused left nothing of its request.
pub(super) async fn assert_nothing_of(ground: &impl Ground, n: u32) {
    let store = ground.store();
    assert_eq!(store.request(&key(n)).await.expect("read"), None);
    assert_eq!(store.trail(&key(n), 0, 100).await.expect("read"), []);
    assert_eq!(store.mails(&key(n)).await.expect("read"), []);
    assert_eq!(store.plans(&key(n)).await.expect("read"), []);
    let person = KeyName::Person(acme(), id(n));
    assert_eq!(store.wrapped(&person).await.expect("read"), None);
}
