//! What the conformance suite does not reach: crashes between batches, lagging indexes, TTL, the journal, guards out.

mod faults;
mod guards;
mod journal;
mod undo;

use jiff::{SignedDuration, Timestamp};

use super::SimSources;
use crate::domain::data_map::{DataMap, Dataset};
use crate::domain::ids::{RequestId, SubjectId, Tenant};
use crate::domain::manifest::Line;
use crate::domain::outcome::{Code, LineOutcome};
use crate::knobs::{REAL_SIZES, Sizes};
use crate::ports::{Always, Fault, PageOrder, PurgeOrder, RestoreOrder, Sources as _, StripOrder, SweepOrder};
use crate::sim::{Fates, World, alone};

const MAP: &str = r#"
v: 1
datasets:
  - id: messages
    category: conversations
    description: Messages
    source: dynamodb
    table: messages
    key: {attribute: pk, template: "{tenant}#{subject}"}
    tenant: {in: key}
    written_at: {attribute: at, format: rfc3339}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}
  - id: notes
    category: conversations
    description: Notes, found by an index
    source: dynamodb
    table: notes
    index: by_owner
    key: {attribute: owner, template: "{tenant}#{subject}"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: purge}
  - id: files
    category: attachments
    description: Files
    source: s3
    bucket: files
    prefix: "{tenant}/{subject}/"
    tenant: {in: key}
"#;

/// Chunks of four records, so batches of two.
const SMALL: Sizes = Sizes {
    chunk_records: 4,
    ..REAL_SIZES
};

/// One subject's datasets, and a world around them.
#[derive(Clone)]
struct Bench {
    world: World,
    sources: SimSources,
    map: DataMap,
    tenant: Tenant,
    subject: SubjectId,
    cutoff: Timestamp,
}

fn request(n: u128) -> RequestId {
    RequestId::from_parts(1_700_000_000_000, n)
}

fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn codes(outcomes: &[LineOutcome]) -> Vec<Code> {
    outcomes.iter().map(|outcome| outcome.code).collect()
}

impl Bench {
    fn new(fates: impl Fates + 'static) -> Self {
        let cutoff = instant("2026-11-22T00:00:00Z");
        let world = World::new(1, cutoff - SignedDuration::from_hours(1), fates);
        let bench = Self {
            sources: SimSources::new(&world),
            world,
            map: DataMap::parse(MAP).expect("valid"),
            tenant: "acme".parse().expect("a slug"),
            subject: SubjectId::try_from("7".to_owned()).expect("an id"),
            cutoff,
        };
        bench.sources.host(&bench.map);
        bench
    }

    fn dataset(&self, at: usize) -> Dataset {
        self.map.datasets[at].clone()
    }

    fn put(&self, dataset: usize, sort: &str, body: &str) -> super::journal::RecordId {
        let whose = (&self.tenant, &self.subject);
        self.sources
            .put_item(&self.dataset(dataset), whose, sort, body, self.world.now())
    }

    fn upload(&self, name: &str, body: &str) -> super::journal::RecordId {
        self.sources
            .put_object(&self.dataset(2), (&self.tenant, &self.subject), name, body)
            .0
    }

    fn page(&self, dataset: usize, cursor: Option<String>) -> Option<Result<crate::ports::Page, Fault>> {
        let (bench, dataset) = (self.clone(), self.dataset(dataset));
        alone(&self.world, async move {
            let order = PageOrder {
                dataset: &dataset,
                tenant: &bench.tenant,
                subject: &bench.subject,
                request: request(1),
                hidden_too: false,
                cutoff: bench.cutoff,
                cursor: cursor.as_deref(),
                limit: 100,
            };
            bench.sources.page(order).await
        })
    }

    fn plan(&self, dataset: usize) -> Vec<Line> {
        self.page(dataset, None).expect("no crash").expect("a page").lines
    }

    fn sweep(&self, dataset: usize, who: u128, lines: &[Line]) -> Option<Result<Vec<LineOutcome>, Fault>> {
        let (bench, dataset, lines) = (self.clone(), self.dataset(dataset), lines.to_vec());
        alone(&self.world, async move {
            let order = SweepOrder {
                dataset: &dataset,
                tenant: &bench.tenant,
                request: request(who),
                cutoff: bench.cutoff,
                now: bench.world.now(),
                expires_at: Some(bench.cutoff.as_second() + 3600),
                again: true,
                lines: &lines,
            };
            bench.sources.sweep(order, &Always).await
        })
    }

    fn purge(&self, dataset: usize, lines: &[Line], swept: &[LineOutcome]) -> Option<Result<Vec<LineOutcome>, Fault>> {
        let (bench, dataset) = (self.clone(), self.dataset(dataset));
        let lines: Vec<_> = lines.iter().cloned().zip(swept.iter().cloned()).collect();
        alone(&self.world, async move {
            let order = PurgeOrder {
                dataset: &dataset,
                tenant: &bench.tenant,
                request: request(1),
                lines: &lines,
            };
            bench.sources.purge(order).await
        })
    }

    fn restore(
        &self,
        dataset: usize,
        lines: &[Line],
        swept: &[LineOutcome],
    ) -> Option<Result<Vec<LineOutcome>, Fault>> {
        let (bench, dataset) = (self.clone(), self.dataset(dataset));
        let lines: Vec<_> = lines.iter().cloned().zip(swept.iter().cloned()).collect();
        alone(&self.world, async move {
            let order = RestoreOrder {
                dataset: &dataset,
                tenant: &bench.tenant,
                request: request(1),
                lines: &lines,
                chosen: None,
            };
            bench.sources.restore(order).await
        })
    }

    fn strip(&self, dataset: usize, lines: &[Line], swept: &[LineOutcome]) -> Option<Result<Vec<LineOutcome>, Fault>> {
        let (bench, dataset) = (self.clone(), self.dataset(dataset));
        let lines: Vec<_> = lines.iter().cloned().zip(swept.iter().cloned()).collect();
        alone(&self.world, async move {
            let order = StripOrder {
                dataset: &dataset,
                tenant: &bench.tenant,
                request: request(1),
                lines: &lines,
            };
            bench.sources.strip(order).await
        })
    }

    /// Lets time pass until well after the cutoff.
    fn pass_cutoff(&self) {
        self.world.advance_to(self.cutoff + SignedDuration::from_mins(5));
    }
}
