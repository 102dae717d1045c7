//! One chunk, one operation: lease, read the request, work, account, send the next.
//!
//! Guarantees: the lease is written before anything is read or touched; the outcome object is stored before the row
//! that names it; only the worker whose epoch the row shows accounts for the work. A worker that dies anywhere leaves
//! a row that supervision sends again, and records whose marks tell what was done.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::advance::advance;
use super::bench::Bench;
use super::dispatch::{follow, message};
use super::failure::Failure;
use super::plan::{pinned_dataset, segment_aad};
use super::records::Loaded;
use crate::domain::chunk::{Chunk, Op};
use crate::domain::data_map::Dataset;
use crate::domain::deadline::expiry;
use crate::domain::finding::Finding;
use crate::domain::job::Phase;
use crate::domain::manifest::{Line, decode};
use crate::domain::message::ChunkMessage;
use crate::domain::object_keys;
use crate::domain::outcome::{Code, Counts, LineOutcome};
use crate::domain::period::Period;
use crate::domain::request::{Facts, Status};
use crate::ports::{
    Always, Config, DataKey, Fault, HoldHead, Keys, Manifests, PurgeOrder, Queues, Requests, Sealed, Sealer, Sources,
    SweepOrder, Work,
};
use crate::state_machine::chunk::{Lease, complete, lease, park, park_unseen, postpone, release};

/// A lease outlives the invocation's own deadline by this much, for clocks that differ.
const LEASE_MARGIN_SECONDS: i64 = 10;
/// A chunk whose source is throttled or unreachable is sent again after this long.
const POSTPONE_SECONDS: u32 = 5;

/// Who works on a message, and until when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Unique.
    pub id: String,
    /// When it is ended.
    pub deadline: Timestamp,
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// The chunk is done and accounted for.
    Done,
    /// Given up after its leases; a finding says so.
    Parked,
    /// Another message stands for it, or the job does not want it now.
    Dropped,
    /// The source was not available; the chunk was sent again with a delay.
    Postponed,
    /// Another worker holds the lease: deliver this message again later.
    Held,
}

impl<S, K, C, M, Q, D> Bench<S, K, C, M, Q, D>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// Handles one message within an invocation.
    pub async fn work(
        &self,
        message: &ChunkMessage,
        clock: impl Fn() -> Timestamp,
        invocation: &Invocation,
    ) -> Result<Worked, Failure> {
        let key = &message.request;
        let Some(chunk) = self.records.store.chunk(key, &message.chunk).await? else {
            return Ok(Worked::Dropped);
        };
        let until = Period::seconds(LEASE_MARGIN_SECONDS).after(invocation.deadline);
        let (row, inspect_only) = match lease(&chunk, message.send, &invocation.id, clock(), until) {
            Lease::Drop => return Ok(Worked::Dropped),
            Lease::Held(_) => return Ok(Worked::Held),
            Lease::Work(row) => (row, false),
            Lease::Inspect(row) => (row, true),
        };
        if !self.records.store.swap_chunk(key, chunk.rev, &row).await? {
            return Ok(Worked::Dropped);
        }
        let Some(loaded) = self.records.load(key).await? else {
            return Ok(Worked::Dropped);
        };
        let facts = &loaded.request.facts;
        let holds = self.records.store.holds(&facts.tenant, &facts.subject_ref).await?;
        if !wants(facts, row.op) || waits_for_hold(facts, &row, &holds) {
            return self.give_back(facts, &row, clock()).await;
        }
        match self.operate(&loaded, &row, &holds, inspect_only, clock()).await {
            Ok(outcomes) => self.account(&loaded, &row, outcomes, inspect_only, clock).await,
            Err(Failure::Fault(Fault::Permanent { code, .. })) if inspect_only => {
                self.give_up(&loaded, &row, code, clock()).await
            }
            Err(Failure::Fault(fault)) => self.later(facts, &row, fault, clock()).await,
            Err(refusal @ Failure::Refusal(_)) => Err(refusal),
        }
    }

    /// Runs the operation on the chunk's lines.
    async fn operate(
        &self,
        loaded: &Loaded,
        row: &Chunk,
        holds: &HoldHead,
        inspect_only: bool,
        now: Timestamp,
    ) -> Result<Vec<LineOutcome>, Failure> {
        let facts = &loaded.request.facts;
        let data_key = loaded
            .keys
            .person
            .as_ref()
            .ok_or_else(|| unreadable("its key is shredded"))?;
        let dataset = pinned_dataset(&self.config, facts, &row.id.dataset).await?;
        let lines = self.lines(facts, row, data_key).await?;
        let before = self.outcomes(facts, row, data_key).await?;
        if row.op == Op::Sweep && holds.covers(std::slice::from_ref(&dataset.category)) {
            let held = LineOutcome {
                code: Code::Exempt,
                detail: Some("legal_hold".to_owned()),
            };
            return Ok(vec![held; lines.len()]);
        }
        match row.op {
            Op::Sweep => {
                let order = sweep_order(facts, &dataset, row, &lines, now)?;
                if inspect_only {
                    // A source that is away for now is asked again; one that refuses for good is `give_up`'s.
                    return Ok(self.sources.inspect(order).await?);
                }
                Ok(self.sources.sweep(order, &Always).await?)
            }
            Op::Purge if inspect_only => Ok(before),
            Op::Purge => {
                let lines: Vec<_> = lines.into_iter().zip(before).collect();
                let (tenant, request) = (&facts.tenant, facts.id);
                Ok(self
                    .sources
                    .purge(PurgeOrder {
                        dataset: &dataset,
                        tenant,
                        request,
                        lines: &lines,
                    })
                    .await?)
            }
            Op::Restore | Op::Strip | Op::Copy => Err(unreadable("this version knows no such operation").into()),
        }
    }

    /// Stores the outcome, then the row that names it; sends the next chunk; the last ones look whether all is done.
    async fn account(
        &self,
        loaded: &Loaded,
        row: &Chunk,
        outcomes: Vec<LineOutcome>,
        inspect_only: bool,
        clock: impl Fn() -> Timestamp,
    ) -> Result<Worked, Failure> {
        let (facts, key) = (&loaded.request.facts, loaded.row.key());
        let data_key = loaded
            .keys
            .person
            .as_ref()
            .ok_or_else(|| unreadable("its key is shredded"))?;
        self.put_findings(facts, row, &outcomes, inspect_only, clock()).await?;
        let object = object_keys::outcome(&key, &row.id, row.op, row.epoch);
        let sealed = self
            .records
            .seal_json(data_key, &outcome_aad(facts, &object), &outcomes)?;
        self.manifests.put(&object, sealed.0).await?;
        let counts = Counts::of_lines(&outcomes);
        let settle = if inspect_only { park } else { complete };
        let Some(done) = settle(row, row.epoch, object, counts, clock()) else {
            return Err(Fault::corrupt("account", "outcomes do not match the chunk's lines").into());
        };
        if !self.records.store.swap_chunk(&key, row.rev, &done).await? {
            return Ok(Worked::Dropped);
        }
        self.go_on(facts, &done, clock()).await?;
        Ok(if inspect_only { Worked::Parked } else { Worked::Done })
    }

    /// The source or a service failed. For now: try later, not the chunk's fault. For good: the attempt counts towards
    /// parking, and the chunk remembers why.
    async fn later(&self, facts: &Facts, row: &Chunk, fault: Fault, now: Timestamp) -> Result<Worked, Failure> {
        let trouble = match &fault {
            Fault::Transient { .. } => None,
            Fault::Permanent { code, .. } => Some(*code),
        };
        tracing::warn!(request = %facts.key(), chunk = %row.id, error = &fault as &dyn std::error::Error, "chunk postponed");
        let Some(again) = postpone(row, row.epoch, trouble, now) else {
            return Ok(Worked::Dropped);
        };
        if self.records.store.swap_chunk(&facts.key(), row.rev, &again).await? {
            let sent = self
                .queues
                .send_chunks(&[message(&facts.key(), &again)], POSTPONE_SECONDS)
                .await;
            sent.into_iter().collect::<Result<(), _>>()?;
        }
        Ok(Worked::Postponed)
    }

    /// Not even an inspection is possible (a damaged manifest, say): parked as it was, so that a person looks.
    async fn give_up(&self, loaded: &Loaded, row: &Chunk, code: &str, now: Timestamp) -> Result<Worked, Failure> {
        let key = loaded.row.key();
        self.records
            .store
            .put_finding(&key, &finding(row, code, u64::from(row.lines), vec![], now))
            .await?;
        let Some(parked) = park_unseen(row, row.epoch, code, now) else {
            return Ok(Worked::Dropped);
        };
        if !self.records.store.swap_chunk(&key, row.rev, &parked).await? {
            return Ok(Worked::Dropped);
        }
        self.go_on(&loaded.request.facts, &parked, now).await?;
        Ok(Worked::Parked)
    }

    /// The next chunk; the last ones look whether all is done.
    async fn go_on(&self, facts: &Facts, settled: &Chunk, now: Timestamp) -> Result<(), Failure> {
        if !follow(&self.records.store, &self.queues, facts, settled, now).await? {
            advance(&self.records, &self.queues, &facts.key(), now).await?;
        }
        Ok(())
    }

    /// The job does not want this operation now: the lease is given back unused.
    async fn give_back(&self, facts: &Facts, row: &Chunk, now: Timestamp) -> Result<Worked, Failure> {
        if let Some(ready) = release(row, row.epoch, now) {
            self.records.store.swap_chunk(&facts.key(), row.rev, &ready).await?;
        }
        Ok(Worked::Dropped)
    }

    /// The chunk's lines, checked against the hash its row holds.
    async fn lines(&self, facts: &Facts, row: &Chunk, data_key: &DataKey) -> Result<Vec<Line>, Fault> {
        let slice = &row.manifest;
        let sealed = self
            .manifests
            .read_range(&slice.object, slice.offset, slice.length)
            .await?;
        if hex::encode(Sha256::digest(&sealed)) != slice.sha256 {
            return Err(Fault::corrupt(
                "manifest",
                "the segment is not the one that was planned",
            ));
        }
        let plain = self
            .records
            .sealer
            .unseal(data_key, &segment_aad(facts, &row.id), &Sealed(sealed))?;
        decode(&plain).map_err(|e| Fault::corrupt("manifest", e))
    }

    /// What is known of each line so far.
    async fn outcomes(&self, facts: &Facts, row: &Chunk, data_key: &DataKey) -> Result<Vec<LineOutcome>, Fault> {
        let Some(object) = &row.outcome else {
            return Ok(vec![LineOutcome::plain(Code::Untouched); row.lines as usize]);
        };
        let sealed = self.manifests.read(object).await?;
        let sealed = sealed.ok_or_else(|| Fault::corrupt("outcome", "the outcome object is gone"))?;
        self.records
            .unseal_json(data_key, &outcome_aad(facts, object), &Sealed(sealed))
    }

    /// One finding per code, put before the row is settled: a crash in between repeats it, never loses it.
    async fn put_findings(
        &self,
        facts: &Facts,
        row: &Chunk,
        outcomes: &[LineOutcome],
        parked: bool,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let failed = |line: &&(u32, &LineOutcome)| line.1.code == Code::Failed;
        let failures: Vec<_> = (0_u32..).zip(outcomes).collect::<Vec<_>>();
        let mut by_code = std::collections::BTreeMap::<&str, Vec<u32>>::new();
        for (n, line) in failures.iter().filter(failed) {
            by_code
                .entry(line.detail.as_deref().unwrap_or("unknown"))
                .or_default()
                .push(*n);
        }
        for (code, lines) in by_code {
            let finding = finding(row, code, lines.len() as u64, lines, now);
            self.records.store.put_finding(&facts.key(), &finding).await?;
        }
        if parked {
            let code = row.trouble.as_deref().unwrap_or("parked");
            let finding = finding(row, code, u64::from(row.lines), vec![], now);
            self.records.store.put_finding(&facts.key(), &finding).await?;
        }
        Ok(())
    }
}

/// Whether the job wants this operation now. Restoring and stripping are always wanted; a purge whenever it was made
/// ready; a sweep only while sweeping, not paused and not cancelled.
fn wants(facts: &Facts, op: Op) -> bool {
    let Some(job) = &facts.job else { return false };
    match op {
        Op::Sweep | Op::Copy => {
            let running = facts.status == Status::InProgress && job.phase == Phase::Sweeping;
            running && !job.paused && !job.cancel_requested
        }
        Op::Purge => matches!(facts.status, Status::InProgress | Status::Cancelled),
        Op::Restore | Op::Strip => true,
    }
}

/// A purge under a hold waits for the release.
fn waits_for_hold(facts: &Facts, row: &Chunk, holds: &HoldHead) -> bool {
    let category = facts.pinned(&row.id.dataset).map(|pin| pin.category.clone());
    row.op == Op::Purge && category.is_some_and(|category| holds.covers(&[category]))
}

fn sweep_order<'a>(
    facts: &'a Facts,
    dataset: &'a Dataset,
    row: &Chunk,
    lines: &'a [Line],
    now: Timestamp,
) -> Result<SweepOrder<'a>, Fault> {
    let policy = facts.policy.as_ref().ok_or_else(|| unreadable("it has no policy"))?;
    let cutoff = facts.executed_at.ok_or_else(|| unreadable("it was never executed"))?;
    let expires = dataset.waits_for_ttl() && !policy.recovery_window.is_zero();
    Ok(SweepOrder {
        dataset,
        tenant: &facts.tenant,
        request: facts.id,
        cutoff,
        now,
        expires_at: expires.then(|| expiry(policy, now)),
        // A later generation's records may have been hidden by an earlier one.
        again: row.epoch > 1 || row.id.generation > 0,
        lines,
    })
}

fn finding(row: &Chunk, code: &str, count: u64, lines: Vec<u32>, now: Timestamp) -> Finding {
    Finding {
        v: 1,
        chunk: row.id.clone(),
        code: code.to_owned(),
        count,
        lines,
        first_at: now,
        last_at: now,
    }
}

/// What an outcome object is bound to.
pub fn outcome_aad(facts: &Facts, object: &str) -> String {
    format!("outcome|{}|{object}", facts.key())
}

fn unreadable(why: &'static str) -> Fault {
    Fault::permanent("work on a chunk", "request_unreadable", why)
}
