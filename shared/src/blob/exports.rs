//! [`S3Exports`]: packages by multipart upload, and presigned links to them, in a bucket without versions.
//!
//! Guarantees: an object is there whole or not at all; what a crash left unfinished is found by its prefix and given up,
//! so nothing is stored that nobody sees. Each block travels with a checksum that S3 verifies.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ServerSideEncryption};

use super::{CODES, S3Manifests};
use crate::ports::{Exports, Fault, Manifests as _, Receipt, Upload};
use crate::sdk_fault::fault;

const BEGIN: &str = "begin a package";
const BLOCK: &str = "put a block of a package";
const COMPLETE: &str = "complete a package";
const LIST: &str = "list unfinished packages";
const ABORT: &str = "give up a package";
const LINK: &str = "link to a package";

/// The packages' bucket.
#[derive(Clone, Debug)]
pub struct S3Exports {
    client: Client,
    bucket: Arc<str>,
    data_key_arn: Arc<str>,
}

impl S3Exports {
    /// Uses `bucket`, encrypting under `data_key_arn`.
    pub fn new(client: Client, bucket: impl Into<Arc<str>>, data_key_arn: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
            data_key_arn: data_key_arn.into(),
        }
    }

    /// Uploads under a prefix that are not completed.
    async fn unfinished(&self, prefix: &str) -> Result<Vec<Upload>, Fault> {
        let call = self
            .client
            .list_multipart_uploads()
            .bucket(&*self.bucket)
            .prefix(prefix);
        let (mut found, mut after) = (vec![], (None, None));
        loop {
            let (key, id) = after;
            let page = call.clone().set_key_marker(key).set_upload_id_marker(id).send().await;
            let page = page.map_err(|error| fault(LIST, error, &CODES))?;
            let uploads = page.uploads.unwrap_or_default().into_iter();
            found.extend(uploads.filter_map(|one| {
                Some(Upload {
                    key: one.key?,
                    id: one.upload_id?,
                })
            }));
            if page.is_truncated != Some(true) {
                return Ok(found);
            }
            after = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    async fn abort(&self, upload: &Upload) -> Result<(), Fault> {
        let call = self.client.abort_multipart_upload().bucket(&*self.bucket);
        match call.key(&upload.key).upload_id(&upload.id).send().await {
            Ok(_) => Ok(()),
            // Somebody else gave it up, or completed it.
            Err(error) if error.as_service_error().is_some_and(|why| why.is_no_such_upload()) => Ok(()),
            Err(error) => Err(fault(ABORT, error, &CODES)),
        }
    }
}

impl Exports for S3Exports {
    async fn begin(&self, key: &str) -> Result<Upload, Fault> {
        let answer = self
            .client
            .create_multipart_upload()
            .bucket(&*self.bucket)
            .key(key)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&*self.data_key_arn)
            .content_type("application/zip")
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .send()
            .await
            .map_err(|error| fault(BEGIN, error, &CODES))?;
        let id = answer
            .upload_id
            .ok_or_else(|| Fault::corrupt(BEGIN, "S3 named no upload"))?;
        Ok(Upload {
            key: key.to_owned(),
            id,
        })
    }

    async fn put_block(&self, upload: &Upload, number: i32, bytes: Vec<u8>) -> Result<Receipt, Fault> {
        let answer = self
            .client
            .upload_part()
            .bucket(&*self.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .part_number(number)
            .checksum_algorithm(ChecksumAlgorithm::Crc32)
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map_err(|error| fault(BLOCK, error, &CODES))?;
        let (etag, checksum) = (answer.e_tag, answer.checksum_crc32);
        let etag = etag.ok_or_else(|| Fault::corrupt(BLOCK, "S3 confirmed no block"))?;
        Ok(Receipt { number, etag, checksum })
    }

    async fn complete(&self, upload: &Upload, receipts: &[Receipt]) -> Result<(), Fault> {
        self.client
            .complete_multipart_upload()
            .bucket(&*self.bucket)
            .key(&upload.key)
            .upload_id(&upload.id)
            .multipart_upload(blocks(receipts))
            .customize()
            .config_override(Config::builder().timeout_config(patient()))
            .send()
            .await
            .map(drop)
            .map_err(|error| fault(COMPLETE, error, &CODES))
    }

    async fn abort_under(&self, prefix: &str) -> Result<u64, Fault> {
        let uploads = self.unfinished(prefix).await?;
        for upload in &uploads {
            self.abort(upload).await?;
        }
        Ok(uploads.len() as u64)
    }

    async fn delete_under(&self, prefix: &str) -> Result<u64, Fault> {
        let objects = S3Manifests::new(
            self.client.clone(),
            Arc::clone(&self.bucket),
            Arc::clone(&self.data_key_arn),
        );
        objects.delete_under(prefix).await
    }

    async fn link(&self, key: &str, file_name: &str, valid_for: Duration) -> Result<String, Fault> {
        let valid = PresigningConfig::expires_in(valid_for).map_err(|e| Fault::permanent(LINK, "unwritable", e))?;
        let call = self.client.get_object().bucket(&*self.bucket).key(key);
        let call = call.response_content_disposition(format!("attachment; filename=\"{file_name}\""));
        let request = call.response_cache_control("no-store").presigned(valid).await;
        let request = request.map_err(|error| fault(LINK, error, &CODES))?;
        Ok(request.uri().to_owned())
    }
}

/// S3 may take minutes to put thousands of blocks together
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>); the worker has fifteen.
fn patient() -> TimeoutConfig {
    TimeoutConfig::builder()
        .operation_attempt_timeout(Duration::from_mins(3))
        .operation_timeout(Duration::from_mins(4))
        .build()
}

/// What an object is completed from. S3 wants each block's checksum back where the upload was begun with checksums, and
/// refuses the whole without.
fn blocks(receipts: &[Receipt]) -> CompletedMultipartUpload {
    let block = |receipt: &Receipt| {
        CompletedPart::builder()
            .part_number(receipt.number)
            .e_tag(&receipt.etag)
            .set_checksum_crc32(receipt.checksum.clone())
            .build()
    };
    CompletedMultipartUpload::builder()
        .set_parts(Some(receipts.iter().map(block).collect()))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_completed_by_the_checksums_of_its_blocks() {
        let receipt = |number: i32| Receipt {
            number,
            etag: format!("\"{number}\""),
            checksum: Some(format!("crc-{number}")),
        };
        let whole = blocks(&[receipt(1), receipt(2)]);
        let told = |part: &CompletedPart| (part.part_number(), part.checksum_crc32().map(str::to_owned));
        let told: Vec<_> = whole.parts().iter().map(told).collect();
        assert_eq!(
            told,
            [(Some(1), Some("crc-1".to_owned())), (Some(2), Some("crc-2".to_owned()))]
        );
    }
}
