//! Objects in S3: sealed manifests and outcomes ([`S3Manifests`]), and the configuration ([`S3Config`]).
//!
//! Every put names SSE-KMS and the key itself: a bucket's default would do on AWS, but a put that says nothing would be
//! silently unencrypted by another key wherever that default was changed. Keys come from `domain::object_keys`.

mod config;
mod manifests;

pub use config::S3Config;
pub use manifests::S3Manifests;

/// S3's own codes and ours.
const CODES: [(&str, &str); 4] = [
    ("NoSuchBucket", "bucket_gone"),
    ("NoSuchKey", "object_gone"),
    ("NoSuchVersion", "object_gone"),
    ("InvalidRange", "corrupt"),
];
