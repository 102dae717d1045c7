//! Sweep of objects: a delete marker on each planned version that is still the newest, our own found again. What hides
//! an object before we ever wrote is not our own.

use jiff::Timestamp;

use super::bucket::{Planned, Standing, standing};
use super::calls::Answer;
use super::journal::{Effect, RecordId, Version, What, Who};
use super::{SimSources, State};
use crate::domain::data_map::S3Place;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::retention;
use crate::ports::{Fault, SweepOrder, Watch};

const HIDE: &str = "put delete markers";

impl SimSources {
    pub(super) async fn hide_objects(
        &self,
        place: &S3Place,
        order: &SweepOrder<'_>,
        watch: &impl Watch,
    ) -> Result<Vec<LineOutcome>, Fault> {
        self.demand_versioning(HIDE, &place.bucket)?;
        if !watch.wanted().await {
            let mut found = self.inspect_objects(place, order).await?;
            found
                .iter_mut()
                .filter(|line| line.detail.is_none() || !order.again)
                .for_each(|line| {
                    *line = LineOutcome::plain(Code::Untouched);
                });
            return Ok(found);
        }
        let mut open = planned(order)?;
        let mut outcomes = vec![LineOutcome::plain(Code::Untouched); open.len()];
        let kept = |line: &Planned| {
            let line = &order.lines[line.at];
            retention::kept(order.dataset.retain.as_ref(), line, order.cutoff)
        };
        for line in &open {
            outcomes[line.at] = kept(line).unwrap_or(LineOutcome::failed("changed"));
        }
        open.retain(|line| kept(line).is_none());
        // The second round is for keys written between the look and the marker.
        for maybe_ours in [order.again, true] {
            open = self
                .hide_round(place, order, (open, maybe_ours), watch, &mut outcomes)
                .await?;
        }
        Ok(outcomes)
    }

    async fn hide_round(
        &self,
        place: &S3Place,
        order: &SweepOrder<'_>,
        (lines, maybe_ours): (Vec<Planned>, bool),
        watch: &impl Watch,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<Planned>, Fault> {
        let found = self.histories(&place.bucket, &lines).await?;
        let mut hiding = Vec::new();
        for (line, history) in lines.into_iter().zip(found) {
            match standing(history.as_ref(), &line) {
                Standing::Absent => outcomes[line.at] = LineOutcome::plain(Code::AlreadyAbsent),
                Standing::Hidden(marker) => outcomes[line.at] = swept(marker.filter(|_| maybe_ours)),
                Standing::Open(body) => hiding.push((line, body)),
            }
        }
        let hide = |state: &mut State, target: &(Planned, String)| {
            state.hide(place, order, target, (self.world.now(), self.world.is_late()))
        };
        let answers = self.each_while(HIDE, &place.bucket, &hiding, hide, watch).await?;
        let mut changed = Vec::new();
        for ((line, _), answer) in hiding.into_iter().zip(answers) {
            match answer {
                Some(Answer::Done(marker)) => outcomes[line.at] = swept(marker),
                Some(Answer::Refused(code)) => outcomes[line.at] = LineOutcome::failed(code),
                Some(Answer::ConditionFailed) => changed.push(line),
                None => outcomes[line.at] = LineOutcome::plain(Code::Untouched),
            }
        }
        Ok(changed)
    }

    pub(super) async fn inspect_objects(
        &self,
        place: &S3Place,
        order: &SweepOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let lines = planned(order)?;
        let found = self.histories(&place.bucket, &lines).await?;
        let state = |(line, history): (&Planned, Option<Vec<Version>>)| match standing(history.as_ref(), line) {
            Standing::Absent => LineOutcome::plain(Code::AlreadyAbsent),
            Standing::Open(_) => LineOutcome::plain(Code::Untouched),
            Standing::Hidden(marker) => swept(marker),
        };
        Ok(lines.iter().zip(found).map(state).collect())
    }
}

fn planned(order: &SweepOrder<'_>) -> Result<Vec<Planned>, Fault> {
    let lines = order.lines.iter().enumerate();
    lines.map(|(at, line)| Planned::of(HIDE, at, line)).collect()
}

fn swept(marker: Option<String>) -> LineOutcome {
    LineOutcome {
        code: Code::Swept,
        detail: marker,
    }
}

impl State {
    /// One entry of a delete, on condition of the content: what S3 compares is the ETag, which equal contents share.
    fn hide(
        &mut self,
        place: &S3Place,
        order: &SweepOrder<'_>,
        (line, body): &(Planned, String),
        (now, late): (Timestamp, bool),
    ) -> Answer {
        let record = RecordId::object(&place.bucket, &line.key);
        let history = self.buckets[&place.bucket].objects.get(&line.key);
        let top = history.and_then(|history| history.last());
        let Some(top) = top.filter(|top| top.body.as_ref() == Some(body)).cloned() else {
            return Answer::ConditionFailed;
        };
        if let Some(code) = self.locked.get(&record) {
            return Answer::Refused(code);
        }
        let marker = self.add_version(&place.bucket, &line.key, None, now, Some(order.request));
        let planned = self.planned.contains(&(order.request, record.clone(), Some(top.id)));
        self.journal.push(Effect {
            at: now,
            who: Who::Request(order.request),
            record,
            what: What::Hidden {
                marker: marker.clone(),
                late,
            },
            planned,
            mark: None,
            written: Some(top.made),
        });
        Answer::Done(Some(marker))
    }
}
