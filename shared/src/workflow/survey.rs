//! The daily look around: tables and buckets of the application that the data map in force neither names nor excludes.
//!
//! A table that somebody made since the map was applied may hold personal data that no erasure reaches. Nothing is
//! changed here: people add a dataset or an exclusion. The comparison is the one of `lethe data-map lint --against`.

use std::collections::BTreeSet;

use crate::domain::data_map::description::Container;
use crate::ports::{Config, Fault, Inventory};

/// What nobody named, in order; none while no data map is applied. `own` is Lethe's.
pub async fn survey(
    config: &impl Config,
    inventory: &impl Inventory,
    own: &BTreeSet<Container>,
) -> Result<Option<Vec<Container>>, Fault> {
    let Some(map) = config.data_map(None).await? else {
        return Ok(None);
    };
    let there = inventory.there().await?;
    Ok(Some(map.value.unnamed(&there, own).cloned().collect()))
}
