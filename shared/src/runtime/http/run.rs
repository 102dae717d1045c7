//! The loop of an HTTP function: take a call, answer it, log one line.
//!
//! Guarantees: every call is answered, also when the handler fails or panics; the line has the route, status, code and
//! time, and neither path, query nor address.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use futures::FutureExt;
use lambda_http::lambda_runtime::layers::TracingLayer;
use lambda_http::tower::util::MapRequestLayer;
use lambda_http::{Body, Request, Response, service_fn};

use super::answer::Answer;
use super::call::Call;
use super::{legible, problem};
use crate::runtime::telemetry::{elapsed_ms, report};
use crate::runtime::{Failed, clock};
use crate::state_machine::refusal::Refusal;
use crate::workflow::failure::Failure;

/// Runs a function with this handler, which is lent the function's `outside`; does not return while the function lives.
pub async fn run<O, H, F>(outside: O, handler: H) -> Result<(), Failed>
where
    O: Send + Sync + 'static,
    H: Fn(Arc<O>, Call) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Result<Answer, Failure>> + Send + 'static,
{
    let outside = Arc::new(outside);
    let serve = service_fn(move |request: Request| {
        let (outside, handler) = (Arc::clone(&outside), handler.clone());
        async move {
            let answer = handle(Call::new(request, clock::now()), |call| handler(outside, call)).await;
            Ok::<Response<Body>, Failed>(answer.into())
        }
    });
    // What `lambda_http::run` does, but for one more layer; the last one is the outermost.
    let runtime = lambda_http::runtime(serve).layer(MapRequestLayer::new(legible::legible));
    runtime.layer(TracingLayer::new()).run().await
}

/// Answers one call, whatever becomes of the handler.
pub async fn handle<H, F>(call: Call, handler: H) -> Answer
where
    H: FnOnce(Call) -> F,
    F: Future<Output = Result<Answer, Failure>>,
{
    let start = Instant::now();
    let route = call.route().to_owned();
    let handled = async {
        if call.route().is_empty() {
            return Err(unreadable().into());
        }
        handler(call).await
    };
    let (answer, code) = match AssertUnwindSafe(handled).catch_unwind().await {
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

/// Of an event that [`legible`] replaced.
fn unreadable() -> Refusal {
    let detail = "the call is not valid HTTP: its query, a header or its body holds what none may hold".to_owned();
    Refusal::InvalidInput {
        pointer: String::new(),
        detail,
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::{Value, call, json};
    use super::*;
    use crate::ports::Fault;

    fn answer_of<F>(changes: Value, handler: impl FnOnce(Call) -> F) -> Answer
    where
        F: Future<Output = Result<Answer, Failure>>,
    {
        futures::executor::block_on(handle(call("GET /v1/health", changes), handler))
    }

    #[test]
    fn every_call_is_answered() {
        let fine = Answer::text(204, "text/plain", String::new());
        assert_eq!(answer_of(json!({}), async |_| Ok(fine)).status(), 204);
        assert_eq!(
            answer_of(json!({}), async |_| Err(Refusal::NotFound.into())).status(),
            404
        );
        assert_eq!(
            answer_of(json!({}), async |_| Err(Fault::transient("op", "why").into())).status(),
            503
        );
        assert_eq!(answer_of(json!({}), async |_| panic!("a defect")).status(), 500);
        let early = |_| -> std::future::Ready<_> { panic!("a defect before there is a future") };
        assert_eq!(answer_of(json!({}), early).status(), 500);
    }

    #[test]
    fn a_call_that_could_not_be_read_is_bad_input_and_not_handled() {
        let illegible = json!({"requestContext": {"routeKey": null}});
        let answer = answer_of(illegible, async |_| panic!("it was handled"));
        assert_eq!((answer.status(), answer.body().contains("invalid_input")), (400, true));
    }
}
