//! The package's row: lease it, write the next part, note it, go on.
//!
//! Guarantees: the lease is written before anything is begun; what earlier attempts left unfinished is given up first;
//! a part is noted only by the worker whose epoch the row shows. Between two parts another message goes on.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::contents::{Contents, decide};
use super::part::Writing;
use super::staging::Staging;
use crate::domain::chunk::ChunkId;
use crate::domain::finding::{About, Finding};
use crate::domain::job::Phase;
use crate::domain::message::PartMessage;
use crate::domain::object_keys;
use crate::domain::package::Assembly;
use crate::domain::period::Period;
use crate::domain::request::{Facts, Status};
use crate::ports::{
    Config, Exports, Fault, Items, Keys, Manifests, Originals, Queues, Requests, Sealer, Sources, Vault, Work,
};
use crate::state_machine::assembly::{Lease, lease, release, written};
use crate::workflow::advance::advance;
use crate::workflow::bench::Bench;
use crate::workflow::dispatch::part_message;
use crate::workflow::failure::Failure;
use crate::workflow::operate::person_key;
use crate::workflow::plan::pinned_map;
use crate::workflow::records::Loaded;
use crate::workflow::work_chunk::Invocation;

/// A lease outlives the invocation's own deadline by this much, for clocks that differ.
const LEASE_MARGIN_SECONDS: i64 = 10;
/// A part whose source or bucket is unreachable is tried again after this long.
const POSTPONE_SECONDS: u32 = 5;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packed {
    /// A part is written and noted.
    Written,
    /// Another message stands for it, or the job does not want it now.
    Dropped,
    /// Another worker is writing: deliver this message again later.
    Held,
    /// It could not be written for now; it was sent again with a delay.
    Postponed,
    /// It was given up; a finding says why.
    GivenUp,
}

/// The outside of packaging, built once.
#[derive(Clone, Debug)]
pub struct Packaging<S, K, C, M, Q, D, V, E> {
    /// What it shares with planning and execution.
    pub bench: Bench<S, K, C, M, Q, D, V>,
    /// Where packages go.
    pub exports: E,
    /// Bytes of content after which a part is full.
    pub max_part_bytes: u64,
    /// The version of Lethe that a package names as its maker.
    pub version: &'static str,
}

impl<S, K, C, M, Q, D, V, E> Packaging<S, K, C, M, Q, D, V, E>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources + Items + Originals,
    V: Vault,
    E: Exports,
{
    /// Handles one message within an invocation.
    pub async fn package(
        &self,
        message: &PartMessage,
        clock: impl Fn() -> Timestamp,
        invocation: &Invocation,
    ) -> Result<Packed, Failure> {
        let (store, key) = (&self.bench.records.store, &message.request);
        let Some(before) = store.assembly(key).await? else {
            return Ok(Packed::Dropped);
        };
        let until = Period::seconds(LEASE_MARGIN_SECONDS).after(invocation.deadline);
        let (row, given_up) = match lease(&before, message.send, &invocation.id, clock(), until) {
            Lease::Drop => return Ok(Packed::Dropped),
            Lease::Held => return Ok(Packed::Held),
            Lease::Work(row) => (row, false),
            Lease::GiveUp(row) => (row, true),
        };
        let Some(loaded) = self.bench.records.load(key).await? else {
            return Ok(Packed::Dropped);
        };
        if given_up {
            return self.give_up(&loaded, (before.rev, &row), clock()).await;
        }
        if !store.swap_assembly(key, before.rev, &row).await? {
            return Ok(Packed::Dropped);
        }
        if !is_wanted(&loaded.request.facts) {
            return self.give_back(&loaded, &row, clock()).await;
        }
        match self.next_part(&loaded, &row, &clock).await {
            Ok(packed) => Ok(packed),
            Err(Failure::Fault(fault)) => self.later(&loaded, &row, fault, clock()).await,
            Err(refusal @ Failure::Refusal(_)) => Err(refusal),
        }
    }

    /// Writes the next part and notes it; the last one closes the job.
    async fn next_part(
        &self,
        loaded: &Loaded,
        row: &Assembly,
        clock: &impl Fn() -> Timestamp,
    ) -> Result<Packed, Failure> {
        let (bench, facts, key) = (&self.bench, &loaded.request.facts, loaded.row.key());
        // Whatever an earlier attempt began: nobody but this worker writes now.
        self.exports.abort_under(&object_keys::package(&key)).await?;
        let map = pinned_map(&bench.config, facts).await?;
        let chunks = bench.records.store.chunks(&key).await?;
        let staging = Staging {
            sealer: &bench.records.sealer,
            manifests: &bench.manifests,
            key: person_key(loaded)?,
            request: key.clone(),
        };
        let object = object_keys::contents(&key);
        let contents: Contents = match staging.read(&object).await? {
            Some(contents) => contents,
            None => {
                let plans = bench.records.store.plans(&key).await?;
                let mut vaulted = BTreeMap::new();
                for dataset in map.in_scope(&facts.tenant, &facts.scope) {
                    let copies = bench.copy_from_vault(&staging, facts, dataset).await?;
                    vaulted.insert(dataset.id.clone(), copies);
                }
                let rows = (&*plans, &*chunks, &vaulted);
                let contents = decide(&staging, facts, &map, rows, self.max_part_bytes).await?;
                staging.put(&object, &contents).await?;
                contents
            }
        };
        let writing = Writing {
            staging,
            sources: &bench.sources,
            exports: &self.exports,
            map: &map,
            loaded,
            chunks: &chunks,
            contents: &contents,
            generated_at: row.generated_at,
            version: self.version,
        };
        let number = u32::try_from(row.parts.len() + 1).unwrap_or(u32::MAX);
        let part = writing
            .write(number, object_keys::part(&key, row.epoch, number))
            .await?;
        // It may have been cancelled meanwhile, or taken over by another worker.
        let there = bench.records.store.assembly(&key).await?;
        if there.is_none_or(|there| there.rev != row.rev) {
            return Ok(Packed::Dropped);
        }
        if !bench
            .records
            .store
            .request(&key)
            .await?
            .is_some_and(|there| is_wanted(&there.facts))
        {
            self.exports.abort_under(&object_keys::package(&key)).await?;
            return self.give_back(loaded, row, clock()).await;
        }
        let part = part.complete().await?;
        let of = u32::try_from(contents.parts.len()).unwrap_or(u32::MAX);
        let Some(next) = written(row, row.epoch, of, part, clock()) else {
            return Ok(Packed::Dropped);
        };
        if !bench.records.store.swap_assembly(&key, row.rev, &next).await? {
            return Ok(Packed::Dropped);
        }
        if next.is_whole() {
            advance(&bench.records, &bench.queues, &key, clock()).await?;
        } else {
            bench.queues.send_part(&part_message(&key, &next), 0).await?;
        }
        Ok(Packed::Written)
    }

    /// The job does not want the package now: whoever waits for the lease to end can go on.
    async fn give_back(&self, loaded: &Loaded, row: &Assembly, now: Timestamp) -> Result<Packed, Failure> {
        let (bench, key) = (&self.bench, loaded.row.key());
        if let Some(next) = release(row, row.epoch, None, now) {
            bench.records.store.swap_assembly(&key, row.rev, &next).await?;
            advance(&bench.records, &bench.queues, &key, now).await?;
        }
        Ok(Packed::Dropped)
    }

    /// A source or a service failed. For now: try later, nobody's fault. For good: the attempt counts, and the last of
    /// them is the end.
    async fn later(&self, loaded: &Loaded, row: &Assembly, fault: Fault, now: Timestamp) -> Result<Packed, Failure> {
        let (bench, key) = (&self.bench, loaded.row.key());
        let trouble = match &fault {
            Fault::Transient { .. } => None,
            Fault::Permanent { code, .. } => Some(*code),
        };
        tracing::warn!(request = %key, error = &fault as &dyn std::error::Error, "part postponed");
        let Some(next) = release(row, row.epoch, trouble, now) else {
            return Ok(Packed::Dropped);
        };
        if next.trouble.is_some() {
            return self.give_up(loaded, (row.rev, &next), now).await;
        }
        if bench.records.store.swap_assembly(&key, row.rev, &next).await? {
            bench
                .queues
                .send_part(&part_message(&key, &next), POSTPONE_SECONDS)
                .await?;
        }
        Ok(Packed::Postponed)
    }

    /// Nobody goes on: a person must look. The finding is put before the row says so.
    async fn give_up(
        &self,
        loaded: &Loaded,
        (before_rev, row): (u64, &Assembly),
        now: Timestamp,
    ) -> Result<Packed, Failure> {
        let (bench, facts, key) = (&self.bench, &loaded.request.facts, loaded.row.key());
        if let (Some(pin), Some(code)) = (facts.datasets.first(), &row.trouble) {
            let of = ChunkId {
                dataset: pin.id.clone(),
                generation: 0,
                n: 0,
            };
            let finding = Finding {
                about: About::Package,
                attempts: row.attempts,
                epoch: row.epoch,
                ..Finding::new(of, code, now)
            };
            bench.records.store.put_finding(&key, &finding).await?;
        }
        if !bench.records.store.swap_assembly(&key, before_rev, row).await? {
            return Ok(Packed::Dropped);
        }
        advance(&bench.records, &bench.queues, &key, now).await?;
        Ok(Packed::GivenUp)
    }
}

/// Whether the job is at its package.
fn is_wanted(facts: &Facts) -> bool {
    let job = facts.job.as_ref().filter(|_| facts.status == Status::InProgress);
    job.is_some_and(|job| job.phase == Phase::Packaging && !job.cancel_requested)
}
