//! The chunk: up to 500 records of one dataset, the unit of fan-out, retry and accounting.
//!
//! Guarantees: key and manifest of a chunk never change. Who may change what is `state_machine::chunk`'s; every
//! write is a compare-and-set on `rev`.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::ids::DatasetId;
use super::outcome::{Code, Counts, LineOutcome};
use super::pace::Turn;

/// Records per chunk: large enough that control costs 2 % of the writes, small enough for one 30-second invocation.
pub const CHUNK_RECORDS: usize = 500;

/// Chunks of one dataset that may be outstanding at a time.
pub const WINDOW: u32 = 32;

/// Chunks per page of a plan: with the cursor they fill one transaction of 100 actions (TransactWriteItems' limit).
pub const PAGE_CHUNKS: usize = 99;

/// Leases after which a chunk that never completes is parked.
pub const MAX_LEASES: u32 = 5;

/// What a worker does with a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Op {
    /// Mark, hide, arm the expiry.
    Sweep,
    /// Bring back.
    Restore,
    /// Destroy.
    Purge,
    /// Remove the expiry, keep hidden (a hold).
    Strip,
    /// Copy into an export package.
    Copy,
}

impl Op {
    /// The word in rows and object keys.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sweep => "sweep",
            Self::Restore => "restore",
            Self::Purge => "purge",
            Self::Strip => "strip",
            Self::Copy => "copy",
        }
    }
}

/// Where a chunk stands with its operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChunkState {
    /// To be done.
    Ready,
    /// A worker has it, until its lease ends.
    Leased,
    /// Done, accounted for.
    Done,
    /// Given up after its leases; a finding says so.
    Parked,
}

/// Which chunk of a request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChunkId {
    /// Dataset.
    pub dataset: DatasetId,
    /// Plan generation.
    pub generation: u8,
    /// Number within the plan, from 0.
    pub n: u32,
}

impl ChunkId {
    /// Which of the request's eight chunk partitions holds the row.
    pub fn shard(&self) -> u8 {
        (self.n % 8) as u8
    }
}

impl fmt::Display for ChunkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.dataset, self.generation, self.n)
    }
}

/// Where a chunk's lines stand in the manifest of its page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestSlice {
    /// Object key in the manifests bucket, named by its content.
    pub object: String,
    /// First byte.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// SHA-256 of those bytes, hexadecimal.
    pub sha256: String,
}

/// A restoration's part in one chunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restoring {
    /// Which restoration of the request.
    pub n: u32,
    /// The lines that are meant; none: all that are swept.
    pub lines: Option<Vec<u32>>,
    /// Records brought back.
    pub restored: u32,
    /// Lines that were meant and not brought back, each with a stable word for the reason.
    pub skipped: Vec<(u32, String)>,
}

impl Restoring {
    /// Whether a line is meant.
    pub fn means(&self, line: u32) -> bool {
        self.lines.as_ref().is_none_or(|lines| lines.contains(&line))
    }
}

/// What an operator resolved of a chunk. Its newest outcome object is read with it, and the next one carries it on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByHand {
    /// Failures with these codes.
    pub codes: BTreeSet<String>,
    /// Everything that was not accounted for.
    pub rest: bool,
    /// Swept records too: their purge was given up, and somebody destroyed them.
    pub swept: bool,
}

impl ByHand {
    /// What is true of a line now.
    #[must_use]
    pub fn read(&self, line: LineOutcome) -> LineOutcome {
        let code = line.detail.as_deref().unwrap_or_default();
        let resolved = match line.code {
            Code::Failed => self.rest || self.codes.contains(code),
            Code::Untouched => self.rest,
            Code::Swept => self.swept,
            _ => false,
        };
        if resolved {
            LineOutcome::plain(Code::Resolved)
        } else {
            line
        }
    }
}

impl ManifestSlice {
    /// A slice of no object, for tests of rules that look at no manifest.
    #[cfg(any(test, feature = "sim"))]
    pub fn nowhere() -> Self {
        Self {
            object: "o".to_owned(),
            offset: 0,
            length: 1,
            sha256: String::new(),
        }
    }
}

/// A chunk's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Format version, 1.
    pub v: u32,
    /// Which one.
    pub id: ChunkId,
    /// Records in it.
    pub lines: u32,
    /// Its keys.
    pub manifest: ManifestSlice,
    /// The operation it is in or last did.
    pub op: Op,
    /// How far that is.
    pub state: ChunkState,
    /// Rises with each lease; fences the accounting of an earlier worker.
    pub epoch: u32,
    /// Leases of this operation so far.
    pub attempts: u32,
    /// Number of the one message that is valid for it; 0 = never sent.
    pub send: u32,
    /// End of the current lease.
    pub lease_until: Option<Timestamp>,
    /// Who has the lease, by the invocation's id: what tells two workers apart that write at the same instant.
    #[serde(default)]
    pub holder: Option<String>,
    /// The epoch of the newest account: what its findings are compared with.
    #[serde(default)]
    pub accounted: u32,
    /// The last retry of the job that concerned it.
    #[serde(default)]
    pub retried: u32,
    /// What an operator resolved since the newest outcome object was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_hand: Option<ByHand>,
    /// When its sweep was completed: its recovery window runs from here.
    pub swept_at: Option<Timestamp>,
    /// Its records by outcome; sums to `lines`.
    pub counts: Counts,
    /// Object key of the newest outcome object.
    pub outcome: Option<String>,
    /// Stable code of the last lasting failure, until the operation succeeds; the finding of a parked chunk names it.
    #[serde(default)]
    pub trouble: Option<String>,
    /// Whether a swept record failed since and may have kept its mark and its expiry: a hold cannot be settled then.
    #[serde(default)]
    pub left_armed: bool,
    /// The last restoration that concerned it.
    #[serde(default)]
    pub restoring: Option<Restoring>,
    /// When it may begin, while it waits for its source's pace.
    #[serde(default)]
    pub turn: Option<Turn>,
    /// Records that its last attempt left open; none: all of them.
    #[serde(default)]
    pub open: Option<u32>,
    /// When the row last changed.
    pub touched_at: Timestamp,
    /// Rises with each write; the compare-and-set's witness.
    pub rev: u64,
}

impl Chunk {
    /// A chunk as a plan makes it: to be swept, nothing done yet.
    pub fn planned(id: ChunkId, lines: u32, manifest: ManifestSlice, now: Timestamp) -> Self {
        Self {
            v: 1,
            id,
            lines,
            manifest,
            op: Op::Sweep,
            state: ChunkState::Ready,
            epoch: 0,
            attempts: 0,
            send: 0,
            lease_until: None,
            holder: None,
            accounted: 0,
            retried: 0,
            by_hand: None,
            swept_at: None,
            counts: Counts::all(Code::Untouched, u64::from(lines)),
            outcome: None,
            trouble: None,
            left_armed: false,
            restoring: None,
            turn: None,
            open: None,
            touched_at: now,
            rev: 0,
        }
    }

    /// Whether its source may hold marks that no outcome tells of: somebody is at work on it, or gave it back in the
    /// middle of its sweep.
    pub fn is_unseen(&self) -> bool {
        match self.state {
            ChunkState::Leased => true,
            ChunkState::Ready => self.op == Op::Sweep && self.epoch > 0,
            ChunkState::Done | ChunkState::Parked => false,
        }
    }

    /// Records that its operation may yet write.
    pub fn writes(&self) -> u32 {
        let all = match (self.op, &self.restoring) {
            (Op::Sweep | Op::Copy, _) => u64::from(self.lines),
            (Op::Restore, Some(Restoring { lines: Some(lines), .. })) => lines.len() as u64,
            (Op::Restore | Op::Purge | Op::Strip, _) => self.counts.of(Code::Swept),
        };
        let all = u32::try_from(all).unwrap_or(u32::MAX);
        self.open.map_or(all, |open| open.min(all))
    }

    /// Whether nobody is at work on it, and nobody is to be.
    pub fn is_settled(&self) -> bool {
        matches!(self.state, ChunkState::Done | ChunkState::Parked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(n: u32, state: ChunkState) -> Chunk {
        let id = ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 1,
            n,
        };
        Chunk {
            state,
            ..Chunk::planned(id, 1, ManifestSlice::nowhere(), Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn chunks_are_spread_over_eight_partitions() {
        let shards: Vec<_> = (6..10).map(|n| chunk(n, ChunkState::Ready).id.shard()).collect();
        assert_eq!(shards, [6, 7, 0, 1]);
    }

    #[test]
    fn a_chunk_is_named_by_dataset_generation_and_number() {
        assert_eq!(chunk(9, ChunkState::Ready).id.to_string(), "messages.1.9");
    }

    #[test]
    fn only_what_is_done_or_parked_is_settled() {
        let settled = |state| chunk(0, state).is_settled();
        assert!(settled(ChunkState::Done) && settled(ChunkState::Parked));
        assert!(!settled(ChunkState::Ready) && !settled(ChunkState::Leased));
    }

    #[test]
    fn a_row_from_before_leases_had_holders_is_read() {
        let mut row = serde_json::to_value(chunk(0, ChunkState::Ready)).expect("JSON");
        row.as_object_mut().expect("an object").remove("holder");
        let read: Chunk = serde_json::from_value(row).expect("a chunk");
        assert_eq!(read.holder, None);
    }
}
