//! Binary of the function `review`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use review::Review;
use shared::runtime::adapters::Adapters;
use shared::runtime::settings::{ApiSettings, PROCESS};
use shared::runtime::{Failed, http, telemetry};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("review");
    let adapters = Adapters::load().await?;
    let review = Review {
        records: adapters.records()?,
        config: adapters.config()?,
        manifests: adapters.manifests()?,
        queues: adapters.queues(),
        sources: adapters.sources(),
        settings: ApiSettings::read(PROCESS)?,
    };
    http::run(
        review,
        |review, call| async move { Box::pin(review.handle(&call)).await },
    )
    .await
}
