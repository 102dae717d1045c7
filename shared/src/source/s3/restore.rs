//! Restore: take our delete marker off, so that the planned version is seen again.
//!
//! Guarantees: no marker but the one whose id the sweep kept is removed, so nothing an application deleted itself comes
//! back; no version is touched. Where the application did something since, that stands. For each swept line, P being
//! what was planned:
//!
//! | found | done | outcome |
//! |---|---|---|
//! | our marker is the newest | it is removed | `restored` |
//! | P is the newest, a version | nothing: an earlier attempt did it | `restored` |
//! | a newer version above P | our marker, where there is one, is removed all the same | `recreated(overwritten)` |
//! | another marker is the newest, or P is one | likewise: the application's own deletion hides P | `restored(deleted_by_application)` |
//! | P is gone | nothing: what is below it was never ours to show | `purged(gone)` |
//!
//! In the last row but one the record is free of us, in its last state: no purge of ours destroys it.

use super::delete::{Deleted, Target};
use super::history::{History, Top};
use super::{Buckets, Planned, planned};
use crate::domain::data_map::S3Place;
use crate::domain::outcome::{Code, LineOutcome};
use crate::ports::{Fault, RestoreOrder};

const RESTORE: &str = "removing delete markers";

/// What becomes of one key: the marker to remove, and the outcome once it is gone.
#[derive(Debug, PartialEq, Eq)]
struct Undoing {
    marker: Option<String>,
    outcome: LineOutcome,
}

impl Buckets {
    /// Brings back what is swept and chosen.
    pub(in crate::source) async fn restore(
        &self,
        place: &S3Place,
        order: &RestoreOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let lines = order
            .lines
            .iter()
            .map(|(line, _)| planned(RESTORE, line))
            .collect::<Result<Vec<_>, _>>()?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let open: Vec<usize> = order.open().collect();
        let found = self.histories(place, &lines, &open).await?;
        let (mut removing, mut targets) = (Vec::new(), Vec::new());
        for at in open {
            let ours = outcomes[at].detail.take();
            let undoing = undo(found.get(lines[at].key), &lines[at], ours.as_deref());
            outcomes[at] = undoing.outcome;
            if undoing.marker.is_some() {
                removing.push(at);
                targets.push(Target {
                    key: lines[at].key.to_owned(),
                    version: undoing.marker,
                    etag: None,
                });
            }
        }
        let answers = self.delete(RESTORE, &place.bucket, &targets).await?;
        for (at, answer) in removing.into_iter().zip(answers) {
            match answer {
                Deleted::Done(_) => {}
                Deleted::Refused(code) => outcomes[at] = LineOutcome::failed(code),
                Deleted::Changed => outcomes[at] = LineOutcome::failed("changed"),
            }
        }
        Ok(outcomes)
    }
}

fn undo(history: Option<&History>, line: &Planned<'_>, ours: Option<&str>) -> Undoing {
    let nothing = History::default();
    let history = history.unwrap_or(&nothing);
    // Our marker was put on a version, so below it is the newest one.
    let newest_is_planned = history
        .versions
        .first()
        .is_some_and(|version| version.id == line.version);
    let kept = if line.was_deleted {
        &history.markers
    } else {
        &history.versions
    };
    if !kept.iter().any(|entry| entry.id == line.version) {
        return Undoing {
            marker: None,
            outcome: LineOutcome::because(Code::Purged, "gone"),
        };
    }
    let marker = history.markers.iter().find(|marker| Some(marker.id.as_str()) == ours);
    let outcome = match history.newest() {
        Some(Top::Marker(top)) if Some(top.id.as_str()) != ours => {
            LineOutcome::because(Code::Restored, "deleted_by_application")
        }
        Some(_) if newest_is_planned => LineOutcome::plain(Code::Restored),
        _ => LineOutcome::because(Code::Recreated, "overwritten"),
    };
    Undoing {
        marker: marker.map(|marker| marker.id.clone()),
        outcome,
    }
}

#[cfg(test)]
#[path = "restore_tests.rs"]
mod tests;
