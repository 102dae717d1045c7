//! The port [`Holds`].

use jiff::Timestamp;

use super::index::up_to_millisecond;
use super::tables::{HeldRow, Scope, Tables};
use super::{SimStore, settled};
use crate::domain::ids::{Category, HoldId, Ref, RequestId, Tenant};
use crate::domain::request::Kind;
use crate::ports::{Fault, HoldChange, HoldRow, Holds};

impl Holds for SimStore {
    async fn hold(&self, tenant: &Tenant, id: HoldId) -> Result<Option<HoldRow>, Fault> {
        let key = (tenant.clone(), id);
        let read = |tables: &Tables| tables.held.get(&key).map(|held| held.row.clone());
        self.read("read hold", tenant, read).await
    }

    async fn list_holds(&self, tenant: &Tenant, after: Option<HoldId>, limit: u32) -> Result<Vec<HoldRow>, Fault> {
        let read = |tables: &Tables| {
            let rows = tables.held.iter().rev().filter(|((of, id), _)| {
                let further = after.is_none_or(|after| *id < after);
                of == tenant && further
            });
            rows.take(limit as usize).map(|(_, held)| held.row.clone()).collect()
        };
        self.read("list holds", tenant, read).await
    }

    async fn change_hold(&self, change: &HoldChange) -> Result<bool, Fault> {
        let (row, note) = (&change.row, &change.note);
        let subject = (row.hold.tenant.clone(), row.hold.subject_ref.clone());
        let month = (note.tenant.clone(), note.month);
        let visible_at = self.arrival().visible_at;
        let write = self.write("change hold", &row.hold.tenant, |tables| {
            let head = tables.holds.get(&subject).and_then(|head| head.version);
            let end = tables.months.get(&month).map_or(0, |of| of.head.rev);
            let unmoved = is_next(tables, row) && head == change.before && end + 1 == note.head.rev;
            if unmoved {
                put(tables, row, visible_at);
                tables.holds.insert(subject, change.head.clone());
                tables.months.entry(month).or_default().put(note);
            }
            unmoved
        });
        settled(write.await, self.was_written(row)).await
    }

    async fn settle_hold(&self, row: &HoldRow) -> Result<bool, Fault> {
        let visible_at = self.arrival().visible_at;
        let write = self.write("settle hold", &row.hold.tenant, |tables| {
            let unmoved = is_next(tables, row);
            if unmoved {
                put(tables, row, visible_at);
            }
            unmoved
        });
        settled(write.await, self.is_hold(row)).await
    }

    async fn due_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<(Tenant, HoldId)>, Fault> {
        let shown_at = self.world.now();
        let read = |tables: &Tables| {
            let due = tables.held.iter().filter(|(_, held)| {
                let is_due = held.row.wake_at.is_some_and(|at| at <= now);
                is_due && held.visible_at <= shown_at
            });
            due.take(limit as usize).map(|(key, _)| key.clone()).collect()
        };
        self.read("read due holds", "of all", read).await
    }

    async fn open_request(
        &self,
        tenant: &Tenant,
        subject_ref: &Ref,
        kind: Kind,
        category: &Category,
    ) -> Result<Option<RequestId>, Fault> {
        let scope = Scope {
            tenant: tenant.clone(),
            subject_ref: subject_ref.clone(),
            kind,
            category: category.clone(),
        };
        self.read("read open request", tenant, |tables| tables.scopes.get(&scope).copied())
            .await
    }
}

impl SimStore {
    async fn was_written(&self, row: &HoldRow) -> Result<bool, Fault> {
        let there = self.hold(&row.hold.tenant, row.hold.id).await?;
        Ok(there.is_some_and(|there| there.fields == row.fields))
    }

    async fn is_hold(&self, row: &HoldRow) -> Result<bool, Fault> {
        let there = self.hold(&row.hold.tenant, row.hold.id).await?;
        Ok(there.is_some_and(|there| (there.hold, there.fields) == (row.hold.clone(), row.fields.clone())))
    }
}

fn is_next(tables: &Tables, row: &HoldRow) -> bool {
    let there = tables.held.get(&(row.hold.tenant.clone(), row.hold.id));
    there.map_or(0, |held| held.row.hold.rev) + 1 == row.hold.rev
}

fn put(tables: &mut Tables, row: &HoldRow, visible_at: Timestamp) {
    let row = HoldRow {
        wake_at: row.wake_at.map(up_to_millisecond),
        ..row.clone()
    };
    let key = (row.hold.tenant.clone(), row.hold.id);
    tables.held_ever.push(row.hold.clone());
    tables.held.insert(key, HeldRow { row, visible_at });
}
