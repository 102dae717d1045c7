//! The port [`Limits`].

use super::tables::Tables;
use super::{SimStore, settled};
use crate::domain::pace::{Bounded, Limit};
use crate::ports::{Fault, Limits};

impl Limits for SimStore {
    async fn limit(&self, of: &Bounded) -> Result<Option<Limit>, Fault> {
        self.read("read limit", of, |tables| tables.limits.get(of).cloned())
            .await
    }

    async fn swap_limit(&self, of: &Bounded, after: &Limit) -> Result<bool, Fault> {
        let swap = |tables: &mut Tables| {
            let rev = tables.limits.get(of).map_or(0, |there| there.rev);
            let unmoved = rev + 1 == after.rev;
            if unmoved {
                tables.limits.insert(of.clone(), after.clone());
            }
            unmoved
        };
        let written = self.write("write limit", of, swap).await;
        settled(written, async { Ok(self.limit(of).await?.as_ref() == Some(after)) }).await
    }
}
