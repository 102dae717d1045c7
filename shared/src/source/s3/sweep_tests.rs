//! How a planned object stands, case by case.

use super::super::history::tests::entry;
use super::*;

fn at(history: &History, version: &str, was_deleted: bool) -> Standing {
    let line = Planned {
        key: "k",
        version,
        was_deleted,
    };
    standing(Some(history), &line)
}

#[test]
fn each_case_of_the_table() {
    let open = History {
        versions: vec![entry("p", 1, true)],
        markers: vec![],
    };
    assert_eq!(at(&open, "p", false), Standing::Open(Some("\"p\"".into())));
    assert_eq!(at(&open, "gone", false), Standing::Absent);

    // A marker of the same second as the version, or of an earlier one by a skewed clock, is still ours.
    let hidden = History {
        versions: vec![entry("p", 5, false)],
        markers: vec![entry("m", 5, true)],
    };
    assert_eq!(at(&hidden, "p", false), Standing::Hidden(Some("m".into())));

    let theirs = History {
        versions: vec![entry("old", 1, false)],
        markers: vec![entry("p", 2, true)],
    };
    assert_eq!(at(&theirs, "p", true), Standing::Hidden(None));

    let newer = History {
        versions: vec![entry("v", 9, true), entry("p", 1, false)],
        markers: vec![],
    };
    assert_eq!(at(&newer, "p", false), Standing::Hidden(None));

    let newer_and_deleted = History {
        versions: vec![entry("v", 9, false), entry("p", 1, false)],
        markers: vec![entry("d", 9, true)],
    };
    assert_eq!(
        at(&newer_and_deleted, "p", false),
        Standing::Hidden(None),
        "that marker is the application's"
    );
}

#[test]
fn a_key_that_does_not_exist_is_absent() {
    let line = Planned {
        key: "k",
        version: "p",
        was_deleted: false,
    };
    assert_eq!(standing(None, &line), Standing::Absent);
}
