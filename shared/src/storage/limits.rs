//! The limits of every source's pace: one row for a tenant's dataset, one for a table or bucket.
//!
//! Guarantee: a row is written only over the revision it was decided on. TTL deletes what nobody used for a day; what
//! was learnt of a source is forgotten sooner anyway.

use jiff::SignedDuration;

use super::Storage;
use super::calls::settled;
use super::condition::Condition;
use super::item::{Reader, Row, key_item};
use super::keys;
use crate::domain::pace::{Bounded, Limit};
use crate::ports::{Fault, Limits};

/// How long a row outlives its last token.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Limits for Storage {
    async fn limit(&self, of: &Bounded) -> Result<Option<Limit>, Fault> {
        const OPERATION: &str = "read limit";
        let row = key_item(keys::limit(of));
        let item = self.get(&self.tables.requests, row, OPERATION).await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }

    async fn swap_limit(&self, of: &Bounded, after: &Limit) -> Result<bool, Fault> {
        let on = match after.rev {
            1 => Condition::absent(),
            rev => Condition::number_is("rev", rev.saturating_sub(1)),
        };
        let item = Row::new(keys::limit(of))
            .number("rev", after.rev)
            .number("rate", after.rate)
            .text("breaker", after.breaker.as_str())
            .number("ttl", keys::ttl(after.tat + KEPT))
            .json("doc", after)
            .into_item();
        let put = self.put_if(&self.tables.requests, item, &on, "write limit");
        settled(put.await, async { Ok(self.limit(of).await?.as_ref() == Some(after)) }).await
    }
}
