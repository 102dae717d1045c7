//! The job: the background work of one request, and the tally its progress is read from.
//!
//! Guarantees: a [`Tally`] is always a recount of rows, never a running counter, so that nothing can count twice.
//! Where next: `state_machine::job` decides the next phase from a tally.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, ChunkState, Op};
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
    /// When the first worker began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

impl Job {
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
    /// Rises with each write; the compare-and-set's witness.
    pub rev: u64,
    /// When a planner last committed a page, or when the row was put: what supervision watches.
    pub touched_at: Timestamp,
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
            ..Self::default()
        };
        for chunk in chunks {
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
        if chunk.op != Op::Sweep {
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

    /// Chunks not finished, whatever they do.
    pub fn unfinished_chunks(&self) -> u32 {
        self.unfinished.values().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
