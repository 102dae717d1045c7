//! The query of `GET /v1/audit`: a span of time, or a cursor that goes on in one.

use jiff::Timestamp;
use shared::domain::actor::Caller;
use shared::domain::ids::RefKey;
use shared::ports::{Config, Fault};
use shared::runtime::http::{Call, body::invalid, cursor, query};
use shared::state_machine::refusal::Refusal;
use shared::workflow::failure::Failure;
use shared::workflow::tenant_trail::Place;

/// Where to read. A cursor brings its own span; one that is stated beside it must be the same.
pub(crate) async fn place(call: &Call, key: &RefKey, config: &impl Config, by: &Caller) -> Result<Place, Failure> {
    if !by.reads_everything() {
        return Err(Refusal::OperatorOnly.into());
    }
    query::only(call, &["from", "to", "cursor"])?;
    let from: Option<Timestamp> = query::parsed(call, "from", "an RFC 3339 instant")?;
    let to: Option<Timestamp> = query::parsed(call, "to", "an RFC 3339 instant")?;
    let Some(cursor) = query::one(call, "cursor")? else {
        return Place::begin(config, by, (from, to), call.now).await;
    };
    let place: Place = cursor::read(key, &purpose(by), cursor)?;
    let differs = |stated: Option<Timestamp>, is: Timestamp| stated.is_some_and(|at| at != is);
    for (pointer, differs) in [("/from", differs(from, place.from)), ("/to", differs(to, place.to))] {
        if differs {
            return Err(invalid(pointer, "the cursor is of another span; leave this out").into());
        }
    }
    Ok(place)
}

/// The header that leads to the next page (RFC 8288).
pub(crate) fn link(key: &RefKey, by: &Caller, next: &Place) -> Result<String, Fault> {
    let cursor = cursor::make(key, &purpose(by), next).map_err(|e| Fault::corrupt("cursor", e))?;
    Ok(format!("</v1/audit?cursor={cursor}>; rel=\"next\""))
}

/// A cursor is good for this route and the caller it was made for.
fn purpose(by: &Caller) -> String {
    format!("GET /v1/audit|{}|{}", by.tenant, by.actor_ref)
}
