//! The port [`Requests`].

use jiff::Timestamp;

use super::SimStore;
use super::index::up_to_millisecond;
use super::tables::{Expiring, OfRequest, place};
use crate::audit::Entry;
use crate::domain::finding::Finding;
use crate::domain::gate::{Gate, GateId};
use crate::domain::hold::HoldHead;
use crate::domain::ids::{Ref, RequestKey, Tenant};
use crate::ports::{
    Commit, Committed, Fault, Idempotency, ListPage, ListQuery, Preview, Progress, RequestRow, Requests,
};

impl Requests for SimStore {
    async fn request(&self, key: &RequestKey) -> Result<Option<RequestRow>, Fault> {
        self.read_request(key).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Committed, Fault> {
        self.write_commit(commit).await
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
        let key = (tenant.clone(), caller_ref.clone(), key_hash.to_owned());
        self.read("read idempotency key", tenant, |tables| {
            tables.idempotency.get(&key).map(|there| there.row.clone())
        })
        .await
    }

    async fn keep_preview(&self, key: &RequestKey, preview: &Preview) -> Result<(), Fault> {
        const OP: &str = "keep preview";
        if !is_digest(&preview.digest) {
            let why = "a preview's digest is 64 hexadecimal digits, lower case";
            return Err(Fault::permanent(OP, "invalid", why));
        }
        self.write(OP, key, |tables| {
            let kept = Expiring {
                row: preview.clone(),
                deleted_at: preview.expires_at + self.arrival().ttl_late,
            };
            tables.of_mut(key).previews.insert(preview.digest.clone(), kept);
        })
        .await
    }

    async fn preview(&self, key: &RequestKey, digest: &str) -> Result<Option<Preview>, Fault> {
        if !is_digest(digest) {
            return Ok(None);
        }
        self.of(key, "read preview", |of| {
            of.previews.get(digest).map(|kept| kept.row.clone())
        })
        .await
    }

    async fn holds(&self, tenant: &Tenant, subject_ref: &Ref) -> Result<HoldHead, Fault> {
        let key = (tenant.clone(), subject_ref.clone());
        self.read("read holds", tenant, |tables| {
            tables.holds.get(&key).cloned().unwrap_or_default()
        })
        .await
    }

    async fn gate(&self, tenant: &Tenant, id: &GateId) -> Result<Gate, Fault> {
        let key = (tenant.clone(), id.clone());
        self.read("read gate", tenant, |tables| {
            tables.gates.get(&key).cloned().unwrap_or_default()
        })
        .await
    }

    async fn due(&self, shard: u8, now: Timestamp, limit: u32) -> Result<Vec<RequestKey>, Fault> {
        self.read_due(shard, now, limit).await
    }

    async fn rewake(&self, row: &RequestRow, wake_at: Option<Timestamp>) -> Result<bool, Fault> {
        let key = row.key();
        let is_same = |there: &&RequestRow| {
            let unmoved = there.facts.version == row.facts.version && there.head.seq == row.head.seq;
            unmoved && there.wake_at == row.wake_at.map(up_to_millisecond)
        };
        let rewake = || {
            let visible_at = self.arrival().visible_at;
            let mut inner = self.inner.borrow_mut();
            let there = inner.tables.of(&key).and_then(|of| of.request.as_ref());
            let Some(mut moved) = there.filter(is_same).cloned() else {
                return Ok(false);
            };
            moved.wake_at = wake_at.map(up_to_millisecond);
            inner.put_request(moved, visible_at);
            Ok(true)
        };
        self.world.try_call("move wake-up", &key, rewake).await
    }

    async fn trail(&self, key: &RequestKey, after: u64, limit: u32) -> Result<Vec<Entry>, Fault> {
        self.of(key, "read trail", |of| {
            let entries = of.entries.range(after.saturating_add(1)..);
            entries.take(limit as usize).map(|(_, entry)| entry.clone()).collect()
        })
        .await
    }

    async fn findings(&self, key: &RequestKey) -> Result<Vec<Finding>, Fault> {
        self.of(key, "read findings", |of| of.findings.values().cloned().collect())
            .await
    }

    /// A refresh keeps the instant at which the finding was first seen; what a later worker found stays.
    async fn put_finding(&self, key: &RequestKey, finding: &Finding) -> Result<(), Fault> {
        self.write("put finding", key, |tables| {
            let findings = &mut tables.of_mut(key).findings;
            let there = findings.get(&place(finding));
            let first_at = there.map_or(finding.first_at, |there| there.first_at);
            if there.is_none_or(|there| there.gives_way_to(finding)) {
                let refreshed = Finding {
                    first_at,
                    ..finding.clone()
                };
                findings.insert(place(finding), refreshed);
            }
        })
        .await
    }

    async fn progress(&self, key: &RequestKey) -> Result<Option<Progress>, Fault> {
        self.of(key, "read progress", |of| of.progress.clone()).await
    }

    async fn put_progress(&self, key: &RequestKey, progress: &Progress) -> Result<(), Fault> {
        self.write("cache progress", key, |tables| {
            tables.of_mut(key).progress = Some(progress.clone());
        })
        .await
    }
}

impl SimStore {
    pub(super) async fn read_request(&self, key: &RequestKey) -> Result<Option<RequestRow>, Fault> {
        self.of(key, "read request", |of| of.request.clone()).await
    }

    /// One call that reads rows of one request.
    pub(super) async fn of<T>(
        &self,
        key: &RequestKey,
        op: &'static str,
        look: impl FnOnce(&OfRequest) -> T,
    ) -> Result<T, Fault> {
        let none = OfRequest::default();
        self.read(op, key, |tables| look(tables.of(key).unwrap_or(&none))).await
    }
}

/// A digest comes from a caller; what is none cannot be a key.
fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
