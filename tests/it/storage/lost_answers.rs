//! A write whose answer is lost: it is done if it is there, and said to be unknown if it is not.

use shared::domain::chunk::Chunk;
use shared::domain::outbox::{Mail, MailState, Occasion};
use shared::ports::{Commit, Committed, Companion, Fault, Outbox, Requests, Work};
use shared::storage::Storage;

use super::lossy::{Loss, lossy};
use super::tables::{Scratch, client, endpoint, scratch};
use crate::conformance::store::samples::{at, chunk, key, plan, step, submission};

const TRANSACTION: &str = "TransactWriteItems";

/// More than the SDK tries.
const ALL: usize = 100;

/// A store over the same tables whose connection loses things.
async fn behind(scratch: &Scratch, operation: &'static str, loss: Loss) -> Storage {
    let relay = lossy(&endpoint(), operation, loss);
    Storage::new(client(&relay).await, scratch.tables.clone())
}

#[tokio::test]
async fn a_commit_whose_answers_are_lost_is_done() {
    for answers in [1, ALL] {
        let scratch = scratch().await;
        let store = behind(&scratch, TRANSACTION, Loss::Answers(answers)).await;
        let commit = submission(1);
        assert_eq!(
            store.commit(&commit).await.expect("read back"),
            Committed::Done,
            "{answers} lost"
        );
        assert_eq!(scratch.store.request(&key(1)).await.expect("read"), Some(commit.row));
    }
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_a_transient_fault() {
    let scratch = scratch().await;
    let store = behind(&scratch, TRANSACTION, Loss::Requests).await;
    let fault = store.commit(&submission(1)).await.expect_err("nobody knows");
    assert!(matches!(fault, Fault::Transient { .. }), "{fault}");
    assert_eq!(scratch.store.request(&key(1)).await.expect("read"), None);
}

#[tokio::test]
async fn a_rivals_commit_is_not_taken_for_ours() {
    let scratch = scratch().await;
    let base = submission(1);
    assert_eq!(scratch.store.commit(&base).await.expect("an answer"), Committed::Done);
    let rival = step(&base.row, "approve", at(10));
    assert_eq!(scratch.store.commit(&rival).await.expect("an answer"), Committed::Done);
    let store = behind(&scratch, TRANSACTION, Loss::Answers(ALL)).await;
    let ours = store.commit(&step(&base.row, "approve", at(11))).await;
    assert!(matches!(ours, Err(Fault::Transient { .. })), "{ours:?}");
    assert_eq!(scratch.store.request(&key(1)).await.expect("read"), Some(rival.row));
}

#[tokio::test]
async fn a_page_a_chunk_and_a_mail_are_read_back_too() {
    let scratch = scratch().await;
    let commit = Commit {
        companions: vec![Companion::PutPlan(plan())],
        ..submission(1)
    };
    assert_eq!(scratch.store.commit(&commit).await.expect("an answer"), Committed::Done);

    let mut after = plan();
    (after.rev, after.chunks, after.planned) = (1, 1, 500);
    let store = behind(&scratch, TRANSACTION, Loss::Answers(ALL)).await;
    assert!(
        store
            .commit_page(&key(1), &plan(), &after, &[chunk(0)])
            .await
            .expect("read back")
    );
    let new = Mail::owed(1_001, Occasion::Received, at(60));
    let old = commit.mails.first().expect("one mail");
    assert!(store.reinsert_mail(&key(1), old, &new).await.expect("read back"));

    // The first try is carried out, the second finds its condition broken by the first.
    let next = Chunk {
        rev: 1,
        epoch: 1,
        ..chunk(0)
    };
    let store = behind(&scratch, "PutItem", Loss::Answers(1)).await;
    assert!(store.swap_chunk(&key(1), 0, &next).await.expect("read back"));
    let sent = Mail {
        rev: 1,
        state: MailState::Sent,
        ..new
    };
    let store = behind(&scratch, "UpdateItem", Loss::Answers(1)).await;
    assert!(store.swap_mail(&key(1), 0, &sent).await.expect("read back"));
    assert_eq!(scratch.store.mails(&key(1)).await.expect("read"), [sent]);
}
