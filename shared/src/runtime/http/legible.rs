//! Events that `lambda_http` can make no request of.
//!
//! It turns down an event whose header or method HTTP does not allow, and panics at a URL or base64 that is none; both
//! fail the invocation, and the caller gets the gateway's own 500. The gateway lets hardly any of that through, but what
//! it lets through is not ours to decide. So such an event is replaced, before `lambda_http` sees it, by [`NO_CALL`],
//! which is answered as bad input ([`super::run`]).
//!
//! This reads every event twice; with the small bodies of this API that costs microseconds.

use std::panic::catch_unwind;

use lambda_http::lambda_runtime::LambdaInvocation;

/// The least that `lambda_http` makes a request of. Its call has no route, which no call of the gateway's lacks.
const NO_CALL: &str = r#"{"requestContext":{"http":{"method":"GET"}}}"#;

/// The invocation, with an event of which a request can be made.
pub(super) fn legible(mut invocation: LambdaInvocation) -> LambdaInvocation {
    if !is_legible(&invocation.body) {
        invocation.body = NO_CALL.into();
    }
    invocation
}

fn is_legible(event: &[u8]) -> bool {
    let read = || std::str::from_utf8(event).is_ok_and(|event| lambda_http::request::from_str(event).is_ok());
    // The hook of `telemetry` logs where it panicked, and nothing of the event.
    catch_unwind(read).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::super::call::Call;
    use super::super::call::tests::event;
    use super::*;
    use lambda_http::{Context, Response};
    use serde_json::{Value, json};

    fn through(event: &str) -> String {
        let (parts, ()) = Response::new(()).into_parts();
        let context = Context::default();
        let invocation = legible(LambdaInvocation {
            parts,
            body: event.to_owned().into(),
            context,
        });
        String::from_utf8(invocation.body.to_vec()).expect("text")
    }

    #[test]
    fn a_legible_event_is_left_as_it_is() {
        let event = event("GET /v1/requests", json!({"rawQueryString": "a=%ff"}));
        assert_eq!(through(&event), event);
    }

    #[test]
    fn an_illegible_event_becomes_a_call_without_a_route() {
        let changed = |changes: Value| event("GET /v1/requests", changes);
        for odd in [
            changed(json!({"headers": {"x": "a\r\nb"}})),
            changed(json!({"headers": {"x": "\u{0}"}})),
            changed(json!({"headers": {"a b": "c"}})),
            changed(json!({"headers": {"x-forwarded-proto": "a b"}})),
            changed(json!({"requestContext": {"http": {"method": "G T"}}})),
            changed(json!({"requestContext": {"authorizer": {"jwt": {"claims": {"sub": 7}}}}})),
            changed(json!({"headers": {"host": "a b"}})),
            changed(json!({"rawQueryString": "a=\u{7f}"})),
            changed(json!({"rawQueryString": "a=<b>"})),
            changed(json!({"rawQueryString": "a=1&".repeat(30_000)})),
            changed(json!({"body": "***", "isBase64Encoded": true})),
            changed(json!({"requestContext": null})),
            "[]".to_owned(),
            String::new(),
        ] {
            assert_eq!(through(&odd), NO_CALL, "{}", &odd[..odd.len().min(500)]);
        }
        let request = lambda_http::request::from_str(NO_CALL).expect("a request");
        assert_eq!(Call::new(request, jiff::Timestamp::UNIX_EPOCH).route(), "");
    }
}
