//! Binary of the function `submission`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use shared::runtime::adapters::Adapters;
use shared::runtime::settings::{ApiSettings, PROCESS};
use shared::runtime::{Failed, clock, http, telemetry};
use submission::Submission;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("submission");
    let adapters = Adapters::load().await?;
    let submission = Submission {
        records: adapters.records()?,
        config: adapters.config()?,
        exports: adapters.exports()?,
        settings: ApiSettings::read(PROCESS)?,
    };
    http::run(submission, |submission, call| async move {
        Box::pin(submission.handle(&call, clock::new_request_id)).await
    })
    .await
}
