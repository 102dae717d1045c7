//! What is wrong with a data map: every mistake at once, each with its line, a stable code and the remedy. Pure.
//!
//! ```text
//! the file --node--> a tree with places --shape--> datasets --sense, whole, overlap--> mistakes
//!                                            and a description --tables, indexes, buckets, around--> mistakes
//! ```
//!
//! Guarantees: a map without mistakes is one that [`DataMap::parse`] reads; a mistake in one dataset hides none in another.
//! A [`Code`] that is a doubt is said and stops nothing. `check` is what reading a stored map looks at as well. Where
//! next: `code` lists all there is.

mod around;
mod buckets;
mod code;
mod fields;
mod indexes;
mod node;
mod notes;
mod overlap;
mod sense;
mod shape;
mod tables;
#[cfg(test)]
mod tests;
mod typed;
mod whole;

use std::fmt;

pub use self::code::Code;
use self::node::{At, Node};
use self::notes::{Note, Notes};
use super::description::Description;
use super::{DataMap, Dataset, Exclusion, Place};

/// One thing that is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// The line in the file, from one.
    pub line: u64,
    /// The character in the line, from one.
    pub column: u64,
    /// Its kind.
    pub code: Code,
    /// The dataset it is in, if it is in one.
    pub dataset: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// A data map as far as it could be read, and what was found.
#[derive(Debug, Default)]
pub struct Linted {
    draft: Draft,
}

/// The parts of a file that are what they should be, with their places in it.
#[derive(Debug, Default)]
struct Draft {
    root: Option<Node>,
    version: Option<u32>,
    /// How many datasets the file lists, good or bad.
    listed: usize,
    datasets: Vec<(usize, Dataset)>,
    application: Vec<String>,
    excluded: Vec<(usize, Exclusion)>,
    mistakes: Vec<Mistake>,
}

/// Everything a file by itself shows to be wrong.
pub fn lint(yaml: &str) -> Linted {
    let mut linted = match Node::parse(yaml) {
        Ok(root) => Linted {
            draft: shape::draft(root),
        },
        Err((at, why)) => {
            let mut linted = Linted::default();
            let remedy = "correct the line; most often an indentation, a quote or a bracket is missing before it";
            linted
                .draft
                .mistakes
                .push(Mistake::new(Code::Yaml, at, None, why, remedy));
            return linted;
        }
    };
    let mut notes = Notes::default();
    let draft = &linted.draft;
    let datasets = || draft.datasets.iter().map(|(n, dataset)| (*n, dataset));
    whole::file(draft.version, draft.listed, datasets(), &mut notes);
    whole::names(&draft.application, &draft.excluded, &draft.datasets, &mut notes);
    datasets().for_each(|(n, dataset)| sense::dataset(n, dataset, &mut notes));
    overlap::check(&draft.datasets, &mut notes);
    linted.take(notes);
    linted
}

impl Linted {
    /// Everything that is wrong between the map and what it names, besides.
    #[must_use]
    pub fn against(mut self, description: &Description) -> Self {
        let mut notes = Notes::default();
        for (n, dataset) in &self.draft.datasets {
            let mut on = notes.on(*n, dataset);
            match &dataset.place {
                Place::Dynamodb(place) => tables::check(&mut on, place, description.tables.get(&place.table)),
                Place::S3(place) => buckets::check(&mut on, place, description.buckets.get(&place.bucket)),
            }
        }
        // What a dataset that could not be read names is not known: nothing around it can be called unnamed.
        if self.draft.datasets.len() == self.draft.listed {
            around::check(&self.map(), &self.draft.excluded, description, &mut notes);
        }
        self.take(notes);
        self
    }

    /// What could be read of the map; all of it, if nothing is wrong.
    pub fn map(&self) -> DataMap {
        let draft = &self.draft;
        DataMap {
            v: draft.version.unwrap_or(1),
            datasets: draft.datasets.iter().map(|(_, dataset)| dataset.clone()).collect(),
            application: draft.application.clone(),
            excluded: draft.excluded.iter().map(|(_, exclusion)| exclusion.clone()).collect(),
        }
    }

    /// Everything found, doubts too, in the order of the file.
    pub fn mistakes(&self) -> &[Mistake] {
        &self.draft.mistakes
    }

    /// Whether the map may be applied.
    pub fn is_sound(&self) -> bool {
        self.draft.mistakes.iter().all(|mistake| mistake.code.is_doubt())
    }

    /// Gives notes their places.
    fn take(&mut self, notes: Notes) {
        let found = notes.0.into_iter().map(|note| {
            let at = self
                .draft
                .root
                .as_ref()
                .map_or(At::START, |root| root.locate(&note.path));
            let Note {
                code,
                dataset,
                what,
                remedy,
                ..
            } = note;
            Mistake::new(code, at, dataset.as_deref(), what, remedy)
        });
        let found: Vec<Mistake> = found.collect();
        self.draft.mistakes.extend(found);
        self.draft.mistakes.sort();
    }
}

/// What bars reading a map that was applied, as [`DataMap::parse`] tells it.
pub(super) fn check(map: &DataMap) -> Vec<String> {
    let mut notes = Notes::default();
    let datasets = || map.datasets.iter().enumerate();
    whole::file(Some(map.v), map.datasets.len(), datasets(), &mut notes);
    datasets().for_each(|(n, dataset)| sense::dataset(n, dataset, &mut notes));
    let barring = notes.0.into_iter().filter(|note| note.code.bars_reading());
    let told = barring.map(|note| match note.dataset {
        Some(dataset) => format!("dataset {dataset}: {}; {}", note.what, note.remedy),
        None => format!("{}; {}", note.what, note.remedy),
    });
    told.collect()
}

impl Mistake {
    fn new(code: Code, at: At, dataset: Option<&str>, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            line: at.line,
            column: at.column,
            code,
            dataset: dataset.map(str::to_owned),
            what: what.into(),
            remedy: remedy.into(),
        }
    }
}

/// `12:5: mistake[ttl_off]: dataset messages: ...`, and the remedy below.
impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = if self.code.is_doubt() { "doubt" } else { "mistake" };
        write!(f, "{}:{}: {weight}[{}]: ", self.line, self.column, self.code)?;
        if let Some(dataset) = &self.dataset {
            write!(f, "dataset {dataset}: ")?;
        }
        write!(f, "{}\n    remedy: {}", self.what, self.remedy)
    }
}
