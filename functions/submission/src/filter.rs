//! The query of `GET /v1/requests`, and what its cursor is bound to.

use jiff::Timestamp;
use shared::domain::actor::Caller;
use shared::domain::ids::{RefKey, SubjectId};
use shared::domain::personal::Personal;
use shared::domain::request::{Kind, Status};
use shared::runtime::http::{Call, body::invalid, cursor, query};
use shared::state_machine::refusal::Refusal;
use shared::workflow::list::Filter;

/// Items per page when the caller does not say.
const DEFAULT_LIMIT: u32 = 25;

/// Parses the query strictly: an unknown parameter is refused, so that a misspelt filter never shows everything.
pub(crate) fn parse(call: &Call, key: &RefKey, caller: &Caller) -> Result<Filter, Refusal> {
    query::only(
        call,
        &[
            "status",
            "kind",
            "from",
            "to",
            "requester",
            "subject",
            "limit",
            "cursor",
        ],
    )?;
    let statuses = query::all(call, "status")
        .into_iter()
        .map(status)
        .collect::<Result<_, _>>()?;
    let kind = query::one(call, "kind")?.map(kind).transpose()?;
    let from: Option<Timestamp> = query::parsed(call, "from", "an RFC 3339 instant")?;
    let to: Option<Timestamp> = query::parsed(call, "to", "an RFC 3339 instant")?;
    let requester = query::one(call, "requester")?.map(Personal::new);
    let subject = query::one(call, "subject")?.map(subject).transpose()?;
    let limit = query::parsed(call, "limit", "a number from 1 to 100")?.unwrap_or(DEFAULT_LIMIT);
    if !(1..=100).contains(&limit) {
        return Err(invalid("/limit", "a number from 1 to 100"));
    }
    let after = query::one(call, "cursor")?
        .map(|text| cursor::read(key, &purpose(caller), text))
        .transpose()?;
    Ok(Filter {
        statuses,
        kind,
        requester,
        subject,
        from,
        to,
        limit,
        after,
    })
}

/// A cursor is good for this route and the caller it was made for.
pub(crate) fn purpose(caller: &Caller) -> String {
    format!("GET /v1/requests|{}|{}", caller.tenant, caller.actor_ref)
}

fn status(text: &str) -> Result<Status, Refusal> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == text);
    known.ok_or_else(|| {
        invalid(
            "/status",
            "Pending, Verified, Approved, InProgress, Completed, Rejected or Cancelled",
        )
    })
}

fn kind(text: &str) -> Result<Kind, Refusal> {
    let known = [Kind::Deletion, Kind::Export]
        .into_iter()
        .find(|kind| kind.as_str() == text);
    known.ok_or_else(|| invalid("/kind", "deletion or export"))
}

fn subject(text: &str) -> Result<SubjectId, Refusal> {
    let id = SubjectId::try_from(text.to_owned());
    id.map_err(|_| invalid("/subject", "expected the application's id of a person"))
}
