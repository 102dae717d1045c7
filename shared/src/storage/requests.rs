//! The port [`Requests`], and the three of its verbs that are a line or two of their own.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::Storage;
use super::condition::Condition;
use super::error::fault;
use super::item::{Reader, key_item};
use super::keys;
use super::request::from_item;
use crate::audit::Entry;
use crate::domain::finding::Finding;
use crate::domain::gate::{Gate, GateId};
use crate::domain::hold::HoldHead;
use crate::domain::ids::{Ref, RequestKey, Tenant};
use crate::ports::{
    Commit, Committed, Fault, Idempotency, ListPage, ListQuery, Preview, Progress, RequestRow, Requests,
};

impl Requests for Storage {
    async fn request(&self, key: &RequestKey) -> Result<Option<RequestRow>, Fault> {
        self.read_request(key).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, Fault> {
        self.write(commit).await
    }

    async fn list(&self, query: &ListQuery) -> Result<ListPage, Fault> {
        self.read_page(query).await
    }

    async fn remembered(
        &self,
        tenant: &Tenant,
        caller_ref: &Ref,
        key_hash: &str,
    ) -> Result<Option<Idempotency>, Fault> {
        self.read_remembered(tenant, caller_ref, key_hash).await
    }

    async fn keep_preview(&self, key: &RequestKey, preview: &Preview) -> Result<(), Fault> {
        self.write_preview(key, preview).await
    }

    async fn preview(&self, key: &RequestKey, digest: &str) -> Result<Option<Preview>, Fault> {
        self.read_preview(key, digest).await
    }

    async fn holds(&self, tenant: &Tenant, subject_ref: &Ref) -> Result<HoldHead, Fault> {
        self.read_holds(tenant, subject_ref).await
    }

    async fn gate(&self, tenant: &Tenant, id: &GateId) -> Result<Gate, Fault> {
        self.read_gate(tenant, id).await
    }

    async fn due(&self, shard: u8, now: Timestamp, limit: u32) -> Result<Vec<RequestKey>, Fault> {
        self.read_due(shard, now, limit).await
    }

    async fn rewake(&self, row: &RequestRow, wake_at: Option<Timestamp>) -> Result<bool, Fault> {
        self.move_wake_up(row, wake_at).await
    }

    async fn trail(&self, key: &RequestKey, after: u64, limit: u32) -> Result<Vec<Entry>, Fault> {
        self.read_chain(keys::trail(key), after, limit).await
    }

    async fn findings(&self, key: &RequestKey) -> Result<Vec<Finding>, Fault> {
        self.read_findings(key).await
    }

    async fn put_finding(&self, key: &RequestKey, finding: &Finding) -> Result<(), Fault> {
        self.write_finding(key, finding).await
    }

    async fn progress(&self, key: &RequestKey) -> Result<Option<Progress>, Fault> {
        self.read_progress(key).await
    }

    async fn put_progress(&self, key: &RequestKey, progress: &Progress) -> Result<(), Fault> {
        self.write_progress(key, progress).await
    }
}

impl Storage {
    pub(super) async fn read_request(&self, key: &RequestKey) -> Result<Option<RequestRow>, Fault> {
        let item = self
            .get(&self.tables.requests, key_item(keys::request(key)), "read request")
            .await?;
        item.as_ref().map(from_item).transpose()
    }

    /// What a key stood for, also past its time while TTL has not deleted it: `expires_at` tells the caller.
    async fn read_remembered(
        &self,
        tenant: &Tenant,
        caller_ref: &Ref,
        key_hash: &str,
    ) -> Result<Option<Idempotency>, Fault> {
        const OPERATION: &str = "read idempotency key";
        let key = key_item(keys::idempotency(tenant, caller_ref, key_hash));
        let Some(item) = self.get(&self.tables.requests, key, OPERATION).await? else {
            return Ok(None);
        };
        let reader = Reader::new(&item, OPERATION)?;
        Ok(Some(Idempotency {
            caller_ref: caller_ref.clone(),
            key_hash: key_hash.to_owned(),
            body_ref: reader.json("body_ref")?,
            request: reader.parsed("request")?,
            expires_at: reader.parsed("expires_at")?,
        }))
    }

    /// Moves only the index's attributes: no transition, so neither version nor trail moves.
    async fn move_wake_up(&self, row: &RequestRow, wake_at: Option<Timestamp>) -> Result<bool, Fault> {
        let on = Condition::asleep(row.facts.version, row.head.seq, row.wake_at.map(keys::instant_up));
        let update = self.client.update_item().table_name(&self.tables.requests);
        let mut update = update
            .set_key(Some(key_item(keys::request(&row.key()))))
            .condition_expression(on.expression)
            .set_expression_attribute_names(Some(on.names()))
            .set_expression_attribute_values(on.values())
            .expression_attribute_names("#active_pk", "active_pk");
        update = match wake_at {
            Some(at) => update
                .update_expression("SET #active_pk = :active_pk, #wake_at = :wake_at")
                .expression_attribute_values(":active_pk", AttributeValue::S(keys::active(row.facts.id.shard())))
                .expression_attribute_values(":wake_at", AttributeValue::S(keys::instant_up(at))),
            None => update.update_expression("REMOVE #active_pk, #wake_at"),
        };
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(fault("move wake-up", error)),
            },
        }
    }
}
