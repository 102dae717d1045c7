//! A dataset against its bucket: whether a deleted object can be brought back, and later be destroyed.

use super::code::Code;
use super::notes::OnDataset;
use crate::domain::data_map::S3Place;
use crate::domain::data_map::description::{Bucket, Look};

/// What is wrong between one dataset and its bucket.
pub(super) fn check(on: &mut OnDataset<'_>, place: &S3Place, look: Option<&Look<Bucket>>) {
    let name = &place.bucket;
    match look {
        None | Some(Look::Missing) => on.add(
            Code::BucketUnknown,
            "bucket",
            format!("bucket {name} does not exist"),
            "check the name",
        ),
        Some(Look::Refused(why)) => on.add(
            Code::BucketUnreadable,
            "bucket",
            format!("bucket {name} could not be looked at: {why}"),
            "run this with s3:GetBucketVersioning and s3:GetBucketObjectLockConfiguration on it; check that it is this \
             account's, and that its policy refuses neither you nor Lethe's roles",
        ),
        Some(Look::Found(bucket)) => found(on, name, bucket),
    }
}

fn found(on: &mut OnDataset<'_>, name: &str, bucket: &Bucket) {
    if !bucket.versioned {
        let what = format!("bucket {name} keeps no versions: a deleted object could not be brought back");
        on.add(Code::BucketUnversioned, "bucket", what, "turn versioning on");
    }
    if bucket.mfa_delete {
        let what = format!("bucket {name} has MFA delete: only the root user destroys versions, Lethe could not");
        on.add(
            Code::BucketMfaDelete,
            "bucket",
            what,
            "turn MFA delete off; Lethe's own approvals stand in its place",
        );
    }
    if let Some(time) = &bucket.locked_for {
        let what =
            format!("bucket {name} locks each new version for {time}: until then nothing of it can be destroyed");
        let remedy =
            "move the data to a bucket without default retention, or keep it by retain: as long as it is locked";
        on.add(Code::BucketLocked, "bucket", what, remedy);
    } else if bucket.lockable {
        let what = format!("bucket {name} has Object Lock: a version that somebody locked cannot be destroyed");
        let remedy = "lock no objects of persons in it; a locked one ends in a finding";
        on.add(Code::BucketLockable, "bucket", what, remedy);
    }
}
