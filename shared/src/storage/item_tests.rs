//! Rows are read as they were written, and a bad one says so without telling its values.

use super::*;

fn row() -> Row {
    let key = RowKey {
        pk: "p".into(),
        sk: "s".into(),
    };
    Row::new(key)
        .text("word", "x")
        .number("n", 7)
        .bytes("b", &[1, 2])
        .json("doc", &[1, 2, 3])
}

#[test]
fn what_is_written_is_read() {
    let item = row().maybe_text("none", None).into_item();
    let reader = Reader::new(&item, "test").expect("version 1");
    assert_eq!(reader.text("word").expect("there"), "x");
    assert_eq!(reader.number::<u64>("n").expect("there"), 7);
    assert_eq!(reader.bytes("b").expect("there"), [1, 2]);
    assert_eq!(reader.json::<Vec<u8>>("doc").expect("there"), [1, 2, 3]);
    assert!(!item.contains_key("none"));
    assert_eq!(reader.maybe_parsed::<u8>("none").expect("absent is fine"), None);
}

#[test]
fn a_bad_row_is_corrupt_and_its_values_stay_out_of_the_error() {
    let item = row().text("secret", "Ada").into_item();
    let reader = Reader::new(&item, "test").expect("version 1");
    for fault in [
        reader.number::<u8>("secret").expect_err("no number"),
        reader.json::<Vec<u8>>("secret").expect_err("no JSON"),
        reader.parsed::<u8>("secret").expect_err("no number"),
        reader.text("absent").expect_err("absent"),
    ] {
        let shown = format!("{fault} {fault:?}");
        assert!(shown.contains("corrupt") && !shown.contains("Ada"), "{shown}");
    }
    let newer = row().number("v", 2).into_item();
    assert!(Reader::new(&newer, "test").is_err());
}

#[test]
fn equal_items_have_equal_bytes() {
    assert_eq!(canonical(&row().into_item()), canonical(&row().into_item()));
    assert_ne!(
        canonical(&row().into_item()),
        canonical(&row().number("n", 8).into_item())
    );
}
