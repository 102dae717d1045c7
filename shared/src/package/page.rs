//! `index.html`: the part for people, read offline in any browser.
//!
//! Guarantees: nothing is loaded from anywhere: the page names its own style and script by their hashes and forbids
//! all else; what a record holds is data to it, put on the screen as text. It shows at most [`MAX_ROWS`] of a table and
//! [`MAX_BYTES`] of all tables, and says so: what it leaves out stands in the files beside it. Each dataset may take an
//! eighth of the room that those before it have left, so that there is some for every one.

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::archive::{Entry, PackageError};
use super::columns::Columns;
use super::manifest::{About, Told};
use super::writer::Attachment;
use crate::domain::vault::Attributes;

/// Rows of a table that the page shows.
const MAX_ROWS: usize = 1_000;
/// Bytes that the cells of all tables take in memory while the page is gathered.
pub(super) const MAX_BYTES: usize = 8 << 20;
/// The part of what is left that one dataset may take.
const SHARE: usize = 8;
/// What a cell takes besides its letters.
const AROUND: usize = 32;
/// Bytes of one cell that the page shows.
const MAX_CELL: usize = 2_000;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// What needs no escape in a relative link.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_');

/// The beginning of a dataset's tables.
#[derive(Default, Serialize)]
pub(super) struct Shown {
    heads: Vec<String>,
    rows: Vec<Vec<String>>,
    files: Vec<FileRow>,
    /// Room that is left for it, and what it took.
    #[serde(skip)]
    room: usize,
    #[serde(skip)]
    taken: usize,
}

#[derive(Serialize)]
struct FileRow {
    name: String,
    bytes: u64,
    stored_at: Option<jiff::Timestamp>,
    hidden: bool,
    link: String,
}

impl Shown {
    /// Of a dataset with these columns, in what is left of the page's room.
    pub(super) fn new(columns: &Columns, left: usize) -> Self {
        let heads: Vec<_> = columns.heads().map(cut).collect();
        Self {
            taken: weight(&heads),
            heads,
            room: left / SHARE,
            ..Self::default()
        }
    }

    /// Bytes that it takes.
    pub(super) fn taken(&self) -> usize {
        self.taken
    }

    /// Takes a record in, as long as there is room.
    pub(super) fn record(&mut self, columns: &Columns, record: &Attributes) -> Result<(), PackageError> {
        if self.rows.len() < MAX_ROWS && self.taken < self.room {
            let row: Vec<_> = columns.cells(record)?.iter().map(|cell| cut(cell)).collect();
            if self.takes(weight(&row)) {
                self.rows.push(row);
            }
        }
        Ok(())
    }

    /// Likewise a file.
    pub(super) fn file(&mut self, attachment: &Attachment, entry: &Entry) {
        let name = cut(attachment.name.expose());
        let link = utf8_percent_encode(&entry.path, PATH).to_string();
        if self.files.len() < MAX_ROWS && self.takes(name.len() + link.len() + 2 * AROUND) {
            self.files.push(FileRow {
                name,
                bytes: entry.bytes,
                stored_at: attachment.stored_at,
                hidden: attachment.hidden,
                link,
            });
        }
    }

    /// Whether there is room for so many bytes; once there is not, nothing further is shown, or rows would be missing
    /// in the middle.
    fn takes(&mut self, bytes: usize) -> bool {
        let fits = self.taken + bytes <= self.room;
        self.taken = if fits {
            self.taken + bytes
        } else {
            self.room.max(self.taken)
        };
        fits
    }
}

fn weight(cells: &[String]) -> usize {
    cells.iter().map(|cell| cell.len() + AROUND).sum()
}

fn cut(cell: &str) -> String {
    if cell.len() <= MAX_CELL {
        return cell.to_owned();
    }
    format!("{}…", &cell[..cell.floor_char_boundary(MAX_CELL)])
}

#[derive(Template)]
#[template(path = "page.html")]
struct Html<'a> {
    about: &'a About,
    told: &'a [Told],
    style: &'static str,
    style_hash: String,
    script: &'static str,
    script_hash: String,
    data: String,
}

/// The whole page.
pub(super) fn render(about: &About, told: &[Told], shown: &[Shown]) -> Result<String, PackageError> {
    let page = Html {
        about,
        told,
        style: STYLE,
        style_hash: hash(STYLE),
        script: SCRIPT,
        script_hash: hash(SCRIPT),
        data: embedded(&serde_json::to_string(shown)?),
    };
    Ok(page.render()?)
}

fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// JSON that cannot end the element it stands in. These letters are in its strings only, where an escape means the same.
fn embedded(json: &str) -> String {
    json.replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::vault::Value;

    #[test]
    fn a_page_stays_small_whatever_a_package_holds_and_shows_some_of_each_dataset() {
        let record = Attributes::from([("text".to_owned(), Value::S("<x>".repeat(600)))]);
        let mut columns = Columns::default();
        columns.add(&record);
        let (mut left, mut rows) = (MAX_BYTES, vec![]);
        for _ in 0..30 {
            let mut shown = Shown::new(&columns, left);
            (0..2_000).for_each(|_| shown.record(&columns, &record).expect("a row"));
            assert!(shown.taken() <= left / SHARE);
            left -= shown.taken();
            rows.push(shown.rows.len());
        }
        assert!(rows[0] > 400 && rows[29] > 5, "{rows:?}");
    }

    #[test]
    fn what_is_shown_has_no_gap() {
        let text = |n: usize| Attributes::from([("text".to_owned(), Value::S("x".repeat(n)))]);
        let mut columns = Columns::default();
        columns.add(&text(1));
        let mut shown = Shown::new(&columns, 8 * 1_000);
        for length in [400, 700, 1] {
            shown.record(&columns, &text(length)).expect("a row");
        }
        assert_eq!(shown.rows.len(), 1, "the short one came after one that is not shown");
    }

    #[test]
    fn data_cannot_end_its_element() {
        let data = embedded(r#"["</script><!--&amp;"]"#);
        assert!(!data.contains(['<', '>', '&']), "{data}");
        assert_eq!(
            serde_json::from_str::<Vec<String>>(&data).expect("JSON"),
            ["</script><!--&amp;"]
        );
    }
}
