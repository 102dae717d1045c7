//! The ZIP itself: entries one after the other, each hashed as it is written.
//!
//! Guarantees: nothing is sought back to, so sizes and checksums follow the data; an entry that may outgrow 32 bits is
//! announced as ZIP64. Everything is deflated: readers that do not look at the directory first (macOS) cannot find the
//! end of an entry that is stored without its size.

use std::io::{self, Write};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use zip::result::ZipError;
use zip::write::{SimpleFileOptions, StreamWriter, ZipWriter};
use zip::{CompressionMethod, DateTime};

use super::outlet::Outlet;

/// From this size on an entry is ZIP64. Short of 4 GiB, because deflate may add a little to what cannot be compressed.
const LARGE: u64 = 4_000_000_000;

/// Why a package cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// The archive's form does not allow it.
    #[error("the archive cannot hold this")]
    Archive(#[from] ZipError),
    /// The bytes cannot be passed on.
    #[error("the archive's bytes cannot be passed on")]
    Io(#[from] io::Error),
    /// A record or the manifest cannot be told in JSON.
    #[error("a record cannot be told in JSON")]
    Json(#[from] serde_json::Error),
    /// A record cannot be a row.
    #[error("a record cannot be told as a row")]
    Row(#[from] csv::Error),
    /// The page cannot be made.
    #[error("the page cannot be made")]
    Page(#[from] askama::Error),
    /// A file is not as long as was said.
    #[error("a file has {found} bytes instead of {expected}")]
    Length {
        /// As the source said.
        expected: u64,
        /// As it came.
        found: u64,
    },
}

/// How well an entry is to be compressed.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// Records and pages: small on the way matters.
    Text,
    /// Somebody's file, mostly compressed already: time matters.
    File,
}

/// An entry as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

struct Open {
    path: String,
    bytes: u64,
    hash: Sha256,
}

/// An archive being written. What is written goes to the entry begun last.
pub(super) struct Archive {
    zip: ZipWriter<StreamWriter<Outlet>>,
    time: DateTime,
    open: Option<Open>,
}

impl Archive {
    /// Begins; every entry bears this time.
    pub(super) fn new(out: Outlet, at: Timestamp) -> Self {
        Self {
            zip: ZipWriter::new_stream(out),
            time: dos_time(at),
            open: None,
        }
    }

    /// Begins an entry of about `size` bytes.
    pub(super) fn begin(&mut self, path: String, content: Content, size: u64) -> Result<(), PackageError> {
        let level = match content {
            Content::Text => 6,
            // The fastest, 1, lets what cannot be compressed grow by a twentieth.
            Content::File => 2,
        };
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level))
            .last_modified_time(self.time)
            .unix_permissions(0o644)
            .large_file(size >= LARGE);
        self.zip.start_file(&*path, options)?;
        self.open = Some(Open {
            path,
            bytes: 0,
            hash: Sha256::new(),
        });
        Ok(())
    }

    /// Ends the entry; none if none was begun.
    pub(super) fn end(&mut self) -> Option<Entry> {
        self.open.take().map(|open| Entry {
            path: open.path,
            bytes: open.bytes,
            sha256: hex::encode(open.hash.finalize()),
        })
    }

    /// Writes the directory.
    pub(super) fn finish(self) -> Result<(), PackageError> {
        self.zip.finish()?;
        Ok(())
    }
}

impl Write for Archive {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let Some(open) = &mut self.open else {
            return Err(io::Error::other("no entry was begun"));
        };
        let taken = self.zip.write(piece)?;
        open.bytes += taken as u64;
        open.hash.update(&piece[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The form of 1980, in UTC; what does not fit is the first day it knows.
fn dos_time(at: Timestamp) -> DateTime {
    let utc = at.to_zoned(TimeZone::UTC);
    let part = |value: i8| value.unsigned_abs();
    u16::try_from(utc.year())
        .ok()
        .and_then(|year| {
            let (month, day) = (part(utc.month()), part(utc.day()));
            let (hour, minute, second) = (part(utc.hour()), part(utc.minute()), part(utc.second()));
            DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
        })
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of(content: &[u8]) -> u64 {
        let outlet = Outlet::default();
        let mut archive = Archive::new(outlet.clone(), Timestamp::UNIX_EPOCH);
        archive
            .begin("a".to_owned(), Content::File, content.len() as u64)
            .expect("begins");
        archive.write_all(content).expect("written");
        archive.end().expect("an entry");
        archive.finish().expect("a directory");
        outlet.passed().0
    }

    #[test]
    fn what_cannot_be_compressed_hardly_grows() {
        let mut state = 88_172_645_463_325_252_u64;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()
        })
        .take(1 << 17)
        .flatten()
        .collect();
        let size = size_of(&noise);
        assert!(size < (noise.len() + 2_000) as u64, "{size}");
        assert!(size_of(&vec![7; 1 << 20]) < 20_000);
    }

    #[test]
    fn every_instant_has_a_form() {
        let form = |at: &str| dos_time(at.parse().expect("an instant")).to_string();
        assert_eq!(form("2026-03-04T05:06:08Z"), "2026-03-04 05:06:08");
        assert_eq!(
            form("1970-01-01T00:00:00Z"),
            "1980-01-01 00:00:00",
            "the first it knows"
        );
        assert_eq!(form("9000-01-01T00:00:00Z"), "1980-01-01 00:00:00");
    }

    #[test]
    fn nothing_is_written_outside_an_entry() {
        let mut archive = Archive::new(Outlet::default(), Timestamp::UNIX_EPOCH);
        assert!(archive.write_all(b"a").is_err());
        assert_eq!(archive.end(), None);
    }
}
