//! Binary of the function `packaging`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use shared::runtime::adapters::Adapters;
use shared::runtime::sqs::{self, Delivery};
use shared::runtime::{Failed, clock, telemetry};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("packaging");
    let packaging = Adapters::load().await?.packaging()?;
    sqs::run(async |message, delivery: Delivery| {
        Box::pin(packaging::handle(&packaging, message, clock::now, &delivery.invocation)).await
    })
    .await
}
