//! Legal holds: the hold, its subject's head and the entry in the trail are one write.

use jiff::Timestamp;
use shared::domain::hold::{Hold, HoldHead};
use shared::domain::ids::{HoldId, Tenant};
use shared::domain::month::Month;
use shared::domain::request::Kind;
use shared::ports::{HoldChange, HoldRow, Holds, MonthHead, Notes, Requests, Sealed};

use super::ground::{Ground, done, shows};
use super::notes::note;
use super::samples::{acme, at, full, id, messages, someone};

/// The month of every entry here.
fn month() -> Month {
    Month::of(at(0))
}

fn hold_id(n: u128) -> HoldId {
    HoldId::from_parts(1_000, n)
}

fn row(tenant: &Tenant, n: u128, rev: u64, wake_at: Option<Timestamp>) -> HoldRow {
    let hold = Hold {
        v: 1,
        id: hold_id(n),
        tenant: tenant.clone(),
        subject_ref: someone("ada"),
        scope: vec![messages()],
        placed_at: at(0),
        settled_at: None,
        released_at: None,
        rev,
    };
    HoldRow {
        hold,
        fields: Sealed(vec![7; 40]),
        wake_at,
        forget_at: None,
    }
}

/// Placing hold `n` on what was read.
fn placing(tenant: &Tenant, n: u128, before: &HoldHead, month: &MonthHead) -> HoldChange {
    HoldChange {
        row: row(tenant, n, 1, Some(at(5))),
        before: before.version,
        head: before.with(hold_id(n), &[messages()]),
        note: note(tenant, month, "place_hold", at(0)),
    }
}

async fn placed(ground: &impl Ground, n: u128) -> HoldChange {
    let store = ground.store();
    let head = store.holds(&acme(), &someone("ada")).await.expect("read");
    let end = store.month_head(&acme(), month()).await.expect("read");
    let change = placing(&acme(), n, &head, &end);
    assert!(store.change_hold(&change).await.expect("an answer"));
    change
}

pub(super) async fn a_hold_its_head_and_its_entry_are_written_together(ground: impl Ground) {
    let store = ground.store();
    let change = placed(&ground, 1).await;
    let there = store.hold(&acme(), hold_id(1)).await.expect("read");
    assert_eq!(there, Some(change.row.clone()));
    let head = store.holds(&acme(), &someone("ada")).await.expect("read");
    assert!(head == change.head && head.covers(&[messages()]));
    assert_eq!(store.notes(&acme(), month(), 0, 9).await.expect("read").len(), 1);
    assert!(
        store.change_hold(&change).await.expect("an answer"),
        "sent again after a lost answer"
    );
    assert_eq!(store.notes(&acme(), month(), 0, 9).await.expect("read").len(), 1);
    let mut released = row(&acme(), 1, 2, Some(at(9)));
    released.hold.released_at = Some(at(8));
    released.forget_at = Some(at(1_000));
    let release = HoldChange {
        row: released.clone(),
        before: head.version,
        head: head.without(hold_id(1)),
        note: note(&acme(), &change.note.head, "release_hold", at(8)),
    };
    assert!(store.change_hold(&release).await.expect("an answer"));
    let there = store.hold(&acme(), hold_id(1)).await.expect("read");
    assert_eq!(there, Some(released));
    let head = store.holds(&acme(), &someone("ada")).await.expect("read");
    assert!(head.version == Some(2) && !head.covers(&[messages()]));
}

pub(super) async fn of_two_changes_on_one_head_one_is_written(ground: impl Ground) {
    let store = ground.store();
    let (none, empty) = (HoldHead::default(), MonthHead::default());
    let (one, two) = (placing(&acme(), 1, &none, &empty), placing(&acme(), 2, &none, &empty));
    assert!(store.change_hold(&one).await.expect("an answer"));
    assert!(!store.change_hold(&two).await.expect("an answer"));
    assert_eq!(store.hold(&acme(), hold_id(2)).await.expect("read"), None);
    // The trail moved on, the head did not: nothing either.
    let stale = placing(&acme(), 2, &one.head, &empty);
    assert!(!store.change_hold(&stale).await.expect("an answer"));
    let head = store.holds(&acme(), &someone("ada")).await.expect("read");
    assert_eq!(head, one.head);
    assert_eq!(store.notes(&acme(), month(), 0, 9).await.expect("read").len(), 1);
}

pub(super) async fn a_hold_is_settled_once_and_then_not_due(ground: impl Ground) {
    let store = ground.store();
    placed(&ground, 1).await;
    let due = async |second| store.due_holds(at(second), 10).await.expect("due");
    shows(&ground, vec![(acme(), hold_id(1))], async || due(5).await).await;
    assert_eq!(due(4).await, vec![]);
    let mut settled = row(&acme(), 1, 2, None);
    settled.hold.settled_at = Some(at(6));
    assert!(store.settle_hold(&settled).await.expect("an answer"));
    assert!(store.settle_hold(&settled).await.expect("an answer"), "the same again");
    let late = row(&acme(), 1, 2, Some(at(60)));
    assert!(
        !store.settle_hold(&late).await.expect("an answer"),
        "somebody was faster"
    );
    assert_eq!(store.hold(&acme(), hold_id(1)).await.expect("read"), Some(settled));
    shows(&ground, vec![], async || due(999).await).await;
}

pub(super) async fn holds_are_listed_newest_first_and_by_tenant(ground: impl Ground) {
    let store = ground.store();
    for n in [1, 3, 2] {
        placed(&ground, n).await;
    }
    let globex: Tenant = "globex".parse().expect("slug");
    let theirs = placing(&globex, 9, &HoldHead::default(), &MonthHead::default());
    assert!(store.change_hold(&theirs).await.expect("an answer"));
    let ids = async |after, limit| {
        let rows = store.list_holds(&acme(), after, limit).await.expect("read");
        rows.into_iter().map(|row| row.hold.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, 2).await, [hold_id(3), hold_id(2)]);
    assert_eq!(ids(Some(hold_id(2)), 2).await, [hold_id(1)]);
    assert_eq!(ids(Some(hold_id(1)), 2).await, []);
    assert_eq!(store.hold(&acme(), hold_id(9)).await.expect("read"), None, "another's");
}

pub(super) async fn an_open_request_is_found_by_its_scope(ground: impl Ground) {
    done(&ground, &full(1)).await;
    let store = ground.store();
    let open = async |subject: &str, kind| {
        let found = store.open_request(&acme(), &someone(subject), kind, &messages()).await;
        found.expect("read")
    };
    assert_eq!(open("ada", Kind::Deletion).await, Some(id(1)));
    assert_eq!(open("ada", Kind::Export).await, None);
    assert_eq!(open("bob", Kind::Deletion).await, None);
}
