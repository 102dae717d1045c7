//! Binary of the function `planning`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use planning::Planning;
use shared::runtime::adapters::Adapters;
use shared::runtime::sqs::{self, Delivery};
use shared::runtime::{Failed, clock, telemetry};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("planning");
    let adapters = Adapters::load().await?;
    let planning = Planning {
        records: adapters.records()?,
        config: adapters.config()?,
        manifests: adapters.manifests()?,
        queues: adapters.queues(),
        sources: adapters.sources(),
    };
    sqs::run(async |message, delivery: Delivery| {
        Box::pin(planning.handle(message, clock::now, delivery.deadline)).await
    })
    .await
}
