//! The orders a workflow would give, filled in for a scratch dataset; each must succeed.

use shared::domain::manifest::Line;
use shared::domain::outcome::LineOutcome;
use shared::ports::{Page, PageOrder, PurgeOrder, Sources, SweepOrder};

use super::scratch::{MINE, Scratch, instant, request};

impl Scratch {
    pub(super) fn page_order<'a>(&'a self, cursor: Option<&'a str>, limit: usize) -> PageOrder<'a> {
        PageOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            subject: &self.subject,
            request: request(MINE),
            cutoff: self.cutoff,
            cursor,
            limit,
        }
    }

    pub(super) async fn page(&self, cursor: Option<&str>, limit: usize) -> Page {
        self.sources.page(self.page_order(cursor, limit)).await.expect("a page")
    }

    /// Every line, by pages of at most `limit`, how many arrived later, and how many pages it took.
    pub(super) async fn plan_by(&self, limit: usize) -> (Vec<Line>, u64, usize) {
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

    pub(super) async fn plan(&self) -> Vec<Line> {
        self.plan_by(1000).await.0
    }

    pub(super) fn sweep_order<'a>(&'a self, lines: &'a [Line], who: u128) -> SweepOrder<'a> {
        SweepOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            request: request(who),
            cutoff: self.cutoff,
            now: instant("2026-11-22T00:00:00Z"),
            expires_at: Some(4_000_000_000),
            lines,
        }
    }

    pub(super) async fn sweep(&self, lines: &[Line]) -> Vec<LineOutcome> {
        self.sources
            .sweep(self.sweep_order(lines, MINE))
            .await
            .expect("a sweep")
    }

    pub(super) async fn inspect(&self, lines: &[Line]) -> Vec<LineOutcome> {
        self.sources
            .inspect(self.sweep_order(lines, MINE))
            .await
            .expect("an inspection")
    }

    pub(super) async fn purge(&self, lines: &[Line], outcomes: &[LineOutcome]) -> Vec<LineOutcome> {
        let lines: Vec<_> = lines.iter().cloned().zip(outcomes.iter().cloned()).collect();
        let order = PurgeOrder {
            dataset: &self.dataset,
            tenant: &self.tenant,
            request: request(MINE),
            lines: &lines,
        };
        self.sources.purge(order).await.expect("a purge")
    }
}
