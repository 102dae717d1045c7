//! Binary of the function `supervision`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use shared::runtime::adapters::Adapters;
use shared::runtime::sqs::{self, Delivery};
use shared::runtime::{Failed, clock, telemetry};
use supervision::survey::Surveyor;
use supervision::{DeadLetter, Supervision};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("supervision");
    let adapters = Adapters::load().await?;
    let supervision = Supervision {
        records: adapters.records()?,
        config: adapters.config()?,
        manifests: adapters.manifests()?,
        vault: adapters.vault(),
        exports: adapters.exports()?,
        queues: adapters.queues(),
    };
    let surveyor = Surveyor {
        config: adapters.config()?,
        inventory: adapters.inventory(),
        own: Adapters::own()?,
    };
    let serve = async |event: LambdaEvent<Value>| {
        let invocation = sqs::invocation(&event.context);
        if event.payload.get("check").is_some_and(|what| what == "sources") {
            return Ok(serde_json::to_value(Box::pin(surveyor.look()).await?)?);
        }
        if event.payload.get("Records").is_none() {
            return Ok(serde_json::to_value(Box::pin(supervision.round(clock::now())).await?)?);
        }
        let letters = serde_json::from_value(event.payload)?;
        let handle =
            async |letter: DeadLetter, _: Delivery| Box::pin(supervision.dead_letter(&letter, clock::now())).await;
        Ok::<_, Failed>(serde_json::to_value(sqs::each(letters, &invocation, handle).await)?)
    };
    lambda_runtime::run(service_fn(serve)).await
}
