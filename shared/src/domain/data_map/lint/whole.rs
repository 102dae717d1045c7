//! What cannot be meant by the file as a whole: its version, ids given twice, what is excluded.

use std::collections::BTreeSet;

use super::code::Code;
use super::notes::Notes;
use crate::domain::data_map::{Dataset, Exclusion, Place};

/// What is wrong with the version, the number of datasets and their ids.
pub(in crate::domain::data_map) fn file<'a>(
    version: Option<u32>,
    listed: usize,
    datasets: impl Iterator<Item = (usize, &'a Dataset)>,
    notes: &mut Notes,
) {
    if let Some(other) = version.filter(|version| *version != 1) {
        let what = format!("v: {other} is not a format version this Lethe knows");
        notes.add(Code::VersionUnknown, "v", what, "write v: 1");
    }
    if listed == 0 {
        let remedy = "name at least one place where personal data lives";
        notes.add(Code::NoDatasets, "datasets", "datasets: is empty", remedy);
    }
    let mut ids = BTreeSet::new();
    for (n, dataset) in datasets {
        if !ids.insert(&dataset.id) {
            let what = "the id is used twice";
            notes
                .on(n, dataset)
                .add(Code::IdTwice, "id", what, "give each dataset its own");
        }
    }
}

/// What is wrong with what the file says about names that are no dataset's.
pub(super) fn names(
    application: &[String],
    excluded: &[(usize, Exclusion)],
    datasets: &[(usize, Dataset)],
    notes: &mut Notes,
) {
    if application.iter().any(|beginning| beginning.trim().is_empty()) {
        let what = "application: every name begins with nothing";
        let remedy = "name what your tables and buckets begin with, or leave application out to mean all of them";
        notes.add(Code::ApplicationBlank, "application", what, remedy);
    }
    for (n, exclusion) in excluded {
        excluding(*n, exclusion, datasets, notes);
    }
}

fn excluding(n: usize, exclusion: &Exclusion, datasets: &[(usize, Dataset)], notes: &mut Notes) {
    let path = format!("excluded.{n}");
    if exclusion.reason.trim().is_empty() {
        let what = "excluded: the reason is blank";
        let remedy = "say why it holds no personal data, or why it is not Lethe's to erase";
        notes.add(Code::ExclusionUnreasoned, format!("{path}.reason"), what, remedy);
    }
    let (Some(name), true) = (
        exclusion.name(),
        exclusion.table.is_none() || exclusion.bucket.is_none(),
    ) else {
        let remedy = "write one entry for each: {table: NAME, reason: ...} or {bucket: NAME, reason: ...}";
        let what = "excluded: an entry names a table or a bucket, one of them";
        return notes.add(Code::ExclusionUnclear, path, what, remedy);
    };
    if name.trim_end_matches('*').trim().is_empty() {
        let what = format!("excluded: `{name}` leaves out everything, and nothing new would ever be noticed");
        let remedy = "name tables and buckets, or how their names begin; or say with application: which are yours";
        return notes.add(Code::ExclusionOfAll, path, what, remedy);
    }
    let named = datasets.iter().find(|(_, dataset)| match &dataset.place {
        Place::Dynamodb(place) => exclusion.table.is_some() && exclusion.covers(&place.table),
        Place::S3(place) => exclusion.bucket.is_some() && exclusion.covers(&place.bucket),
    });
    if let Some((_, dataset)) = named {
        let what = format!("excluded: `{name}` is where dataset {} lives", dataset.id);
        let remedy = "exclude it or erase from it, not both";
        notes.add(Code::ExclusionContradicted, path, what, remedy);
    }
}
