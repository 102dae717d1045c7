//! The loop of an HTTP function: take a call, answer it, log one line.
//!
//! Guarantees: every call is answered, also when the handler fails or panics; the line has the route, status, code and
//! time, and neither path, query nor address.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::FutureExt;
use lambda_runtime::{LambdaEvent, service_fn};

use super::answer::Answer;
use super::call::{Call, Event};
use super::problem;
use crate::runtime::telemetry::{elapsed_ms, report};
use crate::runtime::{clock, sqs};
use crate::workflow::failure::Failure;

/// Runs a function with this handler; does not return while the function lives.
pub async fn run<H>(handler: H) -> Result<(), lambda_runtime::Error>
where
    H: AsyncFn(Call) -> Result<Answer, Failure>,
{
    let serve = async |event: LambdaEvent<Event>| {
        let deadline = sqs::deadline(&event.context);
        let call = Call::new(event.payload, clock::now(), deadline);
        Ok::<_, lambda_runtime::Error>(handle(call, &handler).await)
    };
    lambda_runtime::run(service_fn(serve)).await
}

/// Answers one call, whatever becomes of the handler.
pub async fn handle<H>(call: Call, handler: H) -> Answer
where
    H: AsyncFn(Call) -> Result<Answer, Failure>,
{
    let start = Instant::now();
    let route = call.route().to_owned();
    let (answer, code) = match AssertUnwindSafe(handler(call)).catch_unwind().await {
        Ok(Ok(answer)) => (answer, "ok"),
        Ok(Err(failure)) => {
            if let Failure::Fault(fault) = &failure {
                report(fault);
            }
            problem::of(&failure)
        }
        // The hook of `telemetry` has logged where.
        Err(_) => (problem::internal(), "internal"),
    };
    let status = answer.status();
    tracing::info!(route, status, code, elapsed_ms = elapsed_ms(start), "answered");
    answer
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::call;
    use super::*;
    use crate::ports::Fault;
    use crate::state_machine::refusal::Refusal;

    fn status_of(handler: impl AsyncFn(Call) -> Result<Answer, Failure>) -> u16 {
        let call = call("GET /v1/health", serde_json::json!({}));
        futures::executor::block_on(handle(call, handler)).status()
    }

    #[test]
    fn every_call_is_answered() {
        assert_eq!(
            status_of(async |_| Ok(Answer::text(204, "text/plain", String::new()))),
            204
        );
        assert_eq!(status_of(async |_| Err(Refusal::NotFound.into())), 404);
        assert_eq!(status_of(async |_| Err(Fault::transient("op", "why").into())), 503);
        assert_eq!(status_of(async |_| panic!("a defect")), 500);
    }
}
