//! The tenant's trail: every entry of a span of time, requests' and others, as operators and auditors export it.
//!
//! Guarantees: a page is bounded in entries, bytes and days looked at, whatever the span; its end is fixed when the
//! first page is read, so that the readings themselves, which are noted, never make it endless; a page is noted before
//! it is handed out. A line holds the entry as it is stored, ciphertext included: that is what its hash covers, so a
//! reader can recompute every chain. Beside it stands what the tenant's staff key opens; personal facts of a request
//! are opened at that request's own trail. Eventually consistent: an entry of the last second may be missing.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::note::{NoteDraft, audit_retention};
use super::records::Records;
use crate::audit::{Entry, Outcome, entry_aad};
use crate::domain::actor::{Caller, StaffMember};
use crate::domain::month::Month;
use crate::ports::{Config, DataKey, DayQuery, Fault, Keys, Notes, Requests, Sealer};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::transition::Record;

/// Entries on a page.
const ENTRIES_MAX: usize = 1_000;
/// Bytes after which a page ends: with one more read, and quoted as Lambda does, it stays under Lambda's 6 MB.
const BYTES_MAX: usize = 2 * 1024 * 1024;
/// Days that one page looks at: an empty one costs a call, too.
const DAYS_MAX: u32 = 100;

/// Where a page begins, and the span it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// At or after.
    pub from: Timestamp,
    /// At or before.
    pub to: Timestamp,
    day: Date,
    after: Option<String>,
}

/// A page.
#[derive(Clone, Debug)]
pub struct TrailPage {
    /// NDJSON: one entry a line.
    pub lines: String,
    /// Where the next page begins; none at the end.
    pub next: Option<Place>,
}

#[derive(Serialize)]
struct Line<'a> {
    entry: &'a Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    staff: Option<StaffMember>,
    #[serde(skip_serializing_if = "Option::is_none")]
    personal: Option<serde_json::Value>,
}

impl Place {
    /// The beginning of a span. Without a beginning it is as long as entries are kept; it never ends in the future.
    pub async fn begin(
        config: &impl Config,
        caller: &Caller,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let from = match from {
            Some(from) => from,
            None => audit_retention(config, &caller.tenant).await?.before(now),
        };
        Ok(Self {
            from,
            to: to.map_or(now, |to| to.min(now)),
            day: day_of(from),
            after: None,
        })
    }
}

/// Reads a page and notes that it was read.
pub async fn tenant_trail<S: Requests + Keys + Notes, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    caller: &Caller,
    place: Place,
    now: Timestamp,
) -> Result<TrailPage, Failure> {
    if !caller.reads_everything() {
        return Err(Refusal::OperatorOnly.into());
    }
    let (from, to) = (place.from, place.to);
    let (entries, next) = read(records, caller, place).await?;
    let staff_key = records.staff_key(&caller.tenant).await?;
    let mut lines = String::new();
    for entry in &entries {
        lines.push_str(&line(records, entry, &staff_key)?);
        lines.push('\n');
    }
    let record = Record::new(caller.actor(caller.role()), "read_trail")
        .detail("from", from.to_string())
        .detail("to", to.to_string())
        .detail("entries", entries.len());
    let draft = NoteDraft {
        tenant: &caller.tenant,
        record: &record,
        outcome: Outcome::Done,
        retention: audit_retention(config, &caller.tenant).await?,
        now,
    };
    records.note(&draft).await?;
    Ok(TrailPage { lines, next })
}

async fn read<S: Requests + Keys + Notes, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    mut place: Place,
) -> Result<(Vec<Entry>, Option<Place>), Fault> {
    let (mut entries, mut bytes, mut days) = (vec![], 0, 0);
    while place.day <= day_of(place.to) {
        if entries.len() >= ENTRIES_MAX || bytes >= BYTES_MAX || days >= DAYS_MAX {
            return Ok((entries, Some(place)));
        }
        let query = DayQuery {
            tenant: caller.tenant.clone(),
            day: place.day,
            from: place.from,
            to: place.to,
            after: place.after.take(),
            limit: u32::try_from(ENTRIES_MAX - entries.len()).unwrap_or(1),
        };
        let page = records.store.day(&query).await?;
        bytes += page.entries.iter().map(size).sum::<usize>();
        entries.extend(page.entries);
        place.after = page.next;
        if place.after.is_none() {
            let Ok(tomorrow) = place.day.tomorrow() else { break };
            place.day = tomorrow;
            days += 1;
        }
    }
    Ok((entries, None))
}

fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// Bytes of an entry, near enough: what can be long is its ciphertext.
fn size(entry: &Entry) -> usize {
    let sealed = [&entry.body.sealed_person, &entry.body.sealed_staff];
    let sealed: usize = sealed.into_iter().flatten().map(String::len).sum();
    // The fixed parts and hashes, and two more names and addresses where the staff is opened.
    sealed * 2 + 1_024
}

fn line<S: Requests + Keys + Notes, K: Sealer>(
    records: &Records<S, K>,
    entry: &Entry,
    key: &DataKey,
) -> Result<String, Fault> {
    let body = &entry.body;
    let chain = match body.request {
        Some(request) => request.to_string(),
        None => Month::of(body.at).to_string(),
    };
    let aad = |field| entry_aad(&chain, body.seq, field);
    let staff = body.sealed_staff.as_ref();
    let staff = staff.map(|sealed| records.unseal_text(key, &aad("staff"), sealed));
    // A request's own are sealed under its own key.
    let personal = body.sealed_person.as_ref().filter(|_| body.request.is_none());
    let personal = personal.map(|sealed| records.unseal_text(key, &aad("person"), sealed));
    let line = Line {
        entry,
        staff: staff.transpose()?,
        personal: personal.transpose()?,
    };
    serde_json::to_string(&line).map_err(|e| Fault::corrupt("export the trail", e))
}
