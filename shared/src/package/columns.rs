//! Records as rows of a table.
//!
//! Guarantees: which columns a table has does not depend on the order in which records were looked at; there are at
//! most [`MAX_COLUMNS`], and what belongs to no column stands in a last one; no cell begins a formula.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::plain::{Plain, PlainItem};
use crate::domain::vault::{Attributes, Value};

/// Columns of one table. Every row has a cell in each, so that records with ever new attributes must not set it.
pub const MAX_COLUMNS: usize = 200;
/// The column for what has none.
const OTHERS: &str = "other attributes";
/// What makes a spreadsheet calculate, the wide letters of East Asian keyboards included.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The attributes that records have.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Columns {
    names: BTreeSet<String>,
    others: bool,
}

impl std::fmt::Debug for Columns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{} columns]", self.names.len())
    }
}

impl Columns {
    /// Those of one record.
    pub fn add(&mut self, record: &Attributes) {
        for name in record
            .keys()
            .filter(|name| !self.names.contains(*name))
            .cloned()
            .collect::<Vec<_>>()
        {
            self.names.insert(name);
        }
        self.cut();
    }

    /// Those that somebody else has gathered.
    pub fn merge(&mut self, other: &Self) {
        self.names.extend(other.names.iter().cloned());
        self.others |= other.others;
        self.cut();
    }

    /// The first ones by name stay, whoever came first.
    fn cut(&mut self) {
        while self.names.len() > MAX_COLUMNS {
            self.names.pop_last();
            self.others = true;
        }
    }

    /// The heads of the columns, as they are.
    pub(super) fn heads(&self) -> impl Iterator<Item = &str> {
        let others = self.others.then_some(OTHERS);
        self.names.iter().map(String::as_str).chain(others)
    }

    /// A record's cells, as they are. A record without the attribute has an empty one.
    pub(super) fn cells<'a>(&'a self, record: &'a Attributes) -> Result<Vec<Cow<'a, str>>, serde_json::Error> {
        let cell = |name| record.get(name).map_or(Ok(Cow::Borrowed("")), text);
        let mut cells = self.names.iter().map(cell).collect::<Result<Vec<_>, _>>()?;
        if self.others {
            let others: Attributes = record
                .iter()
                .filter(|(name, _)| !self.names.contains(*name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            let none = others.is_empty();
            cells.push(if none {
                Cow::Borrowed("")
            } else {
                serde_json::to_string(&PlainItem(&others))?.into()
            });
        }
        Ok(cells)
    }
}

/// A value as a cell shows it: text as it is, everything with an inside as its JSON text.
fn text(value: &Value) -> Result<Cow<'_, str>, serde_json::Error> {
    Ok(match value {
        Value::S(text) | Value::B(text) => text.into(),
        other => serde_json::to_string(&Plain(other))?.into(),
    })
}

/// Where a spreadsheet may begin another cell in the middle of a value: the list separator of many countries, which it
/// looks for whatever is quoted by commas' rules, a tab, a line.
const BREAKS: [char; 4] = [';', '\t', '\r', '\n'];

/// A cell that no spreadsheet calculates: an apostrophe before whatever would begin a formula. A number is none.
pub(super) fn harmless(cell: &str) -> Cow<'_, str> {
    let begins = |piece: &str| {
        let begin = piece.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
        begin.starts_with(FORMULA)
    };
    let odd = cell.starts_with(BREAKS) || cell.split(BREAKS).any(begins);
    if !odd || is_number(cell) {
        return cell.into();
    }
    let mut safe = String::with_capacity(cell.len() + 2);
    for (n, piece) in cell.split_inclusive(BREAKS).enumerate() {
        if begins(piece) || (n == 0 && cell.starts_with(BREAKS)) {
            safe.push('\'');
        }
        safe.push_str(piece);
    }
    safe.into()
}

fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(names: impl IntoIterator<Item = usize>) -> Attributes {
        names
            .into_iter()
            .map(|n| (format!("a{n:04}"), Value::N(n.to_string())))
            .collect()
    }

    #[test]
    fn the_columns_do_not_depend_on_who_was_first() {
        let halves = [record(0..150), record(100..300)];
        let (mut once, mut other) = (Columns::default(), Columns::default());
        halves.iter().for_each(|half| once.add(half));
        halves.iter().rev().for_each(|half| {
            let mut part = Columns::default();
            part.add(half);
            other.merge(&part);
        });
        assert_eq!(once, other);
        let heads: Vec<_> = once.heads().collect();
        assert_eq!(
            (heads.len(), heads[0], heads[MAX_COLUMNS]),
            (MAX_COLUMNS + 1, "a0000", OTHERS)
        );
    }

    #[test]
    fn what_has_no_column_is_not_lost() {
        let mut columns = Columns::default();
        columns.add(&record(0..250));
        let last = record([5, 249]);
        let cells = columns.cells(&last).expect("cells");
        assert_eq!((cells[5].as_ref(), cells[6].as_ref()), ("5", ""));
        assert_eq!(cells[MAX_COLUMNS], r#"{"a0249":249}"#);
        let few = record([5]);
        assert_eq!(columns.cells(&few).expect("cells")[MAX_COLUMNS], "");
    }

    #[test]
    fn a_cell_shows_text_as_it_is_and_the_rest_as_json() {
        let shown = |value: Value| text(&value).expect("a cell").into_owned();
        assert_eq!(shown(Value::S("a,\"b\"\n".into())), "a,\"b\"\n");
        assert_eq!(shown(Value::B("AQI=".into())), "AQI=");
        assert_eq!(shown(Value::N("1E+40".into())), "1E+40");
        assert_eq!(shown(Value::Null(true)), "null");
        assert_eq!(shown(Value::L(vec![Value::Bool(true)])), "[true]");
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for formula in [
            "=1+1", "+1+1", "-1+1", "@SUM(A1)", "  =1", "\u{a0}=1", "＝1", "-", "\ttab",
        ] {
            assert_eq!(harmless(formula), format!("'{formula}"));
        }
        // Also where somebody else's separator, or a line, begins a cell in the middle.
        for (formula, safe) in [
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            ("\n=1", "'\n'=1"),
            ("a;=1;b", "a;'=1;b"),
            ("hello\n =WEBSERVICE(A1)\nbye", "hello\n' =WEBSERVICE(A1)\nbye"),
            ("-17.5;@x", "'-17.5;'@x"),
        ] {
            assert_eq!(harmless(formula), safe);
        }
        for fine in [
            "",
            "a=1",
            "'=1",
            "a; b\nc",
            "-17.5",
            "-1E-130",
            "12345678901234567890123456789012345678",
            " a",
        ] {
            assert_eq!(harmless(fine), fine);
        }
        assert_eq!(harmless("-infinity"), "'-infinity");
    }
}
