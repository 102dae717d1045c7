//! What goes back to the caller, in the gateway's form.
//!
//! Every answer says `cache-control: no-store`: each of them may hold somebody's personal data.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ports::Fault;
use crate::workflow::failure::Failure;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
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
        Self {
            status_code: status,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            body,
            is_base64_encoded: false,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.insert(name.to_owned(), value.into());
        self
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.status_code
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateway_reads_it() {
        let answer = Answer::json(201, &serde_json::json!({"id": "dsr_1"})).expect("json");
        let answer = answer.header("location", "/v1/requests/dsr_1");
        let shown = serde_json::to_value(&answer).expect("json");
        assert_eq!(
            (&shown["statusCode"], &shown["isBase64Encoded"]),
            (&201.into(), &false.into())
        );
        assert_eq!(shown["headers"]["location"], "/v1/requests/dsr_1");
        assert_eq!(shown["headers"]["cache-control"], "no-store");
        assert_eq!(shown["body"], r#"{"id":"dsr_1"}"#);
    }
}
