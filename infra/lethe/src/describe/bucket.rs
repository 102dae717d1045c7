//! A bucket: versions, MFA delete, Object Lock and encryption, by its settings.

use anyhow::{Result, bail};
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, MfaDeleteStatus, ObjectLockConfiguration,
    ServerSideEncryptionConfiguration,
};
use shared::domain::data_map::description::{Bucket, Look};

use crate::access::nameable_key;

/// Looks at one bucket; answers its default KMS key too, if that is one that a policy can name.
pub(super) async fn look(client: &Client, name: &str) -> Result<(Look<Bucket>, Option<String>)> {
    let versioning = match client.get_bucket_versioning().bucket(name).send().await {
        Ok(answer) => answer,
        Err(error) if error.code() == Some("NoSuchBucket") => return Ok((Look::Missing, None)),
        Err(error) if error.as_service_error().is_some() => return Ok((refused(&error), None)),
        Err(error) => bail!("S3 does not answer: {}", DisplayErrorContext(&error)),
    };
    let lock = match client.get_object_lock_configuration().bucket(name).send().await {
        Ok(answer) => answer.object_lock_configuration,
        Err(error) if error.code() == Some("ObjectLockConfigurationNotFoundError") => None,
        Err(error) if error.as_service_error().is_some() => return Ok((refused(&error), None)),
        Err(error) => bail!("S3 does not answer: {}", DisplayErrorContext(&error)),
    };
    let key = match client.get_bucket_encryption().bucket(name).send().await {
        Ok(answer) => answer.server_side_encryption_configuration.and_then(own_key),
        Err(error) if error.code() == Some("ServerSideEncryptionConfigurationNotFoundError") => None,
        Err(error) if error.as_service_error().is_some() => return Ok((refused(&error), None)),
        Err(error) => bail!("S3 does not answer: {}", DisplayErrorContext(&error)),
    };
    let retention = lock.as_ref().and_then(ObjectLockConfiguration::rule);
    let retention = retention.and_then(|rule| rule.default_retention());
    let found = Look::Found(Bucket {
        versioned: versioning.status() == Some(&BucketVersioningStatus::Enabled),
        mfa_delete: versioning.mfa_delete() == Some(&MfaDeleteStatus::Enabled),
        lockable: lock.as_ref().is_some_and(|lock| lock.object_lock_enabled().is_some()),
        locked_for: retention.map(shown),
    });
    Ok((found, key))
}

/// The default key, if it is named by its ARN: an alias, or AWS's own key, says nothing that a policy could.
fn own_key(encryption: ServerSideEncryptionConfiguration) -> Option<String> {
    let mut rules = encryption.rules.into_iter();
    let default = rules.find_map(|rule| rule.apply_server_side_encryption_by_default)?;
    nameable_key(default.kms_master_key_id())
}

fn refused<T>(error: &impl ProvideErrorMetadata) -> Look<T> {
    Look::Refused(error.code().unwrap_or("it was refused").to_owned())
}

/// `30 days (COMPLIANCE)`
fn shown(retention: &DefaultRetention) -> String {
    let time = match (retention.days(), retention.years()) {
        (Some(days), _) => format!("{days} days"),
        (None, Some(years)) => format!("{years} years"),
        (None, None) => "some time".to_owned(),
    };
    let mode = retention.mode().map_or("", |mode| mode.as_str());
    format!("{time} ({mode})")
}
