//! Objects as an export copies them, by version.

use jiff::Timestamp;

use super::calls::foreign_line;
use super::journal;
use super::{SimSources, State};
use crate::domain::data_map::{Dataset, Place, S3Place};
use crate::ports::{Fault, Original, Originals, Version};

const LOOK: &str = "look at object";
const READ: &str = "read object";

impl Originals for SimSources {
    async fn look(&self, dataset: &Dataset, object: Version<'_>) -> Result<Option<Original>, Fault> {
        let bucket = &place(LOOK, dataset)?.bucket;
        let look = |state: &mut State| {
            let (version, body) = state.content(bucket, object)?;
            Some(Original {
                bytes: body.len() as u64,
                // As a listing says it: in whole seconds.
                stored_at: Timestamp::from_second(version.made.as_second()).ok(),
            })
        };
        self.ask(LOOK, bucket, look).await
    }

    async fn read(
        &self,
        dataset: &Dataset,
        object: Version<'_>,
        offset: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let bucket = &place(READ, dataset)?.bucket;
        let read = |state: &mut State| {
            let Some((_, body)) = state.content(bucket, object) else {
                return Ok(None);
            };
            range(body.as_bytes(), offset, length)
                .map(|bytes| Some(bytes.to_vec()))
                .ok_or_else(|| Fault::permanent(READ, "source_refused", "the range reaches past the object's end"))
        };
        self.ask(READ, bucket, read).await?
    }
}

impl State {
    /// A version that is there and is no delete marker.
    fn content(&self, bucket: &str, object: Version<'_>) -> Option<(&journal::Version, &str)> {
        let history = self.buckets[bucket].objects.get(object.key)?;
        let version = history.iter().find(|version| version.id == object.version)?;
        Some((version, version.body.as_deref()?))
    }
}

fn place<'d>(op: &'static str, dataset: &'d Dataset) -> Result<&'d S3Place, Fault> {
    match &dataset.place {
        Place::S3(place) => Ok(place),
        Place::Dynamodb(_) => Err(foreign_line(op)),
    }
}

fn range(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let from = usize::try_from(offset).ok()?;
    let to = from.checked_add(usize::try_from(length).ok()?)?;
    bytes.get(from..to)
}
