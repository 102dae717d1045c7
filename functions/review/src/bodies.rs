//! What operators send, strictly parsed.

use jiff::Timestamp;
use serde::Deserialize;
use shared::domain::personal::Personal;
use shared::runtime::http::{Call, body};
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
        Self {
            method: body.method,
            note: body.note,
        }
    }
}

/// `POST .../verify`
pub(crate) fn verification(call: &Call) -> Result<Wish, Refusal> {
    Ok(Wish::Verify(body::json::<Verification>(call)?.into()))
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
pub(crate) fn approval(call: &Call) -> Result<Wish, Refusal> {
    let input = if body::bytes(call)?.is_empty() {
        Approval::default()
    } else {
        body::json(call)?
    };
    Ok(Wish::Approve {
        note: input.note,
        verification: input.verification.map(Into::into),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rejection {
    reason: Personal,
}

/// `POST .../reject`
pub(crate) fn rejection(call: &Call) -> Result<Wish, Refusal> {
    Ok(Wish::Reject {
        reason: body::json::<Rejection>(call)?.reason,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    reason: Personal,
    #[serde(default)]
    until: Option<Timestamp>,
}

/// `POST .../extend`
pub(crate) fn extension(call: &Call) -> Result<Wish, Refusal> {
    let Extension { reason, until } = body::json(call)?;
    Ok(Wish::Extend { reason, until })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Execution {
    confirmation: String,
    preview_digest: String,
}

/// `POST .../execute`; the confirmation stays byte for byte what was typed.
pub(crate) fn execution(call: &Call) -> Result<Typed, Refusal> {
    let input: Execution = body::json(call)?;
    Ok(Typed {
        confirmation: input.confirmation,
        preview_digest: input.preview_digest,
    })
}
