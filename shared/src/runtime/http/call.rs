//! One HTTP call: the request that `lambda_http` makes of API Gateway's event (payload format 2.0), as far as Lethe
//! reads it.
//!
//! Guarantees: what a caller writes is handed on as it is (odd bytes become U+FFFD), and judged later, where it can be
//! answered with a 400. An event of which `lambda_http` can make no request never gets here: see `legible`.

use jiff::Timestamp;
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext as Gateway;
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::request::RequestContext;
use lambda_http::{Request, RequestExt};

use crate::domain::ids::RequestId;
use crate::runtime::sqs;
use crate::state_machine::refusal::Refusal;

/// A call. It holds personal data (claims, address, body), so it is never logged and has no `Debug`.
pub struct Call {
    request: Request,
    /// When it came.
    pub now: Timestamp,
    /// When Lambda ends this invocation.
    pub deadline: Timestamp,
}

impl Call {
    /// Takes the request that came at `now`.
    pub fn new(request: Request, now: Timestamp) -> Self {
        let context = request.lambda_context_ref();
        let deadline = context.map_or(Timestamp::MAX, |context| sqs::invocation(context).deadline);
        Self { request, now, deadline }
    }

    /// The route the gateway chose, e.g. `GET /v1/requests/{id}`, or `$default`. Holds no data of the caller.
    /// Empty only if the gateway's event could not be read.
    pub fn route(&self) -> &str {
        self.gateway()
            .and_then(|gateway| gateway.route_key.as_deref())
            .unwrap_or_default()
    }

    /// The path as it was called, for `$default`. Not for logs.
    pub fn path(&self) -> &str {
        self.request.raw_http_path()
    }

    /// A part of the path that the route names; empty if the route has none of that name.
    pub fn path_parameter(&self, name: &str) -> &str {
        let parameters = self.request.path_parameters_ref();
        parameters.and_then(|all| all.first(name)).unwrap_or_default()
    }

    /// The request named in the path. A malformed id is the caller's mistake, not a missing request.
    pub fn request_id(&self) -> Result<RequestId, Refusal> {
        let malformed = |_| Refusal::InvalidInput {
            pointer: "/id".to_owned(),
            detail: "not a request id".to_owned(),
        };
        self.path_parameter("id").parse().map_err(malformed)
    }

    /// The query, decoded; names may repeat, the values of a name are in order. It is made of the raw query: the
    /// gateway's own map joins repeated values with commas.
    pub fn query(&self) -> Option<&QueryMap> {
        self.request.query_string_parameters_ref()
    }

    /// A header; its name in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        // Not `to_str`: it would turn a header with an umlaut in it into one that was not sent.
        let value = self.request.headers().get(name)?;
        std::str::from_utf8(value.as_bytes()).ok()
    }

    /// Whether the caller asked for JSON by its name. What a browser sends (`text/html, ..., */*`) does not.
    pub fn accepts_json(&self) -> bool {
        let kinds = self.header("accept").unwrap_or_default().split(',');
        let mut names = kinds.map(|kind| kind.split(';').next().unwrap_or_default().trim());
        names.any(|name| name.eq_ignore_ascii_case("application/json"))
    }

    /// A claim of the token that the gateway has checked. The gateway hands on every claim as text.
    pub fn claim(&self, name: &str) -> Option<&str> {
        let jwt = self.gateway()?.authorizer.as_ref()?.jwt.as_ref()?;
        jwt.claims.get(name).map(String::as_str)
    }

    /// The caller's address as the gateway saw it.
    pub fn source_ip(&self) -> &str {
        self.gateway()
            .and_then(|gateway| gateway.http.source_ip.as_deref())
            .unwrap_or_default()
    }

    /// The body, of any size and form; read it with [`super::body`].
    pub(super) fn raw_body(&self) -> &[u8] {
        self.request.body()
    }

    fn gateway(&self) -> Option<&Gateway> {
        match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(gateway)) => Some(gateway),
            _ => None,
        }
    }
}

#[cfg(test)]
#[path = "call_tests.rs"]
pub(super) mod tests;
