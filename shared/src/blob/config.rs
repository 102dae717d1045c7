//! [`S3Config`]: policy and data map as they were applied, in a versioned bucket.
//!
//! The objects are the files as somebody wrote them, comments and all; what is compared is the digest of what they say.
//! A version never changes, so a pinned data map is read from S3 once per process; the newest one is asked for each time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::ServerSideEncryption;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{CODES, manifests::collect};
use crate::domain::data_map::DataMap;
use crate::domain::policy::PolicyFile;
use crate::ports::{Config, Fault, Pinned};
use crate::sdk_fault::fault;

const POLICY: &str = "policy.yaml";
/// The data map's object in the configuration bucket.
pub const DATA_MAP: &str = "data-map.yaml";
const READ: &str = "read the configuration";
const PUT: &str = "put the configuration";

/// Pinned maps kept at most; a process sees one or two.
const PINNED_MAX: usize = 8;

/// The configuration bucket.
#[derive(Clone, Debug)]
pub struct S3Config {
    client: Client,
    bucket: Arc<str>,
    data_key_arn: Arc<str>,
    pinned: Arc<Mutex<HashMap<String, Pinned<DataMap>>>>,
}

/// A file at one version.
struct Stored {
    version: String,
    text: String,
}

impl S3Config {
    /// Uses `bucket`, encrypting under `data_key_arn`.
    pub fn new(client: Client, bucket: impl Into<Arc<str>>, data_key_arn: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
            data_key_arn: data_key_arn.into(),
            pinned: Arc::default(),
        }
    }

    /// Stores a policy file that was parsed and checked; a file equal to the newest version makes no new one.
    pub async fn put_policy(&self, yaml: &str) -> Result<Pinned<PolicyFile>, Fault> {
        let value = policy(yaml)?;
        self.put(POLICY, yaml).await.and_then(|version| pin(version, value))
    }

    /// Stores a data map that was parsed and linted; a file equal to the newest version makes no new one.
    pub async fn put_data_map(&self, yaml: &str) -> Result<Pinned<DataMap>, Fault> {
        let value = data_map(yaml)?;
        self.put(DATA_MAP, yaml).await.and_then(|version| pin(version, value))
    }

    async fn put(&self, key: &str, text: &str) -> Result<String, Fault> {
        if let Some(newest) = self.get(key, None).await?.filter(|stored| stored.text == text) {
            return Ok(newest.version);
        }
        let answer = self
            .client
            .put_object()
            .bucket(&*self.bucket)
            .key(key)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&*self.data_key_arn)
            .content_type("application/yaml")
            .body(ByteStream::from(text.as_bytes().to_vec()))
            .send()
            .await
            .map_err(|error| fault(PUT, error, &CODES))?;
        versioned(PUT, answer.version_id)
    }

    async fn get(&self, key: &str, version: Option<&str>) -> Result<Option<Stored>, Fault> {
        let call = self.client.get_object().bucket(&*self.bucket).key(key);
        let answer = match call.set_version_id(version.map(str::to_owned)).send().await {
            Ok(answer) => answer,
            // A pinned version that is gone is damage; no newest version only means that nothing was applied yet.
            Err(error) if version.is_none() && error.as_service_error().is_some_and(|why| why.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(fault(READ, error, &CODES)),
        };
        let version = versioned(READ, answer.version_id)?;
        let text = String::from_utf8(collect(answer.body).await?);
        let text = text.map_err(|error| Fault::corrupt(READ, error.utf8_error()))?;
        Ok(Some(Stored { version, text }))
    }
}

impl Config for S3Config {
    async fn policy(&self) -> Result<Option<Pinned<PolicyFile>>, Fault> {
        let stored = self.get(POLICY, None).await?;
        stored
            .map(|stored| pin(stored.version, policy(&stored.text)?))
            .transpose()
    }

    async fn data_map(&self, version: Option<&str>) -> Result<Option<Pinned<DataMap>>, Fault> {
        let cached = |version: &str| {
            let pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
            pinned.get(version).cloned()
        };
        if let Some(known) = version.and_then(cached) {
            return Ok(Some(known));
        }
        let Some(stored) = self.get(DATA_MAP, version).await? else {
            return Ok(None);
        };
        let read = pin(stored.version, data_map(&stored.text)?)?;
        let mut pinned = self.pinned.lock().unwrap_or_else(PoisonError::into_inner);
        if pinned.len() >= PINNED_MAX {
            pinned.clear();
        }
        pinned.insert(read.version.clone(), read.clone());
        Ok(Some(read))
    }
}

/// Short periods pass here: whether the stack allows them was asked when the file was applied.
fn policy(yaml: &str) -> Result<PolicyFile, Fault> {
    PolicyFile::parse(yaml, true).map_err(|error| Fault::corrupt(READ, error))
}

fn data_map(yaml: &str) -> Result<DataMap, Fault> {
    DataMap::parse(yaml).map_err(|mistakes| {
        let texts: Vec<_> = mistakes.into_iter().map(|mistake| mistake.0).collect();
        Fault::corrupt(READ, texts.join("; "))
    })
}

fn pin<T: Serialize>(version: String, value: T) -> Result<Pinned<T>, Fault> {
    let canonical = serde_json_canonicalizer::to_vec(&value).map_err(|error| Fault::corrupt(READ, error))?;
    let digest = hex::encode(Sha256::digest(canonical));
    Ok(Pinned { version, digest, value })
}

fn versioned(operation: &'static str, version: Option<String>) -> Result<String, Fault> {
    version.ok_or_else(|| Fault::permanent(operation, "not_versioned", "the configuration bucket keeps no versions"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_what_a_file_says_not_of_how_it_is_written() {
        let a = "v: 1\ndefaults: {ClampGraceToDeadline: false, TwoPersonRule: true}\n";
        let b = "# why\nv: 1\ndefaults:\n  TwoPersonRule: true\n  ClampGraceToDeadline: false\n";
        let digest = |yaml: &str| pin("v".into(), policy(yaml).expect("valid")).expect("pins").digest;
        assert_eq!(digest(a), digest(b));
        assert_ne!(digest(a), digest(&a.replace("true", "false")));
        assert_eq!(digest(a).len(), 64);
    }

    #[test]
    fn a_file_that_is_no_configuration_is_corrupt() {
        assert!(matches!(policy("v: 7"), Err(Fault::Permanent { code: "corrupt", .. })));
        assert!(matches!(
            data_map("v: 1"),
            Err(Fault::Permanent { code: "corrupt", .. })
        ));
    }
}
