//! The orders a workflow would give, filled in for one dataset; each must succeed.

use std::time::Duration;

use jiff::Timestamp;
use shared::domain::data_map::Dataset;
use shared::domain::ids::{SubjectId, Tenant};
use shared::domain::manifest::Line;
use shared::domain::outcome::LineOutcome;
use shared::ports::{Always, Fault, Page, PageOrder, PurgeOrder, RestoreOrder, Sources, StripOrder, SweepOrder};

use super::ground::{MINE, instant, request};

/// A dataset, whoever asks for it, and the sources that serve it.
pub(crate) struct Desk<S> {
    pub(crate) sources: S,
    pub(crate) dataset: Dataset,
    pub(crate) tenant: Tenant,
    pub(crate) subject: SubjectId,
    pub(crate) cutoff: Timestamp,
    /// Whether it asks for what deletions hide, too.
    pub(crate) hidden_too: bool,
}

impl<S: Sources> Desk<S> {
    /// For subject 7 of `acme`, with a cutoff in the far future.
    pub(crate) fn new(sources: S, dataset: Dataset) -> Self {
        Self {
            sources,
            dataset,
            tenant: "acme".parse().expect("a slug"),
            subject: SubjectId::try_from("7".to_owned()).expect("an id"),
            cutoff: instant("2100-01-01T00:00:00Z"),
            hidden_too: false,
        }
    }

    pub(crate) fn page_order<'a>(&'a self, cursor: Option<&'a str>, limit: usize) -> PageOrder<'a> {
        PageOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            subject: &self.subject,
            request: request(MINE),
            hidden_too: self.hidden_too,
            cutoff: self.cutoff,
            cursor,
            limit,
        }
    }

    pub(crate) async fn page(&self, cursor: Option<&str>, limit: usize) -> Page {
        self.sources.page(self.page_order(cursor, limit)).await.expect("a page")
    }

    /// Every line, by pages of at most `limit`, how many arrived later, and how many pages it took.
    pub(crate) async fn plan_by(&self, limit: usize) -> (Vec<Line>, u64, usize) {
        let (mut lines, mut later, mut pages, mut cursor) = (Vec::new(), 0, 0, None::<String>);
        loop {
            let page = self.page(cursor.as_deref(), limit).await;
            assert!(page.lines.len() <= limit, "a page of {} lines", page.lines.len());
            lines.extend(page.lines);
            later += page.arrived_later;
            pages += 1;
            cursor = page.next;
            if cursor.is_none() {
                return (lines, later, pages);
            }
        }
    }

    pub(crate) async fn plan(&self) -> Vec<Line> {
        self.plan_by(1000).await.0
    }

    pub(crate) async fn counted(&self) -> u64 {
        let order = self.page_order(None, 10);
        let census = self.sources.census(order, Duration::from_secs(30)).await;
        census.expect("counted").records
    }

    pub(crate) fn sweep_order<'a>(&'a self, lines: &'a [Line], who: u128) -> SweepOrder<'a> {
        SweepOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            request: request(who),
            cutoff: self.cutoff,
            now: instant("2026-11-22T00:00:00Z"),
            expires_at: Some(4_000_000_000),
            again: true,
            lines,
        }
    }

    pub(crate) async fn sweep(&self, lines: &[Line]) -> Vec<LineOutcome> {
        self.sweep_as(lines, MINE).await
    }

    pub(crate) async fn sweep_as(&self, lines: &[Line], who: u128) -> Vec<LineOutcome> {
        self.sources
            .sweep(self.sweep_order(lines, who), &Always)
            .await
            .expect("a sweep")
    }

    pub(crate) async fn inspect(&self, lines: &[Line]) -> Vec<LineOutcome> {
        self.sources
            .inspect(self.sweep_order(lines, MINE))
            .await
            .expect("an inspection")
    }

    pub(crate) fn purge_order<'a>(&'a self, lines: &'a [(Line, LineOutcome)]) -> PurgeOrder<'a> {
        PurgeOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            request: request(MINE),
            lines,
        }
    }

    pub(crate) async fn purge(&self, lines: &[Line], outcomes: &[LineOutcome]) -> Vec<LineOutcome> {
        let lines: Vec<_> = lines.iter().cloned().zip(outcomes.iter().cloned()).collect();
        self.sources.purge(self.purge_order(&lines)).await.expect("a purge")
    }

    pub(crate) fn restore_order<'a>(
        &'a self,
        lines: &'a [(Line, LineOutcome)],
        chosen: Option<&'a [u32]>,
    ) -> RestoreOrder<'a> {
        RestoreOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            request: request(MINE),
            lines,
            chosen,
        }
    }

    /// Restores the chosen lines, or all.
    pub(crate) async fn restore(
        &self,
        lines: &[Line],
        outcomes: &[LineOutcome],
        chosen: Option<&[u32]>,
    ) -> Vec<LineOutcome> {
        let lines: Vec<_> = lines.iter().cloned().zip(outcomes.iter().cloned()).collect();
        let order = self.restore_order(&lines, chosen);
        self.sources.restore(order).await.expect("a restore")
    }

    pub(crate) fn strip_order<'a>(&'a self, lines: &'a [(Line, LineOutcome)]) -> StripOrder<'a> {
        StripOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            request: request(MINE),
            lines,
        }
    }

    pub(crate) async fn strip(&self, lines: &[Line], outcomes: &[LineOutcome]) -> Vec<LineOutcome> {
        let lines: Vec<_> = lines.iter().cloned().zip(outcomes.iter().cloned()).collect();
        self.sources.strip(self.strip_order(&lines)).await.expect("a strip")
    }
}

/// The code of a permanent fault; none of one that passes.
pub(crate) fn permanent(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Permanent { code, .. } => Some(code),
        Fault::Transient { .. } => None,
    }
}
