//! Tests of [`super`]: calls as the gateway makes them, and as a hostile caller would like them.

use super::*;
use lambda_http::Context;
pub(in super::super) use serde_json::{Value, json};

/// The event of this route, merged into what the gateway sends for an operator; a value of `null` takes away.
pub(in super::super) fn event(route: &str, changes: Value) -> String {
    let mut event = json!({
        "version": "2.0", "routeKey": route, "rawPath": "/v1/x", "rawQueryString": "",
        "headers": {"host": "h", "If-Match": "\"7\""},
        "requestContext": {
            "accountId": "1", "stage": "$default", "routeKey": route, "requestId": "r",
            "http": {"method": "POST", "path": "/v1/x", "sourceIp": "203.0.113.7", "userAgent": "u"},
            "authorizer": {"jwt": {"claims": {
                "sub": "sub-1", "email": "o@acme.example", "email_verified": "true", "name": "Olga",
                "cognito:groups": "[PlatformAdmin Auditor]", "custom:tenant": "acme", "token_use": "id"
            }}}
        },
        "isBase64Encoded": false
    });
    merge(&mut event, changes);
    event.to_string()
}

/// The call that comes of such an event.
pub(in super::super) fn call(route: &str, changes: Value) -> Call {
    let request = lambda_http::request::from_str(&event(route, changes)).expect("an event");
    Call::new(request, Timestamp::UNIX_EPOCH)
}

fn merge(into: &mut Value, from: Value) {
    let (Value::Object(into), Value::Object(from)) = (&mut *into, &from) else {
        *into = from;
        return;
    };
    for (key, value) in from {
        match value {
            Value::Null => drop(into.remove(key)),
            value => merge(into.entry(key).or_insert(Value::Null), value.clone()),
        }
    }
}

/// An event file of a function: what `sam local invoke` and the tests feed it.
fn from_file(text: &str) -> Call {
    Call::new(
        lambda_http::request::from_str(text).expect("an event"),
        Timestamp::UNIX_EPOCH,
    )
}

macro_rules! file {
    ($function:literal, $name:literal) => {
        from_file(include_str!(concat!(
            "../../../../functions/",
            $function,
            "/events/http-",
            $name,
            ".json"
        )))
    };
}

#[test]
fn the_event_files_are_read_as_the_gateway_means_them() {
    let list = file!("submission", "list");
    assert_eq!((list.route(), list.path()), ("GET /v1/requests", "/v1/requests"));
    let query = list.query().expect("a query");
    // The gateway's own map says "Pending,Approved", as if it were one status.
    assert_eq!(query.all("status"), Some(vec!["Pending", "Approved"]));
    assert_eq!((query.first("limit"), query.first("cursor")), (Some("10"), None));
    assert_eq!(list.claim("cognito:groups"), Some("[PlatformAdmin Auditor]"));
    assert_eq!(
        (list.claim("custom:tenant"), list.source_ip()),
        (Some("acme"), "203.0.113.9")
    );

    let approve = file!("review", "approve");
    assert_eq!(approve.route(), "POST /v1/requests/{id}/approve");
    assert_eq!(approve.path_parameter("id"), "dsr_01KBNDP8H0Q4S2W7X9Y3Z5A6B7");
    assert!(approve.request_id().is_ok() && approve.query().is_none());
    assert_eq!(approve.header("if-match"), Some("\"1\""));
    assert_eq!(
        approve.raw_body(),
        br#"{"verification": {"method": "signed-in account"}}"#
    );
    assert_eq!(file!("review", "preview").route(), "GET /v1/requests/{id}/preview");

    let health = file!("submission", "health");
    assert_eq!(
        (health.route(), health.claim("sub"), health.raw_body()),
        ("GET /v1/health", None, &b""[..])
    );
    assert_eq!(file!("submission", "default").route(), "$default");
    assert_eq!(file!("submission", "access-token").claim("token_use"), Some("access"));
    assert_eq!(
        file!("submission", "get").path_parameter("id"),
        file!("submission", "get").path()[13..].to_owned()
    );
    assert!(!file!("submission", "submit").raw_body().is_empty());
}

#[test]
fn the_parts_are_where_the_gateway_puts_them() {
    let changes = json!({"rawQueryString": "status=Pending&q=a%20b+c&status=A%2CB", "pathParameters": {"id": "dsr_1"}});
    let call = call("GET /v1/requests/{id}", changes);
    assert_eq!((call.path_parameter("id"), call.path_parameter("other")), ("dsr_1", ""));
    let query = call.query().expect("a query");
    assert_eq!(
        (query.all("status"), query.first("q")),
        (Some(vec!["Pending", "A,B"]), Some("a b c"))
    );
    assert_eq!(
        (call.header("if-match"), call.header("IF-MATCH")),
        (Some("\"7\""), Some("\"7\""))
    );
    assert_eq!((call.claim("custom:tenant"), call.claim("other")), (Some("acme"), None));
}

#[test]
fn the_deadline_is_the_invocations() {
    let mut context = Context::default();
    context.deadline = 1_700_000_000_123;
    let request = lambda_http::request::from_str(&event("r", json!({}))).expect("an event");
    let call = Call::new(request.with_lambda_context(context), Timestamp::UNIX_EPOCH);
    assert_eq!(call.deadline.as_millisecond(), 1_700_000_000_123);
}

#[test]
fn odd_queries_are_decoded_as_far_as_they_go() {
    for (raw, name, value) in [
        ("a=%ff", "a", "\u{fffd}"),
        ("%C3%A4=%00", "ä", "\0"),
        ("a=%zz&a=1", "a", "%zz"),
        ("a=\u{fc}", "a", "\u{fc}"),
        ("&&=&a='`{|}^\\", "a", "'`{|}^\\"),
        ("a[]=1;b", "a[]", "1;b"),
    ] {
        let call = call("r", json!({ "rawQueryString": raw }));
        assert_eq!(call.query().and_then(|query| query.first(name)), Some(value), "{raw}");
    }
}

#[test]
fn odd_headers_and_bodies_are_handed_on() {
    let headers =
        json!({"x": "\u{fc}", "y": "", "host": "localhost:99", "cookie": "\u{20ac}", "x-amzn-trace-id": ";="});
    let odd = call("r", json!({ "headers": headers }));
    assert_eq!(
        (odd.header("x"), odd.header("y"), odd.header("no such\u{0}")),
        (Some("\u{fc}"), Some(""), None)
    );
    assert_eq!(
        call("r", json!({"body": "/wAB", "isBase64Encoded": true})).raw_body(),
        [0xff, 0, 1]
    );
    assert_eq!(
        call("r", json!({"body": "\u{0}\u{fc}"})).raw_body(),
        "\u{0}\u{fc}".as_bytes()
    );
}

#[test]
fn an_open_route_has_no_claims() {
    assert_eq!(
        call("$default", json!({"requestContext": {"authorizer": null}})).claim("sub"),
        None
    );
}

#[test]
fn json_is_sent_to_whoever_asks_for_it_by_its_name() {
    let accepts = |accept: &str| call("GET /v1/x", json!({ "headers": { "accept": accept } })).accepts_json();
    for accept in [
        "application/json",
        "text/html, Application/JSON;q=0.5",
        "application/json; charset=utf-8",
    ] {
        assert!(accepts(accept), "{accept}");
    }
    for accept in [
        "text/html,application/xhtml+xml,*/*;q=0.8",
        "application/*",
        "application/jsonp",
        "",
    ] {
        assert!(!accepts(accept), "{accept}");
    }
    assert!(!call("GET /v1/x", json!({})).accepts_json());
}
