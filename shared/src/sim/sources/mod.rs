//! The fake of the application's data: tables with TTL and lagging indexes, versioned buckets, and their application.
//!
//! Guarantees: what one statement, one listing or one delete does is what the real service does; nothing larger is
//! whole. A chunk is swept and purged by many conditional writes in batches, several in flight, so a crash falls between
//! two of them and a zombie's batch lands late. Batches are smaller than the real ones where chunks are. Every effect is
//! in the [`journal`]. The table or bucket of a dataset must be [hosted](SimSources::host), or it is `source_gone`.
//!
//! | file | what |
//! |---|---|
//! | `application`, `hosting` | what the application and its operators do: write, delete, lock, break, repair; no calls |
//! | `table`, `view` | a table; what a dataset makes of its items |
//! | `check` | whether a table or bucket is as a dataset has it |
//! | `items`, `sweep`, `undo`, `purge`, `ttl` | a table's side of the port; DynamoDB's own deletions |
//! | `whole` | a table's side of the port for vault mode |
//! | `bucket`, `objects`, `hide`, `uncover`, `destroy` | a bucket, and its side of the port |
//! | `originals` | a bucket's side of the port for exports |
//! | `calls` | calls, batches, throttling |
//! | [`journal`] | everything that happened to a record |
//!
//! The decisions are written anew here, not taken from the adapters: `tests/it/conformance` plays the same cases on
//! both, and a mistake in one of them shows.

mod application;
mod bucket;
mod calls;
mod check;
mod destroy;
mod hide;
mod hosting;
mod items;
pub mod journal;
mod objects;
mod originals;
mod purge;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
mod ttl;
mod uncover;
mod undo;
mod view;
mod whole;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bucket::Bucket;
use jiff::Timestamp;
use journal::{Effect, RecordId};
use table::Table;
pub use table::{Item, Key};
use view::View;

use super::world::World;
use crate::domain::data_map::{Dataset, Place};
use crate::domain::ids::RequestId;
use crate::domain::manifest::Scalar;
use crate::domain::outcome::LineOutcome;
use crate::ports::{
    Census, Fault, Gauge, Page, PageOrder, PurgeOrder, RestoreOrder, Sources, StripOrder, SweepOrder, Watch,
};

/// The application's data. Clones share it.
#[derive(Clone, Debug)]
pub struct SimSources {
    world: World,
    state: Rc<RefCell<State>>,
    gauge: Arc<Gauge>,
    /// Whether it only looks, which has no pace.
    looks: bool,
}

#[derive(Debug, Default)]
struct State {
    tables: BTreeMap<String, Table>,
    buckets: BTreeMap<String, Bucket>,
    /// Containers that answer every call so.
    broken: BTreeMap<String, &'static str>,
    /// Records that refuse every write so.
    locked: BTreeMap<RecordId, &'static str>,
    /// What containers take in a second; the others take everything.
    capacities: BTreeMap<String, calls::Capacity>,
    /// Until when containers take nothing.
    standstills: BTreeMap<String, Timestamp>,
    /// What plans listed: a record and, of an object, each version in scope.
    planned: BTreeSet<(RequestId, RecordId, Option<String>)>,
    /// What the application writes to an item just before it is deleted as it was copied, one attribute a time.
    meddling: BTreeMap<RecordId, VecDeque<(String, Scalar)>>,
    journal: Vec<Effect>,
    versions_made: u64,
}

impl SimSources {
    /// Without any table or bucket.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            state: Rc::default(),
            gauge: Arc::new(Gauge::unbounded()),
            looks: false,
        }
    }
}

impl Sources for SimSources {
    fn at_pace(&self, gauge: &Arc<Gauge>) -> Self {
        Self {
            gauge: Arc::clone(gauge),
            ..self.clone()
        }
    }

    async fn check(&self, dataset: &Dataset, expires: bool) -> Result<(), Fault> {
        match &dataset.place {
            Place::Dynamodb(place) => self.check_table(place, expires).await,
            Place::S3(place) => self.check_bucket(place).await,
        }
    }

    async fn page(&self, order: PageOrder<'_>) -> Result<Page, Fault> {
        let dataset = order.dataset;
        match &dataset.place {
            Place::Dynamodb(place) => self.page_of_items(View { dataset, place }, &order).await,
            Place::S3(place) => self.page_of_objects(place, &order).await,
        }
    }

    async fn census(&self, order: PageOrder<'_>, patience: Duration) -> Result<Census, Fault> {
        let dataset = order.dataset;
        match &dataset.place {
            Place::Dynamodb(place) => self.count_items(View { dataset, place }, &order, patience).await,
            Place::S3(place) => self.count_objects(place, &order, patience).await,
        }
    }

    async fn sweep(&self, order: SweepOrder<'_>, watch: &impl Watch) -> Result<Vec<LineOutcome>, Fault> {
        let dataset = order.dataset;
        match &dataset.place {
            Place::Dynamodb(place) => self.sweep_items(View { dataset, place }, &order, watch).await,
            Place::S3(place) => self.hide_objects(place, &order, watch).await,
        }
    }

    async fn inspect(&self, order: SweepOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        let dataset = order.dataset;
        match &dataset.place {
            Place::Dynamodb(place) => self.inspect_items(View { dataset, place }, &order).await,
            Place::S3(place) => self.inspect_objects(place, &order).await,
        }
    }

    async fn purge(&self, order: PurgeOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        let dataset = order.dataset;
        match &dataset.place {
            Place::Dynamodb(place) => self.purge_items(View { dataset, place }, &order).await,
            Place::S3(place) => self.destroy_objects(place, &order).await,
        }
    }

    async fn restore(&self, order: RestoreOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        let dataset = order.dataset;
        match &dataset.place {
            Place::Dynamodb(place) => self.restore_items(View { dataset, place }, &order).await,
            Place::S3(place) => self.uncover_objects(place, &order).await,
        }
    }

    async fn strip(&self, order: StripOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        let dataset = order.dataset;
        match &dataset.place {
            Place::Dynamodb(place) => self.strip_items(View { dataset, place }, &order).await,
            Place::S3(_) => Ok(order.lines.iter().map(|(_, outcome)| outcome.clone()).collect()),
        }
    }
}
