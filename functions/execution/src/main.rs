//! Binary of the function `execution`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use shared::runtime::adapters::Adapters;
use shared::runtime::sqs::{self, Delivery};
use shared::runtime::{Failed, clock, telemetry};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("execution");
    let bench = Adapters::load().await?.bench()?;
    sqs::run(async |message, delivery: Delivery| {
        Box::pin(execution::handle(&bench, message, clock::now, &delivery.invocation)).await
    })
    .await
}
