//! Binary of the function `execution`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use execution::Execution;
use shared::runtime::adapters::Adapters;
use shared::runtime::sqs::{self, Delivery};
use shared::runtime::{Failed, clock, telemetry};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("execution");
    let adapters = Adapters::load().await?;
    let execution = Execution {
        records: adapters.records()?,
        config: adapters.config()?,
        manifests: adapters.manifests()?,
        queues: adapters.queues(),
        sources: adapters.sources(),
    };
    sqs::run(async |message, delivery: Delivery| {
        Box::pin(execution.handle(message, clock::now, delivery.deadline)).await
    })
    .await
}
