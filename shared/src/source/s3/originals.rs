//! Objects as an export copies them: looked at and read by version, in ranges.
//!
//! Guarantees: the bytes are those of the version that was asked for, whatever was written over it since, and as many as
//! were asked for. A version that is gone is told from a bucket that is, and from one that may not be read: S3 refuses to
//! say so in the answer itself (to a HEAD there is no text, and without the right to list a whole bucket what is missing
//! is forbidden), so the version is looked for in the listing.

use std::collections::BTreeSet;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use jiff::Timestamp;

use super::Buckets;
use crate::domain::data_map::S3Place;
use crate::ports::{Fault, Original, Version};
use crate::source::fault;

const LOOK: &str = "looking at an object";
const READ: &str = "reading an object";

impl Buckets {
    /// How large a version is, and when it was stored.
    pub(in crate::source) async fn look_at(
        &self,
        place: &S3Place,
        object: Version<'_>,
    ) -> Result<Option<Original>, Fault> {
        let call = self.client.head_object().bucket(&place.bucket).key(object.key);
        match call.version_id(object.version).send().await {
            Ok(answer) => original(answer.content_length(), answer.last_modified()).map(Some),
            Err(error) => self.gone_or(LOOK, place, object, error).await.map(|()| None),
        }
    }

    /// A range of a version, whole.
    pub(in crate::source) async fn read_range(
        &self,
        place: &S3Place,
        object: Version<'_>,
        (offset, length): (u64, u64),
    ) -> Result<Option<Vec<u8>>, Fault> {
        // A range cannot be empty; whether the version is there is still to be told.
        let Some(last) = length.checked_sub(1).map(|more| offset.saturating_add(more)) else {
            return Ok(self.look_at(place, object).await?.map(|_| vec![]));
        };
        let call = self.client.get_object().bucket(&place.bucket).key(object.key);
        let call = call.version_id(object.version).range(format!("bytes={offset}-{last}"));
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => return self.gone_or(READ, place, object, error).await.map(|()| None),
        };
        let whole = answer.content_range().is_none();
        let bytes = answer.body.collect().await.map_err(|e| Fault::transient(READ, e))?;
        ranged(bytes.to_vec(), whole, (offset, length)).map(Some)
    }

    /// Whether a refusal means that there is no such version (a delete marker, which has no content, is none either);
    /// else the fault it is.
    async fn gone_or<E>(
        &self,
        operation: &'static str,
        place: &S3Place,
        object: Version<'_>,
        error: SdkError<E, HttpResponse>,
    ) -> Result<(), Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map(|answer| answer.status().as_u16());
        if !matches!(status, Some(403..=405)) {
            return Err(fault::of_sdk(operation, error));
        }
        let found = self.look_up(&place.bucket, &BTreeSet::from([object.key])).await?;
        let mut versions = found.values().flat_map(|history| &history.versions);
        if versions.any(|version| version.id == object.version) {
            return Err(fault::of_sdk(operation, error));
        }
        Ok(())
    }
}

/// As many bytes as were asked for. A server may answer a range with the whole (RFC 9110, 14.2), as emulators do.
fn ranged(bytes: Vec<u8>, whole: bool, (offset, length): (u64, u64)) -> Result<Vec<u8>, Fault> {
    let short = || Fault::transient(READ, "not as many bytes as were asked for");
    if !whole {
        let all = bytes.len() as u64 == length;
        return all.then_some(bytes).ok_or_else(short);
    }
    let end = offset.checked_add(length).and_then(|end| usize::try_from(end).ok());
    let start = usize::try_from(offset).ok();
    let part = start.zip(end).and_then(|(start, end)| bytes.get(start..end));
    part.map(<[u8]>::to_vec).ok_or_else(short)
}

fn original(bytes: Option<i64>, stored_at: Option<&aws_sdk_s3::primitives::DateTime>) -> Result<Original, Fault> {
    let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
    Ok(Original {
        bytes: bytes.ok_or_else(|| Fault::permanent(LOOK, "source_refused", "an object without a size"))?,
        stored_at: stored_at.and_then(|at| Timestamp::from_nanosecond(at.as_nanos()).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_from_the_whole_and_never_short() {
        let whole = || b"abcdefg".to_vec();
        assert_eq!(ranged(whole(), true, (2, 3)).expect("there"), b"cde");
        assert_eq!(ranged(b"cde".to_vec(), false, (2, 3)).expect("there"), b"cde");
        for (bytes, whole, range) in [
            (b"abcdefg".to_vec(), true, (5, 3)),
            (b"cd".to_vec(), false, (2, 3)),
            (b"abcdefg".to_vec(), true, (u64::MAX, 1)),
        ] {
            assert!(
                matches!(ranged(bytes, whole, range), Err(Fault::Transient { .. })),
                "{range:?}"
            );
        }
    }
}
