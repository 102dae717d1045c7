//! Dispatch: who gets the next message. At most a window of chunks of a dataset is outstanding.
//!
//! Guarantee: a message is numbered in the row before it is sent, so a chunk has one valid message at any time; a
//! message that could not be sent leaves a Ready row that supervision finds.

use std::collections::BTreeSet;

use futures::stream::{self, StreamExt};
use jiff::Timestamp;

use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::deadline::purge_due;
use crate::domain::hold::HoldHead;
use crate::domain::ids::RequestKey;
use crate::domain::job::{Job, Phase};
use crate::domain::message::{ChunkMessage, PartMessage, PlanMessage, VERSION};
use crate::domain::package::Assembly;
use crate::domain::request::{Facts, Kind, Status};
use crate::domain::restore::Restore;
use crate::knobs::{Guard, sizes};
use crate::ports::{Fault, Queues, Work};
use crate::state_machine::assembly;
use crate::state_machine::chunk::{is_purgeable, promote, resend, restore, strip};
use crate::state_machine::repair::retried;

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

/// What decides which chunk is sent next.
#[derive(Clone, Debug)]
pub struct Demand<'a> {
    /// The request.
    pub facts: &'a Facts,
    /// Its subject's holds.
    pub holds: &'a HoldHead,
    /// The restoration that is under way.
    pub restore: Option<Restore>,
    /// The row of an export's package, once it is being written.
    pub assembly: Option<Assembly>,
}

impl<'a> Demand<'a> {
    /// Reads what else it takes.
    pub async fn of(work: &impl Work, facts: &'a Facts, holds: &'a HoldHead) -> Result<Self, Fault> {
        let restore = match facts.restoring {
            Some(n) => work.restore(&facts.key(), n).await?,
            None => None,
        };
        let packaging = |job: &Job| job.phase == Phase::Packaging;
        let assembly = if facts.job.as_ref().is_some_and(packaging) {
            work.assembly(&facts.key()).await?
        } else {
            None
        };
        Ok(Self {
            facts,
            holds,
            restore,
            assembly,
        })
    }

    /// The row of a chunk that is wanted sent now and was not sent yet. What operators and holds ask for comes first.
    fn next(&self, chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
        let job = self.facts.job.as_ref()?;
        let running = self.facts.status == Status::InProgress;
        let restored = self
            .restore
            .as_ref()
            .and_then(|order| restoration(order, self.facts, chunk, now));
        if restored.is_some() {
            return restored;
        }
        let repaired = self.retry(chunk, now).filter(|_| !job.paused);
        if repaired.is_some() {
            return repaired;
        }
        // What waits for its sweep is sent all the same: its worker reads the hold and writes it down as exempt.
        let unswept = chunk.state == ChunkState::Ready && chunk.op == Op::Sweep;
        if self.is_held(chunk) && !unswept {
            let expires = self
                .facts
                .pinned(&chunk.id.dataset)
                .is_some_and(|pin| pin.waits_for_ttl);
            return expires.then(|| strip(chunk, now)).flatten();
        }
        // Until a cancellation is settled nothing else begins, so that it can be.
        if running && job.cancel_requested {
            return None;
        }
        match job.phase {
            Phase::Sweeping if running && !job.paused && chunk.state == ChunkState::Ready && chunk.send == 0 => {
                resend(chunk, now)
            }
            Phase::Purging if is_due(self.facts, chunk, now) => promote(chunk, now),
            _ if !running && is_due(self.facts, chunk, now) => promote(chunk, now),
            _ => None,
        }
    }

    /// The row of a chunk that an operator wants tried again, and nobody has made ready for it yet. A hold keeps a purge
    /// from being done, the second time too.
    pub fn retry(&self, chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
        let running = |job: &&Job| job.phase == Phase::Sweeping && !job.cancel_requested;
        let job = self.facts.job.as_ref().filter(running)?;
        let order = job.retry.as_ref().filter(|order| order.awaits(chunk))?;
        let row = retried(chunk, order.n, now).filter(|_| self.facts.status == Status::InProgress)?;
        (row.op != Op::Purge || !self.is_held(chunk)).then_some(row)
    }

    /// Whether a chunk that was sent is still wanted done. What a pause, a hold or the end of a cancellation keeps
    /// waiting is not lost; whoever begins it again sends it again.
    pub fn goes_on(&self, chunk: &Chunk) -> bool {
        let Some(job) = &self.facts.job else { return false };
        match chunk.op {
            Op::Restore | Op::Strip => true,
            // Of one that somebody died over it must be known what is left, before its expiry can be removed.
            Op::Purge => !self.is_held(chunk) || chunk.state == ChunkState::Leased,
            Op::Sweep | Op::Copy if self.facts.status != Status::InProgress => false,
            Op::Sweep | Op::Copy if job.cancel_requested => chunk.is_unseen(),
            Op::Sweep | Op::Copy if job.paused => {
                // Under a hold it only looks what was marked: an armed expiry does not wait for the end of a pause.
                chunk.state == ChunkState::Leased || (chunk.is_unseen() && self.is_held(chunk))
            }
            Op::Sweep | Op::Copy => true,
        }
    }

    /// Whether a hold keeps the chunk's records from being destroyed.
    pub fn is_held(&self, chunk: &Chunk) -> bool {
        is_held(self.facts, chunk, self.holds)
    }
}

/// Whether a hold covers a chunk's category, and keeps what it covers.
pub fn is_held(facts: &Facts, chunk: &Chunk, holds: &HoldHead) -> bool {
    if facts.kind == Kind::Export {
        // Nothing of an export destroys anything.
        return false;
    }
    let pin = facts.pinned(&chunk.id.dataset);
    pin.is_some_and(|pin| holds.covers(std::slice::from_ref(&pin.category))) && Guard::HoldKeeps.stands()
}

/// Fills each dataset's window with what is wanted done next; answers how many messages were sent.
pub async fn fill_windows(
    work: &impl Work,
    queues: &impl Queues,
    demand: &Demand<'_>,
    chunks: &[Chunk],
    now: Timestamp,
) -> Result<usize, Fault> {
    let mut next = Vec::new();
    let facts = demand.facts;
    for pin in &facts.datasets {
        let mine: Vec<_> = chunks.iter().filter(|c| c.id.dataset == pin.id).collect();
        let outstanding = mine.iter().filter(|c| is_outstanding(c) && demand.goes_on(c)).count();
        let room = (sizes().window as usize).saturating_sub(outstanding);
        next.extend(
            in_line(mine, sizes().window)
                .into_iter()
                .filter_map(|c| demand.next(c, now).map(|row| (c.rev, row)))
                .take(room),
        );
    }
    number_and_send(work, queues, &facts.key(), next).await
}

/// Sends the message for a package's next part, if one is owed: the first, one that was lost, or because a person had it
/// tried again. Answers whether it was.
pub async fn send_part(work: &impl Work, queues: &impl Queues, facts: &Facts, now: Timestamp) -> Result<bool, Fault> {
    let key = facts.key();
    let Some(row) = work.assembly(&key).await? else {
        return Ok(false);
    };
    let Some(next) = assembly::next(facts, &row, now) else {
        return Ok(false);
    };
    if !work.swap_assembly(&key, row.rev, &next).await? {
        return Ok(false);
    }
    note(queues.send_part(&part_message(&key, &next), 0).await);
    Ok(true)
}

/// The message of a package's row.
pub fn part_message(key: &RequestKey, row: &Assembly) -> PartMessage {
    PartMessage {
        v: VERSION,
        request: key.clone(),
        send: row.send,
    }
}

/// What became of the chunk that is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// It was sent.
    Sent,
    /// It is there, and not wanted now, or sent by somebody else.
    Waits,
    /// There is none: the chunk before it is one of the last.
    Last,
}

/// After chunk `n` was completed or parked: chunk `n + W` is next.
pub async fn follow(
    work: &impl Work,
    queues: &impl Queues,
    demand: &Demand<'_>,
    done: &Chunk,
    now: Timestamp,
) -> Result<Followed, Fault> {
    let mut id = done.id.clone();
    id.n += sizes().window;
    let key = demand.facts.key();
    let Some(chunk) = work.chunk(&key, &id).await? else {
        return Ok(Followed::Last);
    };
    let Some(row) = demand.next(&chunk, now) else {
        return Ok(Followed::Waits);
    };
    let sent = number_and_send(work, queues, &key, vec![(chunk.rev, row)]).await?;
    Ok(if sent > 0 { Followed::Sent } else { Followed::Waits })
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
    let settled: BTreeSet<_> = chunks.iter().filter(|c| c.is_settled()).map(|c| place(c)).collect();
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

fn is_outstanding(chunk: &Chunk) -> bool {
    match chunk.state {
        ChunkState::Leased => true,
        ChunkState::Ready => chunk.send > 0,
        ChunkState::Done | ChunkState::Parked => false,
    }
}

/// A chunk's part in a restoration, if it has yet to begin.
fn restoration(order: &Restore, facts: &Facts, chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
    if !order.awaits(chunk, is_open(facts, chunk, now)) {
        return None;
    }
    let lines = order.lines_of(&chunk.id)?.map(<[u32]>::to_vec);
    restore(chunk, order.n, lines, now)
}

/// Whether a chunk's recovery window is open.
pub fn is_open(facts: &Facts, chunk: &Chunk, now: Timestamp) -> bool {
    let window = facts.policy.as_ref().map(|policy| policy.recovery_window);
    let ends_at = window.zip(chunk.swept_at).map(|(window, at)| window.after(at));
    ends_at.is_some_and(|end| now < end)
}

/// Sends again what was given back in the middle of its sweep: a cancellation waits for somebody to look at it.
pub async fn send_unseen(
    work: &impl Work,
    queues: &impl Queues,
    facts: &Facts,
    chunks: &[Chunk],
    now: Timestamp,
) -> Result<usize, Fault> {
    let unseen = chunks.iter().filter(|c| c.state == ChunkState::Ready && c.is_unseen());
    let rows = unseen.filter_map(|c| resend(c, now).map(|row| (c.rev, row))).collect();
    number_and_send(work, queues, &facts.key(), rows).await
}

/// Sends again every sweep or copy that was sent before a pause: its message may have been dropped.
pub async fn send_waiting(
    work: &impl Work,
    queues: &impl Queues,
    facts: &Facts,
    chunks: &[Chunk],
    now: Timestamp,
) -> Result<usize, Fault> {
    let waiting = |c: &&Chunk| matches!(c.op, Op::Sweep | Op::Copy) && c.state == ChunkState::Ready && c.send > 0;
    let rows = chunks
        .iter()
        .filter(waiting)
        .filter_map(|c| resend(c, now).map(|row| (c.rev, row)));
    number_and_send(work, queues, &facts.key(), rows.collect()).await
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
    use crate::domain::chunk::{ChunkId, ManifestSlice};
    use crate::domain::ids::HoldId;
    use crate::domain::job::Job;

    fn chunk(n: u32, state: ChunkState, send: u32) -> Chunk {
        let id = ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 0,
            n,
        };
        Chunk {
            state,
            epoch: send,
            send,
            ..Chunk::planned(id, 1, ManifestSlice::nowhere(), Timestamp::UNIX_EPOCH)
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

    #[test]
    fn what_follows_a_settled_chunk_comes_before_what_follows_one_at_work() {
        let chunks = [
            chunk(0, ChunkState::Done, 1),
            chunk(1, ChunkState::Leased, 1),
            chunk(3, ChunkState::Ready, 0),
            chunk(2, ChunkState::Ready, 0),
        ];
        let line = in_line(chunks.iter().collect(), 2);
        let unsent = line.into_iter().filter(|c| c.send == 0).map(|c| c.id.n);
        assert_eq!(unsent.collect::<Vec<_>>(), [2, 3]);
    }

    fn facts(job: Job, status: Status) -> Facts {
        let someone = "00".repeat(32);
        let facts = serde_json::json!({
            "v": 1, "id": "dsr_01HF7YAT00000000000000001A", "tenant": "acme", "kind": "deletion",
            "status": status, "version": 9, "subject_ref": someone, "requester_ref": someone,
            "on_behalf": false, "scope": ["messages"], "descriptions": {}, "submitted_at": "2026-11-21T12:00:00Z",
            "received_at": "2026-11-21T12:00:00Z", "due_at": "2026-12-21T12:00:00Z", "misses_due": false,
            "grace_over_told": false, "account": {}, "shredded": false, "job": job,
            "datasets": [{"id": "messages", "category": "messages", "waits_for_ttl": true}],
        });
        serde_json::from_value(facts).expect("facts")
    }

    #[test]
    fn what_a_pause_a_hold_or_a_cancellation_keeps_waiting_is_not_lost() {
        let (held, free) = (
            HoldHead::default().with(HoldId::from_parts(1, 1), &["messages".parse().expect("slug")]),
            HoldHead::default(),
        );
        let goes_on = |job: &Job, status, holds: &HoldHead, chunk: &Chunk| {
            let facts = facts(job.clone(), status);
            let (facts, restore, assembly) = (&facts, None, None);
            let demand = Demand {
                facts,
                holds,
                restore,
                assembly,
            };
            demand.goes_on(chunk)
        };
        let (running, paused, stopping) = (
            Job::queued(),
            Job {
                paused: true,
                ..Job::queued()
            },
            Job {
                cancel_requested: true,
                ..Job::queued()
            },
        );
        let (at_work, over) = (Status::InProgress, Status::Cancelled);
        let (sent, leased) = (chunk(0, ChunkState::Ready, 0), chunk(0, ChunkState::Leased, 1));
        assert!(goes_on(&running, at_work, &free, &sent));
        assert!(!goes_on(&paused, at_work, &free, &sent) && goes_on(&paused, at_work, &free, &leased));
        assert!(!goes_on(&stopping, at_work, &free, &sent) && goes_on(&stopping, at_work, &free, &leased));
        let given_back = chunk(0, ChunkState::Ready, 1);
        assert!(goes_on(&paused, at_work, &held, &given_back) && !goes_on(&paused, at_work, &free, &given_back));
        assert!(!goes_on(&paused, at_work, &held, &sent), "nobody has marked any of it");
        assert!(
            !goes_on(&running, over, &free, &leased),
            "it takes no room in the window either"
        );
        let purge = Chunk { op: Op::Purge, ..sent };
        assert!(goes_on(&running, over, &free, &purge) && !goes_on(&running, over, &held, &purge));
        let strip = Chunk { op: Op::Strip, ..purge };
        assert!(goes_on(&running, over, &held, &strip));
    }
}
