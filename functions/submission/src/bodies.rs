//! What callers send, strictly parsed: an unknown field, a wrong type or a blank reason ends here with its pointer.

use jiff::Timestamp;
use serde::Deserialize;
use shared::domain::ids::SubjectId;
use shared::domain::personal::Personal;
use shared::domain::request::Kind;
use shared::runtime::http::{self, Request};
use shared::state_machine::refusal::Refusal;
use shared::workflow::submit::NewRequest;

/// Longest name or e-mail address of a person, in characters.
const TEXT_MAX: usize = 320;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Submit {
    kind: Kind,
    scope: Vec<String>,
    reason: Personal,
    confirm: bool,
    #[serde(default)]
    subject: Option<SubjectBody>,
    #[serde(default)]
    received_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubjectBody {
    id: SubjectId,
    #[serde(default)]
    name: Option<Personal>,
    #[serde(default)]
    email: Option<Personal>,
}

/// `POST /v1/requests`
pub(crate) fn new_request(request: &Request) -> Result<NewRequest, Refusal> {
    let body: Submit = http::json_body(request)?;
    if !body.confirm {
        return Err(invalid("/confirm", "must be true"));
    }
    if body.kind == Kind::Export {
        return Err(invalid("/kind", "this version handles deletion requests only"));
    }
    let subject = body.subject.map(subject).transpose()?;
    Ok(NewRequest {
        kind: body.kind,
        scope: body.scope,
        reason: body.reason,
        subject,
        received_at: body.received_at,
        idempotency_key: http::header(request, "idempotency-key").map(str::to_owned),
        body: Personal::new(String::from_utf8_lossy(&http::body_bytes(request)?)),
    })
}

type Subject = (SubjectId, Option<Personal>, Option<Personal>);

fn subject(body: SubjectBody) -> Result<Subject, Refusal> {
    let fits = |text: &Option<Personal>| text.as_ref().is_none_or(|t| t.expose().chars().count() <= TEXT_MAX);
    if !fits(&body.name) {
        return Err(invalid("/subject/name", "at most 320 characters"));
    }
    let plausible = |email: &Personal| {
        let text = email.expose();
        let at = text.find('@').unwrap_or(0);
        at > 0 && at + 1 < text.len() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
    };
    if !fits(&body.email) || !body.email.as_ref().is_none_or(plausible) {
        return Err(invalid("/subject/email", "an e-mail address of at most 320 characters"));
    }
    Ok((body.id, body.name, body.email))
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    #[serde(default)]
    reason: Option<Personal>,
}

/// `POST .../withdraw`; the body may be missing.
pub(crate) fn withdrawal(request: &Request) -> Result<Option<Personal>, Refusal> {
    if http::body_bytes(request)?.is_empty() {
        return Ok(None);
    }
    let body: Withdraw = http::json_body(request)?;
    Ok(body.reason)
}

fn invalid(pointer: &str, detail: &str) -> Refusal {
    Refusal::InvalidInput { pointer: pointer.to_owned(), detail: detail.to_owned() }
}
