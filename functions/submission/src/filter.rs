//! The query of `GET /v1/requests`, and the cursor that carries a place in it.

use shared::domain::actor::Caller;
use shared::domain::ids::RefKey;
use shared::domain::request::{Kind, Status};
use shared::runtime::http::{self, Request};
use shared::state_machine::refusal::Refusal;
use shared::workflow::list::Filter;

/// Items per page when the caller does not say.
const DEFAULT_LIMIT: u32 = 25;
/// What a cursor is bound to, besides the tenant and the caller.
const ROUTE: &str = "GET /v1/requests";

/// Parses the query strictly: an unknown parameter is refused, so that a misspelt filter never shows everything.
pub(crate) fn parse(request: &Request, key: &RefKey, caller: &Caller) -> Result<Filter, Refusal> {
    http::only_parameters(request, &["status", "kind", "from", "to", "limit", "cursor"])?;
    let statuses = http::query_all(request, "status");
    let statuses = statuses.iter().map(|text| status(text)).collect::<Result<_, _>>()?;
    let kind = match http::query(request, "kind").as_deref() {
        None => None,
        Some("deletion") => Some(Kind::Deletion),
        Some("export") => Some(Kind::Export),
        Some(_) => return Err(invalid("/kind", "deletion or export")),
    };
    let instant = |name: &str, pointer: &str| match http::query(request, name) {
        None => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| invalid(pointer, "an RFC 3339 instant")),
    };
    let limit = match http::query(request, "limit") {
        None => DEFAULT_LIMIT,
        Some(text) => {
            let limit = text.parse().ok().filter(|n| (1..=100).contains(n));
            limit.ok_or_else(|| invalid("/limit", "a number from 1 to 100"))?
        }
    };
    let after = match http::query(request, "cursor") {
        None => None,
        Some(text) => Some(http::open_cursor(&text, key, &bound_to(caller))?),
    };
    Ok(Filter { statuses, kind, from: instant("from", "/from")?, to: instant("to", "/to")?, limit, after })
}

/// A place as an opaque, authenticated cursor, good for the caller it was made for.
pub(crate) fn cursor(place: &str, key: &RefKey, caller: &Caller) -> String {
    http::seal_cursor(place, key, &bound_to(caller))
}

fn bound_to(caller: &Caller) -> String {
    format!("{ROUTE}|{}|{}", caller.tenant, caller.actor_ref)
}

fn status(text: &str) -> Result<Status, Refusal> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == text);
    known.ok_or_else(|| invalid("/status", "Pending, Verified, Approved, InProgress, Completed, Rejected or Cancelled"))
}

fn invalid(pointer: &str, detail: &str) -> Refusal {
    Refusal::InvalidInput { pointer: pointer.to_owned(), detail: detail.to_owned() }
}
