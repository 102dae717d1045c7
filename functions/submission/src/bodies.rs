//! What callers send, strictly parsed: an unknown field, a wrong type or a blank reason ends here with its pointer.

use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use shared::domain::ids::{RequestId, SubjectId};
use shared::domain::personal::Personal;
use shared::domain::request::Kind;
use shared::runtime::http::{Call, body};
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
    #[serde(default)]
    after_export: Option<RequestId>,
    #[serde(default)]
    notify_subject: Option<bool>,
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
pub(crate) fn new_request(call: &Call) -> Result<NewRequest, Refusal> {
    let input: Submit = body::json(call)?;
    if !input.confirm {
        return Err(body::invalid("/confirm", "must be true"));
    }
    Ok(NewRequest {
        kind: input.kind,
        scope: input.scope,
        reason: input.reason,
        subject: input.subject.map(subject).transpose()?,
        received_at: input.received_at,
        after_export: input.after_export,
        notify_subject: input.notify_subject,
        idempotency_key: call.header("idempotency-key").map(str::to_owned),
        body: Personal::new(String::from_utf8_lossy(body::bytes(call)?)),
    })
}

type Subject = (SubjectId, Option<Personal>, Option<Personal>);

fn subject(input: SubjectBody) -> Result<Subject, Refusal> {
    let fits = |text: &Option<Personal>| text.as_ref().is_none_or(|t| t.expose().chars().count() <= TEXT_MAX);
    if !fits(&input.name) {
        return Err(body::invalid("/subject/name", "at most 320 characters"));
    }
    let plausible = |email: &Personal| {
        let text = email.expose();
        let at = text.find('@').unwrap_or(0);
        at > 0 && at + 1 < text.len() && !text.chars().any(|c| c.is_whitespace() || c.is_control())
    };
    if !fits(&input.email) || !input.email.as_ref().is_none_or(plausible) {
        return Err(body::invalid(
            "/subject/email",
            "an e-mail address of at most 320 characters",
        ));
    }
    Ok((input.id, input.name, input.email))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Redeem {
    #[serde(deserialize_with = "whole")]
    part: u32,
}

/// JSON knows no integers: `2.0` is one.
fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    let integer = number.as_u64().and_then(|number| u32::try_from(number).ok());
    let integer = integer.or_else(|| number.as_f64()?.to_string().parse().ok());
    integer.ok_or_else(|| D::Error::custom("expected a whole number, from 0 to 4294967295"))
}

/// `POST .../export/redeem`: which part.
pub(crate) fn redemption(call: &Call) -> Result<u32, Refusal> {
    Ok(body::json::<Redeem>(call)?.part)
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Withdraw {
    #[serde(default)]
    reason: Option<Personal>,
}

/// `POST .../withdraw`; the body may be missing.
pub(crate) fn withdrawal(call: &Call) -> Result<Option<Personal>, Refusal> {
    if body::bytes(call)?.is_empty() {
        return Ok(None);
    }
    Ok(body::json::<Withdraw>(call)?.reason)
}
