//! One HTTP call, as API Gateway hands it over (payload format 2.0).
//!
//! Only the parts Lethe reads are parsed, leniently, so that an odd header or claim cannot turn a call into a failed
//! invocation: what matters is judged later, where it can be answered with a 400.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::domain::ids::RequestId;
use crate::state_machine::refusal::Refusal;

/// The event, with everything else in it ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Event {
    raw_path: String,
    raw_query_string: String,
    headers: HashMap<String, String>,
    path_parameters: Option<HashMap<String, String>>,
    request_context: RequestContext,
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RequestContext {
    route_key: String,
    http: Http,
    authorizer: Option<Authorizer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Http {
    method: String,
    source_ip: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Authorizer {
    jwt: Option<Jwt>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Jwt {
    claims: Option<HashMap<String, Value>>,
}

/// A call. It holds personal data (claims, address, body), so it is never logged and has no `Debug`.
pub struct Call {
    event: Event,
    query: Vec<(String, String)>,
    /// When it came.
    pub now: Timestamp,
    /// When Lambda ends this invocation.
    pub deadline: Timestamp,
}

impl Call {
    /// Takes the gateway's event.
    pub fn new(event: Event, now: Timestamp, deadline: Timestamp) -> Self {
        let pairs = form_urlencoded::parse(event.raw_query_string.as_bytes());
        let query = pairs.into_owned().collect();
        Self {
            event,
            query,
            now,
            deadline,
        }
    }

    /// The route the gateway chose, e.g. `GET /v1/requests/{id}`, or `$default`. Holds no data of the caller.
    pub fn route(&self) -> &str {
        &self.event.request_context.route_key
    }

    /// The method, in capitals.
    pub fn method(&self) -> &str {
        &self.event.request_context.http.method
    }

    /// The path as it was called, for `$default`. Not for logs.
    pub fn path(&self) -> &str {
        &self.event.raw_path
    }

    /// A part of the path that the route names; empty if the route has none of that name.
    pub fn path_parameter(&self, name: &str) -> &str {
        let parameters = self.event.path_parameters.as_ref();
        parameters.and_then(|all| all.get(name)).map_or("", String::as_str)
    }

    /// The request named in the path. A malformed id is the caller's mistake, not a missing request.
    pub fn request_id(&self) -> Result<RequestId, Refusal> {
        let malformed = |_| Refusal::InvalidInput {
            pointer: "/id".to_owned(),
            detail: "not a request id".to_owned(),
        };
        self.path_parameter("id").parse().map_err(malformed)
    }

    /// The query, decoded, in order; names may repeat.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// A header; its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.event.headers.iter();
        all.find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// A claim of the token that the gateway has checked; other kinds of values in their JSON form.
    pub fn claim(&self, name: &str) -> Option<String> {
        let jwt = self.event.request_context.authorizer.as_ref()?.jwt.as_ref()?;
        match jwt.claims.as_ref()?.get(name)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// The caller's address as the gateway saw it.
    pub fn source_ip(&self) -> &str {
        &self.event.request_context.http.source_ip
    }

    /// The body as it arrived, and whether that is base64; read it with [`super::body`].
    pub(super) fn raw_body(&self) -> (&str, bool) {
        let body = self.event.body.as_deref().unwrap_or_default();
        (body, self.event.is_base64_encoded)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// A call with this route, merged into what the gateway sends for an operator.
    pub(in super::super) fn call(route: &str, changes: Value) -> Call {
        let mut event = json!({
            "version": "2.0", "routeKey": route, "rawPath": "/v1/x", "rawQueryString": "",
            "headers": {"host": "h", "If-Match": "\"7\""},
            "pathParameters": null,
            "requestContext": {
                "accountId": "1", "stage": "$default", "routeKey": route, "requestId": "r",
                "http": {"method": "POST", "path": "/v1/x", "sourceIp": "203.0.113.7", "userAgent": "u"},
                "authorizer": {"jwt": {"claims": {
                    "sub": "sub-1", "email": "o@acme.example", "email_verified": "true", "name": "Olga",
                    "cognito:groups": "[PlatformAdmin Auditor]", "custom:tenant": "acme", "token_use": "id"
                }, "scopes": null}}
            },
            "isBase64Encoded": false
        });
        merge(&mut event, changes);
        let event = serde_json::from_value(event).expect("an event");
        Call::new(event, Timestamp::UNIX_EPOCH, Timestamp::MAX)
    }

    fn merge(into: &mut Value, from: Value) {
        match (into, from) {
            (Value::Object(into), Value::Object(from)) => {
                for (key, value) in from {
                    merge(into.entry(key).or_insert(Value::Null), value);
                }
            }
            (into, from) => *into = from,
        }
    }

    #[test]
    fn the_parts_are_where_the_gateway_puts_them() {
        let call = call(
            "GET /v1/requests/{id}",
            json!({"rawQueryString": "status=Pending&status=Verified&q=a%20b+c", "pathParameters": {"id": "dsr_1"}}),
        );
        assert_eq!((call.route(), call.method()), ("GET /v1/requests/{id}", "POST"));
        assert_eq!((call.path_parameter("id"), call.path_parameter("other")), ("dsr_1", ""));
        assert_eq!(call.query().len(), 3);
        assert_eq!(call.query()[2].1, "a b c");
        assert_eq!(call.header("if-match"), Some("\"7\""));
        assert_eq!(call.claim("custom:tenant").as_deref(), Some("acme"));
        assert_eq!(call.source_ip(), "203.0.113.7");
    }

    #[test]
    fn an_open_route_has_no_claims_and_odd_input_is_no_failure() {
        let odd = json!({
            "requestContext": {"authorizer": null},
            "rawQueryString": "a=%ff&<\"&&=", "headers": {"x": "\u{fc}\u{0}"}
        });
        let call = call("$default", odd);
        assert_eq!(call.claim("sub"), None);
        assert_eq!(call.query()[0].1, "\u{fffd}");
    }

    #[test]
    fn a_claim_that_is_no_string_is_its_json() {
        let claims = json!({"requestContext": {"authorizer": {"jwt": {"claims": {"groups": ["A", "B"], "x": null}}}}});
        let call = call("r", claims);
        assert_eq!(call.claim("groups").as_deref(), Some(r#"["A","B"]"#));
        assert_eq!(call.claim("x"), None);
    }
}
