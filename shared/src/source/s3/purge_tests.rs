//! What is destroyed of a key, and what stays.

use super::super::history::tests::entry;
use super::*;

fn doomed(versions: &[Entry], markers: &[Entry], line: (&str, bool), ours: Option<&str>) -> [String; 3] {
    let history = History {
        versions: versions.to_vec(),
        markers: markers.to_vec(),
    };
    let line = Planned {
        key: "k",
        version: line.0,
        was_deleted: line.1,
    };
    doom(&history, &line, ours).0.map(|ids| ids.join(" "))
}

#[test]
fn a_hidden_object_goes_whole_and_its_marker_last() {
    let versions = [entry("p", 3, false), entry("v1", 1, false)];
    let markers = [entry("m", 9, true), entry("d", 2, false)];
    assert_eq!(doomed(&versions, &markers, ("p", false), Some("m")), ["v1", "p", "m d"]);
    // Broken off after the second step: only markers are left.
    assert_eq!(doomed(&[], &markers, ("p", false), Some("m")), ["", "", "m d"]);
    assert_eq!(doomed(&[], &[], ("p", false), Some("m")), ["", "", ""]);
}

#[test]
fn newer_versions_stay_and_stay_as_hidden_as_they_were() {
    let versions = [entry("new", 9, true), entry("p", 3, false), entry("v1", 1, false)];
    let markers = [entry("d", 2, false)];
    assert_eq!(doomed(&versions, &markers, ("p", false), None), ["v1", "p", "d"]);

    // The application wrote anew and deleted that: its marker keeps hiding it.
    let versions = [entry("new", 8, false), entry("p", 3, false)];
    let markers = [entry("theirs", 9, true), entry("ours", 5, false)];
    assert_eq!(
        doomed(&versions, &markers, ("p", false), Some("ours")),
        ["", "p", "ours"]
    );

    // Gone already: what is left is newer.
    let versions = [entry("new", 9, true)];
    assert_eq!(doomed(&versions, &[], ("p", false), None), ["", "", ""]);
}

#[test]
fn an_object_the_application_had_deleted_goes_whole() {
    let versions = [entry("v2", 3, false), entry("v1", 1, false)];
    let markers = [entry("p", 3, true), entry("d", 2, false)];
    assert_eq!(doomed(&versions, &markers, ("p", true), None), ["v2 v1", "", "p d"]);
    assert_eq!(doomed(&[], &[entry("p", 3, true)], ("p", true), None), ["", "", "p"]);
}

#[test]
fn above_a_planned_marker_newer_versions_stay() {
    let versions = [entry("new", 9, true), entry("v1", 1, false)];
    let markers = [entry("p", 3, false), entry("d", 2, false)];
    assert_eq!(doomed(&versions, &markers, ("p", true), None), ["v1", "", "p d"]);
    // Written in the second of the marker, and current: it came after it.
    let versions = [entry("new", 3, true), entry("v1", 1, false)];
    assert_eq!(doomed(&versions, &markers, ("p", true), None), ["v1", "", "p d"]);
}

#[test]
fn what_is_in_use_again_is_not_destroyed() {
    let history = |versions: &[Entry], markers: &[Entry]| History {
        versions: versions.to_vec(),
        markers: markers.to_vec(),
    };
    let line = |was_deleted| Planned {
        key: "k",
        version: "p",
        was_deleted,
    };
    let visible = history(&[entry("p", 3, true)], &[]);
    assert!(is_in_use(&visible, &line(false)), "its marker is gone");
    let hidden = history(&[entry("p", 3, false)], &[entry("ours", 5, true)]);
    assert!(!is_in_use(&hidden, &line(false)));
    let overwritten = history(&[entry("new", 9, true), entry("p", 3, false)], &[]);
    assert!(!is_in_use(&overwritten, &line(false)), "the version in use is another");
    let deleted = history(&[entry("v1", 1, false)], &[entry("p", 3, true)]);
    assert!(!is_in_use(&deleted, &line(true)));
}
