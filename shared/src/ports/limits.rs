//! Where the limits of every source's pace are kept.

use super::fault::Fault;
use crate::domain::pace::{Bounded, Limit};

/// Limits, one row each.
pub trait Limits {
    /// The row; none before anybody wrote one.
    async fn limit(&self, of: &Bounded) -> Result<Option<Limit>, Fault>;
    /// Writes `after` if the row still has the revision before its own (absent for the first). A failed condition is
    /// read back: a row equal to `after` is ours.
    async fn swap_limit(&self, of: &Bounded, after: &Limit) -> Result<bool, Fault>;
}
