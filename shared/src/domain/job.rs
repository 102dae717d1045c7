//! The job: the background work of one request, and the tally its progress is read from.
//!
//! Guarantees: a [`Tally`] is always a recount of rows, never a running counter, so that nothing can count twice.
//! Where next: `state_machine::job` decides the next phase from a tally.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, ChunkId, ChunkState, Op};
use super::ids::DatasetId;
use super::outcome::{Code, Counts};

/// Whether the job runs and how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobStatus {
    /// Executed, no worker yet.
    Queued,
    /// At work.
    Running,
    /// Every record accounted for.
    Completed,
    /// Findings are open; the request stays InProgress.
    Failed,
    /// Cancelled by an operator.
    Cancelled,
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

/// What the job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Enumerating the subject's records.
    Planning,
    /// Hiding them.
    Sweeping,
    /// Hidden and restorable.
    Recovering,
    /// Destroying them.
    Purging,
    /// Enumerating again.
    Verifying,
    /// Writing the export package.
    Packaging,
    /// All accounted for; telling the subject.
    Closing,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Planning => "planning",
            Self::Sweeping => "sweeping",
            Self::Recovering => "recovering",
            Self::Purging => "purging",
            Self::Verifying => "verifying",
            Self::Packaging => "packaging",
            Self::Closing => "closing",
        })
    }
}

/// A plan that holds far more records than the preview said that an operator looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// When the plan was complete.
    pub at: Timestamp,
    /// Records more than were previewed.
    pub more: u64,
}

/// The job's own fields on the request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Whether it runs.
    pub status: JobStatus,
    /// What it is doing.
    pub phase: Phase,
    /// No sweep or copy chunk starts while set.
    pub paused: bool,
    /// An operator cancelled; workers stop at the next record batch.
    pub cancel_requested: bool,
    /// 0 for the first plan, then one more for each verification.
    pub generation: u8,
    /// Findings when the job last failed, or paused by itself.
    pub findings: u64,
    /// What the preview that was executed counted, if it counted to the end.
    #[serde(default)]
    pub previewed: Option<u64>,
    /// Since when it is paused because its plan holds far more than that; none once somebody resumed it.
    #[serde(default)]
    pub differs: Option<Difference>,
    /// The last retry that an operator ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The generation from which verifications are counted: a retry of what they still find allows as many again.
    #[serde(default)]
    pub verified_from: u8,
    /// When the first worker began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// An order to do again what remains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Which retry of the job, from 1.
    pub n: u32,
    /// The chunks that are meant; none: all.
    pub only: Option<BTreeSet<ChunkId>>,
}

impl Retry {
    /// Whether a chunk is meant and has not been made ready for it yet.
    pub fn awaits(&self, chunk: &Chunk) -> bool {
        chunk.retried < self.n && self.only.as_ref().is_none_or(|only| only.contains(&chunk.id))
    }
}

impl Job {
    /// Whether somebody is at work, or is to be.
    pub fn is_running(&self) -> bool {
        matches!(self.status, JobStatus::Queued | JobStatus::Running)
    }

    /// A job just queued by the execution.
    pub fn queued() -> Self {
        Self {
            status: JobStatus::Queued,
            phase: Phase::Planning,
            paused: false,
            cancel_requested: false,
            generation: 0,
            findings: 0,
            previewed: None,
            differs: None,
            retry: None,
            verified_from: 0,
            started_at: None,
            finished_at: None,
        }
    }
}

/// Where one dataset's enumeration stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Format version, 1.
    pub v: u32,
    /// Dataset.
    pub dataset: DatasetId,
    /// Generation.
    pub generation: u8,
    /// Where the next page begins; sealed by the source adapter's caller, since keys name people. None at the start.
    pub cursor: Option<String>,
    /// Whether the last page is committed.
    pub complete: bool,
    /// Chunks committed so far.
    pub chunks: u32,
    /// Records committed so far.
    pub planned: u64,
    /// Records newer than the execution, left alone.
    pub arrived_later: u64,
    /// Whether an operator closed it with evidence, because the dataset cannot be enumerated.
    #[serde(default)]
    pub by_hand: bool,
    /// Rises with each write; the compare-and-set's witness.
    pub rev: u64,
    /// When a planner last committed a page, or when the row was put: what supervision watches.
    pub touched_at: Timestamp,
}

impl Plan {
    /// The plan as nobody goes on with it any more.
    #[must_use]
    pub fn closed(&self, now: Timestamp) -> Self {
        Self {
            complete: true,
            cursor: None,
            rev: self.rev + 1,
            touched_at: now,
            ..self.clone()
        }
    }
}

/// A recount of a request's plan and chunk rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Whether every dataset's plan of the newest generation is complete. The rows are put in the transaction that
    /// raises the generation, so a scope without datasets is complete at once.
    pub plan_complete: bool,
    /// Records planned over all generations.
    pub planned: u64,
    /// Records planned in the newest generation.
    pub planned_newest: u64,
    /// Of those, the ones that an operator resolved.
    pub resolved_newest: u64,
    /// Datasets' plans that an operator closed with evidence.
    pub closed_by_hand: u32,
    /// Records by outcome; sums to `planned`.
    pub counts: Counts,
    /// Records by dataset and outcome.
    pub by_dataset: BTreeMap<DatasetId, Counts>,
    /// Chunks that have not finished their operation.
    pub unfinished: BTreeMap<Op, u32>,
    /// Chunks in whose sources marks may be that no row accounts for yet: leased, or given back in the middle of a sweep.
    pub unseen: u32,
    /// Chunks parked by any operation.
    pub parked: u32,
    /// Swept records of chunks whose purge is over: without a person nobody destroys them.
    pub unpurged: u64,
    /// Failed records of chunks that are past their sweep: hidden or half brought back, and a person must look.
    pub stranded: u64,
    /// Chunks that still hold swept records: dataset and when the sweep finished.
    pub swept_at: Vec<(DatasetId, Timestamp)>,
}

impl Tally {
    /// Recounts. `generation` is the job's newest.
    pub fn recount(plans: &[Plan], chunks: &[Chunk], generation: u8) -> Self {
        let newest: Vec<_> = plans.iter().filter(|p| p.generation == generation).collect();
        let mut tally = Self {
            plan_complete: newest.iter().all(|p| p.complete),
            planned: plans.iter().map(|p| p.planned).sum(),
            planned_newest: newest.iter().map(|p| p.planned).sum(),
            closed_by_hand: plans.iter().map(|p| u32::from(p.by_hand)).sum(),
            ..Self::default()
        };
        for chunk in chunks {
            if chunk.id.generation == generation {
                tally.resolved_newest += chunk.counts.of(Code::Resolved);
            }
            tally.add(chunk);
        }
        tally
    }

    fn add(&mut self, chunk: &Chunk) {
        self.counts.add(&chunk.counts);
        self.by_dataset
            .entry(chunk.id.dataset.clone())
            .or_default()
            .add(&chunk.counts);
        match chunk.state {
            ChunkState::Ready | ChunkState::Leased => *self.unfinished.entry(chunk.op).or_default() += 1,
            ChunkState::Parked => self.parked += 1,
            ChunkState::Done => {}
        }
        self.unseen += u32::from(chunk.is_unseen());
        // What could not be copied is as it was.
        if !matches!(chunk.op, Op::Sweep | Op::Copy) {
            self.stranded += chunk.counts.of(Code::Failed);
        }
        if chunk.op == Op::Purge && matches!(chunk.state, ChunkState::Done | ChunkState::Parked) {
            self.unpurged += chunk.counts.of(Code::Swept);
        }
        if let (Some(at), true) = (chunk.swept_at, chunk.counts.of(Code::Swept) > 0) {
            self.swept_at.push((chunk.id.dataset.clone(), at));
        }
    }

    /// Records nobody has accounted for in the end: with any of them left, no request completes.
    pub fn unsettled(&self) -> u64 {
        let open = [Code::Untouched, Code::Swept, Code::Failed];
        open.into_iter().map(|code| self.counts.of(code)).sum()
    }

    /// Whether every planned record is in a chunk row: false while a page's commit is under way.
    pub fn is_conserved(&self) -> bool {
        self.counts.total() == self.planned
    }

    /// Chunks that something else than a purge is to be done with. A retry goes back to sweeping while a purge may wait,
    /// for the release of a hold even.
    pub fn unswept_chunks(&self) -> u32 {
        self.unfinished_chunks() - self.unfinished.get(&Op::Purge).copied().unwrap_or(0)
    }

    /// Chunks not finished, whatever they do.
    pub fn unfinished_chunks(&self) -> u32 {
        self.unfinished.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purge_that_waits_keeps_no_sweep_open() {
        let tally = |unfinished: &[(Op, u32)]| Tally {
            unfinished: unfinished.iter().copied().collect(),
            ..Tally::default()
        };
        let both = tally(&[(Op::Sweep, 2), (Op::Purge, 3)]);
        assert_eq!((both.unswept_chunks(), both.unfinished_chunks()), (2, 5));
        assert_eq!(tally(&[(Op::Purge, 3)]).unswept_chunks(), 0);
    }

    #[test]
    fn a_message_names_status_and_phase_by_the_words_of_the_rows() {
        for status in [
            JobStatus::Queued,
            JobStatus::Running,
            JobStatus::Completed,
            JobStatus::Failed,
            JobStatus::Cancelled,
        ] {
            assert_eq!(serde_json::to_value(status).expect("JSON"), status.to_string());
        }
        for phase in [
            Phase::Planning,
            Phase::Sweeping,
            Phase::Recovering,
            Phase::Purging,
            Phase::Verifying,
            Phase::Packaging,
            Phase::Closing,
        ] {
            assert_eq!(serde_json::to_value(phase).expect("JSON"), phase.to_string());
        }
    }
}
