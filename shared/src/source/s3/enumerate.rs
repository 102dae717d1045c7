//! One subject's objects: planning, verification, counting.
//!
//! Guarantees: a line is a key at its newest entry at or before the cutoff, also where newer ones lie above: what
//! existed at the cutoff is in scope whatever happened since. A key with a version newer than the cutoff counts as
//! `arrived_later` (that version is never touched); a key with nothing older is no line at all. Where what is hidden is
//! asked for, too, the line of a key below a delete marker names the content below it; without content it is no line.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::Buckets;
use super::history::{Entry, History, Top};
use crate::domain::data_map::S3Place;
use crate::domain::manifest::Line;
use crate::ports::{Census, Fault, Page, PageOrder};

/// A page ends after so many listings of up to 1,000 versions, so that a planner of 30 seconds gets its turn.
const LISTINGS_PER_PAGE: usize = 64;

impl Buckets {
    /// The next page of a subject's objects. The cursor is the last key seen.
    pub(in crate::source) async fn page(&self, place: &S3Place, order: &PageOrder<'_>) -> Result<Page, Fault> {
        self.demand_versioning(&place.bucket).await?;
        let prefix = order.dataset.locate(order.tenant, order.subject);
        let mut page = Page::default();
        let visit = |key: &str, history: &History| {
            page.arrived_later += u64::from(has_later(history, order.cutoff));
            page.lines.extend(line(order, key, history));
            if page.lines.len() < order.limit {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let next = self
            .each_key(&place.bucket, &prefix, order.cursor, LISTINGS_PER_PAGE, visit)
            .await?;
        page.next = next;
        Ok(page)
    }

    /// Counts the keys planning would list, for at most `patience`.
    pub(in crate::source) async fn census(
        &self,
        place: &S3Place,
        order: &PageOrder<'_>,
        patience: Duration,
    ) -> Result<Census, Fault> {
        let counted = AtomicU64::new(0);
        let prefix = order.dataset.locate(order.tenant, order.subject);
        let visit = |key: &str, history: &History| {
            counted.fetch_add(u64::from(line(order, key, history).is_some()), Ordering::Relaxed);
            ControlFlow::Continue(())
        };
        let counting = self.each_key(&place.bucket, &prefix, None, usize::MAX, visit);
        let finished = match tokio::time::timeout(patience, counting).await {
            Ok(result) => result.map(|_| true)?,
            Err(_) => false,
        };
        Ok(Census {
            records: counted.load(Ordering::Relaxed),
            at_least: !finished,
        })
    }
}

fn line(order: &PageOrder<'_>, key: &str, history: &History) -> Option<Line> {
    let (entry, was_deleted) = match history.newest_until(order.cutoff)? {
        Top::Version(entry) => (entry, false),
        Top::Marker(marker) if order.hidden_too => (content(marker, history)?, true),
        Top::Marker(marker) => (marker, true),
    };
    Some(Line::Object {
        key: key.to_owned(),
        version: entry.id.clone(),
        was_deleted,
        modified: order.dataset.retain.is_some().then(|| dated(entry, history)),
    })
}

/// When the content was written: of a planned marker, the version below it, where there is one.
fn dated(planned: &Entry, history: &History) -> Timestamp {
    content(planned, history).map_or(planned.at, |version| version.at)
}

/// The newest version that is no delete marker, from an entry downwards.
fn content<'h>(from: &Entry, history: &'h History) -> Option<&'h Entry> {
    history.versions.iter().find(|version| version.at <= from.at)
}

fn has_later(history: &History, cutoff: Timestamp) -> bool {
    history.versions.iter().any(|version| version.at > cutoff)
}
