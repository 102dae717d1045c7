//! The gauge of one operation: how fast it may write, and what its source said to it.
//!
//! The workflow sets it and reads it; the source keeps to it and counts on it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One operation's pace.
#[derive(Debug)]
pub struct Gauge {
    /// Records a second.
    pub per_second: u32,
    /// How long until its turn: the first write waits for it.
    pub begins_in: Duration,
    /// How long throttled writes may be tried again, from the operation's beginning.
    pub patience: Duration,
    settled: AtomicU64,
    throttled: AtomicU64,
    failed: AtomicU64,
}

impl Gauge {
    /// Nothing was counted yet.
    pub fn new(per_second: u32, begins_in: Duration, patience: Duration) -> Self {
        Self {
            per_second: per_second.max(1),
            begins_in,
            patience,
            settled: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// As fast as it goes, and nothing is tried twice.
    pub fn unbounded() -> Self {
        Self::new(u32::MAX, Duration::ZERO, Duration::ZERO)
    }

    /// So many writes were answered for good.
    pub fn settle(&self, writes: usize) {
        self.settled.fetch_add(writes as u64, Ordering::Relaxed);
    }

    /// So many writes were throttled.
    pub fn throttle(&self, writes: usize) {
        self.throttled.fetch_add(writes as u64, Ordering::Relaxed);
    }

    /// A call was not answered, or with an error of the source's own.
    pub fn fail(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes answered for good.
    pub fn settled(&self) -> u64 {
        self.settled.load(Ordering::Relaxed)
    }

    /// Writes throttled.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Calls that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }
}
