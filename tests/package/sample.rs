//! A person whose records are as awkward as the sources allow.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shared::domain::personal::Personal;
use shared::domain::vault::{Attributes, Value};
use shared::package::{About, Attachment, Chapter, Columns, LeftOut, Outlet, PartNumber, PartWriter, Subject, Written};

/// What somebody typed into every field they found.
pub(crate) const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";

/// Records of the third dataset.
pub(crate) const NOTES: u64 = 60;

/// Names of files: their bytes are the name's own.
pub(crate) const FILES: [&str; 7] = [
    "acme/1/holiday photo.jpg",
    "acme/1/../../../etc/passwd",
    "acme/1/Köln – 東京.txt",
    "acme/1/con",
    "acme/1/<script>alert(3)</script>.html",
    "acme/1/same.txt",
    "acme/2/same.txt",
];

/// The one that a deletion has hidden.
pub(crate) const HIDDEN: &str = FILES[2];

pub(crate) fn about() -> About {
    About {
        request: "dsr_01".to_owned(),
        tenant: "acme".to_owned(),
        subject: Subject {
            id: Personal::new("cust-1"),
            name: Some(Personal::new(HOSTILE)),
            email: None,
        },
        generated_at: "2026-03-04T05:06:08Z".parse().expect("an instant"),
        generated_by: "Lethe 0.1.0".to_owned(),
        part: PartNumber { number: 1, of: 1 },
        left_out: vec![LeftOut {
            dataset: "invoices".to_owned(),
            records: Some(3),
            ground: "Tax law & <b>more</b>".to_owned(),
        }],
    }
}

pub(crate) fn chapter(place: u32, dataset: &str, records: u64) -> Chapter {
    Chapter {
        place,
        dataset: dataset.to_owned(),
        category: dataset.to_owned(),
        description: format!("What is in {dataset}"),
        records,
        hidden: u64::from(dataset == "files"),
    }
}

pub(crate) fn text(text: &str) -> Value {
    Value::S(text.to_owned())
}

fn record(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Attributes {
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// Every type, and what tempts spreadsheets and browsers.
pub(crate) fn records() -> Vec<Attributes> {
    let digits = "12345678901234567890123456789012345678";
    vec![
        record([
            ("binary", Value::B("AAH+/w==".into())),
            ("empty", text("")),
            ("flag", Value::Bool(true)),
            ("list", Value::L(vec![Value::N("1E-130".into()), Value::Null(true)])),
            (
                "map",
                Value::M(record([("deep", Value::M(record([("er", text("\u{2028}\n\"x\""))])))])),
            ),
            ("none", Value::Null(true)),
            ("number", Value::N(digits.to_owned())),
            ("set", Value::Numbers(BTreeSet::from(["2".into(), "10".into()]))),
        ]),
        record([
            ("=HYPERLINK(\"http://x\")", text("@SUM(1+1)")),
            ("message", text(HOSTILE)),
            ("number", Value::N("-17.5".into())),
        ]),
    ]
}

/// The whole package.
pub(crate) fn write(outlet: &Outlet) -> Written {
    let records = records();
    let mut columns = Columns::default();
    records.iter().for_each(|record| columns.add(record));
    let mut part = PartWriter::new(about(), outlet.clone());
    part.chapter(chapter(1, "messages", 2), columns).expect("begins");
    part.begin_records(1_000).expect("begins");
    part.records(&records[..1]).expect("written");
    part.records(&records[1..]).expect("written");
    part.begin_rows(1_000).expect("begins");
    part.rows(&records).expect("written");
    part.chapter(chapter(2, "files", 8), Columns::default())
        .expect("begins");
    for (number, name) in (1..).zip(FILES) {
        part.begin_file(number, attachment(name), name.len() as u64)
            .expect("begins");
        name.as_bytes()
            .chunks(5)
            .for_each(|piece| part.bytes(piece).expect("written"));
    }
    let empty = format!("acme/1/{}.txt", "long ".repeat(180));
    part.begin_file(8, attachment(&empty), 0).expect("begins");
    notes(&mut part);
    part.finish().expect("a package")
}

/// More rows than a table shows at once.
fn notes(part: &mut PartWriter) {
    let notes: Vec<_> = (1..=NOTES).map(|n| record([("n", Value::N(n.to_string()))])).collect();
    let mut columns = Columns::default();
    notes.iter().for_each(|note| columns.add(note));
    part.chapter(chapter(3, "notes", NOTES), columns).expect("begins");
    part.begin_records(1_000).expect("begins");
    part.records(&notes).expect("written");
    part.begin_rows(1_000).expect("begins");
    part.rows(&notes).expect("written");
}

pub(crate) fn attachment(name: &str) -> Attachment {
    Attachment {
        name: Personal::new(name),
        stored_at: Some(Timestamp::UNIX_EPOCH),
        hidden: name == HIDDEN,
    }
}
