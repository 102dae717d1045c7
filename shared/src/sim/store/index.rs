//! The indexes: what was true of each request a while ago.
//!
//! A write is shown when its lag is over, never before an earlier one of the same row, and no write is left out for
//! ever. Between two rows there is no order: one may be up to date while another lags.

use std::collections::{BTreeMap, VecDeque};

use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use crate::domain::ids::{Ref, RequestId, RequestKey};
use crate::domain::request::{Kind, Status};
use crate::ports::RequestRow;

/// What the indexes hold of a row.
#[derive(Clone, Debug)]
pub(super) struct Projection {
    pub(super) id: RequestId,
    /// None where a hash finds the request: those rows know no status.
    pub(super) status: Option<Status>,
    pub(super) kind: Kind,
    pub(super) subject_ref: Ref,
    pub(super) wake_at: Option<Timestamp>,
    /// Sort key of the histories.
    pub(super) at: String,
}

/// Versions of each row with the instant from which they are shown; the first is the one shown last.
#[derive(Debug, Default)]
pub(super) struct Indexes(BTreeMap<RequestKey, VecDeque<(Timestamp, Projection)>>);

impl Indexes {
    /// Takes in a row that has just been written.
    pub(super) fn note(&mut self, row: &RequestRow, visible_at: Timestamp) {
        let facts = &row.facts;
        let projection = Projection {
            id: facts.id,
            status: Some(facts.status),
            kind: facts.kind,
            subject_ref: facts.subject_ref.clone(),
            wake_at: row.wake_at,
            at: submitted(facts.submitted_at, facts.id),
        };
        let versions = self.0.entry(row.key()).or_default();
        let in_order = versions.back().map_or(visible_at, |(last, _)| visible_at.max(*last));
        versions.push_back((in_order, projection));
    }

    /// What the indexes show now.
    pub(super) fn shown(&mut self, now: Timestamp) -> impl Iterator<Item = (&RequestKey, &Projection)> {
        for versions in self.0.values_mut() {
            while versions.get(1).is_some_and(|(from, _)| *from <= now) {
                versions.pop_front();
            }
        }
        self.0.iter().filter_map(move |(key, versions)| {
            let (from, projection) = versions.front()?;
            (*from <= now).then_some((key, projection))
        })
    }
}

/// The histories' sort key.
pub(super) fn submitted(at: Timestamp, id: RequestId) -> String {
    format!("{}#{id}", instant(at))
}

/// An instant as the indexes sort it: fixed width, rounded down to the millisecond.
pub(super) fn instant(at: Timestamp) -> String {
    format!("{:.3}", to_millisecond(at, RoundMode::Floor))
}

/// An instant as a wake-up is stored: never early.
pub(super) fn up_to_millisecond(at: Timestamp) -> Timestamp {
    to_millisecond(at, RoundMode::Ceil)
}

fn to_millisecond(at: Timestamp, mode: RoundMode) -> Timestamp {
    let round = TimestampRound::new().smallest(Unit::Millisecond).mode(mode);
    at.round(round).expect("an instant far from the end of time")
}
