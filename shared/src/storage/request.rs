//! The request's row: [`RequestRow`] <-> item.
//!
//! Facts stand in `doc`; what conditions and indexes need stands beside it as plain attributes. Everything in the
//! clear here is free of personal data: `person` and `staff` are ciphertext.

use jiff::Timestamp;

use super::item::{Item, Reader, Row};
use super::keys;
use crate::audit::Head;
use crate::domain::request::Facts;
use crate::ports::{Fault, RequestRow, Sealed};

/// The row as an item.
pub(super) fn to_item(row: &RequestRow) -> Item {
    let facts = &row.facts;
    let item = Row::new(keys::request(&facts.key()))
        .json("doc", facts)
        .bytes("person", &row.person.0)
        .bytes("staff", &row.staff.0)
        .number("version", facts.version)
        .number("audit_seq", row.head.seq)
        .text("audit_hash", &row.head.hash)
        .number("mails", row.mails);
    let item = match &row.refusals {
        Some(tally) => item.json("refusals", tally),
        None => item,
    };
    wake(histories(item, facts), row).into_item()
}

/// What the three histories index and show.
fn histories(item: Row, facts: &Facts) -> Row {
    item.text("id", facts.id.to_string())
        .text("status", facts.status.as_str())
        .text("kind", facts.kind.as_str())
        .text("submitted_at", facts.submitted_at.to_string())
        .text("received_at", facts.received_at.to_string())
        .text("due_at", facts.due_at.to_string())
        .maybe_text("completed_at", facts.closed_at.map(|at| at.to_string()))
        .text("status_pk", keys::by_status(&facts.tenant, facts.status))
        .text("tenant_pk", keys::by_tenant(&facts.tenant))
        .text("subject_pk", keys::by_subject(&facts.tenant, &facts.subject_ref))
        .text("at", keys::submitted(facts.submitted_at, facts.id))
}

/// A row without an instant is not in index `active`.
fn wake(item: Row, row: &RequestRow) -> Row {
    match row.wake_at {
        Some(at) => item
            .text("active_pk", keys::active(row.facts.id.shard()))
            .text("wake_at", keys::instant_up(at)),
        None => item,
    }
}

/// The row of an item.
pub(super) fn from_item(item: &Item) -> Result<RequestRow, Fault> {
    let reader = Reader::new(item, "read request")?;
    Ok(RequestRow {
        facts: reader.json("doc")?,
        person: Sealed(reader.bytes("person")?),
        staff: Sealed(reader.bytes("staff")?),
        head: Head {
            seq: reader.number("audit_seq")?,
            hash: reader.text("audit_hash")?.to_owned(),
        },
        refusals: reader.maybe_json("refusals")?,
        mails: reader.number("mails")?,
        wake_at: reader.maybe_parsed::<Timestamp>("wake_at")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{at, row};
    use super::*;

    #[test]
    fn a_row_survives_storage() {
        let full = row();
        assert_eq!(from_item(&to_item(&full)).expect("back"), full);
        let bare = RequestRow {
            refusals: None,
            wake_at: None,
            ..row()
        };
        let item = to_item(&bare);
        assert_eq!(from_item(&item).expect("back"), bare);
        for absent in ["refusals", "active_pk", "wake_at", "completed_at"] {
            assert!(!item.contains_key(absent), "{absent}");
        }
    }

    #[test]
    fn indexes_find_what_they_need() {
        let row = row();
        let item = to_item(&row);
        let text = |name: &str| item[name].as_s().expect("text").clone();
        let id = row.facts.id.to_string();
        assert_eq!(text("id"), id);
        assert_eq!(text("status_pk"), "acme#Pending");
        assert_eq!(text("tenant_pk"), "acme");
        assert_eq!(text("subject_pk"), format!("acme#{}", row.facts.subject_ref));
        assert_eq!(text("at"), format!("2026-11-21T12:00:00.000Z#{id}"));
        assert_eq!(text("active_pk"), format!("A#{}", row.facts.id.shard()));
        assert_eq!(text("wake_at"), "2026-11-21T12:00:01.500Z");
    }

    #[test]
    fn a_closed_request_shows_when() {
        let mut row = row();
        row.facts.closed_at = Some(at("2026-12-01T00:00:00Z"));
        let item = to_item(&row);
        assert_eq!(item["completed_at"].as_s().expect("text"), "2026-12-01T00:00:00Z");
    }

    #[test]
    fn a_wake_up_is_never_early() {
        let mut row = row();
        row.wake_at = Some(at("2026-11-21T12:00:01.0000001Z"));
        let back = from_item(&to_item(&row)).expect("back");
        assert_eq!(back.wake_at, Some(at("2026-11-21T12:00:01.001Z")));
    }
}
