//! [`S3Vault`]: sealed copies of what was taken out of its table, in a bucket without versions.
//!
//! Guarantees: a put that succeeds has stored what was given: S3 refuses a body whose SHA-256 is not the one that came
//! with it, and says the SHA-256 of what it stored.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumMode, ServerSideEncryption};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::{CODES, S3Manifests};
use crate::ports::{Fault, Manifests as _, Vault};
use crate::sdk_fault::fault;

const PUT: &str = "put copies";
const LIST: &str = "list copies";
/// Keys of one DeleteObjects.
const PER_DELETE: usize = 1_000;

/// The vault's bucket; a function that has no use for it is given none.
#[derive(Clone, Debug)]
pub struct S3Vault {
    client: Client,
    bucket: Option<Arc<str>>,
    data_key_arn: Arc<str>,
}

impl S3Vault {
    /// Uses `bucket`, encrypting under `data_key_arn`.
    pub fn new(client: Client, bucket: impl Into<Option<String>>, data_key_arn: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into().map(Arc::from),
            data_key_arn: data_key_arn.into(),
        }
    }

    fn bucket(&self, operation: &'static str) -> Result<&Arc<str>, Fault> {
        let why = "this function was given no VAULT_BUCKET";
        self.bucket
            .as_ref()
            .ok_or_else(|| Fault::permanent(operation, "not_configured", why))
    }

    /// The SHA-256 that S3 has of an object. AWS repeats it when it is put, an emulator only when it is asked.
    async fn stored(&self, key: &str) -> Result<Option<String>, Fault> {
        let call = self.client.head_object().bucket(&**self.bucket(PUT)?).key(key);
        let answer = call.checksum_mode(ChecksumMode::Enabled).send().await;
        Ok(answer.map_err(|error| fault(PUT, error, &CODES))?.checksum_sha256)
    }

    /// What is the same in every bucket of sealed objects.
    fn objects(&self, operation: &'static str) -> Result<S3Manifests, Fault> {
        let bucket = Arc::clone(self.bucket(operation)?);
        Ok(S3Manifests::new(
            self.client.clone(),
            bucket,
            Arc::clone(&self.data_key_arn),
        ))
    }
}

impl Vault for S3Vault {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let sha256 = STANDARD.encode(Sha256::digest(&bytes));
        let answer = self
            .client
            .put_object()
            .bucket(&**self.bucket(PUT)?)
            .key(key)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&*self.data_key_arn)
            .content_type("application/octet-stream")
            .checksum_sha256(&sha256)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| fault(PUT, error, &CODES))?;
        let stored = match answer.checksum_sha256 {
            Some(stored) => Some(stored),
            None => self.stored(key).await?,
        };
        if stored == Some(sha256) {
            Ok(())
        } else {
            let why = "S3 did not confirm the SHA-256 of what it stored";
            Err(Fault::transient(PUT, why))
        }
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        self.objects("read copies")?.read(key).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Fault> {
        let call = self
            .client
            .list_objects_v2()
            .bucket(&**self.bucket(LIST)?)
            .prefix(prefix);
        let mut pages = call.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault(LIST, error, &CODES))?;
            keys.extend(page.contents.into_iter().flatten().filter_map(|object| object.key));
        }
        Ok(keys)
    }

    async fn delete(&self, keys: &[String]) -> Result<(), Fault> {
        let objects = self.objects("delete copies")?;
        for some in keys.chunks(PER_DELETE) {
            objects.delete(some).await?;
        }
        Ok(())
    }
}
