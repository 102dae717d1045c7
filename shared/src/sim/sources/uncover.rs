//! Restore of objects: the marker that the sweep named comes off, and no other.

use jiff::Timestamp;

use super::bucket::Planned;
use super::calls::Answer;
use super::journal::{Effect, RecordId, Version, What, Who};
use super::{SimSources, State};
use crate::domain::data_map::S3Place;
use crate::domain::outcome::{Code, LineOutcome};
use crate::ports::{Fault, RestoreOrder};

const UNCOVER: &str = "remove delete markers";

impl SimSources {
    pub(super) async fn uncover_objects(
        &self,
        place: &S3Place,
        order: &RestoreOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let lines = order.lines.iter().enumerate();
        let lines = lines.map(|(at, (line, _))| Planned::of(UNCOVER, at, line));
        let lines = lines.collect::<Result<Vec<_>, _>>()?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let open: Vec<Planned> = order.open().map(|at| lines[at].clone()).collect();
        let found = self.histories(&place.bucket, &open).await?;
        let mut going = Vec::new();
        for (line, history) in open.into_iter().zip(found) {
            let history = history.unwrap_or_default();
            let ours = outcomes[line.at].detail.take();
            outcomes[line.at] = uncovered(&history, &line, ours.as_deref());
            let marker = history.iter().find(|v| v.is_marker() && Some(&v.id) == ours.as_ref());
            if let Some(marker) = marker.filter(|_| outcomes[line.at].code != Code::Purged) {
                going.push((line, marker.id.clone()));
            }
        }
        let remove =
            |state: &mut State, target: &(Planned, String)| state.uncover(place, order, target, self.world.now());
        let answers = self.each(UNCOVER, &place.bucket, &going, remove).await?;
        for ((line, _), answer) in going.iter().zip(answers) {
            if let Answer::Refused(code) = answer {
                outcomes[line.at] = LineOutcome::failed(code);
            }
        }
        Ok(outcomes)
    }
}

/// What is true of the object once our marker is off.
fn uncovered(history: &[Version], line: &Planned, ours: Option<&str>) -> LineOutcome {
    let without_ours: Vec<&Version> = history
        .iter()
        .filter(|version| Some(version.id.as_str()) != ours)
        .collect();
    let there = without_ours.iter().any(|version| version.id == line.version);
    match without_ours.last() {
        Some(top) if there && top.is_marker() => LineOutcome::because(Code::Restored, "deleted_by_application"),
        Some(top) if there && top.id == line.version => LineOutcome::plain(Code::Restored),
        Some(_) if there => LineOutcome::because(Code::Recreated, "overwritten"),
        _ => LineOutcome::because(Code::Purged, "gone"),
    }
}

impl State {
    /// One entry of a delete; a marker that is gone already is as good as deleted.
    fn uncover(
        &mut self,
        place: &S3Place,
        order: &RestoreOrder<'_>,
        (line, marker): &(Planned, String),
        now: Timestamp,
    ) -> Answer {
        let record = RecordId::object(&place.bucket, &line.key);
        if let Some(code) = self.locked.get(&record) {
            return Answer::Refused(code);
        }
        let Some((gone, _)) = self.take_version(&place.bucket, &line.key, marker) else {
            return Answer::Done(None);
        };
        let planned = self
            .planned
            .contains(&(order.request, record.clone(), Some(line.version.clone())));
        self.journal.push(Effect {
            at: now,
            who: Who::Request(order.request),
            record,
            what: What::Uncovered {
                marker: marker.clone(),
                of: gone.by,
            },
            planned,
            mark: None,
            written: Some(gone.made),
        });
        Answer::Done(None)
    }
}
