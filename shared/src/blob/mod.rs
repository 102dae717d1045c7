//! Objects in S3: sealed manifests and outcomes ([`S3Manifests`]), sealed copies ([`S3Vault`]), and the configuration
//! ([`S3Config`]).
//!
//! Every put names SSE-KMS and the key itself: a bucket's default would do on AWS, but a put that says nothing would be
//! silently unencrypted by another key wherever that default was changed. Keys come from `domain::object_keys`.

mod config;
mod exports;
mod manifests;
mod vault;

pub use config::{DATA_MAP, S3Config};
pub use exports::S3Exports;
pub use manifests::S3Manifests;
pub use vault::S3Vault;

/// S3's own codes and ours.
const CODES: [(&str, &str); 4] = [
    ("NoSuchBucket", "bucket_gone"),
    ("NoSuchKey", "object_gone"),
    ("NoSuchVersion", "object_gone"),
    ("InvalidRange", "corrupt"),
];
