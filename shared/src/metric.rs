//! Metrics: what is counted and measured, said where it happens.
//!
//! Guarantees: a metric names no person and no request; its dimensions are few (the function, and for some the dataset
//! and the operation, or the kind of work). Where next: `runtime::telemetry`, which writes each as a line that CloudWatch reads.

use crate::domain::chunk::Op;
use crate::domain::ids::DatasetId;
use crate::domain::stuck::Stuck;

/// The target of every metric's event, by which the log knows it.
pub const TARGET: &str = "shared::metric";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Records that an operation has settled.
    Records,
    /// Writes that the source throttled.
    Throttles,
    /// Records a second that a dataset's limit allows now.
    Rate,
    /// Times a breaker opened.
    BreakerOpened,
    /// Chunks that wait for their pace, or for a source that is throttled or away.
    ChunksPostponed,
    /// Chunks given up after their leases.
    ChunksParked,
    /// Work that stood still and that supervision had to push.
    WorkPushed,
    /// Tables and buckets of the application that the data map neither names nor excludes.
    UnnamedSources,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Records,
        Self::Throttles,
        Self::Rate,
        Self::BreakerOpened,
        Self::ChunksPostponed,
        Self::ChunksParked,
        Self::WorkPushed,
        Self::UnnamedSources,
    ];

    /// Its name in CloudWatch.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Records => "Records",
            Self::Throttles => "Throttles",
            Self::Rate => "Rate",
            Self::BreakerOpened => "BreakerOpened",
            Self::ChunksPostponed => "ChunksPostponed",
            Self::ChunksParked => "ChunksParked",
            Self::WorkPushed => "WorkPushed",
            Self::UnnamedSources => "UnnamedSources",
        }
    }

    /// Its unit in CloudWatch.
    fn unit(self) -> &'static str {
        match self {
            Self::Rate => "Count/Second",
            _ => "Count",
        }
    }
}

/// Tells a metric of the function itself.
pub fn metric(metric: Metric, value: u64) {
    tell(metric, value, Dimensions::default());
}

/// Tells a metric of a dataset.
pub fn metric_of(metric: Metric, value: u64, dataset: &DatasetId) {
    let dataset = Some(dataset.as_str());
    tell(
        metric,
        value,
        Dimensions {
            dataset,
            ..Dimensions::default()
        },
    );
}

/// Tells a metric of an operation on a dataset.
pub fn metric_of_op(metric: Metric, value: u64, dataset: &DatasetId, op: Op) {
    let (dataset, op) = (Some(dataset.as_str()), Some(op.as_str()));
    tell(
        metric,
        value,
        Dimensions {
            dataset,
            op,
            work: None,
        },
    );
}

/// Tells a metric of a kind of work.
pub fn metric_of_work(metric: Metric, value: u64, kind: Stuck) {
    let work = Some(kind.as_str());
    tell(
        metric,
        value,
        Dimensions {
            work,
            ..Dimensions::default()
        },
    );
}

/// What a metric is told of, besides the function.
#[derive(Default)]
struct Dimensions<'a> {
    dataset: Option<&'a str>,
    op: Option<&'a str>,
    work: Option<&'a str>,
}

fn tell(metric: Metric, value: u64, of: Dimensions<'_>) {
    let (name, unit) = (metric.as_str(), metric.unit());
    let Dimensions { dataset, op, work } = of;
    tracing::info!(target: TARGET, metric = name, unit, value, dataset, op, work);
}
