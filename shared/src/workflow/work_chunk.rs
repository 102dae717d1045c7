//! One chunk, one operation: lease, read the request, work, account, send the next.
//!
//! Guarantees: the lease is written before anything is read or touched; the outcome object is stored before the row
//! that names it; only the worker whose epoch the row shows accounts for the work. A worker that dies anywhere leaves
//! a row that supervision sends again, and records whose marks tell what was done. Where next: `operate` for what is
//! done to the records.

use jiff::Timestamp;

use super::account::outcome_aad;
use super::advance::advance;
use super::bench::Bench;
use super::dispatch::{Demand, Followed, follow, is_held, message};
use super::failure::Failure;
use super::operate::{Operated, person_key};
use super::records::Loaded;
use crate::domain::chunk::{Chunk, Op};
use crate::domain::finding::Finding;
use crate::domain::hold::HoldHead;
use crate::domain::job::Phase;
use crate::domain::message::ChunkMessage;
use crate::domain::object_keys;
use crate::domain::outcome::{Code, Counts, LineOutcome};
use crate::domain::period::Period;
use crate::domain::request::{Facts, Status};
use crate::ports::{Config, Fault, Keys, Manifests, Queues, Requests, Sealer, Sources, Work};
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
        let given_up = inspect_only;
        let inspect_only = match wish(facts, &row, &holds) {
            Wish::Work => inspect_only,
            Wish::Inspect => true,
            Wish::Nothing => return self.give_back(facts, &row, clock()).await,
        };
        match self.operate(&loaded, &row, &holds, inspect_only, &clock).await {
            Ok(operated) => self.account(&loaded, &row, &holds, (operated, given_up), clock).await,
            Err(Failure::Fault(Fault::Permanent { code, .. })) if given_up => {
                self.give_up(&loaded, &row, &holds, code, clock()).await
            }
            Err(Failure::Fault(fault)) => self.later(facts, &row, fault, clock()).await,
            Err(refusal @ Failure::Refusal(_)) => Err(refusal),
        }
    }

    /// Stores the outcome, then the row that names it; sends the next chunk; the last ones look whether all is done.
    async fn account(
        &self,
        loaded: &Loaded,
        row: &Chunk,
        holds: &HoldHead,
        (operated, given_up): (Operated, bool),
        clock: impl Fn() -> Timestamp,
    ) -> Result<Worked, Failure> {
        let (facts, key) = (&loaded.request.facts, loaded.row.key());
        let data_key = person_key(loaded)?;
        let outcomes = operated.outcomes;
        self.put_findings(facts, row, &outcomes, given_up, clock()).await?;
        let object = object_keys::outcome(&key, &row.id, row.op, row.epoch);
        let sealed = self
            .records
            .seal_json(data_key, &outcome_aad(facts, &object), &outcomes)?;
        self.manifests.put(&object, sealed.0).await?;
        let counts = Counts::of_lines(&outcomes);
        let settle = if given_up { park } else { complete };
        let Some(mut done) = settle(row, row.epoch, object, counts, clock()) else {
            return Err(Fault::corrupt("account", "outcomes do not match the chunk's lines").into());
        };
        done.restoring = operated.restoring.or(done.restoring);
        done.left_armed |= operated.left_armed;
        if !self.records.store.swap_chunk(&key, row.rev, &done).await? {
            return Ok(Worked::Dropped);
        }
        self.go_on(facts, &done, holds, clock()).await?;
        Ok(if given_up { Worked::Parked } else { Worked::Done })
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
    async fn give_up(
        &self,
        loaded: &Loaded,
        row: &Chunk,
        holds: &HoldHead,
        code: &str,
        now: Timestamp,
    ) -> Result<Worked, Failure> {
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
        self.go_on(&loaded.request.facts, &parked, holds, now).await?;
        Ok(Worked::Parked)
    }

    /// The next chunk; the last ones look whether all is done.
    async fn go_on(&self, facts: &Facts, settled: &Chunk, holds: &HoldHead, now: Timestamp) -> Result<(), Failure> {
        let demand = Demand::of(&self.records.store, facts, holds).await?;
        let is_last = match follow(&self.records.store, &self.queues, &demand, settled, now).await? {
            Followed::Sent => false,
            Followed::Waits => self.may_be_last(facts, settled).await?,
            Followed::Last => true,
        };
        if is_last {
            advance(&self.records, &self.queues, &facts.key(), now).await?;
        }
        Ok(())
    }

    /// Whether this may be the last that somebody waits for, although chunks come after it: a cancellation waits for
    /// whoever is at work, whichever chunk it is, and what is restored or stripped need not be every chunk. Not asked by
    /// a recount: windows end one by one, and each chunk would read all rows.
    async fn may_be_last(&self, facts: &Facts, settled: &Chunk) -> Result<bool, Failure> {
        if matches!(settled.op, Op::Restore | Op::Strip) {
            return Ok(true);
        }
        let row = self.records.store.request(&facts.key()).await?;
        let job = row.and_then(|row| row.facts.job);
        Ok(job.is_some_and(|job| job.cancel_requested))
    }

    /// The job does not want this operation now: the lease is given back unused.
    async fn give_back(&self, facts: &Facts, row: &Chunk, now: Timestamp) -> Result<Worked, Failure> {
        if let Some(ready) = release(row, row.epoch, now) {
            self.records.store.swap_chunk(&facts.key(), row.rev, &ready).await?;
        }
        Ok(Worked::Dropped)
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

/// What the job wants of an operation that a worker holds the lease for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Done.
    Work,
    /// Looked at: a cancellation waits to know which records are marked.
    Inspect,
    /// Left alone.
    Nothing,
}

/// Restoring and stripping are always wanted; a purge whenever it was made ready, but never under a hold; a sweep only
/// while sweeping and not paused. One that is cancelled in the middle is looked at, so that its marks are accounted for.
fn wish(facts: &Facts, row: &Chunk, holds: &HoldHead) -> Wish {
    let Some(job) = &facts.job else { return Wish::Nothing };
    let running = facts.status == Status::InProgress;
    let wanted = match row.op {
        Op::Sweep | Op::Copy if running && job.cancel_requested => return Wish::Inspect,
        // A pause does not keep anybody from looking at what a dead worker armed before a hold.
        Op::Sweep | Op::Copy => {
            let looks = row.epoch > 1 && is_held(facts, row, holds);
            running && job.phase == Phase::Sweeping && (!job.paused || looks)
        }
        Op::Purge => (running || facts.status == Status::Cancelled) && !is_held(facts, row, holds),
        Op::Restore | Op::Strip => true,
    };
    if wanted { Wish::Work } else { Wish::Nothing }
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
