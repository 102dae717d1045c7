//! Binary of the function `planning`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use shared::runtime::adapters::Adapters;
use shared::runtime::sqs::{self, Delivery};
use shared::runtime::{Failed, clock, telemetry};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("planning");
    let bench = Adapters::load().await?.bench()?;
    sqs::run(async |message, delivery: Delivery| {
        Box::pin(planning::handle(
            &bench,
            message,
            clock::now,
            delivery.invocation.deadline,
        ))
        .await
    })
    .await
}
