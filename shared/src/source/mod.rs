//! The application's data behind [`Sources`]: DynamoDB items hidden by tombstones, S3 objects by delete markers.
//!
//! Guarantees, for both kinds:
//! * Never an upsert: a record that vanished does not come into being again.
//! * Nothing newer than the cutoff is hidden or destroyed, nothing another request marked is touched.
//! * Each answer inside a batch is inspected; a throttled or unreachable source is one `Transient` fault for the call,
//!   and calling again finds what was already done by its mark.
//! * A sweep that is not wanted any more begins no further call; what was not reached is `untouched`.
//! * Keys and values of records never enter an error, a log line or a statement's text.
//!
//! Where next: `dynamodb` and `s3` hold the two kinds, `fault` what an error means, `gate` how an order stops. The order of operations is the
//! workflows'; the contract is in [`crate::ports::Sources`].

mod dynamodb;
mod fault;
mod gate;
mod s3;

use std::time::Duration;

use crate::domain::data_map::Place;
use crate::domain::outcome::LineOutcome;
use crate::ports::{Census, Fault, Page, PageOrder, PurgeOrder, RestoreOrder, Sources, StripOrder, SweepOrder, Watch};

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
        (restore, strip): (RestoreOrder<'_>, StripOrder<'_>),
    ) {
        sendable(&sources.page(page.clone()));
        sendable(&sources.census(page, Duration::ZERO));
        sendable(&sources.sweep(sweep.clone(), &Always));
        sendable(&sources.inspect(sweep));
        sendable(&sources.purge(purge));
        sendable(&sources.restore(restore));
        sendable(&sources.strip(strip));
    }
}
