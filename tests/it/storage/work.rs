//! Plans, chunks and mails: one winner of each race, pages whole or not at all.

use shared::domain::chunk::{Chunk, ChunkState};
use shared::domain::job::Plan;
use shared::domain::outbox::{Mail, MailState, Occasion};
use shared::ports::{Commit, Committed, Companion, Fault, Outbox, Requests, Work};

use super::samples::{at, chunk, key, plan, submission};
use super::tables::{Scratch, scratch};

async fn planned() -> Scratch {
    let scratch = scratch().await;
    let commit = Commit {
        companions: vec![Companion::PutPlan(plan())],
        ..submission(1)
    };
    assert_eq!(scratch.store.commit(&commit).await.expect("an answer"), Committed::Done);
    scratch
}

/// The plan after a page of so many chunks.
fn after_page(before: &Plan, chunks: u32, cursor: &str) -> Plan {
    Plan {
        cursor: Some(cursor.to_owned()),
        chunks: before.chunks + chunks,
        planned: before.planned + u64::from(chunks) * 500,
        rev: before.rev + 1,
        touched_at: at(5),
        ..before.clone()
    }
}

fn leased(before: &Chunk, worker: u32) -> Chunk {
    Chunk {
        state: ChunkState::Leased,
        epoch: before.epoch + 1,
        lease_until: Some(at(40 + i64::from(worker))),
        rev: before.rev + 1,
        ..before.clone()
    }
}

#[tokio::test]
async fn a_page_is_written_whole_up_to_99_chunks() {
    let scratch = planned().await;
    let chunks: Vec<_> = (0..99).map(chunk).collect();
    let after = after_page(&plan(), 99, "next");
    assert!(
        scratch
            .store
            .commit_page(&key(1), &plan(), &after, &chunks)
            .await
            .expect("written")
    );
    assert_eq!(scratch.store.chunks(&key(1)).await.expect("read"), chunks);
    let there = scratch.store.plan(&key(1), &after.dataset, 0).await.expect("read");
    assert_eq!(there.as_ref(), Some(&after));
    let too_many: Vec<_> = (100..200).map(chunk).collect();
    let fault = scratch
        .store
        .commit_page(&key(1), &after, &after_page(&after, 100, "x"), &too_many)
        .await;
    assert!(matches!(
        fault,
        Err(Fault::Permanent {
            code: "too_many_actions",
            ..
        })
    ));
}

#[tokio::test]
async fn of_two_planners_one_wins_and_the_other_writes_nothing() {
    let scratch = planned().await;
    let (fast, slow) = (after_page(&plan(), 1, "fast"), after_page(&plan(), 2, "slow"));
    let store = &scratch.store;
    assert!(
        store
            .commit_page(&key(1), &plan(), &fast, &[chunk(0)])
            .await
            .expect("written")
    );
    assert!(
        !store
            .commit_page(&key(1), &plan(), &slow, &[chunk(0), chunk(1)])
            .await
            .expect("an answer")
    );
    assert_eq!(store.plans(&key(1)).await.expect("read"), std::slice::from_ref(&fast));
    assert_eq!(store.chunks(&key(1)).await.expect("read"), [chunk(0)]);
    assert!(
        store
            .commit_page(&key(1), &plan(), &fast, &[chunk(0)])
            .await
            .expect("the winner's own page")
    );
}

#[tokio::test]
async fn many_planners_at_once_write_one_page() {
    let scratch = planned().await;
    let pages: Vec<_> = (0..6).map(|n| after_page(&plan(), 1, &n.to_string())).collect();
    let (key, before, chunks) = (key(1), plan(), [chunk(0)]);
    let tries = pages
        .iter()
        .map(|after| scratch.store.commit_page(&key, &before, after, &chunks));
    let won = futures::future::join_all(tries)
        .await
        .into_iter()
        .filter(|answer| matches!(answer, Ok(true)))
        .count();
    assert_eq!(won, 1);
}

#[tokio::test]
async fn chunks_are_read_over_all_partitions_and_past_a_page_of_one() {
    let scratch = planned().await;
    // Four rows of 300 kB in one partition: more than the megabyte of one answer.
    let large = |n| Chunk {
        outcome: Some("o".repeat(150_000)),
        ..chunk(n)
    };
    let mut chunks: Vec<_> = [0, 8, 16, 24, 1].into_iter().map(large).collect();
    let after = after_page(&plan(), 5, "next");
    assert!(
        scratch
            .store
            .commit_page(&key(1), &plan(), &after, &chunks)
            .await
            .expect("written")
    );
    chunks.sort_by_key(|chunk| chunk.id.n);
    assert_eq!(scratch.store.chunks(&key(1)).await.expect("read"), chunks);
}

#[tokio::test]
async fn of_two_workers_one_gets_the_lease() {
    let scratch = planned().await;
    let store = &scratch.store;
    let after = after_page(&plan(), 1, "next");
    assert!(
        store
            .commit_page(&key(1), &plan(), &after, &[chunk(3)])
            .await
            .expect("written")
    );
    let (mine, theirs) = (leased(&chunk(3), 1), leased(&chunk(3), 2));
    assert!(store.swap_chunk(&key(1), 0, &mine).await.expect("mine"));
    assert!(!store.swap_chunk(&key(1), 0, &theirs).await.expect("an answer"));
    assert_eq!(
        store.chunk(&key(1), &mine.id).await.expect("read").as_ref(),
        Some(&mine)
    );
    assert!(
        store
            .swap_chunk(&key(1), 0, &mine)
            .await
            .expect("a row equal to mine is mine")
    );
    assert!(
        !store
            .swap_chunk(&key(1), 7, &leased(&chunk(4), 1))
            .await
            .expect("an answer")
    );
    assert_eq!(
        store.chunk(&key(1), &chunk(4).id).await.expect("read"),
        None,
        "no row is made up"
    );
}

#[tokio::test]
async fn a_mail_is_handed_over_by_one() {
    let scratch = planned().await;
    let store = &scratch.store;
    let owed = store
        .mail(&key(1), 1)
        .await
        .expect("read")
        .expect("owed by the submission");
    let taken = |second| Mail {
        state: MailState::Sending,
        attempts: 1,
        lease_until: Some(at(second)),
        rev: 1,
        ..owed.clone()
    };
    assert!(store.swap_mail(&key(1), 0, &taken(30)).await.expect("mine"));
    assert!(!store.swap_mail(&key(1), 0, &taken(31)).await.expect("an answer"));
    assert!(
        store
            .swap_mail(&key(1), 0, &taken(30))
            .await
            .expect("a row equal to mine is mine")
    );
    assert_eq!(store.mails(&key(1)).await.expect("read"), [taken(30)]);
    let unknown = Mail { n: 9, ..taken(30) };
    assert!(!store.swap_mail(&key(1), 0, &unknown).await.expect("an answer"));
    assert_eq!(store.mail(&key(1), 9).await.expect("read"), None, "no row is made up");
}

#[tokio::test]
async fn a_mail_is_inserted_anew_only_if_nobody_touched_it() {
    let scratch = planned().await;
    let store = &scratch.store;
    let old = store
        .mail(&key(1), 1)
        .await
        .expect("read")
        .expect("owed by the submission");
    let new = Mail::owed(1_001, Occasion::Received, at(60));
    let touched = Mail { rev: 4, ..old.clone() };
    assert!(!store.reinsert_mail(&key(1), &touched, &new).await.expect("an answer"));
    assert_eq!(store.mails(&key(1)).await.expect("read"), std::slice::from_ref(&old));
    assert!(store.reinsert_mail(&key(1), &old, &new).await.expect("inserted"));
    assert_eq!(store.mails(&key(1)).await.expect("read"), std::slice::from_ref(&new));
    let later = Mail::owed(1_002, Occasion::Received, at(61));
    assert!(
        !store.reinsert_mail(&key(1), &old, &later).await.expect("an answer"),
        "it is gone"
    );
    assert_eq!(store.mails(&key(1)).await.expect("read"), [new]);
}
