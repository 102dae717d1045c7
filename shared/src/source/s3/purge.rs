//! Purge: destroy the planned version and everything older, then our marker.
//!
//! Guarantees: versions newer than the planned one are never destroyed, and what hides them stays; a planned version
//! that is in use again is not destroyed either. At no moment does a
//! destroyed or planned version become visible: older versions go first, then the planned one, and only when these are
//! gone the markers. Because of that order a purge that broke off can be told from the listing and goes on: where the
//! planned version is gone, the older ones are, too. A key of which only markers would be left is removed whole, for
//! its name is personal data as well.

use std::collections::BTreeSet;

use super::delete::{Deleted, Target};
use super::history::{Entry, History, Top};
use super::{Buckets, Planned, planned};
use crate::domain::data_map::S3Place;
use crate::domain::outcome::{Code, LineOutcome};
use crate::ports::{Fault, PurgeOrder};

const PURGE: &str = "deleting object versions";

/// What is to be destroyed of one key, step after step.
#[derive(Debug, Default, PartialEq, Eq)]
struct Doomed([Vec<String>; 3]);

impl Buckets {
    /// Destroys what is swept.
    pub(in crate::source) async fn purge(
        &self,
        place: &S3Place,
        order: &PurgeOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let lines = order
            .lines
            .iter()
            .map(|(line, _)| planned(PURGE, line))
            .collect::<Result<Vec<_>, _>>()?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let swept: Vec<usize> = (0..lines.len())
            .filter(|at| outcomes[*at].code == Code::Swept)
            .collect();
        let found = self.histories(place, &lines, &swept).await?;
        let mut doomed = Vec::with_capacity(swept.len());
        for at in swept {
            let ours = outcomes[at].detail.take();
            outcomes[at] = LineOutcome::plain(Code::Purged);
            let history = found.get(lines[at].key);
            if history.is_some_and(|history| is_in_use(history, &lines[at])) {
                outcomes[at] = uncovered();
            } else if let Some(history) = history {
                doomed.push((at, doom(history, &lines[at], ours.as_deref())));
            }
        }
        for step in 0..3 {
            self.step(place, &lines, &doomed, step, &mut outcomes).await?;
        }
        Ok(outcomes)
    }

    /// One step for all keys that came so far; a refused one stays behind, with its marker.
    async fn step(
        &self,
        place: &S3Place,
        lines: &[Planned<'_>],
        doomed: &[(usize, Doomed)],
        step: usize,
        outcomes: &mut [LineOutcome],
    ) -> Result<(), Fault> {
        let (mut of, mut targets) = (Vec::new(), Vec::new());
        for (at, Doomed(steps)) in doomed.iter().filter(|(at, _)| outcomes[*at].code == Code::Purged) {
            for version in &steps[step] {
                of.push(*at);
                targets.push(Target {
                    key: lines[*at].key.to_owned(),
                    version: Some(version.clone()),
                    etag: None,
                });
            }
        }
        for (at, answer) in of.into_iter().zip(self.delete(PURGE, &place.bucket, &targets).await?) {
            match answer {
                Deleted::Done(_) => {}
                Deleted::Refused(code) => outcomes[at] = LineOutcome::failed(code),
                Deleted::Changed => outcomes[at] = LineOutcome::failed("changed"),
            }
        }
        Ok(())
    }
}

/// Whether the planned version is what the application sees: our marker is gone, because an operator brought the object
/// back or the application did. What is in use is never destroyed.
fn is_in_use(history: &History, line: &Planned<'_>) -> bool {
    let is_planned = |top: Top<'_>| matches!(top, Top::Version(entry) if entry.id == line.version);
    !line.was_deleted && history.newest().is_some_and(is_planned)
}

/// A record that somebody brought back since it was hidden.
fn uncovered() -> LineOutcome {
    LineOutcome {
        code: Code::Recreated,
        detail: Some("uncovered".to_owned()),
    }
}

fn doom(history: &History, line: &Planned<'_>, ours: Option<&str>) -> Doomed {
    let ids = |entries: &[Entry]| entries.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>();
    let (newer, planned, older) = split(history, line);
    let markers = if newer == 0 {
        ids(&history.markers)
    } else {
        markers_below(history, line, ours)
    };
    Doomed([ids(older), planned.into_iter().collect(), markers])
}

/// How many versions stay, the planned one, and the versions older than it.
///
/// Versions are in order, so a planned version divides them exactly. A planned marker divides them by its time; a
/// version of its very second is older, unless something newer than the marker exists that it might be.
fn split<'h>(history: &'h History, line: &Planned<'_>) -> (usize, Option<String>, &'h [Entry]) {
    let versions = history.versions.as_slice();
    if !line.was_deleted {
        return match versions.iter().position(|entry| entry.id == line.version) {
            Some(at) => (at, Some(line.version.to_owned()), &versions[at + 1..]),
            None => (versions.len(), None, &[]),
        };
    }
    let Some(marker) = history.markers.iter().find(|entry| entry.id == line.version) else {
        return (versions.len(), None, &[]);
    };
    let older = |entry: &Entry| marker.latest || (!entry.latest && entry.at <= marker.at);
    let newer = versions.iter().take_while(|entry| !older(entry)).count();
    (newer, None, &versions[newer..])
}

/// Where newer versions stay, only the markers that cannot be hiding one of them: ours, and those at or below the
/// planned entry.
fn markers_below(history: &History, line: &Planned<'_>, ours: Option<&str>) -> Vec<String> {
    let markers = history.markers.as_slice();
    let mut going: BTreeSet<&str> = markers
        .iter()
        .map(|m| m.id.as_str())
        .filter(|id| Some(*id) == ours)
        .collect();
    if line.was_deleted {
        let from = markers
            .iter()
            .position(|marker| marker.id == line.version)
            .unwrap_or(markers.len());
        going.extend(markers[from..].iter().map(|marker| marker.id.as_str()));
    } else if let Some(at) = history.versions.iter().find(|v| v.id == line.version).map(|v| v.at) {
        let below = markers.iter().filter(|marker| marker.at < at);
        going.extend(below.map(|marker| marker.id.as_str()));
    }
    markers
        .iter()
        .filter(|m| going.contains(m.id.as_str()))
        .map(|m| m.id.clone())
        .collect()
}

#[cfg(test)]
#[path = "purge_tests.rs"]
mod tests;
