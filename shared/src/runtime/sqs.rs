//! A function on a queue: each message on its own, and a partial batch answer.
//!
//! Guarantees: a body that cannot be read fails only its own message (a typed batch would fail them all, again and
//! again); a message whose handler fails or panics is answered as failed, so SQS delivers that one again; the invocation
//! itself never fails, and logs a line per message. Messages of one batch run one after the other: batches are of one
//! where work is heavy.

use std::collections::HashMap;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::time::Instant;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures::FutureExt;
use jiff::Timestamp;
use lambda_runtime::{LambdaEvent, service_fn};
use serde::de::DeserializeOwned;

use super::telemetry::elapsed_ms;
use crate::workflow::work_chunk::Invocation;

/// What a handler knows of its message's delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which invocation, and when Lambda ends it.
    pub invocation: Invocation,
    /// Which delivery of this message it is, from 1.
    pub receives: u32,
}

/// Runs a function whose every message is an `M`; does not return while the function lives.
pub async fn run<M, H, E>(handler: H) -> Result<(), lambda_runtime::Error>
where
    M: DeserializeOwned,
    H: AsyncFn(M, Delivery) -> Result<(), E>,
    E: Error + 'static,
{
    let serve = async |event: LambdaEvent<SqsEvent>| {
        let invocation = invocation(&event.context);
        Ok::<_, lambda_runtime::Error>(each(event.payload, &invocation, &handler).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}

/// Handles every message of a batch and answers which ones failed. For a function that has other triggers too.
pub async fn each<M, H, E>(event: SqsEvent, invocation: &Invocation, handler: H) -> SqsBatchResponse
where
    M: DeserializeOwned,
    H: AsyncFn(M, Delivery) -> Result<(), E>,
    E: Error + 'static,
{
    let mut answer = SqsBatchResponse::default();
    for message in event.records {
        let start = Instant::now();
        let receives = receives(&message.attributes);
        let delivery = Delivery {
            invocation: invocation.clone(),
            receives,
        };
        let result = one(&message, delivery, &handler).await;
        let (id, elapsed_ms) = (message.message_id.unwrap_or_default(), elapsed_ms(start));
        match result {
            Ok(()) => tracing::info!(message_id = id, receives, elapsed_ms, "message done"),
            Err(why) => {
                let error = &*why as &dyn Error;
                tracing::warn!(
                    message_id = id,
                    receives,
                    elapsed_ms,
                    error,
                    "message failed; it comes again"
                );
                answer.add_failure(id);
            }
        }
    }
    answer
}

/// Which invocation it is, and when Lambda ends it.
pub fn invocation(context: &lambda_runtime::Context) -> Invocation {
    let milliseconds = i64::try_from(context.deadline).unwrap_or(i64::MAX);
    Invocation {
        id: context.request_id.clone(),
        deadline: Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::MAX),
    }
}

async fn one<M, H, E>(message: &SqsMessage, delivery: Delivery, handler: H) -> Result<(), Box<dyn Error>>
where
    M: DeserializeOwned,
    H: AsyncFn(M, Delivery) -> Result<(), E>,
    E: Error + 'static,
{
    let body = message.body.as_deref().unwrap_or_default();
    let parsed: M = serde_json::from_str(body)?;
    // Caught here, so that one poisoned message does not fail its neighbours; the hook of `telemetry` has logged it.
    match AssertUnwindSafe(handler(parsed, delivery)).catch_unwind().await {
        Ok(result) => Ok(result?),
        Err(_) => Err(Box::new(Panicked)),
    }
}

fn receives(attributes: &HashMap<String, String>) -> u32 {
    let count = attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// The handler panicked.
#[derive(Debug, thiserror::Error)]
#[error("the handler panicked")]
struct Panicked;

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Work {
        n: u32,
    }

    #[derive(Debug, thiserror::Error)]
    #[error("odd")]
    struct Odd;

    fn event(bodies: &[&str]) -> SqsEvent {
        let records: Vec<_> = bodies
            .iter()
            .enumerate()
            .map(|(n, body)| {
                let attributes = serde_json::json!({"ApproximateReceiveCount": "3"});
                serde_json::json!({"messageId": format!("m{n}"), "body": body, "attributes": attributes})
            })
            .collect();
        serde_json::from_value(serde_json::json!({ "Records": records })).expect("an event")
    }

    async fn handle(work: Work, delivery: Delivery) -> Result<(), Odd> {
        assert_eq!(delivery.receives, 3);
        match work.n {
            13 => panic!("unlucky"),
            n if n % 2 == 1 => Err(Odd),
            _ => Ok(()),
        }
    }

    #[test]
    fn each_message_succeeds_or_fails_on_its_own() {
        let bodies = [r#"{"n":2}"#, "not json", r#"{"n":1}"#, r#"{"n":13}"#, r#"{"n":4}"#];
        let answer = futures::executor::block_on(each(
            event(&bodies),
            &invocation(&lambda_runtime::Context::default()),
            handle,
        ));
        let failed: Vec<_> = answer
            .batch_item_failures
            .iter()
            .map(|one| &*one.item_identifier)
            .collect();
        assert_eq!(failed, ["m1", "m2", "m3"]);
    }

    #[test]
    fn the_deadline_is_lambdas() {
        let mut context = lambda_runtime::Context::default();
        context.deadline = 1_700_000_000_123;
        context.request_id = "8476a536".into();
        let invocation = invocation(&context);
        assert_eq!(invocation.deadline.as_millisecond(), 1_700_000_000_123);
        assert_eq!(invocation.id, "8476a536");
    }
}
