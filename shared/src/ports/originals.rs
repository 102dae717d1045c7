//! Whole objects of a bucket, as an export copies them.

use jiff::Timestamp;

use super::fault::Fault;
use crate::domain::data_map::Dataset;

/// One version of an object.
#[derive(Clone, Copy, Debug)]
pub struct Version<'a> {
    /// Its key.
    pub key: &'a str,
    /// Which version.
    pub version: &'a str,
}

/// What is known of it before it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// Its bytes.
    pub bytes: u64,
    /// When it was stored.
    pub stored_at: Option<Timestamp>,
}

/// Objects as they are, by version: what is read now is what was planned, whatever was written since.
pub trait Originals {
    /// How large it is; none if this version is gone.
    async fn look(&self, dataset: &Dataset, object: Version<'_>) -> Result<Option<Original>, Fault>;
    /// `length` bytes from `offset`, all of them; none if this version is gone.
    async fn read(
        &self,
        dataset: &Dataset,
        object: Version<'_>,
        offset: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, Fault>;
}
