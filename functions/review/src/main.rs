//! Binary of the function `review`: reads configuration, builds clients once, runs.

use review::Review;
use shared::blob::S3Config;
use shared::runtime::settings::{ApiSettings, PROCESS, QueueUrls, SealingKeys, TableNames};
use shared::runtime::{Failed, adapters, aws::Aws, clock, http, telemetry};
use shared::workflow::records::Records;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init();
    let aws = Aws::load().await;
    let keys = SealingKeys::read(PROCESS)?;
    let review = Review {
        records: Records {
            store: adapters::storage(&aws, &TableNames::read(PROCESS)?),
            sealer: adapters::sealer(&aws, &keys),
        },
        config: S3Config::new(aws.s3(), PROCESS.required("CONFIG_BUCKET")?, keys.data_key_arn.clone()),
        queues: adapters::queues(&aws, &QueueUrls::read(PROCESS)),
        sources: adapters::sources(&aws),
        settings: ApiSettings::read(PROCESS)?,
    };
    http::run(|request| {
        let review = &review;
        async move { review.handle(&request, clock::now()).await }
    })
    .await
}
