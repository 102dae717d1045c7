//! Whole items of a table: what a dataset in vault mode needs besides [`super::Sources`].

use super::fault::Fault;
use super::sources::Watch;
use crate::domain::data_map::Dataset;
use crate::domain::ids::RequestId;
use crate::domain::manifest::Line;
use crate::domain::vault::Attributes;

/// What a read of one whole item answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whole {
    /// It was more than one answer holds: ask again.
    Unread,
    /// There is no such item.
    Absent,
    /// All of it.
    There(Attributes),
}

/// Items to delete, or to put back.
#[derive(Clone, Copy, Debug)]
pub struct ItemsOrder<'a> {
    /// Where.
    pub dataset: &'a Dataset,
    /// For which request.
    pub request: RequestId,
    /// Which, as they were copied.
    pub items: &'a [Attributes],
}

/// What became of an item that was to be deleted as it was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is gone, and was what was copied.
    Gone,
    /// It is gone, and had attributes by then that its copy has not: all of it, to be kept at once.
    GoneWithMore(Attributes),
    /// It is not as it was copied; nothing was deleted.
    Changed,
    /// It is not there.
    Absent,
    /// No condition can say that it is as it was copied; nothing was deleted.
    Unverifiable,
    /// It cannot be written at all, by a stable code.
    Refused(&'static str),
}

/// What became of an item that was to be put back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutBack {
    /// It is there again.
    Done,
    /// It is there already, just so: an attempt whose answer was lost put it back.
    Same,
    /// The application wrote another one meanwhile, which stays.
    Other,
    /// It cannot be written at all, by a stable code.
    Refused(&'static str),
}

/// Whole items. Answers come one per item, in order; a throttled or unreachable table is a `Transient` fault for the
/// whole call, and so is one that answers nothing that was asked.
pub trait Items {
    /// Reads the lines' items whole and consistently: at least one of them, and as many as one bounded answer holds.
    async fn read_whole(&self, dataset: &Dataset, lines: &[&Line]) -> Result<Vec<Whole>, Fault>;
    /// Deletes each item if it is as it was copied: its version attribute, or else every attribute, and in any case
    /// what a sweep's condition looks at. No answer for an item that was not reached before `watch` ended the work.
    async fn take(&self, order: ItemsOrder<'_>, watch: &impl Watch) -> Result<Vec<Option<Taken>>, Fault>;
    /// Puts each item where there is none.
    async fn put_back(&self, order: ItemsOrder<'_>) -> Result<Vec<PutBack>, Fault>;
}
