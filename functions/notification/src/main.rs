//! Binary of the function `notification`: reads configuration, builds clients once, runs.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use lambda_runtime::{LambdaEvent, service_fn};
use notification::{Notification, StreamEvent};
use serde_json::json;
use shared::runtime::adapters::Adapters;
use shared::runtime::settings::{MailSettings, PROCESS};
use shared::runtime::{Failed, clock, telemetry};

#[tokio::main]
async fn main() -> Result<(), Failed> {
    telemetry::init("notification");
    let adapters = Adapters::load().await?;
    let settings = MailSettings::read(PROCESS)?;
    let notification = Notification {
        records: adapters.records()?,
        mailer: adapters.mailer(&settings),
        settings,
    };
    let serve = async |event: LambdaEvent<StreamEvent>| {
        Box::pin(notification.handle(&event.payload, &event.context.request_id, clock::now)).await;
        Ok::<_, Failed>(json!({ "batchItemFailures": [] }))
    };
    lambda_runtime::run(service_fn(serve)).await
}
