//! Sweep: hide each planned object by a delete marker, if nothing newer stands above it.
//!
//! Guarantees: no version but the planned one is hidden by us: the marker is put on condition that the planned version's
//! ETag is still the current one, so a file the application uploads at that very moment stays visible. Sweeping twice
//! is the same as once: a marker above the planned version is recognised as ours, unless nothing of ours can have put
//! one yet. The table in the module's comment says what each case becomes.

use std::collections::BTreeSet;

use super::delete::{Deleted, Target};
use super::history::{Histories, History, Top};
use super::{Buckets, Planned, planned};
use crate::domain::data_map::S3Place;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::retention;
use crate::ports::{Fault, SweepOrder, Watch};
use crate::source::gate::Gate;

const SWEEP: &str = "putting delete markers";
const INSPECT: &str = "reading delete markers";

/// How a planned object stands.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    /// The planned version or marker is gone.
    Absent,
    /// The planned version is the current one, to be hidden while its ETag is this.
    Open(Option<String>),
    /// Not current any more; the marker that hides it, if it is ours.
    Hidden(Option<String>),
}

impl Buckets {
    /// Hides the lines' objects, while that is wanted.
    pub(in crate::source) async fn sweep<W: Watch>(
        &self,
        place: &S3Place,
        order: &SweepOrder<'_>,
        watch: &W,
    ) -> Result<Vec<LineOutcome>, Fault> {
        self.demand_versioning(&place.bucket).await?;
        let lines = order
            .lines
            .iter()
            .map(|line| planned(SWEEP, line))
            .collect::<Result<Vec<_>, _>>()?;
        let mut outcomes = vec![LineOutcome::failed("changed"); lines.len()];
        let mut open = Vec::with_capacity(lines.len());
        for (at, line) in order.lines.iter().enumerate() {
            match retention::kept(order.dataset.retain.as_ref(), line, order.cutoff) {
                Some(outcome) => outcomes[at] = outcome,
                None => open.push(at),
            }
        }
        let gate = Gate::new(watch);
        if !gate.opens().await {
            return self.found_hidden(place, order, &lines).await;
        }
        // The second round is for keys written between the look and the marker; who is still changing then is told so.
        for round in 0..2 {
            // Before our first delete a marker cannot be ours; after one that failed, its answer may have been lost.
            let maybe_ours = order.again || round > 0;
            open = self
                .round(place, &lines, open, maybe_ours, &gate, &mut outcomes)
                .await?;
            if open.is_empty() {
                break;
            }
        }
        Ok(outcomes)
    }

    /// What an order that was not begun finds: only a marker that may be ours is taken into account.
    async fn found_hidden(
        &self,
        place: &S3Place,
        order: &SweepOrder<'_>,
        lines: &[Planned<'_>],
    ) -> Result<Vec<LineOutcome>, Fault> {
        let all: Vec<usize> = (0..lines.len()).collect();
        let found = self.histories(place, lines, &all).await?;
        let state = |line: &Planned<'_>| match standing(found.get(line.key), line) {
            Standing::Hidden(Some(marker)) if order.again => swept(Some(marker)),
            Standing::Absent | Standing::Open(_) | Standing::Hidden(_) => LineOutcome::plain(Code::Untouched),
        };
        Ok(lines.iter().map(state).collect())
    }

    /// Looks, hides what is open, and answers the lines that changed in between.
    async fn round<W: Watch>(
        &self,
        place: &S3Place,
        lines: &[Planned<'_>],
        which: Vec<usize>,
        maybe_ours: bool,
        gate: &Gate<'_, W>,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<usize>, Fault> {
        let found = self.histories(place, lines, &which).await?;
        let (mut hiding, mut targets) = (Vec::new(), Vec::new());
        for at in which {
            match standing(found.get(lines[at].key), &lines[at]) {
                Standing::Absent => outcomes[at] = LineOutcome::plain(Code::AlreadyAbsent),
                Standing::Hidden(marker) => outcomes[at] = swept(marker.filter(|_| maybe_ours)),
                Standing::Open(etag) => {
                    hiding.push(at);
                    targets.push(Target {
                        key: lines[at].key.to_owned(),
                        version: None,
                        etag,
                    });
                }
            }
        }
        let mut changed = Vec::new();
        let answers = self.delete_while(SWEEP, &place.bucket, &targets, gate).await?;
        for (at, answer) in hiding.into_iter().zip(answers) {
            match answer {
                Some(Deleted::Done(marker)) => outcomes[at] = swept(marker),
                Some(Deleted::Refused(code)) => outcomes[at] = LineOutcome::failed(code),
                Some(Deleted::Changed) => changed.push(at),
                None => outcomes[at] = LineOutcome::plain(Code::Untouched),
            }
        }
        Ok(changed)
    }

    /// Which lines are hidden already; changes nothing.
    pub(in crate::source) async fn inspect(
        &self,
        place: &S3Place,
        order: &SweepOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let lines = order
            .lines
            .iter()
            .map(|line| planned(INSPECT, line))
            .collect::<Result<Vec<_>, _>>()?;
        let all: Vec<usize> = (0..lines.len()).collect();
        let found = self.histories(place, &lines, &all).await?;
        let state = |line: &Planned<'_>| match standing(found.get(line.key), line) {
            Standing::Absent => LineOutcome::plain(Code::AlreadyAbsent),
            Standing::Open(_) => LineOutcome::plain(Code::Untouched),
            Standing::Hidden(marker) => swept(marker),
        };
        Ok(lines.iter().map(state).collect())
    }

    /// The histories of some lines' keys.
    pub(super) async fn histories(
        &self,
        place: &S3Place,
        lines: &[Planned<'_>],
        which: &[usize],
    ) -> Result<Histories, Fault> {
        let keys: BTreeSet<&str> = which.iter().map(|at| lines[*at].key).collect();
        self.look_up(&place.bucket, &keys).await
    }
}

fn swept(marker: Option<String>) -> LineOutcome {
    LineOutcome {
        code: Code::Swept,
        detail: marker,
    }
}

/// Markers are told to be ours by their place, not by their time: the planned version was the newest when it was
/// planned, so a marker right above it came later, whatever its whole second says.
fn standing(history: Option<&History>, line: &Planned<'_>) -> Standing {
    let Some(history) = history else {
        return Standing::Absent;
    };
    let kept = if line.was_deleted {
        &history.markers
    } else {
        &history.versions
    };
    if !kept.iter().any(|entry| entry.id == line.version) {
        return Standing::Absent;
    }
    match history.newest() {
        Some(Top::Version(version)) if version.id == line.version => Standing::Open(version.etag.clone()),
        Some(Top::Marker(marker)) if !line.was_deleted && history.versions[0].id == line.version => {
            Standing::Hidden(Some(marker.id.clone()))
        }
        _ => Standing::Hidden(None),
    }
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
