//! What an export lists and reads: records that a deletion hides as well, items whole, objects by version and range.

use shared::domain::data_map::{KeyType, Place};
use shared::domain::manifest::Line;
use shared::domain::outcome::Code;
use shared::domain::vault::Value;
use shared::ports::{Items as _, Originals as _, Version, Whole};

use super::desk::{Desk, permanent};
use super::ground::{Bed, Ground, OTHER, WITH_TTL, codes, item, n, request, s, text};

const BY_INDEX: &str = "table: NAME\n    source: dynamodb
    index: by_owner
    key: {attribute: owner, template: \"{subject}\"}
    tenant: {attribute: tenant}
    soft_delete: {mode: tombstone, expiry: purge}";

fn sorts(lines: &[Line]) -> Vec<&str> {
    fn sort(line: &Line) -> &str {
        match line {
            Line::Item { key, .. } => text(&key["sk"]),
            Line::Object { .. } => panic!("an item"),
        }
    }
    lines.iter().map(sort).collect()
}

fn objects(lines: &[Line]) -> Vec<(&str, &str, bool)> {
    let object = |line| match line {
        &Line::Object {
            ref key,
            ref version,
            was_deleted,
            ..
        } => (key.as_str(), version.as_str(), was_deleted),
        Line::Item { .. } => panic!("an object"),
    };
    lines.iter().map(object).collect()
}

pub(super) async fn items_that_another_request_hides_are_listed_and_counted<G: Ground>(ground: G) {
    for yaml in [WITH_TTL, BY_INDEX] {
        let mut bed = ground.table(KeyType::S, yaml).await;
        for sort in ["a", "b"] {
            let mut item = item(s(sort));
            item.extend([("owner".into(), s("7")), ("tenant".into(), s("acme"))]);
            bed.put(item).await;
        }
        let lines = bed.desk().plan().await;
        let swept = bed.desk().sweep_as(&lines[..1], OTHER).await;
        assert_eq!(codes(&swept), [Code::Swept]);
        assert_eq!(sorts(&bed.desk().plan().await), ["b"]);
        assert_eq!(bed.desk().counted().await, 1);

        bed.ask_for_hidden();
        assert_eq!(sorts(&bed.desk().plan_by(1).await.0), ["a", "b"]);
        assert_eq!(bed.desk().counted().await, 2);
    }
}

pub(super) async fn an_object_below_a_marker_is_listed_with_its_content<G: Ground>(ground: G) {
    let mut bed = ground.bucket(true).await;
    bed.write("acme/7/hidden", "before").await;
    let hidden = bed.write("acme/7/hidden", "content").await;
    bed.hide("acme/7/hidden").await;
    bed.hide("acme/7/hidden").await;
    bed.hide("acme/7/only-a-marker").await;
    bed.write("acme/7/plain", "before").await;
    let plain = bed.write("acme/7/plain", "content").await;
    let cutoff = bed.made("acme/7/plain").await;
    bed.cut(cutoff);
    bed.pass_cutoff().await;
    bed.write("acme/7/hidden", "later").await;
    bed.hide("acme/7/plain").await;

    let all = bed.desk().plan().await;
    let markers = all
        .iter()
        .filter(|line| matches!(line, Line::Object { was_deleted: true, .. }));
    assert_eq!(
        markers.count(),
        2,
        "a deletion plans the marker, also the one without content"
    );

    bed.ask_for_hidden();
    let (lines, later, _) = bed.desk().plan_by(1).await;
    let expected = [("acme/7/hidden", &*hidden, true), ("acme/7/plain", &*plain, false)];
    assert_eq!(objects(&lines), expected);
    assert_eq!(later, 1, "what was written over it is not in scope");
    assert_eq!(bed.desk().counted().await, 2);
}

pub(super) async fn a_marked_item_is_read_whole<G: Ground>(ground: G) {
    let mut bed = ground.table(KeyType::S, WITH_TTL).await;
    let mut whole = item(s("a"));
    whole.extend([("text".into(), s("")), ("price".into(), n(7))]);
    bed.put(whole).await;
    let lines = bed.desk().plan().await;
    bed.desk().sweep_as(&lines, OTHER).await;
    bed.ask_for_hidden();
    let desk = bed.desk();
    let lines = desk.plan().await;
    let lines: Vec<&Line> = lines.iter().collect();
    let answers = desk.sources.read_whole(&desk.dataset, &lines).await.expect("read");
    let [Whole::There(found)] = &answers[..] else {
        panic!("one item: {answers:?}");
    };
    assert_eq!(found["text"], Value::from(s("")));
    assert_eq!(found["price"], Value::from(n(7)));
    let Place::Dynamodb(place) = &desk.dataset.place else {
        panic!("a table");
    };
    let mark = &found[&place.soft_delete.marks.id];
    assert_eq!(*mark, Value::from(s(&request(OTHER).to_string())));
}

async fn read<B: Bed>(bed: &B, (key, version): (&str, &str), offset: u64, length: u64) -> Option<String> {
    let Desk { sources, dataset, .. } = bed.desk();
    let bytes = sources.read(dataset, Version { key, version }, offset, length).await;
    bytes
        .expect("read")
        .map(|bytes| String::from_utf8(bytes).expect("as it was written"))
}

pub(super) async fn a_version_is_read_as_it_was_whatever_came_over_it<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    let key = "acme/7/dir/../ümläut b+c&.txt";
    let first = bed.write(key, "first words").await;
    let stored = bed.made(key).await;
    bed.write(key, "other").await;
    bed.hide(key).await;
    let empty = bed.write("acme/7/empty", "").await;
    let Desk { sources, dataset, .. } = bed.desk();
    let version = Version { key, version: &first };
    let looked = sources.look(dataset, version).await.expect("looked").expect("there");
    // In whole seconds; the emulator's listing has finer ones.
    let second = looked.stored_at.map(|at| at.as_second());
    assert_eq!((looked.bytes, second), (11, Some(stored.as_second())));
    assert_eq!(read(&bed, (key, &first), 0, 11).await.as_deref(), Some("first words"));
    assert_eq!(read(&bed, (key, &first), 6, 3).await.as_deref(), Some("wor"));
    assert_eq!(read(&bed, ("acme/7/empty", &empty), 0, 0).await.as_deref(), Some(""));
}

pub(super) async fn a_version_that_is_gone_is_none_and_a_bucket_that_is_gone_a_fault<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    let gone = bed.write("acme/7/a", "x").await;
    bed.write("acme/7/a", "stays").await;
    bed.destroy("acme/7/a", &gone).await;
    let Desk { sources, dataset, .. } = bed.desk();
    for key in ["acme/7/a", "acme/7/never-was"] {
        let version = Version { key, version: &gone };
        assert_eq!(sources.look(dataset, version).await.expect("looked"), None, "{key}");
        for length in [0, 1] {
            assert_eq!(read(&bed, (key, &gone), 0, length).await, None, "{key}");
        }
    }
    let mut elsewhere = dataset.clone();
    if let Place::S3(place) = &mut elsewhere.place {
        "lethe-it-no-such-bucket".clone_into(&mut place.bucket);
    }
    let version = Version {
        key: "acme/7/a",
        version: &gone,
    };
    let fault = sources.look(&elsewhere, version).await.expect_err("no bucket");
    assert_eq!(permanent(&fault), Some("source_gone"));
    let fault = sources.read(&elsewhere, version, 0, 1).await.expect_err("no bucket");
    assert_eq!(permanent(&fault), Some("source_gone"));
}

pub(super) async fn a_short_answer_is_a_fault<G: Ground>(ground: G) {
    let bed = ground.bucket(true).await;
    let id = bed.write("acme/7/a", "12345").await;
    let Desk { sources, dataset, .. } = bed.desk();
    let version = Version {
        key: "acme/7/a",
        version: &id,
    };
    for (offset, length) in [(0, 6), (3, 3), (5, 1)] {
        let read = sources.read(dataset, version, offset, length).await;
        assert!(read.is_err(), "{length} bytes from {offset}");
    }
}
