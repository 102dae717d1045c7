//! Purge of objects: versions up to the planned one, older ones first, then the markers that hide nothing any more.

use jiff::Timestamp;

use super::bucket::{Planned, doomed, is_in_use};
use super::calls::Answer;
use super::journal::{Effect, RecordId, What, Who};
use super::{SimSources, State};
use crate::domain::data_map::S3Place;
use crate::domain::outcome::{Code, LineOutcome};
use crate::ports::{Fault, PurgeOrder};

const DESTROY: &str = "delete versions";

/// A version to destroy, by the place of its line.
struct Target {
    at: usize,
    key: String,
    version: String,
}

impl SimSources {
    pub(super) async fn destroy_objects(
        &self,
        place: &S3Place,
        order: &PurgeOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let lines = order.lines.iter().enumerate();
        let lines = lines.map(|(at, (line, _))| Planned::of(DESTROY, at, line));
        let mut lines = lines.collect::<Result<Vec<_>, _>>()?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        lines.retain(|line| outcomes[line.at].code == Code::Swept);
        let found = self.histories(&place.bucket, &lines).await?;
        let mut steps: [Vec<Target>; 3] = Default::default();
        for (line, history) in lines.iter().zip(found) {
            let ours = outcomes[line.at].detail.take();
            let history = history.unwrap_or_default();
            if is_in_use(&history, line) {
                outcomes[line.at] = LineOutcome {
                    code: Code::Recreated,
                    detail: Some("uncovered".to_owned()),
                };
                continue;
            }
            outcomes[line.at] = LineOutcome::plain(Code::Purged);
            let doomed = doomed(&history, line, ours.as_deref());
            for (step, versions) in steps.iter_mut().zip(doomed) {
                step.extend(versions.into_iter().map(|version| Target {
                    at: line.at,
                    key: line.key.clone(),
                    version,
                }));
            }
        }
        for step in steps {
            self.step(place, order, step, &mut outcomes).await?;
        }
        Ok(outcomes)
    }

    /// One step for all keys that came so far; a refused one stays behind, with its marker.
    async fn step(
        &self,
        place: &S3Place,
        order: &PurgeOrder<'_>,
        mut targets: Vec<Target>,
        outcomes: &mut [LineOutcome],
    ) -> Result<(), Fault> {
        targets.retain(|target| outcomes[target.at].code == Code::Purged);
        let destroy = |state: &mut State, target: &Target| state.destroy(place, order, target, self.world.now());
        let answers = self.each(DESTROY, &place.bucket, &targets, destroy).await?;
        for (target, answer) in targets.iter().zip(answers) {
            if let Answer::Refused(code) = answer {
                outcomes[target.at] = LineOutcome::failed(code);
            }
        }
        Ok(())
    }
}

impl State {
    /// One entry of a delete; a version that is gone already is as good as deleted.
    fn destroy(&mut self, place: &S3Place, order: &PurgeOrder<'_>, target: &Target, now: Timestamp) -> Answer {
        let record = RecordId::object(&place.bucket, &target.key);
        if let Some(code) = self.locked.get(&record) {
            return Answer::Refused(code);
        }
        let Some((gone, visible)) = self.take_version(&place.bucket, &target.key, &target.version) else {
            return Answer::Done(None);
        };
        let id = target.version.clone();
        let what = if gone.is_marker() {
            What::MarkerDestroyed {
                marker: id.clone(),
                of: gone.by,
            }
        } else {
            What::VersionDestroyed {
                version: id.clone(),
                visible,
            }
        };
        let planned = self.planned.contains(&(order.request, record.clone(), Some(id)));
        self.journal.push(Effect {
            at: now,
            who: Who::Request(order.request),
            record,
            what,
            planned,
            mark: None,
            written: Some(gone.made),
        });
        Answer::Done(None)
    }
}
