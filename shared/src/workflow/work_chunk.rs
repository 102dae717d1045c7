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
use super::pace::{Asked, Pace};
use super::records::Loaded;
use crate::domain::chunk::{Chunk, Op};
use crate::domain::finding::Finding;
use crate::domain::hold::HoldHead;
use crate::domain::ids::RequestKey;
use crate::domain::job::{Job, Phase};
use crate::domain::message::ChunkMessage;
use crate::domain::object_keys;
use crate::domain::outcome::{Code, Counts, LineOutcome};
use crate::domain::pace::Turn;
use crate::domain::period::Period;
use crate::domain::request::{Facts, Status};
use crate::metric::{Metric, metric_of, metric_of_op};
use crate::ports::{
    Config, Fault, Items, Keys, Limits, Manifests, Originals, Queues, Requests, Sealer, Sources, Vault, Work,
};
use crate::state_machine::chunk::{Lease, complete, lease, park, park_unseen, postpone, release, wait};

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
    /// Its turn has yet to come; the chunk was sent again for then.
    Waiting,
    /// Another worker holds the lease: deliver this message again later.
    Held,
}

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Requests + Keys + Work + Limits,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources + Items + Originals + Clone,
    V: Vault,
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
        let pace = match self
            .pace(key, (&chunk, &row), inspect_only, invocation, clock())
            .await?
        {
            Paced::Free => None,
            Paced::Kept(pace) => Some(pace),
            Paced::Waits(turn) => return self.wait(key, &chunk, turn, clock()).await,
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
        let gauge = pace.as_ref().map(|pace| &pace.gauge);
        let operated = self.operate(&loaded, &row, &holds, (inspect_only, gauge), &clock).await;
        if let Some(pace) = &pace {
            self.tell(pace, &row, operated.is_ok(), &invocation.id, clock()).await;
        }
        match operated {
            Ok(operated) => self.account(&loaded, &row, &holds, (operated, given_up), clock).await,
            Err(Failure::Fault(Fault::Permanent { code, .. })) if given_up => {
                self.give_up(&loaded, &row, &holds, code, clock()).await
            }
            Err(Failure::Fault(fault)) => {
                let open = pace.map(|pace| pace.left_open());
                self.later(facts, (&row, open), fault, clock()).await
            }
            Err(refusal @ Failure::Refusal(_)) => Err(refusal),
        }
    }

    /// The pace of what the job wants done. Whoever only looks, or gives the lease back, writes nothing to the source.
    async fn pace(
        &self,
        key: &RequestKey,
        (chunk, row): (&Chunk, &Chunk),
        inspect_only: bool,
        invocation: &Invocation,
        now: Timestamp,
    ) -> Result<Paced, Failure> {
        let Some(request) = self.records.store.request(key).await? else {
            return Ok(Paced::Free);
        };
        let wanted = wish(&request.facts, row, &HoldHead::default()) == Wish::Work;
        if inspect_only || !wanted || chunk.writes() == 0 {
            return Ok(Paced::Free);
        }
        match self.ask(&request.facts, chunk, invocation, now).await {
            Ok(Asked::Now(pace)) => Ok(Paced::Kept(pace)),
            Ok(Asked::Later(turn)) => Ok(Paced::Waits(turn)),
            // Without its data map nothing is done either: the operation says so, and counts.
            Err(Failure::Fault(Fault::Permanent { .. })) => Ok(Paced::Free),
            Err(failure) => Err(failure),
        }
    }

    /// The chunk's turn comes later, and so does its message. Nobody has begun it.
    async fn wait(&self, key: &RequestKey, chunk: &Chunk, turn: Turn, now: Timestamp) -> Result<Worked, Failure> {
        let Some(waiting) = wait(chunk, turn, now) else {
            return Ok(Worked::Dropped);
        };
        if self.records.store.swap_chunk(key, chunk.rev, &waiting).await? {
            metric_of(Metric::ChunksPostponed, 1, &chunk.id.dataset);
            self.send_later(key, &waiting, turn.delay_seconds(now)).await?;
        }
        Ok(Worked::Waiting)
    }

    async fn send_later(&self, key: &RequestKey, row: &Chunk, delay_seconds: u32) -> Result<(), Fault> {
        let sent = self.queues.send_chunks(&[message(key, row)], delay_seconds).await;
        sent.into_iter().collect()
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
        done.left_armed = (done.left_armed || operated.left_armed) && done.counts.of(Code::Failed) > 0;
        if operated.keeps_window {
            done.swept_at = row.swept_at.or(done.swept_at);
        }
        if !self.records.store.swap_chunk(&key, row.rev, &done).await? {
            return Ok(Worked::Dropped);
        }
        let told = if given_up {
            Metric::ChunksParked
        } else {
            Metric::Records
        };
        let count = if given_up { 1 } else { u64::from(row.writes()) };
        metric_of_op(told, count, &row.id.dataset, row.op);
        self.go_on(facts, &done, holds, clock()).await?;
        Ok(if given_up { Worked::Parked } else { Worked::Done })
    }

    /// The source or a service failed. For now: try later, not the chunk's fault. For good: the attempt counts towards
    /// parking, and the chunk remembers why.
    async fn later(
        &self,
        facts: &Facts,
        (row, open): (&Chunk, Option<u32>),
        fault: Fault,
        now: Timestamp,
    ) -> Result<Worked, Failure> {
        let trouble = match &fault {
            Fault::Transient { .. } => None,
            Fault::Permanent { code, .. } => Some(*code),
        };
        tracing::warn!(request = %facts.key(), chunk = %row.id, error = &fault as &dyn std::error::Error, "chunk postponed");
        let Some(mut again) = postpone(row, row.epoch, trouble, now) else {
            return Ok(Worked::Dropped);
        };
        again.open = open;
        if self.records.store.swap_chunk(&facts.key(), row.rev, &again).await? {
            metric_of(Metric::ChunksPostponed, 1, &row.id.dataset);
            self.send_later(&facts.key(), &again, POSTPONE_SECONDS).await?;
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
        self.records.store.put_finding(&key, &finding(row, code, now)).await?;
        let Some(parked) = park_unseen(row, row.epoch, code, now) else {
            return Ok(Worked::Dropped);
        };
        if !self.records.store.swap_chunk(&key, row.rev, &parked).await? {
            return Ok(Worked::Dropped);
        }
        metric_of_op(Metric::ChunksParked, 1, &row.id.dataset, row.op);
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
        // What is tried again need not be every chunk either.
        let repairs = |job: &Job| job.retry.as_ref().is_some_and(|retry| retry.n == settled.retried);
        Ok(job.is_some_and(|job| job.cancel_requested || repairs(&job)))
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
            let finding = Finding {
                count: lines.len() as u64,
                lines,
                ..finding(row, code, now)
            };
            self.records.store.put_finding(&facts.key(), &finding).await?;
        }
        // What a sweep that was given up never reached is not reached by what came after it either.
        let unreached = outcomes.iter().filter(|line| line.code == Code::Untouched).count() as u64;
        let left = !matches!(row.op, Op::Sweep | Op::Copy) && unreached > 0;
        if parked || left {
            let code = row.trouble.as_deref().unwrap_or("parked");
            let mut finding = finding(row, code, now);
            if !parked {
                finding.count = unreached;
            }
            self.records.store.put_finding(&facts.key(), &finding).await?;
        }
        Ok(())
    }
}

/// Whether an operation may write now.
enum Paced {
    /// It writes nothing.
    Free,
    /// At this pace.
    Kept(Box<Pace>),
    /// Not before its turn.
    Waits(Turn),
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

/// A finding of the whole chunk.
fn finding(row: &Chunk, code: &str, now: Timestamp) -> Finding {
    Finding {
        count: u64::from(row.lines),
        attempts: row.attempts,
        epoch: row.epoch,
        ..Finding::new(row.id.clone(), code, now)
    }
}
