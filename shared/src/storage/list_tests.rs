//! Merging partitions into one order, and the range a query reads.

use super::super::samples::at;
use super::*;
use crate::domain::ids::RequestId;

fn item(at: &str) -> Listed {
    Listed {
        id: RequestId::from_parts(1, 1),
        status: Some(Status::Pending),
        at: at.to_owned(),
    }
}

fn slice(items: &[&str], reached: Option<&str>) -> Slice {
    Slice {
        items: items.iter().map(|at| item(at)).collect(),
        reached: reached.map(str::to_owned),
        read: 0,
    }
}

fn merged(slices: Vec<Slice>, limit: usize) -> (Vec<String>, Option<String>) {
    let page = merge(slices, limit);
    (page.items.into_iter().map(|item| item.at).collect(), page.next)
}

fn query(from: Option<&str>, to: Option<&str>, after: Option<&str>) -> ListQuery {
    ListQuery {
        tenant: "acme".parse().expect("slug"),
        scope: ListScope::Tenant,
        kind: None,
        statuses: vec![],
        subject: None,
        from: from.map(at),
        to: to.map(at),
        limit: 10,
        reads: 150,
        after: after.map(str::to_owned),
    }
}

#[test]
fn several_partitions_are_one_order() {
    let (items, next) = merged(vec![slice(&["9", "5"], None), slice(&["8", "6"], None)], 3);
    assert_eq!(items, ["9", "8", "6"]);
    assert_eq!(next.as_deref(), Some("6"));
    let (items, next) = merged(vec![slice(&["9", "5"], None), slice(&["8"], None)], 3);
    assert_eq!((items.len(), next), (3, None));
}

#[test]
fn nothing_is_shown_below_what_a_partition_has_not_looked_at() {
    let (items, next) = merged(vec![slice(&["9"], Some("7")), slice(&["8", "3"], None)], 10);
    assert_eq!(items, ["9", "8"]);
    assert_eq!(next.as_deref(), Some("7"), "3 comes once 7 and below are known");
}

#[test]
fn a_page_emptied_by_its_filter_still_gets_further() {
    let (items, next) = merged(vec![slice(&[], Some("7"))], 10);
    assert!(items.is_empty());
    assert_eq!(next.as_deref(), Some("7"));
}

#[test]
fn a_request_between_two_statuses_is_shown_once() {
    let (items, _) = merged(vec![slice(&["9"], None), slice(&["9", "8"], None)], 10);
    assert_eq!(items, ["9", "8"]);
}

#[test]
fn the_range_includes_both_ends_and_the_cursor_only_narrows_it() {
    let noon = "2026-11-21T12:00:00Z";
    let range = Range::of(&query(Some(noon), Some(noon), None));
    let inside = keys::submitted(at(noon), RequestId::from_parts(1, 1));
    assert!(range.from <= inside && inside <= range.to);
    let all = Range::of(&query(None, None, None));
    assert!(all.from < inside && inside < all.to);
    assert_eq!(Range::of(&query(None, None, Some(&inside))).to, inside);
    assert_eq!(
        Range::of(&query(None, Some(noon), Some("9"))).to,
        keys::submitted_last(at(noon))
    );
}

#[test]
fn the_reads_are_shared_among_partitions_and_each_gets_further() {
    let reads = |limit, statuses: &[Status], reads| {
        let scope = ListScope::Statuses(statuses.to_vec());
        let query = ListQuery {
            scope,
            limit,
            reads,
            ..query(None, None, None)
        };
        Place::of(&query).reads(&query)
    };
    assert_eq!(
        reads(25, &Status::ALL[..2], 150),
        26,
        "no more than asked, and the cursor's item"
    );
    assert_eq!(reads(100, &Status::ALL, 150), 21);
    assert_eq!(reads(100, &Status::ALL, 7), 2, "the cursor's item and one below it");
}
