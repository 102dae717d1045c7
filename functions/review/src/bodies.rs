//! What operators send, strictly parsed.

use jiff::Timestamp;
use serde::Deserialize;
use shared::domain::personal::Personal;
use shared::domain::restore::{RecordRef, Wanted};
use shared::runtime::http::{Call, body};
use shared::state_machine::command::VerificationInput;
use shared::state_machine::refusal::Refusal;
use shared::workflow::execute::Typed;
use shared::workflow::order::Wish;
use shared::workflow::restore::Asked;

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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// `POST .../pause`, `.../resume` and `.../retry`: no body, or an empty object.
pub(crate) fn nothing(call: &Call) -> Result<(), Refusal> {
    if !body::bytes(call)?.is_empty() {
        let Nothing {} = body::json(call)?;
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence {
    evidence: Personal,
}

/// `POST .../resolve`
pub(crate) fn evidence(call: &Call) -> Result<Personal, Refusal> {
    Ok(body::json::<Evidence>(call)?.evidence)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reason {
    reason: Personal,
}

/// `POST .../export/revoke`
pub(crate) fn revocation(call: &Call) -> Result<Wish, Refusal> {
    Ok(Wish::Revoke { reason: reason(call)? })
}

/// `POST .../cancel`
pub(crate) fn reason(call: &Call) -> Result<Personal, Refusal> {
    Ok(body::json::<Reason>(call)?.reason)
}

/// Records that one call may name.
const MOST_REFS: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Restoration {
    reason: Personal,
    #[serde(default)]
    refs: Option<Vec<String>>,
    #[serde(default)]
    all: Option<bool>,
}

/// `POST .../restore`: either some records, or all.
pub(crate) fn restoration(call: &Call) -> Result<Asked, Refusal> {
    let input: Restoration = body::json(call)?;
    let wanted = match (input.refs, input.all) {
        (None, Some(true)) => Wanted::All,
        (Some(refs), None) if (1..=MOST_REFS).contains(&refs.len()) => Wanted::of(&named(&refs)?),
        (Some(_), None) => return Err(invalid("/refs", "name 1 to 500 records")),
        (Some(_), Some(_)) => return Err(invalid("/all", "either name records in `refs`, or state `all: true`")),
        (None, Some(false)) => return Err(invalid("/all", "true, or leave it out and name records in `refs`")),
        (None, None) => return Err(invalid("/refs", "name records here, or state `all: true`")),
    };
    let reason = input.reason;
    Ok(Asked { reason, wanted })
}

fn named(refs: &[String]) -> Result<Vec<RecordRef>, Refusal> {
    let parse = |(at, text): (usize, &String)| {
        let parsed = text.parse::<RecordRef>();
        parsed.map_err(|error| invalid(&format!("/refs/{at}"), &error.to_string()))
    };
    refs.iter().enumerate().map(parse).collect()
}

fn invalid(pointer: &str, detail: &str) -> Refusal {
    Refusal::InvalidInput {
        pointer: pointer.to_owned(),
        detail: detail.to_owned(),
    }
}
