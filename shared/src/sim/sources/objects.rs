//! One subject's objects: planning, verification, counting, looking up.
//!
//! A listing is consistent, as S3's is; a page is several of them.

use std::time::Duration;

use jiff::Timestamp;

use super::bucket::{Planned, has_later, newest_until};
use super::calls::batch;
use super::journal::{RecordId, Version};
use super::{SimSources, State};
use crate::domain::data_map::S3Place;
use crate::domain::manifest::Line;
use crate::ports::{Census, Fault, Page, PageOrder};

const LIST: &str = "list versions";

/// Keys with their versions.
type Listed = Vec<(String, Vec<Version>)>;

impl SimSources {
    pub(super) async fn page_of_objects(&self, place: &S3Place, order: &PageOrder<'_>) -> Result<Page, Fault> {
        self.demand_versioning(LIST, &place.bucket)?;
        let prefix = order.dataset.locate(order.tenant, order.subject);
        let mut page = Page {
            next: order.cursor.map(str::to_owned),
            ..Page::default()
        };
        loop {
            let (listed, more) = self.list(&place.bucket, &prefix, page.next.as_deref()).await?;
            page.next = None;
            for (key, history) in listed {
                page.arrived_later += u64::from(has_later(&history, order.cutoff));
                page.lines.extend(self.line(place, order, &key, &history));
                page.next = Some(key);
                if page.lines.len() >= order.limit {
                    return Ok(page);
                }
            }
            if !more {
                page.next = None;
                return Ok(page);
            }
            if self.world.mishap(100) {
                return Ok(page);
            }
        }
    }

    pub(super) async fn count_objects(
        &self,
        place: &S3Place,
        order: &PageOrder<'_>,
        patience: Duration,
    ) -> Result<Census, Fault> {
        let begun = self.world.now();
        let prefix = order.dataset.locate(order.tenant, order.subject);
        let (mut census, mut after) = (Census::default(), None::<String>);
        loop {
            if self.world.now().duration_since(begun).unsigned_abs() >= patience {
                census.at_least = true;
                return Ok(census);
            }
            let (listed, more) = self.list(&place.bucket, &prefix, after.as_deref()).await?;
            let counts = |history: &[Version]| listed_at(history, order).is_some();
            census.records += listed.iter().filter(|(_, history)| counts(history)).count() as u64;
            after = listed.last().map(|(key, _)| key.clone());
            if !more {
                return Ok(census);
            }
        }
    }

    /// Some keys after `after`, and whether there may be more.
    async fn list(&self, bucket: &str, prefix: &str, after: Option<&str>) -> Result<(Listed, bool), Fault> {
        let list = |state: &mut State| {
            let here = |key: &str| key.starts_with(prefix) && after.is_none_or(|after| key > after);
            let objects = state.buckets[bucket].objects.iter();
            let mut found: Listed = objects
                .filter(|(key, _)| here(key))
                .map(|(key, history)| (key.clone(), history.clone()))
                .collect();
            let more = found.len() > batch();
            found.truncate(batch());
            (found, more)
        };
        self.ask(LIST, bucket, list).await
    }

    fn line(&self, place: &S3Place, order: &PageOrder<'_>, key: &str, history: &[Version]) -> Option<Line> {
        let at = listed_at(history, order)?;
        let record = RecordId::object(&place.bucket, key);
        let in_scope = history[..=at].iter();
        let planned = in_scope.map(|version| (order.request, record.clone(), Some(version.id.clone())));
        self.state.borrow_mut().planned.extend(planned);
        Some(Line::Object {
            key: key.to_owned(),
            version: history[at].id.clone(),
            was_deleted: newest_until(history, order.cutoff).is_some_and(|top| history[top].is_marker()),
            modified: order.dataset.retain.is_some().then(|| dated(&history[..=at])),
        })
    }

    /// The histories of the lines' keys; none of a key that is not there.
    pub(super) async fn histories(&self, bucket: &str, lines: &[Planned]) -> Result<Vec<Option<Vec<Version>>>, Fault> {
        let look = |state: &mut State, line: &Planned| state.buckets[bucket].objects.get(&line.key).cloned();
        self.look_at_each(LIST, bucket, lines, look).await
    }

    /// Without versioning a delete is final and a marker hides nothing.
    pub(super) fn demand_versioning(&self, op: &'static str, bucket: &str) -> Result<(), Fault> {
        match self.state.borrow().buckets.get(bucket) {
            Some(bucket) if bucket.suspended => Err(Fault::permanent(
                op,
                "not_versioned",
                "switch the bucket's versioning on",
            )),
            _ => Ok(()),
        }
    }
}

/// The place of the entry that a line names: the newest at the cutoff, or the newest content below it.
fn listed_at(history: &[Version], order: &PageOrder<'_>) -> Option<usize> {
    let top = newest_until(history, order.cutoff)?;
    match order.hidden_too {
        true => history[..=top].iter().rposition(|version| !version.is_marker()),
        false => Some(top),
    }
}

/// When the content was written, as a listing says: by the newest version, where there is one.
fn dated(in_scope: &[Version]) -> Timestamp {
    let content = in_scope.iter().rfind(|version| !version.is_marker());
    let made = content
        .or(in_scope.last())
        .map_or(Timestamp::MIN, |version| version.made);
    Timestamp::from_second(made.as_second()).unwrap_or(made)
}
