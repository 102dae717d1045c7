//! `manifest.json`: what a part holds, for programs and auditors.
//!
//! Guarantee: it names every other file of its part with bytes and SHA-256, so that it vouches for all of them; what
//! vouches for the part is the SHA-256 of the archive, which the request shows.

use jiff::Timestamp;
use serde::Serialize;

use super::archive::Entry;
use super::writer::{Attachment, Chapter};
use crate::domain::personal::Personal;

/// The form of the manifest.
const VERSION: u32 = 1;

/// Whose package, made when and by what. The same in all of its parts but for the number.
#[derive(Clone, Debug, Serialize)]
pub struct About {
    /// The request's id.
    pub request: String,
    /// The tenant.
    pub tenant: String,
    /// Whose data it is.
    pub subject: Subject,
    /// When writing began; every entry bears this time.
    pub generated_at: Timestamp,
    /// By which version of Lethe.
    pub generated_by: String,
    /// Which part.
    pub part: PartNumber,
    /// What was not copied, in the data map's order.
    pub left_out: Vec<LeftOut>,
}

/// Whose data it is.
#[derive(Clone, Debug, Serialize)]
pub struct Subject {
    /// The application's own id.
    pub id: Personal,
    /// Their name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Personal>,
    /// Their address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Personal>,
}

/// A part's place among its siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PartNumber {
    /// From 1.
    pub number: u32,
    /// How many there are.
    pub of: u32,
}

/// Records that no part holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Of which dataset.
    pub dataset: String,
    /// How many, if anybody knows.
    pub records: Option<u64>,
    /// Why, in words for a person.
    pub ground: String,
}

/// What became of one dataset in this part.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Told {
    #[serde(flatten)]
    pub(super) chapter: Chapter,
    pub(super) folder: String,
    /// Records and files in this part.
    pub(super) records_here: u64,
    pub(super) files_here: u64,
}

/// A file of the part; what was somebody's file has its own name too.
#[derive(Serialize)]
pub(super) struct Listed {
    #[serde(flatten)]
    pub(super) entry: Entry,
    #[serde(flatten)]
    pub(super) attachment: Option<Attachment>,
}

#[derive(Serialize)]
pub(super) struct Manifest<'a> {
    v: u32,
    #[serde(flatten)]
    about: &'a About,
    datasets: &'a [Told],
    files: &'a [Listed],
}

impl<'a> Manifest<'a> {
    pub(super) fn new(about: &'a About, datasets: &'a [Told], files: &'a [Listed]) -> Self {
        Self {
            v: VERSION,
            about,
            datasets,
            files,
        }
    }
}
