//! AWS clients, made in one place: for a local stack from its `stack.json`, for real AWS from the SDK's own chain.
//!
//! A local client never reads the user's AWS configuration: its endpoint, region and credentials are given outright.

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use crate::process::DUMMY_KEY;
use crate::stack_file::Stack;

/// Makes clients that all talk to the same place.
#[derive(Debug, Clone)]
pub struct Clients {
    sdk: SdkConfig,
}

impl Clients {
    /// Clients of a local stack.
    pub async fn of(stack: &Stack) -> Self {
        Self::local(&stack.endpoint, &stack.region).await
    }

    /// Clients of an emulator.
    pub async fn local(endpoint: &str, region: &str) -> Self {
        let credentials = Credentials::new(DUMMY_KEY, DUMMY_KEY, None, None, "lethe local stack");
        let loader = aws_config::defaults(BehaviorVersion::latest());
        let loader = loader.endpoint_url(endpoint).region(Region::new(region.to_owned()));
        Self {
            sdk: loader.credentials_provider(credentials).load().await,
        }
    }

    /// Clients from the SDK's default chain (environment, profile, role): real AWS, unless `AWS_ENDPOINT_URL` says else.
    pub async fn from_environment() -> Self {
        Self {
            sdk: aws_config::load_defaults(BehaviorVersion::latest()).await,
        }
    }

    /// The same place, called by somebody else.
    #[must_use]
    pub fn acting_as(&self, somebody: impl ProvideCredentials + 'static) -> Self {
        let sdk = self.sdk.to_builder();
        Self {
            sdk: sdk
                .credentials_provider(SharedCredentialsProvider::new(somebody))
                .build(),
        }
    }

    /// What the clients are made from, for a service not listed here.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// CloudFormation.
    #[must_use]
    pub fn cloudformation(&self) -> aws_sdk_cloudformation::Client {
        aws_sdk_cloudformation::Client::new(&self.sdk)
    }

    /// Cognito user pools.
    #[must_use]
    pub fn cognito(&self) -> aws_sdk_cognitoidentityprovider::Client {
        aws_sdk_cognitoidentityprovider::Client::new(&self.sdk)
    }

    /// DynamoDB.
    #[must_use]
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.sdk)
    }

    /// KMS.
    #[must_use]
    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.sdk)
    }

    /// Lambda.
    #[must_use]
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.sdk)
    }

    /// CloudWatch Logs.
    #[must_use]
    pub fn logs(&self) -> aws_sdk_cloudwatchlogs::Client {
        aws_sdk_cloudwatchlogs::Client::new(&self.sdk)
    }

    /// S3; with bucket names in the path where an endpoint is set, as emulators have no names for buckets.
    #[must_use]
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk);
        aws_sdk_s3::Client::from_conf(config.force_path_style(self.sdk.endpoint_url().is_some()).build())
    }

    /// SES v2.
    #[must_use]
    pub fn ses(&self) -> aws_sdk_sesv2::Client {
        aws_sdk_sesv2::Client::new(&self.sdk)
    }

    /// SQS.
    #[must_use]
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk)
    }
}
