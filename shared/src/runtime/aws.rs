//! SDK clients: one configuration, made once per process, with retries and time-outs that fit an invocation of seconds.
//!
//! The SDK's own variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, ...) decide where the clients reach, so the same binary
//! runs on AWS and on a local stack.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// One try may take this long: far above the slowest call Lethe makes (a transaction of 100 actions, an object of a few
/// megabytes), far below the shortest time-out of a function.
const ATTEMPT: Duration = Duration::from_secs(5);
/// All tries of one call.
const CALL: Duration = Duration::from_secs(12);
/// A connection inside a Region is made in milliseconds, or not at all.
const CONNECT: Duration = Duration::from_secs(2);
/// The first try and two more; beyond that the queue or supervision repeats the work.
const ATTEMPTS: u32 = 3;

/// Makes clients that share one connection pool and one set of credentials.
#[derive(Clone, Debug)]
pub struct Aws(SdkConfig);

impl Aws {
    /// Reads the SDK's environment; call once.
    pub async fn load() -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(CALL);
        let config = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts.build());
        Self(config.load().await)
    }

    /// DynamoDB.
    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        aws_sdk_dynamodb::Client::new(&self.0)
    }

    /// KMS.
    pub fn kms(&self) -> aws_sdk_kms::Client {
        aws_sdk_kms::Client::new(&self.0)
    }

    /// S3; with bucket names in the path where an endpoint is set, since there no host is named like a bucket.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let own_endpoint = self.0.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let config = aws_sdk_s3::config::Builder::from(&self.0).force_path_style(own_endpoint);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// SES v2.
    pub fn ses(&self) -> aws_sdk_sesv2::Client {
        aws_sdk_sesv2::Client::new(&self.0)
    }

    /// SQS.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.0)
    }
}
