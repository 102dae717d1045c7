//! Plans and chunks: one winner of each race, pages whole or not at all.

use shared::domain::chunk::{Chunk, ChunkState};
use shared::domain::job::Plan;
use shared::domain::restore::{RecordRef, Restore, Restored, Wanted};
use shared::ports::{Commit, Companion, Conflict, Fault, Requests, Work};

use super::ground::{Ground, conflict, done};
use super::samples::{at, chunk, key, plan, step, submission};

/// A request with a plan that nobody has begun.
async fn planned(ground: &impl Ground) {
    let commit = Commit {
        companions: vec![Companion::PutPlan(plan())],
        ..submission(1)
    };
    done(ground, &commit).await;
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

pub(super) async fn a_page_is_written_whole_up_to_99_chunks(ground: impl Ground) {
    planned(&ground).await;
    let chunks: Vec<_> = (0..99).map(chunk).collect();
    let after = after_page(&plan(), 99, "next");
    assert!(
        ground
            .store()
            .commit_page(&key(1), &plan(), &after, &chunks)
            .await
            .expect("written")
    );
    assert_eq!(ground.store().chunks(&key(1)).await.expect("read"), chunks);
    let there = ground.store().plan(&key(1), &after.dataset, 0).await.expect("read");
    assert_eq!(there.as_ref(), Some(&after));
    let too_many: Vec<_> = (100..200).map(chunk).collect();
    let fault = ground
        .store()
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

pub(super) async fn of_two_planners_one_wins_and_the_other_writes_nothing(ground: impl Ground) {
    planned(&ground).await;
    let (fast, slow) = (after_page(&plan(), 1, "fast"), after_page(&plan(), 2, "slow"));
    let store = ground.store();
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

pub(super) async fn many_planners_at_once_write_one_page(ground: impl Ground) {
    planned(&ground).await;
    let pages: Vec<_> = (0..6).map(|n| after_page(&plan(), 1, &n.to_string())).collect();
    let (key, before, chunks) = (key(1), plan(), [chunk(0)]);
    let tries = pages
        .iter()
        .map(|after| ground.store().commit_page(&key, &before, after, &chunks));
    let answers = futures::future::join_all(tries).await;
    let won = answers.iter().filter(|answer| matches!(answer, Ok(true))).count();
    assert!(won <= 1, "{answers:?}");
    // DynamoDB may cancel all of them for one another's sake; then one that comes alone is written.
    let last = &pages[0];
    let store = ground.store();
    assert!(won == 1 || store.commit_page(&key, &before, last, &chunks).await.expect("written"));
    let there = store.plan(&key, &before.dataset, 0).await.expect("read");
    assert!(pages.iter().any(|page| there.as_ref() == Some(page)));
}

pub(super) async fn chunks_are_read_over_all_partitions_and_past_a_page_of_one(ground: impl Ground) {
    planned(&ground).await;
    // Four rows of 300 kB in one partition: more than the megabyte of one answer.
    let large = |n| Chunk {
        outcome: Some("o".repeat(150_000)),
        ..chunk(n)
    };
    let mut chunks: Vec<_> = [0, 8, 16, 24, 1].into_iter().map(large).collect();
    let after = after_page(&plan(), 5, "next");
    assert!(
        ground
            .store()
            .commit_page(&key(1), &plan(), &after, &chunks)
            .await
            .expect("written")
    );
    chunks.sort_by_key(|chunk| chunk.id.n);
    assert_eq!(ground.store().chunks(&key(1)).await.expect("read"), chunks);
}

pub(super) async fn of_two_workers_one_gets_the_lease(ground: impl Ground) {
    planned(&ground).await;
    let store = ground.store();
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

pub(super) async fn a_chunk_that_its_plan_does_not_count_is_a_contradiction(ground: impl Ground) {
    planned(&ground).await;
    let store = ground.store();
    let first = after_page(&plan(), 1, "next");
    assert!(
        store
            .commit_page(&key(1), &plan(), &first, &[chunk(0)])
            .await
            .expect("written")
    );
    let second = after_page(&first, 2, "then");
    let again = store.commit_page(&key(1), &first, &second, &[chunk(0), chunk(1)]).await;
    assert!(
        matches!(again, Err(Fault::Permanent { code: "corrupt", .. })),
        "{again:?}"
    );
    assert_eq!(store.plans(&key(1)).await.expect("read"), [first]);
    assert_eq!(store.chunks(&key(1)).await.expect("read"), [chunk(0)]);
}

pub(super) async fn a_page_of_more_than_four_megabytes_is_a_permanent_fault_and_writes_nothing(ground: impl Ground) {
    planned(&ground).await;
    let large = |n| Chunk {
        outcome: Some("o".repeat(60_000)),
        ..chunk(n)
    };
    let chunks: Vec<_> = (0..99).map(large).collect();
    let after = after_page(&plan(), 99, "next");
    let answer = ground.store().commit_page(&key(1), &plan(), &after, &chunks).await;
    assert!(
        matches!(answer, Err(Fault::Permanent { code: "too_large", .. })),
        "{answer:?}"
    );
    assert_eq!(ground.store().plans(&key(1)).await.expect("read"), [plan()]);
    assert_eq!(ground.store().chunks(&key(1)).await.expect("read"), []);
}

pub(super) async fn a_plan_that_is_closed_takes_no_further_page(ground: impl Ground) {
    planned(&ground).await;
    let page = after_page(&plan(), 1, "next");
    let store = ground.store();
    assert!(
        store
            .commit_page(&key(1), &plan(), &page, &[chunk(0)])
            .await
            .expect("written")
    );
    let close = |before_rev| {
        let mut settle = step(&submission(1).row, "cancelled", at(20));
        let closed = Plan {
            complete: true,
            cursor: None,
            rev: before_rev + 1,
            ..page.clone()
        };
        settle.companions = vec![Companion::ClosePlan {
            before_rev,
            plan: closed,
        }];
        settle
    };
    let read_before_the_page = close(plan().rev);
    assert_eq!(conflict(&ground, &read_before_the_page).await, Conflict::Moved);
    done(&ground, &close(page.rev)).await;
    let late = after_page(&page, 1, "later");
    assert!(
        !store
            .commit_page(&key(1), &page, &late, &[chunk(1)])
            .await
            .expect("an answer")
    );
    let plans = store.plans(&key(1)).await.expect("read");
    assert!(plans.iter().all(|plan| plan.complete));
    assert_eq!(store.chunks(&key(1)).await.expect("read").len(), 1);
}

pub(super) async fn a_restoration_is_ordered_once_and_closed_once(ground: impl Ground) {
    let first = submission(1);
    done(&ground, &first).await;
    let store = ground.store();
    assert_eq!(store.restore(&key(1), 1).await.expect("read"), None);
    let record = RecordRef {
        chunk: chunk(3).id,
        line: 7,
    };
    let ordered = Restore::ordered(1, Wanted::of(&[record]), at(10));
    let mut order = step(&first.row, "restore", at(10));
    order.companions = vec![Companion::PutRestore(ordered.clone())];
    done(&ground, &order).await;
    assert_eq!(store.restore(&key(1), 1).await.expect("read"), Some(ordered.clone()));
    let over = Restore {
        finished_at: Some(at(20)),
        result: Restored {
            restored: 1,
            ..Restored::default()
        },
        rev: 1,
        ..ordered.clone()
    };
    let mut close = step(&order.row, "restored", at(20));
    let restore = over.clone();
    close.companions = vec![Companion::CloseRestore { before_rev: 0, restore }];
    done(&ground, &close).await;
    assert_eq!(store.restore(&key(1), 1).await.expect("read"), Some(over.clone()));
    let mut again = step(&close.row, "restored", at(30));
    again.companions = vec![Companion::CloseRestore {
        before_rev: 0,
        restore: over,
    }];
    let fault = store.commit(&again).await.expect_err("a contradiction");
    assert!(matches!(fault, Fault::Permanent { code: "corrupt", .. }), "{fault}");
}
