//! A small client of Lethe's HTTP API on a local stack.
//!
//! It judges nothing: every answer comes back with its status, for a test to assert or the demo to show. It exists
//! because an emulator routes by the `Host` header, which most HTTP libraries derive from the address.

use anyhow::{Context, Result};
use reqwest::header::{HOST, HeaderMap};
pub use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::signin::sign_in;
use crate::stack_file::{Stack, User};

/// The API, called as nobody or as one user.
#[derive(Clone)]
pub struct Api {
    http: reqwest::Client,
    url: String,
    host: String,
    token: Option<String>,
    watch: Option<Watch>,
}

/// Who looks at every answer, with the method and path that were called.
pub type Watch = fn(&Method, &str, &Answer);

impl std::fmt::Debug for Api {
    /// Without the token.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Api({}, signed in: {})", self.host, self.token.is_some())
    }
}

/// One answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; a string when it is not JSON, null when it is empty.
    pub body: Value,
}

impl Api {
    /// Calls without a token.
    pub fn anonymous(stack: &Stack) -> Result<Self> {
        // A proxy named in the environment has no business with the loopback address.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none());
        let http = http.build().context("cannot make an HTTP client")?;
        Ok(Self {
            http,
            url: stack.api_url.clone(),
            host: stack.api_host.clone(),
            token: None,
            watch: None,
        })
    }

    /// Calls as `user`, signed in anew.
    pub async fn signed_in(stack: &Stack, user: &User) -> Result<Self> {
        let tokens = sign_in(stack, user).await?;
        Ok(Self::anonymous(stack)?.with_token(tokens.id))
    }

    /// Calls with this token, valid or not.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Shows every answer to somebody, too: a test holds each to the contract.
    #[must_use]
    pub fn watched_by(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// `GET path`; the path carries the query.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, &[], None).await
    }

    /// `POST path` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::POST, path, &[], Some(serde_json::to_vec(body)?))
            .await
    }

    /// Any call: further headers, and a body sent byte for byte, as JSON unless the headers name another content type.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Answer> {
        let mut request = self
            .http
            .request(method.clone(), format!("{}{path}", self.url))
            .header(HOST, &self.host);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            let is_said = headers.iter().any(|(name, _)| *name == "content-type");
            if !is_said {
                request = request.header("content-type", "application/json");
            }
            request = request.body(body);
        }
        let answer = request
            .send()
            .await
            .context("the API does not answer; is the stack up (`cargo lethe up`)?")?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = parse(&answer.bytes().await.context("the API broke off its answer")?);
        let answer = Answer { status, headers, body };
        if let Some(watch) = self.watch {
            watch(&method, path, &answer);
        }
        Ok(answer)
    }
}

impl Answer {
    /// The stable `code` of a problem; empty when the answer is none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// A header as text; empty when missing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as `T`, if the status is a success; else an error that shows the problem.
    pub fn success<T: DeserializeOwned>(self) -> Result<T> {
        anyhow::ensure!(
            self.status.is_success(),
            "the API answered {}: {}",
            self.status,
            self.body
        );
        serde_json::from_value(self.body).context("the API's answer has another form than expected")
    }
}

fn parse(bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answer(status: StatusCode, body: &[u8]) -> Answer {
        Answer {
            status,
            headers: HeaderMap::new(),
            body: parse(body),
        }
    }

    #[test]
    fn a_body_that_is_no_json_is_kept_as_text() {
        assert_eq!(parse(b"Service Unavailable"), json!("Service Unavailable"));
        assert_eq!(parse(b""), Value::Null);
    }

    #[test]
    fn a_refusal_is_an_error_that_shows_its_code() {
        let refused = answer(StatusCode::CONFLICT, br#"{"code":"no_policy"}"#);
        assert_eq!(refused.code(), "no_policy");
        assert!(
            refused
                .success::<Value>()
                .unwrap_err()
                .to_string()
                .contains("no_policy")
        );
    }
}
