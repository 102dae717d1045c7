//! The application's data behind [`Sources`]: DynamoDB items hidden by tombstones, S3 objects by delete markers.
//!
//! Guarantees, for both kinds:
//! * Never an upsert: a record that vanished does not come into being again.
//! * Nothing newer than the cutoff is hidden or destroyed, nothing another request marked is touched.
//! * Each answer inside a batch is inspected; throttled entries are tried again by themselves, more slowly, while the
//!   gauge has patience; then a throttled or unreachable source is one `Transient` fault for the call, and calling again
//!   finds what was already done by its mark.
//! * A sweep that is not wanted any more begins no further call; what was not reached is `untouched`.
//! * Keys and values of records never enter an error, a log line or a statement's text.
//!
//! Where next: `dynamodb` and `s3` hold the two kinds, `fault` what an error means, `gate` how an order stops, `pacer`
//! how fast it goes, `inventory` what there is besides. The order of operations is the
//! workflows'; the contract is in [`crate::ports::Sources`].

mod dynamodb;
mod fault;
mod gate;
mod inventory;
mod pacer;
mod s3;

use std::sync::Arc;
use std::time::Duration;

pub use self::inventory::AwsInventory;

use crate::domain::data_map::{Dataset, DynamoPlace, Place, S3Place};
use crate::domain::manifest::Line;
use crate::domain::outcome::LineOutcome;
use crate::ports::{
    Census, Fault, Gauge, Items, ItemsOrder, Original, Originals, Page, PageOrder, PurgeOrder, PutBack, RestoreOrder,
    Sources, StripOrder, SweepOrder, Taken, Version, Watch, Whole,
};

/// The sources of this AWS account. Cheap to clone; clones share what is known of the tables.
#[derive(Clone, Debug)]
pub struct AwsSources {
    tables: dynamodb::Tables,
    buckets: s3::Buckets,
}

impl AwsSources {
    /// Takes the clients; calls nothing.
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, s3: aws_sdk_s3::Client) -> Self {
        Self {
            tables: dynamodb::Tables::new(dynamodb),
            buckets: s3::Buckets::new(s3),
        }
    }
}

impl Sources for AwsSources {
    fn at_pace(&self, gauge: &Arc<Gauge>) -> Self {
        let pacer = pacer::Pacer::new(gauge);
        Self {
            tables: self.tables.at_pace(&pacer),
            buckets: self.buckets.at_pace(&pacer),
        }
    }

    async fn check(&self, dataset: &Dataset, expires: bool) -> Result<(), Fault> {
        match &dataset.place {
            Place::Dynamodb(place) => self.tables.check(place, expires).await,
            Place::S3(place) => self.buckets.check(place).await,
        }
    }

    async fn page(&self, order: PageOrder<'_>) -> Result<Page, Fault> {
        match &order.dataset.place {
            Place::Dynamodb(place) => self.tables.page(place, &order).await,
            Place::S3(place) => self.buckets.page(place, &order).await,
        }
    }

    async fn census(&self, order: PageOrder<'_>, patience: Duration) -> Result<Census, Fault> {
        match &order.dataset.place {
            Place::Dynamodb(place) => self.tables.census(place, &order, patience).await,
            Place::S3(place) => self.buckets.census(place, &order, patience).await,
        }
    }

    async fn sweep(&self, order: SweepOrder<'_>, watch: &impl Watch) -> Result<Vec<LineOutcome>, Fault> {
        match &order.dataset.place {
            Place::Dynamodb(place) => self.tables.sweep(place, &order, watch).await,
            Place::S3(place) => self.buckets.sweep(place, &order, watch).await,
        }
    }

    async fn inspect(&self, order: SweepOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        match &order.dataset.place {
            Place::Dynamodb(place) => self.tables.inspect(place, &order).await,
            Place::S3(place) => self.buckets.inspect(place, &order).await,
        }
    }

    async fn purge(&self, order: PurgeOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        match &order.dataset.place {
            Place::Dynamodb(place) => self.tables.purge(place, &order).await,
            Place::S3(place) => self.buckets.purge(place, &order).await,
        }
    }

    async fn restore(&self, order: RestoreOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        match &order.dataset.place {
            Place::Dynamodb(place) => self.tables.restore(place, &order).await,
            Place::S3(place) => self.buckets.restore(place, &order).await,
        }
    }

    async fn strip(&self, order: StripOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        match &order.dataset.place {
            Place::Dynamodb(place) => self.tables.strip(place, &order).await,
            // A delete marker has no expiry.
            Place::S3(_) => Ok(order.lines.iter().map(|(_, outcome)| outcome.clone()).collect()),
        }
    }
}

impl Items for AwsSources {
    async fn read_whole(&self, dataset: &Dataset, lines: &[&Line]) -> Result<Vec<Whole>, Fault> {
        self.tables.items((dataset, table(dataset)?), lines).await
    }

    async fn take(&self, order: ItemsOrder<'_>, watch: &impl Watch) -> Result<Vec<Option<Taken>>, Fault> {
        self.tables.take(table(order.dataset)?, &order, watch).await
    }

    async fn put_back(&self, order: ItemsOrder<'_>) -> Result<Vec<PutBack>, Fault> {
        self.tables.put_back(table(order.dataset)?, &order).await
    }
}

impl Originals for AwsSources {
    async fn look(&self, dataset: &Dataset, object: Version<'_>) -> Result<Option<Original>, Fault> {
        self.buckets.look_at(bucket(dataset)?, object).await
    }

    async fn read(
        &self,
        dataset: &Dataset,
        object: Version<'_>,
        offset: u64,
        length: u64,
    ) -> Result<Option<Vec<u8>>, Fault> {
        self.buckets
            .read_range(bucket(dataset)?, object, (offset, length))
            .await
    }
}

/// The table of a dataset whose items are to be had whole.
fn table(dataset: &Dataset) -> Result<&DynamoPlace, Fault> {
    match &dataset.place {
        Place::Dynamodb(place) => Ok(place),
        Place::S3(_) => Err(fault::foreign_line("reading whole items")),
    }
}

/// The bucket of a dataset whose objects are to be read.
fn bucket(dataset: &Dataset) -> Result<&S3Place, Fault> {
    match &dataset.place {
        Place::S3(place) => Ok(place),
        Place::Dynamodb(_) => Err(fault::foreign_line("reading objects")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Always;

    fn sendable<T: Send>(_: &T) {}

    /// Never called: that it compiles is the test. A function may move its work between threads.
    #[expect(dead_code, reason = "compiled only")]
    fn every_call_may_change_threads(
        sources: &AwsSources,
        page: PageOrder<'_>,
        sweep: SweepOrder<'_>,
        purge: PurgeOrder<'_>,
        (restore, strip, items): (RestoreOrder<'_>, StripOrder<'_>, ItemsOrder<'_>),
        object: Version<'_>,
    ) {
        sendable(&sources.check(page.dataset, true));
        sendable(&sources.page(page.clone()));
        sendable(&sources.census(page, Duration::ZERO));
        sendable(&sources.sweep(sweep.clone(), &Always));
        sendable(&sources.inspect(sweep));
        sendable(&sources.purge(purge));
        sendable(&sources.restore(restore));
        sendable(&sources.strip(strip));
        sendable(&sources.read_whole(items.dataset, &[]));
        sendable(&sources.take(items, &Always));
        sendable(&sources.put_back(items));
        sendable(&sources.look(items.dataset, object));
        sendable(&sources.read(items.dataset, object, 0, 1));
    }
}
