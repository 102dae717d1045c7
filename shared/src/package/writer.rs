//! One part, written from its first byte to its last.
//!
//! Guarantee: page and manifest tell what was written, not what was meant to be: they are made from what went through.
//! Records go through twice, for their two forms; a ZIP holds one entry after the other, and nothing is kept meanwhile.

use std::io::Write as _;

use jiff::Timestamp;
use serde::Serialize;

use super::archive::{Archive, Content, PackageError};
use super::columns::{Columns, harmless};
use super::manifest::{About, LeftOut, Listed, Manifest, Told};
use super::names;
use super::outlet::Outlet;
use super::page::{self, Shown};
use super::plain::PlainItem;
use crate::domain::personal::Personal;
use crate::domain::vault::Attributes;

/// Excel reads a table as UTF-8 only after this mark.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// One dataset, as people see it.
#[derive(Clone, Debug, Serialize)]
pub struct Chapter {
    /// Its place in the data map, from 1.
    pub place: u32,
    /// Its name.
    pub dataset: String,
    /// Its category.
    pub category: String,
    /// What it is, for the data subject.
    pub description: String,
    /// Records and files in all parts.
    pub records: u64,
    /// Of those, how many a deletion that is under way has hidden.
    pub hidden: u64,
}

/// A file of somebody's.
#[derive(Clone, Debug, Serialize)]
pub struct Attachment {
    /// Its name, as the source has it.
    pub name: Personal,
    /// When it was stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_at: Option<Timestamp>,
    /// Whether a deletion that is under way has hidden it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Bytes of the archive.
    pub bytes: u64,
    /// Their SHA-256, hexadecimal.
    pub sha256: String,
}

/// The file that is being written, and how long it was said to be.
struct Expected {
    attachment: Attachment,
    bytes: u64,
}

/// A part in the making: a chapter, its records, their rows, its files; then the next chapter.
pub struct PartWriter {
    about: About,
    outlet: Outlet,
    archive: Archive,
    columns: Columns,
    told: Vec<Told>,
    shown: Vec<Shown>,
    listed: Vec<Listed>,
    expected: Option<Expected>,
}

impl PartWriter {
    /// Begins a part.
    pub fn new(about: About, outlet: Outlet) -> Self {
        Self {
            archive: Archive::new(outlet.clone(), about.generated_at),
            about,
            outlet,
            columns: Columns::default(),
            told: vec![],
            shown: vec![],
            listed: vec![],
            expected: None,
        }
    }

    /// Begins a dataset, whose records have these columns.
    pub fn chapter(&mut self, chapter: Chapter, columns: Columns) -> Result<(), PackageError> {
        self.end_entry()?;
        let taken: usize = self.shown.iter().map(Shown::taken).sum();
        self.shown
            .push(Shown::new(&columns, page::MAX_BYTES.saturating_sub(taken)));
        self.columns = columns;
        self.told.push(Told {
            folder: names::folder(chapter.place, &chapter.dataset),
            chapter,
            records_here: 0,
            files_here: 0,
        });
        Ok(())
    }

    /// Begins its records, of about `bytes` in all.
    pub fn begin_records(&mut self, bytes: u64) -> Result<(), PackageError> {
        self.begin("records.ndjson", bytes)
    }

    /// Some more of them.
    pub fn records(&mut self, records: &[Attributes]) -> Result<(), PackageError> {
        for record in records {
            serde_json::to_writer(&mut self.archive, &PlainItem(record))?;
            self.archive.write_all(b"\n")?;
            if let Some(shown) = self.shown.last_mut() {
                shown.record(&self.columns, record)?;
            }
        }
        if let Some(told) = self.told.last_mut() {
            told.records_here += records.len() as u64;
        }
        Ok(())
    }

    /// Begins the same records as rows.
    pub fn begin_rows(&mut self, bytes: u64) -> Result<(), PackageError> {
        // Quotes within quotes are doubled.
        self.begin("records.csv", bytes.saturating_mul(2))?;
        self.archive.write_all(BYTE_ORDER_MARK)?;
        let mut table = csv::Writer::from_writer(&mut self.archive);
        table.write_record(self.columns.heads().map(|head| harmless(head).into_owned()))?;
        Ok(table.flush()?)
    }

    /// Some more of them.
    pub fn rows(&mut self, records: &[Attributes]) -> Result<(), PackageError> {
        let mut table = csv::Writer::from_writer(&mut self.archive);
        for record in records {
            let cells = self.columns.cells(record)?;
            table.write_record(cells.iter().map(|cell| harmless(cell).into_owned()))?;
        }
        Ok(table.flush()?)
    }

    /// Begins a file: `number` within its dataset, over all parts, from 1.
    pub fn begin_file(&mut self, number: u64, attachment: Attachment, bytes: u64) -> Result<(), PackageError> {
        self.end_entry()?;
        let path = names::file(&self.folder(), number, attachment.name.expose());
        self.archive.begin(path, Content::File, bytes)?;
        self.expected = Some(Expected { attachment, bytes });
        if let Some(told) = self.told.last_mut() {
            told.files_here += 1;
        }
        Ok(())
    }

    /// Some more of its bytes.
    pub fn bytes(&mut self, piece: &[u8]) -> Result<(), PackageError> {
        Ok(self.archive.write_all(piece)?)
    }

    /// A record of the dataset that is being written is in no part after all: page and manifest of this one say so.
    pub fn leave_out(&mut self, ground: &str) {
        let dataset = self
            .told
            .last()
            .map_or_else(String::new, |told| told.chapter.dataset.clone());
        let known = self.about.left_out.iter_mut();
        let mut same = known.filter(|one| one.dataset == dataset && one.ground == ground);
        if let Some(records) = same.next().and_then(|one| one.records.as_mut()) {
            *records += 1;
        } else {
            self.about.left_out.push(LeftOut {
                dataset,
                records: Some(1),
                ground: ground.to_owned(),
            });
        }
    }

    /// Page, manifest, directory.
    pub fn finish(mut self) -> Result<Written, PackageError> {
        self.end_entry()?;
        let html = page::render(&self.about, &self.told, &self.shown)?;
        self.archive
            .begin("index.html".to_owned(), Content::Text, html.len() as u64)?;
        self.archive.write_all(html.as_bytes())?;
        self.end_entry()?;
        self.archive.begin("manifest.json".to_owned(), Content::Text, 0)?;
        let manifest = Manifest::new(&self.about, &self.told, &self.listed);
        serde_json::to_writer_pretty(&mut self.archive, &manifest)?;
        self.archive.finish()?;
        let (bytes, sha256) = self.outlet.passed();
        Ok(Written { bytes, sha256 })
    }

    fn begin(&mut self, file: &str, bytes: u64) -> Result<(), PackageError> {
        self.end_entry()?;
        let path = format!("{}/{file}", self.folder());
        self.archive.begin(path, Content::Text, bytes)
    }

    fn folder(&self) -> String {
        self.told.last().map_or_else(String::new, |told| told.folder.clone())
    }

    /// Ends what is being written; a file must have come whole.
    fn end_entry(&mut self) -> Result<(), PackageError> {
        let Some(entry) = self.archive.end() else { return Ok(()) };
        let attachment = match self.expected.take() {
            Some(Expected { bytes, .. }) if bytes != entry.bytes => {
                return Err(PackageError::Length {
                    expected: bytes,
                    found: entry.bytes,
                });
            }
            expected => expected.map(|expected| expected.attachment),
        };
        if let (Some(attachment), Some(shown)) = (&attachment, self.shown.last_mut()) {
            shown.file(attachment, &entry);
        }
        self.listed.push(Listed { entry, attachment });
        Ok(())
    }
}
