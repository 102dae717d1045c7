//! Every small row and job that the two are asked about.

use model::rows::{Chunk, ChunkState, Plan, Rows};

const STATES: [ChunkState; 3] = [ChunkState::Ready, ChunkState::Leased, ChunkState::Done];

/// Rows of a chunk, each with its lease running and lapsed.
pub(crate) fn chunk_rows() -> impl Iterator<Item = (Chunk, bool)> {
    let numbers = || (0..3_u8).flat_map(|epoch| (0..3_u8).map(move |send| (epoch, send)));
    let every = STATES
        .into_iter()
        .flat_map(move |state| numbers().map(move |(epoch, send)| (state, epoch, send)));
    every.flat_map(|(state, epoch, send)| {
        let row = row(0, state, epoch, send);
        [(row, false), (row, true)]
    })
}

/// A row of that kind.
fn row(n: usize, state: ChunkState, epoch: u8, send: u8) -> Chunk {
    let outcome = (state == ChunkState::Done).then_some(epoch);
    Chunk {
        n,
        state,
        epoch,
        send,
        outcome,
        rev: 7,
    }
}

/// Plans a job may meet; an empty dataset is not in the model.
pub(crate) fn plans() -> impl Iterator<Item = Plan> {
    let every = (0..3_u8).flat_map(|planned| [(planned, false), (planned, true)]);
    every.filter(|plan| *plan != (0, true)).map(|(planned, complete)| Plan {
        planned,
        complete,
        rev: planned,
    })
}

/// Two chunks, planned or not, in every state.
pub(crate) fn every_two_rows() -> impl Iterator<Item = Rows> {
    let one = |n| {
        [None]
            .into_iter()
            .chain(STATES.map(move |state| Some(row(n, state, 1, 1))))
    };
    one(0).flat_map(move |first| one(1).map(move |second| [first, second]))
}
