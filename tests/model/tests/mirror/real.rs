//! The code's own rows and words for the model's, and back.

use jiff::{SignedDuration, Timestamp};
use model::job::{Event, Phase};
use model::rows::{self, ChunkState, Rows};
use shared::domain::chunk::{Chunk, ChunkId, ChunkState as RealState, ManifestSlice};
use shared::domain::job::{Phase as RealPhase, Plan, Tally};
use shared::domain::outcome::{Code, Counts};
use shared::state_machine::command::Event as RealEvent;

/// When everything here happens.
pub(crate) const NOW: Timestamp = Timestamp::UNIX_EPOCH;

/// The real recount of the real rows.
pub(crate) fn real_tally(plan: &rows::Plan, rows: &Rows) -> Tally {
    let plan = Plan {
        v: 1,
        dataset: "messages".parse().expect("slug"),
        generation: 0,
        cursor: None,
        complete: plan.complete,
        chunks: plan.planned.into(),
        planned: plan.planned.into(),
        arrived_later: 0,
        by_hand: false,
        rev: plan.rev.into(),
        touched_at: NOW,
    };
    let chunks: Vec<_> = rows.iter().flatten().map(|row| chunk(*row, false)).collect();
    Tally::recount(&[plan], &chunks, 0)
}

/// The real row of a row.
pub(crate) fn chunk(row: rows::Chunk, lapsed: bool) -> Chunk {
    let (state, code) = match row.state {
        ChunkState::Ready => (RealState::Ready, Code::Untouched),
        ChunkState::Leased => (RealState::Leased, Code::Untouched),
        ChunkState::Done => (RealState::Done, Code::Swept),
    };
    let n = u32::try_from(row.n).expect("small");
    let lease_end = if lapsed { NOW } else { later() };
    let id = ChunkId {
        dataset: "messages".parse().expect("slug"),
        generation: 0,
        n,
    };
    Chunk {
        state,
        epoch: row.epoch.into(),
        send: row.send.into(),
        lease_until: (row.state == ChunkState::Leased).then_some(lease_end),
        counts: Counts::all(code, 1),
        outcome: row.outcome.map(|epoch| epoch.to_string()),
        rev: row.rev.into(),
        ..Chunk::planned(id, 1, ManifestSlice::nowhere(), NOW)
    }
}

/// The row of a real row.
pub(crate) fn row_of(chunk: &Chunk) -> rows::Chunk {
    let small = |number: u64| u8::try_from(number).expect("small");
    rows::Chunk {
        n: usize::try_from(chunk.id.n).expect("small"),
        state: match chunk.state {
            RealState::Ready => ChunkState::Ready,
            RealState::Leased => ChunkState::Leased,
            RealState::Done => ChunkState::Done,
            RealState::Parked => panic!("nothing is parked in the model"),
        },
        epoch: small(chunk.epoch.into()),
        send: small(chunk.send.into()),
        outcome: chunk.outcome.as_ref().map(|epoch| epoch.parse().expect("an epoch")),
        rev: small(chunk.rev),
    }
}

pub(crate) fn kind(event: Event) -> &'static str {
    match event {
        Event::PlanComplete => "planned",
        Event::Swept(_) => "swept",
    }
}

pub(crate) fn real_kind(event: &RealEvent) -> &'static str {
    match event {
        RealEvent::PlanComplete { .. } => "planned",
        RealEvent::Swept { .. } => "swept",
        other => panic!("{other:?} is not in the model"),
    }
}

/// The end of the model is where the sweep is over.
pub(crate) fn real_phase_of(phase: Phase) -> RealPhase {
    match phase {
        Phase::Planning => RealPhase::Planning,
        Phase::Sweeping => RealPhase::Sweeping,
        Phase::Finished(_) => RealPhase::Recovering,
    }
}

/// The end of a lease that is not over.
pub(crate) fn later() -> Timestamp {
    NOW + SignedDuration::from_secs(1)
}
