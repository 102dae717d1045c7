//! A bucket: each key's versions and delete markers, and where a planned one stands among them.
//!
//! S3 tells LastModified in whole seconds, so what was written in the second of the cutoff counts as before it. The order
//! of a key's entries is exact.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::State;
use super::calls::foreign_line;
use super::journal::Version;
use crate::domain::ids::RequestId;
use crate::domain::manifest::Line;
use crate::knobs::Guard;
use crate::ports::Fault;

/// A bucket.
#[derive(Clone, Debug, Default)]
pub(super) struct Bucket {
    pub(super) suspended: bool,
    /// Versions oldest first; a key without any is not there.
    pub(super) objects: BTreeMap<String, Vec<Version>>,
}

/// A line as a bucket reads it.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// Its place in the order.
    pub(super) at: usize,
    pub(super) key: String,
    pub(super) version: String,
    pub(super) was_deleted: bool,
}

impl Planned {
    pub(super) fn of(op: &'static str, at: usize, line: &Line) -> Result<Self, Fault> {
        match line {
            Line::Object {
                key,
                version,
                was_deleted,
                modified: _,
            } => Ok(Self {
                at,
                key: key.clone(),
                version: version.clone(),
                was_deleted: *was_deleted,
            }),
            Line::Item { .. } => Err(foreign_line(op)),
        }
    }
}

/// How a planned object stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The planned version or marker is gone.
    Absent,
    /// The planned version is the current one, of this content.
    Open(String),
    /// Not current any more; the marker that hides it, if it is ours.
    Hidden(Option<String>),
}

impl Version {
    pub(super) fn is_marker(&self) -> bool {
        self.body.is_none()
    }

    fn is_later(&self, cutoff: Timestamp) -> bool {
        Guard::Cutoff.stands() && self.made.as_second() > cutoff.as_second()
    }
}

impl State {
    /// Puts a version on top; answers its id.
    pub(super) fn add_version(
        &mut self,
        bucket: &str,
        key: &str,
        body: Option<String>,
        made: Timestamp,
        by: Option<RequestId>,
    ) -> String {
        self.versions_made += 1;
        let id = format!("v{}", self.versions_made);
        let bucket = self.buckets.get_mut(bucket).expect("the bucket is hosted");
        let history = bucket.objects.entry(key.to_owned()).or_default();
        let version = Version {
            id: id.clone(),
            body,
            made,
            by,
        };
        history.push(version);
        id
    }

    /// Takes a version out; answers it, and whether it was the one on top.
    pub(super) fn take_version(&mut self, bucket: &str, key: &str, id: &str) -> Option<(Version, bool)> {
        let objects = &mut self.buckets.get_mut(bucket)?.objects;
        let history = objects.get_mut(key)?;
        let at = history.iter().position(|version| version.id == id)?;
        let on_top = at + 1 == history.len();
        let taken = history.remove(at);
        if history.is_empty() {
            objects.remove(key);
        }
        Some((taken, on_top))
    }
}

/// The place of the newest entry at or before the cutoff.
pub(super) fn newest_until(history: &[Version], cutoff: Timestamp) -> Option<usize> {
    history.iter().rposition(|version| !version.is_later(cutoff))
}

/// Whether a version, not a marker, was written after the cutoff.
pub(super) fn has_later(history: &[Version], cutoff: Timestamp) -> bool {
    history
        .iter()
        .any(|version| !version.is_marker() && version.is_later(cutoff))
}

/// Markers are told to be ours by their place: a marker right above the planned version came after the plan.
pub(super) fn standing(history: Option<&Vec<Version>>, line: &Planned) -> Standing {
    let history = history.map_or(&[][..], Vec::as_slice);
    let is_it = |version: &Version| version.id == line.version && version.is_marker() == line.was_deleted;
    if !history.iter().any(is_it) {
        return Standing::Absent;
    }
    let newest_version = history.iter().rfind(|version| !version.is_marker());
    match history.last() {
        Some(Version {
            id, body: Some(body), ..
        }) if *id == line.version => Standing::Open(body.clone()),
        Some(top) if top.is_marker() && newest_version.is_some_and(|version| version.id == line.version) => {
            Standing::Hidden(Some(top.id.clone()))
        }
        _ => Standing::Hidden(None),
    }
}

/// Whether the planned version is what the application sees: somebody brought the object back.
pub(super) fn is_in_use(history: &[Version], line: &Planned) -> bool {
    let top = history.last().filter(|version| !version.is_marker());
    Guard::OwnVersions.stands() && !line.was_deleted && top.is_some_and(|version| version.id == line.version)
}

/// What a purge destroys of one key, in three steps: what is older than planned, what is planned, markers.
pub(super) fn doomed(history: &[Version], line: &Planned, ours: Option<&str>) -> [Vec<String>; 3] {
    let place = history.iter().position(|version| version.id == line.version);
    let (below, above) = history.split_at(place.unwrap_or(0));
    let markers = |entries: &[Version]| entries.iter().filter(|v| v.is_marker()).map(|v| v.id.clone()).collect();
    let versions = |entries: &[Version]| -> Vec<String> {
        entries
            .iter()
            .rev()
            .filter(|v| !v.is_marker())
            .map(|v| v.id.clone())
            .collect()
    };
    if !Guard::OwnVersions.stands() {
        return [versions(history), vec![], markers(history)];
    }
    let planned: Vec<String> = place
        .filter(|_| !line.was_deleted)
        .map(|_| line.version.clone())
        .into_iter()
        .collect();
    let stay = above
        .iter()
        .any(|version| !version.is_marker() && version.id != line.version);
    if !stay {
        return [versions(below), planned, markers(history)];
    }
    // What hides a version that stays must stay, too.
    let mut going: Vec<String> = markers(below);
    going.extend(place.filter(|_| line.was_deleted).map(|_| line.version.clone()));
    let known = |id: &&str| history.iter().any(|version| version.id == **id);
    going.extend(ours.filter(known).map(str::to_owned));
    [versions(below), planned, going]
}
