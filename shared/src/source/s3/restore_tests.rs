//! What a restore does with a key, row by row of the table.

use std::slice::from_ref;

use super::super::history::Entry;
use super::super::history::tests::entry;
use super::*;

/// What becomes of version `p`, swept with marker `m` or without any.
fn undone(versions: &[Entry], markers: &[Entry], ours: Option<&str>) -> (Option<String>, LineOutcome) {
    let history = History {
        versions: versions.to_vec(),
        markers: markers.to_vec(),
    };
    let line = Planned {
        key: "k",
        version: "p",
        was_deleted: false,
    };
    let undoing = undo(Some(&history), &line, ours);
    (undoing.marker, undoing.outcome)
}

#[test]
fn each_row_of_the_table() {
    let removed = || Some("m".to_owned());
    let restored = || LineOutcome::plain(Code::Restored);
    let theirs = || LineOutcome::because(Code::Restored, "deleted_by_application");
    let anew = || LineOutcome::because(Code::Recreated, "overwritten");
    let p = entry("p", 1, false);
    let m = entry("m", 2, false);

    let hidden = undone(from_ref(&p), &[entry("m", 2, true)], Some("m"));
    assert_eq!(hidden, (removed(), restored()));
    assert_eq!(undone(&[entry("p", 1, true)], &[], Some("m")), (None, restored()));
    let hides_a_copy = undone(&[entry("v", 2, false), p.clone()], &[entry("m", 2, true)], Some("m"));
    assert_eq!(
        hides_a_copy,
        (removed(), anew()),
        "the same content, written again right before our marker"
    );
    let overwritten = undone(&[entry("v", 3, true), p.clone()], from_ref(&m), Some("m"));
    assert_eq!(overwritten, (removed(), anew()));
    let before_the_sweep = undone(&[entry("v", 3, true), p.clone()], &[], None);
    assert_eq!(before_the_sweep, (None, anew()));
    let deleted_since = undone(from_ref(&p), &[entry("d", 3, true), m], Some("m"));
    assert_eq!(deleted_since, (removed(), theirs()));
    let deleted_before = undone(from_ref(&p), &[entry("d", 3, true)], None);
    assert_eq!(deleted_before, (None, theirs()), "no marker but ours is removed");
    let gone = undone(&[entry("old", 0, false)], &[entry("m", 2, true)], Some("m"));
    assert_eq!(gone, (None, LineOutcome::because(Code::Purged, "gone")));
}

#[test]
fn what_was_deleted_before_the_plan_stays_deleted() {
    let line = Planned {
        key: "k",
        version: "p",
        was_deleted: true,
    };
    let history = History {
        versions: vec![entry("old", 0, false)],
        markers: vec![entry("p", 1, true)],
    };
    let undoing = undo(Some(&history), &line, None);
    assert_eq!(undoing.marker, None);
    assert_eq!(
        undoing.outcome,
        LineOutcome::because(Code::Restored, "deleted_by_application")
    );
    assert_eq!(
        undo(None, &line, None).outcome,
        LineOutcome::because(Code::Purged, "gone")
    );
}
