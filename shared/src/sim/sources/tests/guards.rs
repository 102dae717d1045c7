//! With a guard out, the harm it keeps away is done, and the journal tells.

use super::super::journal::{Record, What};
use super::*;
use crate::knobs::{Guard, Turned};
use crate::sim::Calm;

/// What the sweep does when the item is gone by then.
fn swept_after_delete(out: Option<Guard>) -> (Vec<Code>, usize) {
    let _turned = Turned::to(REAL_SIZES, out);
    let bench = Bench::new(Calm);
    let gone = bench.put(0, "a", "x");
    let lines = bench.plan(0);
    assert!(bench.sources.delete_item(&gone));
    let swept = bench.sweep(0, 1, &lines).expect("no crash").expect("a sweep");
    let conjured = bench
        .sources
        .journal()
        .iter()
        .filter(|effect| effect.what == What::Conjured)
        .count();
    assert_eq!(bench.sources.snapshot().len(), conjured);
    (codes(&swept), conjured)
}

#[test]
fn without_record_exists_a_mark_makes_a_ghost() {
    assert_eq!(swept_after_delete(None), (vec![Code::AlreadyAbsent], 0));
    assert_eq!(swept_after_delete(Some(Guard::RecordExists)), (vec![Code::Swept], 1));
}

/// Two requests sweep the same item; whose mark it has, and what the later one was told.
fn swept_by_two(out: Option<Guard>) -> (LineOutcome, String) {
    let _turned = Turned::to(REAL_SIZES, out);
    let bench = Bench::new(Calm);
    let item = bench.put(0, "a", "x");
    let lines = bench.plan(0);
    bench.sweep(0, 2, &lines).expect("no crash").expect("a sweep");
    let listed = bench.plan(0).len();
    assert_eq!(listed == 1, out.is_some(), "listed in spite of another request's mark");
    let lines = if listed == 1 { bench.plan(0) } else { lines };
    let mine = bench.sweep(0, 1, &lines).expect("no crash").expect("a sweep");
    let Record::Item(attributes) = &bench.sources.snapshot()[&item] else {
        panic!("an item")
    };
    (mine[0].clone(), attributes["erasure_id"].clone())
}

#[test]
fn without_foreign_mark_another_requests_mark_is_overwritten() {
    let (outcome, mark) = swept_by_two(None);
    assert_eq!(
        (outcome, mark),
        (LineOutcome::failed("marked_by_other"), format!("S:{}", request(2)))
    );
    let (outcome, mark) = swept_by_two(Some(Guard::ForeignMark));
    assert_eq!(
        (outcome, mark),
        (LineOutcome::plain(Code::Swept), format!("S:{}", request(1)))
    );
}

/// The application writes the item anew between sweep and purge; what is left.
fn purged_after_overwrite(out: Option<Guard>) -> (Vec<Code>, usize) {
    let _turned = Turned::to(REAL_SIZES, out);
    let bench = Bench::new(Calm);
    bench.put(0, "a", "x");
    let lines = bench.plan(0);
    let swept = bench.sweep(0, 1, &lines).expect("no crash").expect("a sweep");
    bench.pass_cutoff();
    bench.put(0, "a", "new");
    let purged = bench.purge(0, &lines, &swept).expect("no crash").expect("a purge");
    let destroyed = bench
        .sources
        .journal()
        .into_iter()
        .filter(|effect| effect.what == What::Destroyed);
    assert!(
        destroyed
            .clone()
            .all(|effect| effect.mark.is_none() && effect.written > Some(bench.cutoff))
    );
    (codes(&purged), bench.sources.snapshot().len())
}

#[test]
fn without_own_mark_a_recreated_item_is_destroyed() {
    assert_eq!(purged_after_overwrite(None), (vec![Code::Recreated], 1));
    assert_eq!(purged_after_overwrite(Some(Guard::OwnMark)), (vec![Code::Purged], 0));
}

/// The application uploads anew between sweep and purge; what is left.
fn destroyed_after_upload(out: Option<Guard>) -> usize {
    let _turned = Turned::to(REAL_SIZES, out);
    let bench = Bench::new(Calm);
    bench.upload("a", "old");
    let lines = bench.plan(2);
    let swept = bench.sweep(2, 1, &lines).expect("no crash").expect("a sweep");
    bench.pass_cutoff();
    bench.upload("a", "new");
    bench.purge(2, &lines, &swept).expect("no crash").expect("a purge");
    let journal = bench.sources.journal();
    let wrong = journal
        .iter()
        .filter(|effect| matches!(effect.what, What::VersionDestroyed { .. }) && !effect.planned);
    assert_eq!(wrong.count(), usize::from(out.is_some()));
    bench.sources.snapshot().len()
}

#[test]
fn without_own_versions_a_newer_version_is_destroyed() {
    assert_eq!(destroyed_after_upload(None), 1);
    assert_eq!(destroyed_after_upload(Some(Guard::OwnVersions)), 0);
}

#[test]
fn without_cutoff_what_was_written_later_is_swept() {
    for (out, planned) in [(None, 1), (Some(Guard::Cutoff), 2)] {
        let _turned = Turned::to(REAL_SIZES, out);
        let bench = Bench::new(Calm);
        bench.put(0, "a", "x");
        bench.upload("a", "x");
        let before = bench.plan(0);
        bench.pass_cutoff();
        bench.put(0, "a", "new");
        bench.put(0, "b", "new");
        bench.upload("b", "new");
        let swept = bench.sweep(0, 1, &before).expect("no crash").expect("a sweep");
        assert_eq!(swept[0].code == Code::Swept, out.is_some());
        assert_eq!(
            (bench.plan(0).len(), bench.plan(2).len()),
            (planned - usize::from(out.is_none()), planned)
        );
    }
}
