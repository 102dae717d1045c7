//! What is hidden of a subject: it moves with the request, and only from where it was read.

use std::collections::BTreeSet;

use shared::domain::gate::{Gate, GateId};
use shared::domain::ids::Category;
use shared::ports::{Commit, Companion, Conflict, RequestRow, Requests};

use super::ground::{Ground, conflict, done};
use super::samples::{acme, at, id, key, messages, step, submission};

fn ada() -> GateId {
    GateId::of(&acme(), "ada")
}

fn profile() -> Category {
    "profile".parse().expect("slug")
}

/// A step of a request that moves the gate from what was read.
fn moving(row: &RequestRow, before: &Gate, hides: &[Category]) -> (Commit, Gate) {
    let hides: BTreeSet<_> = hides.iter().cloned().collect();
    let after = before.with(row.facts.id, &hides);
    let mut commit = step(
        row,
        "execute",
        at(10 + i64::try_from(row.facts.version).expect("small")),
    );
    commit.row.facts.gated = hides;
    let (id, before) = (ada(), before.clone());
    let to = after.clone();
    commit.companions = vec![Companion::MoveGate { id, before, after: to }];
    (commit, after)
}

async fn gate(ground: &impl Ground) -> Gate {
    ground.store().gate(&acme(), &ada()).await.expect("read")
}

pub(super) async fn a_gate_moves_with_its_request_and_has_no_row_once_it_is_open(ground: impl Ground) {
    assert!(gate(&ground).await.is_open(), "of whom nobody hides anything");
    let base = submission(1);
    done(&ground, &base).await;
    let (shut, hidden) = moving(&base.row, &Gate::default(), &[messages(), profile()]);
    done(&ground, &shut).await;
    assert_eq!(gate(&ground).await, hidden);
    assert_eq!(hidden.hidden(), [messages(), profile()].into());
    let other = ground.store().gate(&acme(), &GateId::of(&acme(), "ben")).await;
    assert!(other.expect("read").is_open(), "another subject's is its own");

    let (narrow, less) = moving(&shut.row, &hidden, &[profile()]);
    done(&ground, &narrow).await;
    assert_eq!(gate(&ground).await, less);
    let (open, _) = moving(&narrow.row, &less, &[]);
    done(&ground, &open).await;
    assert!(gate(&ground).await.is_open());
    let (again, hidden) = moving(&open.row, &Gate::default(), &[messages()]);
    done(&ground, &again).await;
    assert_eq!(gate(&ground).await, hidden);
}

pub(super) async fn a_gate_that_somebody_moved_since_it_was_read_refuses_the_commit(ground: impl Ground) {
    let (one, other) = (submission(1), submission(2));
    done(&ground, &one).await;
    done(&ground, &other).await;
    let open = Gate::default();
    let (first, hidden) = moving(&one.row, &open, &[messages()]);
    done(&ground, &first).await;
    let (late, _) = moving(&other.row, &open, &[profile()]);
    assert_eq!(
        conflict(&ground, &late).await,
        Conflict::Moved,
        "it was open when it was read"
    );
    assert_eq!(gate(&ground).await, hidden, "and nothing of it is written");
    assert_eq!(
        ground.store().request(&key(2)).await.expect("read"),
        Some(other.row.clone())
    );

    let (second, both) = moving(&other.row, &hidden, &[profile()]);
    done(&ground, &second).await;
    assert_eq!(
        (both.by(id(1)), both.by(id(2))),
        ([messages()].into(), [profile()].into())
    );
    let (stale, _) = moving(&first.row, &hidden, &[]);
    assert_eq!(
        conflict(&ground, &stale).await,
        Conflict::Moved,
        "it would uncover what another hides"
    );
    let (fresh, left) = moving(&first.row, &both, &[]);
    done(&ground, &fresh).await;
    assert_eq!((gate(&ground).await, left.hidden()), (left.clone(), [profile()].into()));
}
