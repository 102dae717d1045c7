//! Histories and due requests: newest first, nothing twice, nothing left out.

use shared::domain::ids::RequestId;
use shared::domain::request::{Kind, Status};
use shared::ports::{Commit, Committed, ListQuery, ListScope, Requests};

use super::samples::{acme, at, id, key, someone, step, submission};
use super::tables::{Scratch, scratch};

async fn submit(scratch: &Scratch, n: u32, change: impl FnOnce(&mut Commit)) {
    let mut commit = submission(n);
    change(&mut commit);
    assert_eq!(scratch.store.commit(&commit).await.expect("an answer"), Committed::Done);
}

fn query(scope: ListScope, limit: u32) -> ListQuery {
    ListQuery {
        tenant: acme(),
        scope,
        kind: None,
        from: None,
        to: None,
        limit,
        after: None,
    }
}

/// Follows the cursor to the end; no page may be longer than asked.
async fn every_page(scratch: &Scratch, mut query: ListQuery) -> Vec<RequestId> {
    let mut all = Vec::new();
    for _ in 0..100 {
        let page = scratch.store.list(&query).await.expect("a page");
        assert!(page.items.len() <= query.limit as usize, "a page is longer than asked");
        all.extend(page.items.into_iter().map(|item| item.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
    panic!("the pages never end");
}

fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<RequestId> {
    numbers.into_iter().map(id).collect()
}

#[tokio::test]
async fn pages_are_newest_first_also_among_equal_instants() {
    let scratch = scratch().await;
    for n in [3, 1, 7, 5, 2, 6, 4] {
        // Three share an instant; the others are a second apart.
        let submitted_at = if n <= 3 { at(0) } else { at(i64::from(n)) };
        submit(&scratch, n, |commit| commit.row.facts.submitted_at = submitted_at).await;
    }
    for limit in [1, 2, 3, 7, 100] {
        let all = every_page(&scratch, query(ListScope::Tenant, limit)).await;
        assert_eq!(all, ids([7, 6, 5, 4, 3, 2, 1]), "limit {limit}");
    }
}

#[tokio::test]
async fn several_statuses_are_one_order() {
    let scratch = scratch().await;
    let statuses = [
        Status::Pending,
        Status::Approved,
        Status::Completed,
        Status::Pending,
        Status::Approved,
    ];
    for (n, status) in (1..=15).zip(statuses.into_iter().cycle()) {
        submit(&scratch, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n / 2));
            commit.row.facts.status = status;
        })
        .await;
    }
    let two = || ListScope::Statuses(vec![Status::Pending, Status::Approved]);
    let expected = ids((1..=15).rev().filter(|n| n % 5 != 3));
    for limit in [1, 2, 5, 100] {
        assert_eq!(
            every_page(&scratch, query(two(), limit)).await,
            expected,
            "limit {limit}"
        );
    }
    let completed = every_page(&scratch, query(ListScope::Statuses(vec![Status::Completed]), 2)).await;
    assert_eq!(completed, ids([13, 8, 3]));
    assert_eq!(every_page(&scratch, query(ListScope::Statuses(vec![]), 2)).await, []);
}

#[tokio::test]
async fn a_kind_is_filtered_and_empty_pages_still_lead_on() {
    let scratch = scratch().await;
    for n in 1..=9 {
        submit(&scratch, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n));
            commit.row.facts.kind = if n == 1 { Kind::Export } else { Kind::Deletion };
        })
        .await;
    }
    let mut exports = query(ListScope::Tenant, 2);
    exports.kind = Some(Kind::Export);
    let first = scratch.store.list(&exports).await.expect("a page");
    assert!(
        first.items.is_empty() && first.next.is_some(),
        "short, with more behind it"
    );
    assert_eq!(every_page(&scratch, exports).await, ids([1]));
    let mut pending = query(ListScope::Statuses(vec![Status::Pending, Status::Verified]), 3);
    pending.kind = Some(Kind::Deletion);
    assert_eq!(every_page(&scratch, pending).await, ids((2..=9).rev()));
}

#[tokio::test]
async fn statuses_that_a_filter_thins_out_unevenly_are_still_one_order() {
    let scratch = scratch().await;
    // Newest first: nine approved requests of the other kind, then wanted ones of both statuses in turn.
    for n in 1..=15 {
        submit(&scratch, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n));
            commit.row.facts.kind = if n > 6 { Kind::Export } else { Kind::Deletion };
            commit.row.facts.status = if n > 6 || n % 2 == 0 {
                Status::Approved
            } else {
                Status::Pending
            };
        })
        .await;
    }
    for limit in [1, 2, 5, 100] {
        let statuses = ListScope::Statuses(vec![Status::Pending, Status::Approved]);
        let mut deletions = query(statuses, limit);
        deletions.kind = Some(Kind::Deletion);
        assert_eq!(
            every_page(&scratch, deletions).await,
            ids((1..=6).rev()),
            "limit {limit}"
        );
    }
}

#[tokio::test]
async fn a_range_includes_its_ends_and_a_subject_sees_their_own() {
    let scratch = scratch().await;
    for n in 1..=6 {
        submit(&scratch, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n));
            commit.row.facts.subject_ref = someone(if n % 2 == 0 { "ada" } else { "bob" });
        })
        .await;
    }
    submit(&scratch, 7, |commit| {
        commit.row.facts.tenant = "globex".parse().expect("slug")
    })
    .await;
    let mut range = query(ListScope::Tenant, 2);
    (range.from, range.to) = (Some(at(2)), Some(at(5)));
    assert_eq!(every_page(&scratch, range.clone()).await, ids([5, 4, 3, 2]));
    (range.from, range.to) = (Some(at(5)), Some(at(2)));
    assert_eq!(every_page(&scratch, range).await, []);
    let own = query(ListScope::Subject(someone("ada")), 2);
    assert_eq!(every_page(&scratch, own).await, ids([6, 4, 2]));
}

#[tokio::test]
async fn a_list_shows_the_new_status() {
    let scratch = scratch().await;
    let base = submission(1);
    submit(&scratch, 1, |_| ()).await;
    let mut approve = step(&base.row, "approve", at(10));
    approve.row.facts.status = Status::Approved;
    assert_eq!(
        scratch.store.commit(&approve).await.expect("an answer"),
        Committed::Done
    );
    let page = scratch
        .store
        .list(&query(ListScope::Statuses(vec![Status::Approved]), 5))
        .await
        .expect("a page");
    assert_eq!(
        page.items.first().map(|item| (item.id, item.status)),
        Some((id(1), Status::Approved))
    );
    assert_eq!(
        every_page(&scratch, query(ListScope::Statuses(vec![Status::Pending]), 5)).await,
        []
    );
}

#[tokio::test]
async fn due_requests_come_earliest_first_and_leave_when_nothing_is_owed() {
    let scratch = scratch().await;
    // Eight apart: the same shard.
    for (n, wake_at) in [
        (8, Some(at(30))),
        (16, Some(at(10))),
        (24, Some(at(20))),
        (32, None),
        (9, Some(at(1))),
    ] {
        submit(&scratch, n, |commit| commit.row.wake_at = wake_at).await;
    }
    let (store, shard) = (&scratch.store, id(8).shard());
    assert_eq!(store.due(shard, at(9), 10).await.expect("due"), []);
    assert_eq!(store.due(shard, at(20), 10).await.expect("due"), [key(16), key(24)]);
    assert_eq!(store.due(shard, at(99), 2).await.expect("due"), [key(16), key(24)]);
    let row = store.request(&key(16)).await.expect("read").expect("there");
    assert!(store.rewake(&row, Some(at(40))).await.expect("moved"));
    assert_eq!(
        store.due(shard, at(99), 10).await.expect("due"),
        [key(24), key(8), key(16)]
    );
    assert!(store.rewake(&row, None).await.expect("dropped"));
    assert_eq!(store.due(shard, at(99), 10).await.expect("due"), [key(24), key(8)]);
    let after = store.request(&key(16)).await.expect("read").expect("there");
    assert_eq!((after.wake_at, after.head), (None, row.head), "nothing else moved");
}

#[tokio::test]
async fn a_wake_up_of_a_request_that_moved_is_left_alone() {
    let scratch = scratch().await;
    let base = submission(8);
    submit(&scratch, 8, |_| ()).await;
    let verify = step(&base.row, "verify", at(10));
    assert_eq!(scratch.store.commit(&verify).await.expect("an answer"), Committed::Done);
    assert!(!scratch.store.rewake(&base.row, None).await.expect("an answer"));
    assert!(
        !scratch
            .store
            .rewake(&submission(99).row, Some(at(5)))
            .await
            .expect("an answer")
    );
    assert_eq!(
        scratch.store.request(&key(99)).await.expect("read"),
        None,
        "no row is made up"
    );
    assert_eq!(scratch.store.request(&key(8)).await.expect("read"), Some(verify.row));
}
