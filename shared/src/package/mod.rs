//! An export's package: ZIP archives that a person can open and an auditor can check.
//!
//! ```text
//! index.html                    what this is; the beginning of each table, to page and to search
//! manifest.json                 whose, what, how much, left out why; bytes and SHA-256 of every other file
//! 01-messages/records.ndjson    every record, one plain JSON text a line, exact
//! 01-messages/records.csv       the same as a table
//! 02-files/files/000001-a.pdf   a file as it was stored
//! ```
//!
//! Guarantees:
//! * Written from the first byte to the last, never seeking: what is held in memory does not grow with a part's bytes,
//!   only by a bounded line for each of its [`MAX_FILES`] files.
//! * The same content gives the same bytes: order and times are given, nothing is read here.
//! * Nothing that a record holds becomes a path, a script, a formula or markup.
//!
//! Pure: no clock, no runtime, no SDK. [`PartWriter`] takes records and pieces of files and gives bytes to an
//! [`Outlet`], which whoever uploads empties in between. Where next: [`parts`] says what goes into which part.

mod archive;
mod columns;
mod manifest;
mod names;
mod outlet;
mod page;
pub mod parts;
mod plain;
mod writer;

pub use archive::PackageError;
pub use columns::{Columns, MAX_COLUMNS};
pub use manifest::{About, LeftOut, PartNumber, Subject};
pub use outlet::Outlet;
pub use parts::MAX_FILES;
pub use writer::{Attachment, Chapter, PartWriter, Written};
