//! The one place that picks adapters: which AWS service stands behind which port. Each function asks for what it needs
//! and fails at its start, naming the variable, when the template did not give it.

use super::aws::Aws;
use super::settings::{BadSetting, MailSettings, PROCESS, QueueUrls, SealingKeys, TableNames};
use crate::blob::{S3Config, S3Manifests};
use crate::mail::SesMailer;
use crate::queue::SqsQueues;
use crate::sealing::Kms;
use crate::source::AwsSources;
use crate::storage::{Storage, Tables};
use crate::workflow::bench::Bench;
use crate::workflow::records::Records;

/// The bench of planning and execution on AWS.
pub type AwsBench = Bench<Storage, Kms, S3Config, S3Manifests, SqsQueues, AwsSources>;

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
        let QueueUrls { plans, chunks } = QueueUrls::read(PROCESS);
        SqsQueues::new(self.aws.sqs(), plans, chunks)
    }

    /// The application's data.
    pub fn sources(&self) -> AwsSources {
        AwsSources::new(self.aws.dynamodb(), self.aws.s3())
    }

    /// All that planning and execution need.
    pub fn bench(&self) -> Result<AwsBench, BadSetting> {
        Ok(Bench {
            records: self.records()?,
            config: self.config()?,
            manifests: self.manifests()?,
            queues: self.queues(),
            sources: self.sources(),
        })
    }

    /// The mail service.
    pub fn mailer(&self, settings: &MailSettings) -> SesMailer {
        SesMailer::new(self.aws.ses(), settings.sender.clone())
    }
}
