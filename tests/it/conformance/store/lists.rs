//! Histories and due requests: newest first, nothing twice, nothing left out.

use shared::domain::ids::RequestId;
use shared::domain::request::{Kind, Status};
use shared::ports::{Commit, LIST_READS, ListQuery, ListScope, Requests};

use super::ground::{Ground, done, shows};
use super::samples::{acme, at, id, someone, step, submission};

/// A submission, changed a little.
pub(super) async fn submit(ground: &impl Ground, n: u32, change: impl FnOnce(&mut Commit)) {
    let mut commit = submission(n);
    change(&mut commit);
    done(ground, &commit).await;
}

pub(super) fn query(scope: ListScope, limit: u32) -> ListQuery {
    ListQuery {
        tenant: acme(),
        scope,
        kind: None,
        statuses: vec![],
        subject: None,
        from: None,
        to: None,
        limit,
        reads: LIST_READS,
        after: None,
    }
}

/// Follows the cursor to the end; no page may be longer than asked.
async fn every_page(ground: &impl Ground, mut query: ListQuery) -> Vec<RequestId> {
    let mut all = Vec::new();
    for _ in 0..100 {
        let page = ground.store().list(&query).await.expect("a page");
        assert!(page.items.len() <= query.limit as usize, "a page is longer than asked");
        all.extend(page.items.into_iter().map(|item| item.id));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
    panic!("the pages never end");
}

/// All pages together show this, in this order, once the index is up to date.
pub(super) async fn lists(ground: &impl Ground, query: ListQuery, expected: Vec<RequestId>) {
    shows(ground, expected, async || every_page(ground, query.clone()).await).await;
}

pub(super) fn ids(numbers: impl IntoIterator<Item = u32>) -> Vec<RequestId> {
    numbers.into_iter().map(id).collect()
}

pub(super) async fn pages_are_newest_first_also_among_equal_instants(ground: impl Ground) {
    for n in [3, 1, 7, 5, 2, 6, 4] {
        // Three share an instant; the others are a second apart.
        let submitted_at = if n <= 3 { at(0) } else { at(i64::from(n)) };
        submit(&ground, n, |commit| commit.row.facts.submitted_at = submitted_at).await;
    }
    for limit in [1, 2, 3, 7, 100] {
        lists(&ground, query(ListScope::Tenant, limit), ids([7, 6, 5, 4, 3, 2, 1])).await;
    }
}

pub(super) async fn several_statuses_are_one_order(ground: impl Ground) {
    let statuses = [
        Status::Pending,
        Status::Approved,
        Status::Completed,
        Status::Pending,
        Status::Approved,
    ];
    for (n, status) in (1..=15).zip(statuses.into_iter().cycle()) {
        submit(&ground, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n / 2));
            commit.row.facts.status = status;
        })
        .await;
    }
    let two = || ListScope::Statuses(vec![Status::Pending, Status::Approved]);
    let expected = ids((1..=15).rev().filter(|n| n % 5 != 3));
    for limit in [1, 2, 5, 100] {
        lists(&ground, query(two(), limit), expected.clone()).await;
    }
    let completed = query(ListScope::Statuses(vec![Status::Completed]), 2);
    lists(&ground, completed, ids([13, 8, 3])).await;
    lists(&ground, query(ListScope::Statuses(vec![]), 2), vec![]).await;
}

pub(super) async fn a_kind_is_filtered_and_empty_pages_still_lead_on(ground: impl Ground) {
    for n in 1..=9 {
        submit(&ground, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n));
            commit.row.facts.kind = if n == 1 { Kind::Export } else { Kind::Deletion };
        })
        .await;
    }
    let mut exports = query(ListScope::Tenant, 2);
    exports.kind = Some(Kind::Export);
    lists(&ground, query(ListScope::Tenant, 2), ids((1..=9).rev())).await;
    let first = ground.store().list(&exports).await.expect("a page");
    assert!(
        first.items.is_empty() && first.next.is_some(),
        "short, with more behind it"
    );
    lists(&ground, exports, ids([1])).await;
    let mut pending = query(ListScope::Statuses(vec![Status::Pending, Status::Verified]), 3);
    pending.kind = Some(Kind::Deletion);
    lists(&ground, pending, ids((2..=9).rev())).await;
}

pub(super) async fn statuses_that_a_filter_thins_out_unevenly_are_still_one_order(ground: impl Ground) {
    // Newest first: nine approved requests of the other kind, then wanted ones of both statuses in turn.
    for n in 1..=15 {
        submit(&ground, n, |commit| {
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
        lists(&ground, deletions, ids((1..=6).rev())).await;
    }
}

pub(super) async fn a_range_includes_its_ends_and_a_subject_sees_their_own(ground: impl Ground) {
    for n in 1..=6 {
        submit(&ground, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n));
            commit.row.facts.subject_ref = someone(if n % 2 == 0 { "ada" } else { "bob" });
        })
        .await;
    }
    submit(&ground, 7, |commit| {
        commit.row.facts.tenant = "globex".parse().expect("slug")
    })
    .await;
    let mut range = query(ListScope::Tenant, 2);
    (range.from, range.to) = (Some(at(2)), Some(at(5)));
    lists(&ground, range.clone(), ids([5, 4, 3, 2])).await;
    (range.from, range.to) = (Some(at(5)), Some(at(2)));
    lists(&ground, range, vec![]).await;
    let mut own = query(ListScope::Subject(someone("ada")), 2);
    lists(&ground, own.clone(), ids([6, 4, 2])).await;
    own.statuses = vec![Status::Approved, Status::Completed];
    lists(&ground, own.clone(), vec![]).await;
    own.statuses.push(Status::Pending);
    lists(&ground, own, ids([6, 4, 2])).await;
}

pub(super) async fn a_list_shows_the_new_status(ground: impl Ground) {
    let base = submission(1);
    submit(&ground, 1, |_| ()).await;
    let mut approve = step(&base.row, "approve", at(10));
    approve.row.facts.status = Status::Approved;
    done(&ground, &approve).await;
    let approved = query(ListScope::Statuses(vec![Status::Approved]), 5);
    lists(&ground, approved.clone(), ids([1])).await;
    let page = ground.store().list(&approved).await.expect("a page");
    assert_eq!(page.items.first().and_then(|item| item.status), Some(Status::Approved));
    lists(&ground, query(ListScope::Statuses(vec![Status::Pending]), 5), vec![]).await;
}

pub(super) async fn a_page_reads_no_more_rows_than_it_may_and_leads_on(ground: impl Ground) {
    for n in 1..=9 {
        submit(&ground, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n));
            commit.row.facts.status = if n % 3 == 0 { Status::Approved } else { Status::Pending };
        })
        .await;
    }
    let mut tight = query(ListScope::Statuses(vec![Status::Pending, Status::Approved]), 9);
    lists(&ground, tight.clone(), ids((1..=9).rev())).await;
    tight.reads = 6;
    lists(&ground, tight.clone(), ids((1..=9).rev())).await;
    let page = ground.store().list(&tight).await.expect("a page");
    assert!((1..=6).contains(&page.read), "{} rows were read", page.read);
    assert!(page.items.len() <= 6 && page.next.is_some());
    tight.reads = 1;
    lists(&ground, tight, ids((1..=9).rev())).await;
}
