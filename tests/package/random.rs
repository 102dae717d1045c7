//! Records that nobody thought of: three hundred of them, of every type and depth, with letters from everywhere.
//!
//! What is expected is built beside each record, in the form in which Python answers: a number as its text.

use std::collections::BTreeSet;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value as Json, json};
use shared::domain::vault::{Attributes, Value};
use shared::package::{Columns, Outlet, PartWriter};

use super::read;
use super::sample::{about, chapter};

/// Letters with a meaning to somebody: JSON, CSV, HTML, spreadsheets, terminals.
const ODD: [char; 24] = [
    '"',
    '\'',
    '\\',
    '\n',
    '\r',
    '\t',
    '\0',
    ',',
    ';',
    '=',
    '+',
    '-',
    '@',
    '<',
    '>',
    '&',
    '\u{feff}',
    '\u{2028}',
    '\u{202e}',
    'é',
    'ß',
    '東',
    '\u{1f469}',
    '\u{7f}',
];

struct Odd(ChaCha8Rng);

impl Odd {
    fn text(&mut self) -> String {
        let letters = self.0.random_range(0..12);
        let letter = |odd: &mut Self| match odd.0.random_bool(0.5) {
            true => ODD[odd.0.random_range(0..ODD.len())],
            false => char::from(odd.0.random_range(b'a'..=b'z')),
        };
        (0..letters).map(|_| letter(self)).collect()
    }

    fn number(&mut self) -> String {
        let digits: String = (0..self.0.random_range(0..37))
            .map(|_| self.0.random_range(b'0'..=b'9') as char)
            .collect();
        format!(
            "{}{}{digits}",
            if self.0.random_bool(0.5) { "-" } else { "" },
            self.0.random_range(1..10)
        )
    }

    fn value(&mut self, depth: u32) -> (Value, Json) {
        match self.0.random_range(0..if depth > 0 { 8 } else { 5 }) {
            0 => (Value::Null(true), Json::Null),
            1 => (Value::Bool(true), json!(true)),
            2 => {
                let number = self.number();
                (Value::N(number.clone()), json!(number))
            }
            3 => (Value::B("////".into()), json!("////")),
            4 => {
                let text = self.text();
                (Value::S(text.clone()), json!(text))
            }
            5 => {
                let texts: BTreeSet<_> = (0..3).map(|_| self.text()).collect();
                (Value::Strings(texts.clone()), json!(texts))
            }
            6 => {
                let (values, expected): (Vec<_>, Vec<_>) = (0..3).map(|_| self.value(depth - 1)).unzip();
                (Value::L(values), json!(expected))
            }
            _ => {
                let (values, expected) = self.attributes(depth - 1);
                (Value::M(values), expected)
            }
        }
    }

    fn attributes(&mut self, depth: u32) -> (Attributes, Json) {
        let (mut values, mut expected) = (Attributes::new(), Map::new());
        for _ in 0..4 {
            let (name, (value, json)) = (self.text(), self.value(depth));
            values.insert(name.clone(), value);
            expected.insert(name, json);
        }
        (values, Json::Object(expected))
    }
}

/// A record of eight columns, so that each has its own.
fn record(odd: &mut Odd) -> (Attributes, Json) {
    let (mut values, mut expected) = (Attributes::new(), Map::new());
    for n in 0..8 {
        let (value, json) = odd.value(3);
        values.insert(format!("c{n}"), value);
        expected.insert(format!("c{n}"), json);
    }
    (values, Json::Object(expected))
}

#[test]
fn whatever_a_record_holds_comes_out_as_it_went_in() {
    let mut odd = Odd(ChaCha8Rng::seed_from_u64(6));
    let (records, expected): (Vec<_>, Vec<_>) = (0..300).map(|_| record(&mut odd)).unzip();
    let mut columns = Columns::default();
    records.iter().for_each(|record| columns.add(record));
    let outlet = Outlet::default();
    let mut part = PartWriter::new(about(), outlet.clone());
    part.chapter(chapter(1, "odd", 300), columns).expect("begins");
    part.begin_records(0).expect("begins");
    part.records(&records).expect("written");
    part.begin_rows(0).expect("begins");
    part.rows(&records).expect("written");
    part.finish().expect("a package");
    let package = read(&outlet.rest());
    assert_eq!(package["entries"]["01-odd/records.ndjson"]["records"], json!(expected));

    let rows = package["entries"]["01-odd/records.csv"]["rows"]
        .as_array()
        .expect("rows");
    assert_eq!(
        (rows.len(), &rows[0]),
        (301, &json!(["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"]))
    );
    let mut compared = 0;
    for (row, record) in rows[1..].iter().zip(&expected) {
        for (n, cell) in row.as_array().expect("cells").iter().enumerate() {
            // Of a text with an apostrophe nobody can say whether it is ours.
            let expected = record[format!("c{n}")].as_str().filter(|text| !text.contains('\''));
            let Some(expected) = expected else { continue };
            // Ours stand where a formula would begin, also in the middle.
            assert_eq!(cell.as_str().expect("text").replace('\'', ""), expected);
            compared += 1;
        }
    }
    assert!(compared > 500, "{compared}");
}
