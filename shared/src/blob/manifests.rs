//! [`S3Manifests`]: objects that are sealed before they come here, in a bucket without versions.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::delete_objects::DeleteObjectsOutput;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError};
use aws_sdk_s3::types::{Delete, ObjectIdentifier, ServerSideEncryption};

use super::CODES;
use crate::ports::{Fault, Manifests};
use crate::sdk_fault::{fault, stable_code};

const PUT: &str = "put an object";
const READ: &str = "read an object";
const LIST: &str = "list objects";
const DELETE: &str = "delete objects";

/// Manifests and outcome objects in one bucket.
#[derive(Clone, Debug)]
pub struct S3Manifests {
    client: Client,
    bucket: Arc<str>,
    data_key_arn: Arc<str>,
}

impl S3Manifests {
    /// Uses `bucket`, encrypting under `data_key_arn`.
    pub fn new(client: Client, bucket: impl Into<Arc<str>>, data_key_arn: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            bucket: bucket.into(),
            data_key_arn: data_key_arn.into(),
        }
    }

    /// Deletes as many objects as one listing names; every key is answered for.
    pub(super) async fn delete(&self, keys: &[String]) -> Result<u64, Fault> {
        let asked = keys.len();
        let keys = keys.iter().map(|key| ObjectIdentifier::builder().key(key).build());
        let keys = keys.collect::<Result<Vec<_>, _>>();
        let keys = keys.map_err(|error| Fault::permanent(DELETE, "unwritable", error))?;
        let order = Delete::builder().set_objects(Some(keys)).build();
        let order = order.map_err(|error| Fault::permanent(DELETE, "unwritable", error))?;
        let call = self.client.delete_objects().bucket(&*self.bucket).delete(order);
        let answer = call.send().await.map_err(|error| fault(DELETE, error, &CODES))?;
        all_deleted(asked, &answer)
    }
}

impl Manifests for S3Manifests {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        self.client
            .put_object()
            .bucket(&*self.bucket)
            .key(key)
            .server_side_encryption(ServerSideEncryption::AwsKms)
            .ssekms_key_id(&*self.data_key_arn)
            .content_type("application/octet-stream")
            .body(ByteStream::from(bytes))
            .send()
            .await
            .map(drop)
            .map_err(|error| fault(PUT, error, &CODES))
    }

    async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        if length == 0 {
            return Ok(Vec::new());
        }
        let last = offset.saturating_add(length - 1);
        let answer = self
            .client
            .get_object()
            .bucket(&*self.bucket)
            .key(key)
            .range(format!("bytes={offset}-{last}"))
            .send()
            .await
            .map_err(|error| fault(READ, error, &CODES))?;
        let bytes = collect(answer.body).await?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(Fault::corrupt(READ, "the object ends before the range does"))
        }
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let answer = self.client.get_object().bucket(&*self.bucket).key(key).send().await;
        match answer {
            Ok(answer) => collect(answer.body).await.map(Some),
            Err(error) if error.as_service_error().is_some_and(|why| why.is_no_such_key()) => Ok(None),
            Err(error) => Err(fault(READ, error, &CODES)),
        }
    }

    async fn delete_under(&self, prefix: &str) -> Result<u64, Fault> {
        let mut deleted = 0;
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&*self.bucket)
            .prefix(prefix)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| fault(LIST, error, &CODES))?;
            let keys = page
                .contents
                .unwrap_or_default()
                .into_iter()
                .filter_map(|object| object.key);
            let keys: Vec<String> = keys.collect();
            if !keys.is_empty() {
                deleted += self.delete(&keys).await?;
            }
        }
        Ok(deleted)
    }
}

/// The whole body; a connection that breaks on the way is worth another try.
pub(super) async fn collect(body: ByteStream) -> Result<Vec<u8>, Fault> {
    let body = body
        .collect()
        .await
        .map_err(|error: ByteStreamError| Fault::transient(READ, error))?;
    Ok(body.to_vec())
}

/// Succeeds only if every key is known to be gone; else the first error decides whether to try again.
fn all_deleted(asked: usize, answer: &DeleteObjectsOutput) -> Result<u64, Fault> {
    if let Some(refused) = answer.errors().first() {
        let code = refused.code().unwrap_or_default();
        return Err(match code {
            "InternalError" | "SlowDown" | "ServiceUnavailable" => Fault::transient(DELETE, code.to_owned()),
            _ => Fault::permanent(DELETE, stable_code(code, &CODES), code.to_owned()),
        });
    }
    if answer.deleted().len() == asked {
        Ok(asked as u64)
    } else {
        Err(Fault::transient(DELETE, "S3 did not answer for every key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::types::{DeletedObject, Error};

    fn answer(deleted: usize, error: Option<&str>) -> DeleteObjectsOutput {
        let errors = error.map(|code| vec![Error::builder().key("k").code(code).build()]);
        let deleted = vec![DeletedObject::builder().key("k").build(); deleted];
        let answer = DeleteObjectsOutput::builder().set_deleted(Some(deleted));
        answer.set_errors(errors).build()
    }

    #[test]
    fn an_object_that_stays_is_a_fault() {
        assert_eq!(all_deleted(2, &answer(2, None)).expect("all gone"), 2);
        assert!(matches!(all_deleted(2, &answer(1, None)), Err(Fault::Transient { .. })));
        assert!(matches!(
            all_deleted(2, &answer(1, Some("SlowDown"))),
            Err(Fault::Transient { .. })
        ));
        assert!(matches!(
            all_deleted(2, &answer(1, Some("AccessDenied"))),
            Err(Fault::Permanent {
                code: "access_denied",
                ..
            })
        ));
    }
}
