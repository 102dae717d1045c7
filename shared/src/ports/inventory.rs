//! What there is in the account besides what the data map names.

use std::collections::BTreeSet;

use super::Fault;
use crate::domain::data_map::description::Container;

/// Tables and buckets by name.
pub trait Inventory {
    /// Every table and bucket of this account and Region, Lethe's own too.
    async fn there(&self) -> Result<BTreeSet<Container>, Fault>;
}
