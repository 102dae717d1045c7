//! Dispatch: who gets the next message. At most a window of chunks of a dataset is outstanding.
//!
//! Guarantee: a message is numbered in the row before it is sent, so a chunk has one valid message at any time; a
//! message that could not be sent leaves a Ready row that supervision finds.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::domain::chunk::{Chunk, ChunkState};
use crate::domain::deadline::purge_due;
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::message::{ChunkMessage, PlanMessage, VERSION};
use crate::domain::request::Facts;
use crate::knobs::{Guard, sizes};
use crate::ports::{Fault, Queues, Work};
use crate::state_machine::chunk::{is_purgeable, promote, resend};

/// Rows written at a time while a window is filled.
const PARALLEL: usize = 16;

/// Sends the plan messages of the job's generation. Failures are logged: supervision sends again.
pub async fn send_plans(queues: &impl Queues, facts: &Facts) {
    let Some(job) = &facts.job else { return };
    let message = |pin: &crate::domain::request::DatasetPin| PlanMessage {
        v: VERSION,
        request: facts.key(),
        dataset: pin.id.clone(),
        generation: job.generation,
    };
    let messages: Vec<_> = facts.datasets.iter().map(message).collect();
    for result in queues.send_plans(&messages).await {
        note(result);
    }
}

/// Fills each dataset's window with what the phase wants done next; answers how many messages were sent.
pub async fn fill_windows(
    work: &impl Work,
    queues: &impl Queues,
    facts: &Facts,
    chunks: &[Chunk],
    now: Timestamp,
) -> Result<usize, Fault> {
    let mut next = Vec::new();
    for pin in &facts.datasets {
        let mine: Vec<_> = chunks.iter().filter(|c| c.id.dataset == pin.id).collect();
        let outstanding = mine.iter().filter(|c| is_outstanding(c)).count();
        let room = (sizes().window as usize).saturating_sub(outstanding);
        next.extend(
            in_line(mine, sizes().window)
                .into_iter()
                .filter_map(|c| wanted(facts, c, now).map(|row| (c.rev, row)))
                .take(room),
        );
    }
    number_and_send(work, queues, &facts.key(), next).await
}

/// After chunk `n` was completed or parked: chunk `n + W` is next. Answers whether there is such a chunk.
pub async fn follow(
    work: &impl Work,
    queues: &impl Queues,
    facts: &Facts,
    done: &Chunk,
    now: Timestamp,
) -> Result<bool, Fault> {
    let mut id = done.id.clone();
    id.n += sizes().window;
    let Some(chunk) = work.chunk(&facts.key(), &id).await? else {
        return Ok(false);
    };
    if let Some(row) = wanted(facts, &chunk, now) {
        number_and_send(work, queues, &facts.key(), vec![(chunk.rev, row)]).await?;
    }
    Ok(true)
}

/// Numbers each row's message, then sends those whose row was still as read.
pub async fn number_and_send(
    work: &impl Work,
    queues: &impl Queues,
    key: &RequestKey,
    rows: Vec<(u64, Chunk)>,
) -> Result<usize, Fault> {
    let swaps = rows.into_iter().map(|(rev, row)| async move {
        let written = work.swap_chunk(key, rev, &row).await?;
        Ok::<_, Fault>(written.then_some(row))
    });
    let numbered: Vec<_> = stream::iter(swaps).buffer_unordered(PARALLEL).collect().await;
    let mut messages = Vec::new();
    let mut failed = None;
    for result in numbered {
        match result {
            Ok(Some(row)) => messages.push(message(key, &row)),
            Ok(None) => {}
            Err(fault) => failed = Some(fault),
        }
    }
    messages.sort_by(|a, b| a.chunk.cmp(&b.chunk));
    for result in queues.send_chunks(&messages, 0).await {
        note(result);
    }
    failed.map_or(Ok(messages.len()), Err)
}

/// The message of a row.
pub fn message(key: &RequestKey, row: &Chunk) -> ChunkMessage {
    ChunkMessage {
        v: VERSION,
        request: key.clone(),
        chunk: row.id.clone(),
        send: row.send,
    }
}

/// The order in which a window is filled: first what a worker that just settled a chunk may be about to send itself.
/// Both then mean the same row, and one of them loses; were it another, the two together would pass the window.
fn in_line(mut chunks: Vec<&Chunk>, window: u32) -> Vec<&Chunk> {
    let settled: BTreeSet<_> = chunks.iter().filter(|c| is_settled(c)).map(|c| place(c)).collect();
    let follows = |c: &Chunk| {
        let before = c.id.n.checked_sub(window);
        before.is_none_or(|n| settled.contains(&(c.id.generation, n)))
    };
    chunks.sort_by_key(|c| (!follows(c), place(c)));
    chunks
}

fn place(chunk: &Chunk) -> (u8, u32) {
    (chunk.id.generation, chunk.id.n)
}

fn is_settled(chunk: &Chunk) -> bool {
    matches!(chunk.state, ChunkState::Done | ChunkState::Parked)
}

fn is_outstanding(chunk: &Chunk) -> bool {
    match chunk.state {
        ChunkState::Leased => true,
        ChunkState::Ready => chunk.send > 0,
        ChunkState::Done | ChunkState::Parked => false,
    }
}

/// The row of a chunk that the phase wants sent now and that was not sent yet.
fn wanted(facts: &Facts, chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
    match facts.job.as_ref()?.phase {
        Phase::Sweeping if chunk.state == ChunkState::Ready && chunk.send == 0 => resend(chunk, now),
        Phase::Purging if is_due(facts, chunk, now) => promote(chunk, now),
        _ => None,
    }
}

/// When a chunk's purge is due; none while it holds nothing to purge.
pub fn due(facts: &Facts, chunk: &Chunk) -> Option<Timestamp> {
    let (policy, swept_at) = (facts.policy.as_ref()?, chunk.swept_at?);
    let waits = facts.pinned(&chunk.id.dataset)?.waits_for_ttl;
    is_purgeable(chunk).then(|| purge_due(policy, swept_at, waits))
}

fn is_due(facts: &Facts, chunk: &Chunk, now: Timestamp) -> bool {
    due(facts, chunk).is_some_and(|due| now >= due || !Guard::WindowOver.stands())
}

fn note(result: Result<(), Fault>) {
    if let Err(fault) = result {
        tracing::warn!(
            error = &fault as &dyn std::error::Error,
            "a message was not sent; supervision will send it again"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chunk::{ChunkId, ManifestSlice, Op};
    use crate::domain::outcome::{Code, Counts};

    fn chunk(n: u32, state: ChunkState, send: u32) -> Chunk {
        Chunk {
            v: 1,
            id: ChunkId {
                dataset: "messages".parse().expect("slug"),
                generation: 0,
                n,
            },
            lines: 1,
            manifest: ManifestSlice {
                object: "o".into(),
                offset: 0,
                length: 1,
                sha256: String::new(),
            },
            op: Op::Sweep,
            state,
            epoch: send,
            attempts: 0,
            send,
            lease_until: None,
            holder: None,
            swept_at: None,
            counts: Counts::all(Code::Untouched, 1),
            outcome: None,
            trouble: None,
            touched_at: Timestamp::UNIX_EPOCH,
            rev: 0,
        }
    }

    #[test]
    fn a_window_is_filled_with_what_a_worker_may_be_about_to_send() {
        // Window 2. Chunk 1 was settled before chunk 0; its worker is about to send 3.
        let chunks = [
            chunk(0, ChunkState::Leased, 1),
            chunk(1, ChunkState::Done, 1),
            chunk(2, ChunkState::Ready, 0),
            chunk(3, ChunkState::Ready, 0),
            chunk(4, ChunkState::Ready, 0),
        ];
        let line = in_line(chunks.iter().collect(), 2);
        let unsent = line.into_iter().filter(|c| c.send == 0).map(|c| c.id.n);
        assert_eq!(
            unsent.collect::<Vec<_>>(),
            [3, 2, 4],
            "with 2 first, 0, 2 and 3 would be outstanding"
        );
    }
}
