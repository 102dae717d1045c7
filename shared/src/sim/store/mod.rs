//! The fake of the store: DynamoDB's promises as the adapter uses them, and not one more.
//!
//! | file | what |
//! |---|---|
//! | [`tables`] | the rows, for oracles to read |
//! | `action`, `transaction` | one write and its condition; several of them, all or none |
//! | `commit` | the one write that moves a request |
//! | `requests`, `list`, `work`, `outbox`, `keys`, `notes`, `holds`, `limits` | the ports |
//! | `index` | what the indexes show, which is what was true a while ago |
//! | `dump` | every row as text |
//!
//! Guarantees: a port call makes the calls that the adapter makes, so that a crash can come between them; a refused or
//! unclear write is read back where the adapter does it. Stricter than AWS: an index lags every time, a transaction
//! meets others at random, TTL deletes late or not at all. Not modelled: the trail's TTL, which is years away, and the
//! SDK's own retries, so that each lost answer arrives. Where next: `storage`, the adapter this stands for; the
//! conformance suite of the integration tests holds both to one behaviour.

mod action;
mod commit;
mod dump;
mod holds;
mod index;
mod keys;
mod limits;
mod list;
mod notes;
mod outbox;
mod requests;
pub mod tables;
#[cfg(test)]
mod tests;
mod transaction;
mod work;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use self::index::Indexes;
pub use self::tables::Tables;
use self::transaction::Tokens;
use super::world::World;
use crate::domain::hold::HoldHead;
use crate::domain::ids::{Ref, RequestKey, Tenant};
use crate::ports::{Fault, RequestRow};

/// How far the indexes usually lag behind, at most.
const LAG_MS: i64 = 1_000;
/// Thousandths of the writes that have a bad day.
const BAD_DAYS: u32 = 50;
/// How far they lag then.
const BAD_LAG_MS: i64 = 5_000;
/// TTL deletes within two days, AWS says.
const TTL_LATE_SECONDS: i64 = 48 * 3600;

/// The store. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct SimStore {
    world: World,
    inner: Rc<RefCell<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    tables: Tables,
    indexes: Indexes,
    tokens: Tokens,
    inserted: Vec<(RequestKey, u32)>,
    transactions: u64,
}

impl SimStore {
    /// Empty tables.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            inner: Rc::default(),
        }
    }

    /// Looks at all rows as they are; no call.
    pub fn inspect<T>(&self, look: impl FnOnce(&Tables) -> T) -> T {
        look(&self.inner.borrow().tables)
    }

    /// A copy of all rows as they are; no call.
    pub fn snapshot(&self) -> Tables {
        self.inspect(Clone::clone)
    }

    /// Every row as text, in the clear what is stored in the clear, to be scanned for what must not be there.
    pub fn dump(&self) -> String {
        self.inspect(dump::text)
    }

    /// The earliest instant any request or hold waits for.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.inspect(|tables| {
            let holds = tables.held.values().filter_map(|held| held.row.wake_at);
            tables.rows().filter_map(|row| row.wake_at).chain(holds).min()
        })
    }

    /// Transactions written so far: requests and gates change by nothing else.
    pub fn transactions(&self) -> u64 {
        self.inner.borrow().transactions
    }

    /// The stream: mails inserted since the last call, each once, in order.
    pub fn take_inserted_mails(&self) -> Vec<(RequestKey, u32)> {
        std::mem::take(&mut self.inner.borrow_mut().inserted)
    }

    /// Whether the stream holds inserted mails.
    pub fn has_inserted_mails(&self) -> bool {
        !self.inner.borrow().inserted.is_empty()
    }

    /// Writes the head of a subject's holds, as the use case that places one would.
    pub fn put_holds(&self, tenant: &Tenant, subject: &Ref, head: HoldHead) {
        let mut inner = self.inner.borrow_mut();
        inner.tables.holds.insert((tenant.clone(), subject.clone()), head);
    }

    /// One call that reads, consistently.
    async fn read<T>(
        &self,
        op: &'static str,
        what: impl fmt::Display,
        look: impl FnOnce(&Tables) -> T,
    ) -> Result<T, Fault> {
        let read = || {
            let mut inner = self.inner.borrow_mut();
            inner.tables.expire(self.world.now());
            Ok(look(&inner.tables))
        };
        self.world.try_call(op, what, read).await
    }

    /// One call that writes one row.
    async fn write<T>(
        &self,
        op: &'static str,
        what: impl fmt::Display,
        change: impl FnOnce(&mut Tables) -> T,
    ) -> Result<T, Fault> {
        let write = || {
            let mut inner = self.inner.borrow_mut();
            inner.tables.expire(self.world.now());
            Ok(change(&mut inner.tables))
        };
        self.world.try_call(op, what, write).await
    }

    /// When the effects of a write made now arrive where they come late.
    fn arrival(&self) -> Arrival {
        let bad = self.world.mishap(BAD_DAYS);
        let (low, high) = if bad { (LAG_MS, BAD_LAG_MS) } else { (0, LAG_MS) };
        let (lag, ttl) = self
            .world
            .roll(|dice| (dice.between(low, high), dice.between(1, TTL_LATE_SECONDS)));
        Arrival {
            visible_at: self.world.now() + SignedDuration::from_millis(lag),
            ttl_late: SignedDuration::from_secs(ttl),
        }
    }
}

/// When the effects of a write arrive where they come late.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    /// The indexes show it from then on.
    visible_at: Timestamp,
    /// TTL comes round so long after the row was over: never early, at most two days late.
    ttl_late: SignedDuration,
}

impl Inner {
    /// Puts a request's row, and sends it on to the indexes.
    fn put_request(&mut self, mut row: RequestRow, visible_at: Timestamp) {
        row.wake_at = row.wake_at.map(index::up_to_millisecond);
        self.indexes.note(&row, visible_at);
        let key = row.key();
        self.tables.of_mut(&key).request = Some(row);
    }
}

/// Settles a conditional write by reading back, as the adapter does: what is there was done.
async fn settled(
    answer: Result<bool, Fault>,
    is_there: impl Future<Output = Result<bool, Fault>>,
) -> Result<bool, Fault> {
    match answer {
        Ok(true) => Ok(true),
        Ok(false) => is_there.await,
        Err(fault @ Fault::Permanent { .. }) => Err(fault),
        Err(fault) => match is_there.await {
            Ok(true) => Ok(true),
            Ok(false) | Err(_) => Err(fault),
        },
    }
}
