//! Dispatch: who gets the next message. At most a window of chunks of a dataset is outstanding.
//!
//! Guarantee: a message is numbered in the row before it is sent, so a chunk has one valid message at any time; a
//! message that could not be sent leaves a Ready row that supervision finds.

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::domain::chunk::{Chunk, ChunkState};
use crate::domain::deadline::purge_due;
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::message::{ChunkMessage, PlanMessage, VERSION};
use crate::domain::request::Facts;
use crate::knobs::sizes;
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
        let mut mine: Vec<_> = chunks.iter().filter(|c| c.id.dataset == pin.id).collect();
        mine.sort_by_key(|c| (c.id.generation, c.id.n));
        let outstanding = mine.iter().filter(|c| is_outstanding(c)).count();
        let room = (sizes().window as usize).saturating_sub(outstanding);
        next.extend(
            mine.into_iter()
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
    due(facts, chunk).is_some_and(|due| now >= due)
}

fn note(result: Result<(), Fault>) {
    if let Err(fault) = result {
        tracing::warn!(
            error = &fault as &dyn std::error::Error,
            "a message was not sent; supervision will send it again"
        );
    }
}
