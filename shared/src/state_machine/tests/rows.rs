//! Plan and chunk rows for the job's tests; a tally is always recounted from rows, as the product does.

use super::support::day;
use crate::domain::chunk::{Chunk, ChunkId, ChunkState, ManifestSlice, Op};
use crate::domain::job::{Job, JobStatus, Phase, Plan, Tally};
use crate::domain::outcome::{Code, Counts};

pub(super) fn running(phase: Phase, generation: u8) -> Job {
    Job {
        phase,
        generation,
        status: JobStatus::Running,
        started_at: Some(day(40)),
        ..Job::queued()
    }
}

pub(super) fn failed(phase: Phase, generation: u8) -> Job {
    Job {
        status: JobStatus::Failed,
        findings: 1,
        ..running(phase, generation)
    }
}

pub(super) fn plan(generation: u8, planned: u64) -> Plan {
    Plan {
        v: 1,
        dataset: "messages".parse().expect("slug"),
        generation,
        cursor: None,
        complete: true,
        chunks: 1,
        planned,
        arrived_later: 0,
        by_hand: false,
        rev: 1,
        touched_at: day(40),
    }
}

pub(super) fn counts(of: &[(Code, u64)]) -> Counts {
    let mut all = Counts::default();
    for (code, n) in of {
        all.add(&Counts::all(*code, *n));
    }
    all
}

pub(super) fn chunk(generation: u8, n: u32, (op, state): (Op, ChunkState), of: &[(Code, u64)]) -> Chunk {
    let counts = counts(of);
    let id = ChunkId {
        dataset: "messages".parse().expect("slug"),
        generation,
        n,
    };
    let lines = u32::try_from(counts.total()).expect("small");
    Chunk {
        op,
        state,
        swept_at: (counts.of(Code::Swept) > 0).then(|| day(40)),
        counts,
        ..Chunk::planned(id, lines, ManifestSlice::nowhere(), day(40))
    }
}

/// The recount of one generation's plan and its chunks.
pub(super) fn tally(chunks: &[Chunk]) -> Tally {
    let planned = chunks.iter().map(|chunk| u64::from(chunk.lines)).sum();
    Tally::recount(&[plan(0, planned)], chunks, 0)
}
