//! Binary of the function `submission`: reads configuration, builds clients once, runs.

use shared::blob::S3Config;
use shared::runtime::settings::{ApiSettings, PROCESS, SealingKeys, TableNames};
use shared::runtime::{Failed, adapters, aws::Aws, clock, http, telemetry};
use shared::workflow::records::Records;
use submission::Submission;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init();
    let aws = Aws::load().await;
    let keys = SealingKeys::read(PROCESS)?;
    let submission = Submission {
        records: Records {
            store: adapters::storage(&aws, &TableNames::read(PROCESS)?),
            sealer: adapters::sealer(&aws, &keys),
        },
        config: S3Config::new(aws.s3(), PROCESS.required("CONFIG_BUCKET")?, keys.data_key_arn.clone()),
        settings: ApiSettings::read(PROCESS)?,
    };
    http::run(|request| {
        let submission = &submission;
        async move { submission.handle(&request, clock::now(), clock::new_request_id).await }
    })
    .await
}
