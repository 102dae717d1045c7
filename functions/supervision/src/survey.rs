//! Once a day: which tables and buckets of the application nobody named. See `shared::workflow::survey`.

use std::collections::BTreeSet;

use serde::Serialize;
use shared::domain::data_map::description::Container;
use shared::metric::{Metric, metric};
use shared::ports::{Config, Fault, Inventory};
use shared::workflow::survey::survey;

/// Log lines at most; the metric has the number of all.
const LINES_MAX: usize = 20;

/// The outside of the daily look.
pub struct Surveyor<C, I> {
    /// The data map in force.
    pub config: C,
    /// What there is.
    pub inventory: I,
    /// What of it is Lethe's.
    pub own: BTreeSet<Container>,
}

/// What was found.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// Tables and buckets that no dataset names and that are not excluded.
    pub unnamed: Vec<Container>,
}

impl<C: Config, I: Inventory> Surveyor<C, I> {
    /// Looks around, and says what nobody named.
    pub async fn look(&self) -> Result<Survey, Fault> {
        let Some(unnamed) = survey(&self.config, &self.inventory, &self.own).await? else {
            tracing::info!("no data map is applied");
            return Ok(Survey { unnamed: vec![] });
        };
        for place in unnamed.iter().take(LINES_MAX) {
            tracing::warn!(place = place.shown(), "no dataset names it and it is not excluded");
        }
        metric(Metric::UnnamedSources, unnamed.len() as u64);
        tracing::info!(count = unnamed.len(), "looked around");
        Ok(Survey { unnamed })
    }
}
