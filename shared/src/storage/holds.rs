//! The port [`Holds`]: legal holds, and the head of a subject's that approve, execute and every lease read.
//!
//! Guarantees: hold, head and the entry in the tenant's trail are written together or not at all; a change whose answer
//! was lost is recognised by reading it back. A subject without the head never had a hold, and a commit can be made on
//! that condition too.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Storage;
use super::calls::settled;
use super::condition::Condition;
use super::error::fault;
use super::item::{Item, Reader, Row, key_item};
use super::keys;
use super::transaction::{Guard, Sent, Transaction};
use crate::domain::hold::HoldHead;
use crate::domain::ids::{Category, HoldId, Ref, RequestId, Tenant};
use crate::domain::request::Kind;
use crate::ports::{Fault, HoldChange, HoldRow, Holds, Sealed};

const HEAD: &str = "read holds";
const READ: &str = "read hold";

impl Holds for Storage {
    async fn hold(&self, tenant: &Tenant, id: HoldId) -> Result<Option<HoldRow>, Fault> {
        let key = key_item(keys::hold(tenant, id));
        let item = self.get(&self.tables.requests, key, READ).await?;
        item.as_ref().map(from_item).transpose()
    }

    async fn list_holds(&self, tenant: &Tenant, after: Option<HoldId>, limit: u32) -> Result<Vec<HoldRow>, Fault> {
        let after = after.map(|id| key_item(keys::hold(tenant, id)));
        let query = self.partition(&self.tables.requests, keys::hold_partition(tenant));
        let query = query.key_condition_expression("#pk = :pk").scan_index_forward(false);
        let query = query.consistent_read(true).set_exclusive_start_key(after);
        let query = query.limit(i32::try_from(limit).unwrap_or(i32::MAX));
        // A page of DynamoDB's ends after 1 MB, whatever the limit: long reasons fill it.
        let mut items = query.into_paginator().items().send();
        let mut rows = Vec::new();
        while rows.len() < limit as usize
            && let Some(item) = items.next().await
        {
            rows.push(from_item(&item.map_err(|error| fault("list holds", error))?)?);
        }
        Ok(rows)
    }

    async fn change_hold(&self, change: &HoldChange) -> Result<bool, Fault> {
        let mut transaction = Transaction::new("change hold");
        let (row, requests) = (&change.row, &self.tables.requests);
        transaction.put(Guard::Hold, requests, to_item(row), &before(row))?;
        let on = match change.before {
            Some(version) => Condition::number_is("version", version),
            None => Condition::absent(),
        };
        let head = head_item(&row.hold.tenant, &row.hold.subject_ref, &change.head);
        transaction.put(Guard::Holds, requests, head, &on)?;
        self.add_note(&mut transaction, &change.note)?;
        let sent = self.transact(transaction).await;
        settled(sent.map(|sent| sent == Sent::Written), self.was_written(row)).await
    }

    async fn settle_hold(&self, row: &HoldRow) -> Result<bool, Fault> {
        let on = before(row);
        let put = self.put_if(&self.tables.requests, to_item(row), &on, "settle hold");
        settled(put.await, self.is_hold(row)).await
    }

    async fn due_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<(Tenant, HoldId)>, Fault> {
        const OPERATION: &str = "read due holds";
        let query = self.client.query().table_name(&self.tables.requests);
        let query = query
            .index_name("active")
            .limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let query = query
            .key_condition_expression("#pk = :pk AND #wake_at <= :now")
            .expression_attribute_names("#pk", "active_pk")
            .expression_attribute_names("#wake_at", "wake_at")
            .expression_attribute_values(":pk", AttributeValue::S(keys::ACTIVE_HOLDS.to_owned()))
            .expression_attribute_values(":now", AttributeValue::S(keys::instant(now)));
        let answer = query.send().await.map_err(|error| fault(OPERATION, error))?;
        let ids = answer.items().iter().map(|item| {
            let reader = Reader::projected(item, OPERATION);
            let id = keys::hold_of(reader.text("pk")?, reader.text("sk")?);
            id.ok_or_else(|| Fault::corrupt(OPERATION, "a key of this partition is no hold's"))
        });
        ids.collect()
    }

    async fn open_request(
        &self,
        tenant: &Tenant,
        subject_ref: &Ref,
        kind: Kind,
        category: &Category,
    ) -> Result<Option<RequestId>, Fault> {
        const OPERATION: &str = "read open request";
        let key = key_item(keys::open_scope(tenant, subject_ref, kind, category));
        let item = self.get(&self.tables.requests, key, OPERATION).await?;
        let id = item.map(|item| Reader::new(&item, OPERATION)?.parsed("request"));
        id.transpose()
    }
}

impl Storage {
    /// The head, consistently.
    pub(super) async fn read_holds(&self, tenant: &Tenant, subject: &Ref) -> Result<HoldHead, Fault> {
        let key = key_item(keys::hold_head(tenant, subject));
        match self.get(&self.tables.requests, key, HEAD).await? {
            Some(item) => from_head(&item),
            None => Ok(HoldHead::default()),
        }
    }

    /// What is sealed is sealed anew for each change, so it is recognised although somebody settled the hold since.
    async fn was_written(&self, row: &HoldRow) -> Result<bool, Fault> {
        let there = self.hold(&row.hold.tenant, row.hold.id).await?;
        Ok(there.is_some_and(|there| there.fields == row.fields))
    }

    /// Instants of the row itself are rounded; its revision and what is sealed tell it from any other.
    async fn is_hold(&self, row: &HoldRow) -> Result<bool, Fault> {
        let there = self.hold(&row.hold.tenant, row.hold.id).await?;
        Ok(there.is_some_and(|there| (there.hold, there.fields) == (row.hold.clone(), row.fields.clone())))
    }
}

/// On what a hold is written: it is not there, or has the revision that was read.
fn before(row: &HoldRow) -> Condition {
    match row.hold.rev {
        1 => Condition::absent(),
        rev => Condition::number_is("rev", rev.saturating_sub(1)),
    }
}

fn to_item(row: &HoldRow) -> Item {
    let hold = &row.hold;
    let active = row.wake_at.map(|_| keys::ACTIVE_HOLDS.to_owned());
    let item = Row::new(keys::hold(&hold.tenant, hold.id))
        .json("doc", hold)
        .bytes("fields", &row.fields.0)
        .number("rev", hold.rev)
        .maybe_text("active_pk", active)
        .maybe_text("wake_at", row.wake_at.map(keys::instant_up));
    match row.forget_at {
        Some(at) => item.number("ttl", keys::ttl(at)).into_item(),
        None => item.into_item(),
    }
}

fn from_item(item: &Item) -> Result<HoldRow, Fault> {
    let reader = Reader::new(item, READ)?;
    let forget_at = reader.maybe_number("ttl")?.map(Timestamp::from_second);
    Ok(HoldRow {
        hold: reader.json("doc")?,
        fields: Sealed(reader.bytes("fields")?),
        wake_at: reader.maybe_parsed("wake_at")?,
        forget_at: forget_at.transpose().map_err(|error| Fault::corrupt(READ, error))?,
    })
}

fn head_item(tenant: &Tenant, subject: &Ref, head: &HoldHead) -> Item {
    Row::new(keys::hold_head(tenant, subject))
        .number("version", head.version.unwrap_or_default())
        .json("standing", &head.standing)
        .into_item()
}

fn from_head(item: &Item) -> Result<HoldHead, Fault> {
    let reader = Reader::new(item, HEAD)?;
    Ok(HoldHead {
        version: Some(reader.number("version")?),
        standing: reader.json("standing")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::samples::someone;
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        let tenant = "acme".parse().expect("slug");
        let (messages, profile) = (["messages".parse().expect("slug")], ["profile".parse().expect("slug")]);
        let head = HoldHead::default().with(HoldId::from_parts(1, 1), &messages);
        let read = from_head(&head_item(&tenant, &someone("a"), &head)).expect("a head");
        assert_eq!(read, head);
        assert!(read.covers(&messages) && !read.covers(&profile));
    }

    #[test]
    fn a_damaged_head_is_a_fault_and_never_no_hold() {
        let tenant = "acme".parse().expect("slug");
        let mut item = head_item(&tenant, &someone("a"), &HoldHead::default());
        item.remove("standing");
        assert!(from_head(&item).is_err());
    }
}
