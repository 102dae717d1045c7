//! Binary of the function `execution`: reads configuration, builds clients once, runs.

use execution::Execution;
use shared::blob::{S3Config, S3Manifests};
use shared::runtime::settings::{PROCESS, QueueUrls, SealingKeys, TableNames};
use shared::runtime::{Failed, adapters, aws::Aws, clock, sqs, telemetry};
use shared::workflow::records::Records;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init();
    let aws = Aws::load().await;
    let keys = SealingKeys::read(PROCESS)?;
    let execution = Execution {
        records: Records {
            store: adapters::storage(&aws, &TableNames::read(PROCESS)?),
            sealer: adapters::sealer(&aws, &keys),
        },
        config: S3Config::new(aws.s3(), PROCESS.required("CONFIG_BUCKET")?, keys.data_key_arn.clone()),
        manifests: S3Manifests::new(aws.s3(), PROCESS.required("MANIFESTS_BUCKET")?, keys.data_key_arn.clone()),
        queues: adapters::queues(&aws, &QueueUrls::read(PROCESS)),
        sources: adapters::sources(&aws),
    };
    sqs::run(|message, deadline| {
        let execution = &execution;
        async move { execution.handle(message, clock::now, deadline).await }
    })
    .await
}
