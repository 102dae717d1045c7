//! What a check writes down: the code, the path in the file, what is wrong, what to do.

use super::code::Code;
use crate::domain::data_map::Dataset;

/// One thing found, before its place in the file is known.
#[derive(Clone, Debug)]
pub(in crate::domain::data_map) struct Note {
    pub(in crate::domain::data_map) code: Code,
    /// `datasets.2.key.template`
    pub(super) path: String,
    /// The dataset's id.
    pub(super) dataset: Option<String>,
    pub(in crate::domain::data_map) what: String,
    pub(in crate::domain::data_map) remedy: String,
}

/// Everything found so far.
#[derive(Debug, Default)]
pub(in crate::domain::data_map) struct Notes(pub(in crate::domain::data_map) Vec<Note>);

impl Notes {
    pub(super) fn add(
        &mut self,
        code: Code,
        path: impl Into<String>,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.0.push(Note {
            code,
            path: path.into(),
            dataset: None,
            what: what.into(),
            remedy: remedy.into(),
        });
    }

    /// Notes about one dataset, by its place in the file.
    pub(super) fn on<'a>(&'a mut self, n: usize, dataset: &'a Dataset) -> OnDataset<'a> {
        OnDataset {
            notes: self,
            n,
            dataset,
        }
    }
}

/// Writes notes about one dataset.
#[derive(Debug)]
pub(super) struct OnDataset<'a> {
    notes: &'a mut Notes,
    n: usize,
    pub(super) dataset: &'a Dataset,
}

impl OnDataset<'_> {
    pub(super) fn add(&mut self, code: Code, field: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.notes.0.push(Note {
            code,
            path: format!("datasets.{}.{field}", self.n),
            dataset: Some(self.dataset.id.to_string()),
            what: what.into(),
            remedy: remedy.into(),
        });
    }
}
