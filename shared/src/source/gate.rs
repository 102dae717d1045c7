//! The gate each group of writes passes: it shuts when the order is not wanted any more, or a group failed.
//!
//! Guarantee: once it is shut nothing begins, not even a group that was asking just then; what is under way goes on.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::ports::Watch;

/// One order's gate.
pub(super) struct Gate<'w, W> {
    watch: &'w W,
    shut: AtomicBool,
}

impl<'w, W: Watch> Gate<'w, W> {
    /// Open.
    pub(super) fn new(watch: &'w W) -> Self {
        Self {
            watch,
            shut: AtomicBool::new(false),
        }
    }

    /// Whether a group may begin.
    pub(super) async fn opens(&self) -> bool {
        if !self.is_shut() && !self.watch.wanted().await {
            self.shut();
        }
        !self.is_shut()
    }

    /// Nothing begins from now on.
    pub(super) fn shut(&self) {
        self.shut.store(true, Ordering::Relaxed);
    }

    /// Whether it is shut.
    pub(super) fn is_shut(&self) -> bool {
        self.shut.load(Ordering::Relaxed)
    }
}
