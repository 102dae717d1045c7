//! What operators send, strictly parsed.

use serde::Deserialize;
use shared::domain::personal::Personal;
use shared::runtime::http::{self, Request};
use shared::state_machine::command::VerificationInput;
use shared::state_machine::refusal::Refusal;
use shared::workflow::execute::Typed;
use shared::workflow::order::Wish;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Verification {
    method: Personal,
    #[serde(default)]
    note: Option<Personal>,
}

impl From<Verification> for VerificationInput {
    fn from(body: Verification) -> Self {
        Self { method: body.method, note: body.note }
    }
}

/// `POST .../verify`
pub(crate) fn verification(request: &Request) -> Result<VerificationInput, Refusal> {
    Ok(http::json_body::<Verification>(request)?.into())
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Approval {
    #[serde(default)]
    note: Option<Personal>,
    #[serde(default)]
    verification: Option<Verification>,
}

/// `POST .../approve`; the body may be missing.
pub(crate) fn approval(request: &Request) -> Result<Wish, Refusal> {
    let body = if http::body_bytes(request)?.is_empty() { Approval::default() } else { http::json_body(request)? };
    Ok(Wish::Approve { note: body.note, verification: body.verification.map(Into::into) })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejection {
    reason: Personal,
}

/// `POST .../reject`
pub(crate) fn rejection(request: &Request) -> Result<Personal, Refusal> {
    Ok(http::json_body::<Rejection>(request)?.reason)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Execution {
    confirmation: String,
    preview_digest: String,
}

/// `POST .../execute`; the confirmation stays byte for byte what was typed.
pub(crate) fn execution(request: &Request) -> Result<Typed, Refusal> {
    let body: Execution = http::json_body(request)?;
    Ok(Typed { confirmation: body.confirmation, preview_digest: body.preview_digest })
}
