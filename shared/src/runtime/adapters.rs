//! The one place that picks adapters: which AWS service stands behind which port. Each function asks for what it needs
//! and fails at its start, naming the variable, when the template did not give it.

use std::collections::BTreeSet;

use super::aws::Aws;
use super::settings::{BadSetting, MailSettings, PROCESS, QueueUrls, SealingKeys, TableNames};
use crate::blob::{S3Config, S3Exports, S3Manifests, S3Vault};
use crate::domain::data_map::description::Container;
use crate::mail::SesMailer;
use crate::queue::{SqsQueues, Urls};
use crate::sealing::Kms;
use crate::source::{AwsInventory, AwsSources};
use crate::storage::{Storage, Tables};
use crate::workflow::bench::Bench;
use crate::workflow::export::Packaging;
use crate::workflow::records::Records;

/// The bench of planning and execution on AWS.
pub type AwsBench = Bench<Storage, Kms, S3Config, S3Manifests, SqsQueues, AwsSources, S3Vault>;

/// The outside of packaging on AWS.
pub type AwsPackaging = Packaging<Storage, Kms, S3Config, S3Manifests, SqsQueues, AwsSources, S3Vault, S3Exports>;

/// Makes adapters on one set of clients.
#[derive(Clone, Debug)]
pub struct Adapters {
    aws: Aws,
    keys: SealingKeys,
}

impl Adapters {
    /// Reads the SDK's environment and the keys every function has; call once.
    pub async fn load() -> Result<Self, BadSetting> {
        Ok(Self {
            aws: Aws::load().await,
            keys: SealingKeys::read(PROCESS)?,
        })
    }

    /// Requests, opened and sealed.
    pub fn records(&self) -> Result<Records<Storage, Kms>, BadSetting> {
        let TableNames { requests, audit, keys } = TableNames::read(PROCESS)?;
        let store = Storage::new(self.aws.dynamodb(), Tables { requests, audit, keys });
        let sealer = Kms::new(
            self.aws.kms(),
            self.keys.data_key_arn.clone(),
            self.keys.mac_key_arn.clone(),
        );
        Ok(Records { store, sealer })
    }

    /// Policy and data map.
    pub fn config(&self) -> Result<S3Config, BadSetting> {
        Ok(S3Config::new(
            self.aws.s3(),
            PROCESS.required("CONFIG_BUCKET")?,
            self.keys.data_key_arn.clone(),
        ))
    }

    /// Manifests and outcome objects.
    pub fn manifests(&self) -> Result<S3Manifests, BadSetting> {
        Ok(S3Manifests::new(
            self.aws.s3(),
            PROCESS.required("MANIFESTS_BUCKET")?,
            self.keys.data_key_arn.clone(),
        ))
    }

    /// Where work is sent; a queue the function may not send to is absent.
    pub fn queues(&self) -> SqsQueues {
        let QueueUrls { plans, chunks, parts } = QueueUrls::read(PROCESS);
        SqsQueues::new(self.aws.sqs(), Urls { plans, chunks, parts })
    }

    /// The application's data.
    pub fn sources(&self) -> AwsSources {
        AwsSources::new(self.aws.dynamodb(), self.aws.s3())
    }

    /// What there is besides.
    pub fn inventory(&self) -> AwsInventory {
        AwsInventory::new(self.aws.dynamodb(), self.aws.s3())
    }

    /// Lethe's own tables and buckets.
    pub fn own() -> Result<BTreeSet<Container>, BadSetting> {
        let TableNames { requests, audit, keys } = TableNames::read(PROCESS)?;
        let mut own: BTreeSet<Container> = [requests, audit, keys].map(Container::Table).into();
        for bucket in ["CONFIG_BUCKET", "MANIFESTS_BUCKET", "VAULT_BUCKET", "EXPORTS_BUCKET"] {
            own.insert(Container::Bucket(PROCESS.required(bucket)?));
        }
        Ok(own)
    }

    /// Copies of what is taken out of its table; a function that takes nothing has no such bucket.
    pub fn vault(&self) -> S3Vault {
        S3Vault::new(
            self.aws.s3(),
            PROCESS.optional("VAULT_BUCKET"),
            self.keys.data_key_arn.clone(),
        )
    }

    /// Packages.
    pub fn exports(&self) -> Result<S3Exports, BadSetting> {
        Ok(S3Exports::new(
            self.aws.s3(),
            PROCESS.required("EXPORTS_BUCKET")?,
            self.keys.data_key_arn.clone(),
        ))
    }

    /// All that planning and execution need.
    pub fn bench(&self) -> Result<AwsBench, BadSetting> {
        Ok(Bench {
            records: self.records()?,
            config: self.config()?,
            manifests: self.manifests()?,
            queues: self.queues(),
            sources: self.sources(),
            vault: self.vault(),
        })
    }

    /// All that packaging needs.
    pub fn packaging(&self) -> Result<AwsPackaging, BadSetting> {
        Ok(Packaging {
            bench: self.bench()?,
            exports: self.exports()?,
            max_part_bytes: PROCESS.number("MAX_PART_SIZE")?,
            version: env!("CARGO_PKG_VERSION"),
        })
    }

    /// The mail service.
    pub fn mailer(&self, settings: &MailSettings) -> SesMailer {
        SesMailer::new(self.aws.ses(), settings.sender.clone())
    }
}
