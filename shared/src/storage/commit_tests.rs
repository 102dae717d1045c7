//! Which conflict a refused commit is told as.

use super::*;

#[test]
fn the_telling_conflict_is_told() {
    let cases = [
        (
            vec![(Guard::Request, Why::Condition), (Guard::Scope, Why::Condition)],
            Conflict::Moved,
        ),
        (
            vec![(Guard::Scope, Why::Condition), (Guard::Idempotency, Why::Condition)],
            Conflict::KeyUsed,
        ),
        (
            vec![(Guard::Entry, Why::Contention), (Guard::Scope, Why::Condition)],
            Conflict::ScopeTaken,
        ),
        (vec![(Guard::Holds, Why::Condition)], Conflict::HoldsChanged),
        (vec![(Guard::DataKey, Why::Condition)], Conflict::Moved),
        (vec![(Guard::Scope, Why::Contention)], Conflict::Moved),
        // The other transaction put the entry, and had not finished with the row.
        (
            vec![(Guard::Request, Why::Contention), (Guard::Entry, Why::Condition)],
            Conflict::Moved,
        ),
    ];
    for (refused, conflict) in cases {
        assert_eq!(conflict_of(&refused).expect("a conflict"), conflict, "{refused:?}");
    }
}

#[test]
fn a_contradiction_is_no_conflict_to_decide_again() {
    for guard in [Guard::Entry, Guard::Mail, Guard::Plan, Guard::Release] {
        assert!(conflict_of(&[(guard, Why::Condition)]).is_err(), "{guard:?}");
    }
}

#[test]
fn an_idempotency_key_was_made_a_day_before_it_is_forgotten() {
    let key = Idempotency {
        caller_ref: super::super::samples::someone("a"),
        key_hash: "ab".into(),
        body_ref: super::super::samples::someone("body"),
        request: super::super::samples::facts().id,
        expires_at: "2026-03-30T00:30:00Z".parse().expect("an instant"),
    };
    assert_eq!(made_at(&key).to_string(), "2026-03-29T00:30:00Z");
}
