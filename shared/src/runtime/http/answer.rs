//! What goes back to the caller. `lambda_http` puts it into the gateway's form.
//!
//! Every answer says `cache-control: no-store`: each of them may hold somebody's personal data.

use std::collections::BTreeMap;

use lambda_http::http::StatusCode;
use lambda_http::{Body, Response};
use serde::Serialize;

use crate::ports::Fault;
use crate::workflow::failure::Failure;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Answer {
    /// `status` with `value` as JSON.
    pub fn json<T: Serialize>(status: u16, value: &T) -> Result<Self, Failure> {
        let body = serde_json::to_string(value).map_err(|e| Fault::corrupt("answer", e))?;
        Ok(Self::text(status, "application/json", body))
    }

    /// `status` with a body of this content type.
    pub fn text(status: u16, content_type: &str, body: String) -> Self {
        let headers = [
            ("content-type", content_type),
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { status, headers, body }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The body.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// A header's value; its name in small letters.
    pub fn header_value(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

impl From<Answer> for Response<Body> {
    /// A status or header that HTTP cannot say is a defect of ours: the caller gets a bare 500.
    fn from(answer: Answer) -> Self {
        let builder = Response::builder().status(answer.status);
        let builder = answer
            .headers
            .iter()
            .fold(builder, |builder, (name, value)| builder.header(name, value));
        builder.body(Body::from(answer.body)).unwrap_or_else(|_| {
            let mut bare = Response::new(Body::Empty);
            *bare.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            bare
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_becomes_a_response() {
        let answer = Answer::json(201, &serde_json::json!({"id": "dsr_1"})).expect("json");
        let response = Response::from(answer.header("location", "/v1/requests/dsr_1"));
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["location"], "/v1/requests/dsr_1");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.body(), &Body::Text(r#"{"id":"dsr_1"}"#.to_owned()));
    }

    #[test]
    fn what_http_cannot_say_is_a_500_and_no_panic() {
        let answer = |status| Answer::text(status, "text/plain", "secret".to_owned());
        for odd in [
            answer(99),
            answer(200).header("a b", "c"),
            answer(200).header("location", "a\r\nset-cookie: b"),
        ] {
            let response = Response::from(odd);
            assert_eq!((response.status().as_u16(), response.body()), (500, &Body::Empty));
        }
    }
}
