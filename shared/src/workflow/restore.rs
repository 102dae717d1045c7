//! Restore: swept records come back, named one by one or all of them.
//!
//! Guarantees: the order is a row put by the transition, so that nothing of it is lost; what came of it is recounted
//! from chunk rows; a record that cannot come back is named with the reason. Where next: `domain::restore`.

use jiff::Timestamp;
use serde::Serialize;

use super::access::{View, load_for_staff, load_visible};
use super::advance::advance;
use super::commit::Circumstances;
use super::dispatch::is_open;
use super::failure::Failure;
use super::order::{TRIES, carry_out, check_version};
use super::records::{Loaded, Records};
use super::run::Target;
use crate::domain::actor::Caller;
use crate::domain::chunk::Chunk;
use crate::domain::ids::RequestId;
use crate::domain::personal::Personal;
use crate::domain::request::Facts;
use crate::domain::restore::{Restore, Restored, Wanted};
use crate::ports::{Companion, Keys, Queues, Requests, Sealer, Work};
use crate::state_machine::command::{Command, Restoration};
use crate::state_machine::refusal::Refusal;

/// What the operator wants back, and why.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Why.
    pub reason: Personal,
    /// Which records.
    pub wanted: Wanted,
}

/// Orders a restoration; answers its number.
pub async fn restore<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    caller: &Caller,
    (id, if_match): Target,
    asked: Asked,
    now: Timestamp,
) -> Result<(Loaded, View, u32), Failure> {
    for _ in 0..TRIES {
        let (loaded, _) = load_visible(records, caller, id).await?;
        check_version(&loaded, if_match)?;
        let (facts, key) = (&loaded.request.facts, loaded.row.key());
        let n = facts.restores + 1;
        let order = Restore::ordered(n, asked.wanted.clone(), now);
        let chunks = records.store.chunks(&key).await?;
        known(&order, &chunks)?;
        let command = Command::Restore(Restoration {
            reason: asked.reason.clone(),
            all: order.wanted == Wanted::All,
            anything_left: anything_left(&order, facts, &chunks, now),
        });
        let circumstances = Circumstances {
            companions: vec![Companion::PutRestore(order)],
            ..Circumstances::default()
        };
        if carry_out(records, caller, &loaded, command, circumstances, now).await? {
            // Sends the chunks that are meant.
            advance(records, queues, &key, now).await?;
            let (restoring, view) = load_visible(records, caller, id).await?;
            return Ok((restoring, view, n));
        }
    }
    Err(Refusal::Busy.into())
}

/// Whether a chunk that is meant still holds swept records inside their window.
fn anything_left(order: &Restore, facts: &Facts, chunks: &[Chunk], now: Timestamp) -> bool {
    chunks
        .iter()
        .any(|chunk| order.awaits(chunk, is_open(facts, chunk, now)))
}

/// Every record that is named exists.
fn known(order: &Restore, chunks: &[Chunk]) -> Result<(), Refusal> {
    let Wanted::Lines(named) = &order.wanted else {
        return Ok(());
    };
    for (id, lines) in named {
        let chunk = chunks.iter().find(|chunk| &chunk.id == id);
        let exists = |line: &u32| chunk.is_some_and(|chunk| *line < chunk.lines);
        if !lines.iter().all(exists) {
            let detail = format!("the request has no such record in {id}; see GET .../records");
            return Err(Refusal::InvalidInput {
                pointer: "/refs".to_owned(),
                detail,
            });
        }
    }
    Ok(())
}

/// A restoration as the API shows it.
#[derive(Clone, Debug, Serialize)]
pub struct RestoreShown {
    /// `running` or `done`.
    pub state: &'static str,
    /// Records brought back.
    pub restored: u64,
    /// Records that were meant and not brought back: all of them counted, the first 500 named.
    pub skipped_total: u64,
    /// The first 500 of them.
    pub skipped: Vec<Skipped>,
}

/// A record that was not brought back.
#[derive(Clone, Debug, Serialize)]
pub struct Skipped {
    /// Which.
    #[serde(rename = "ref")]
    pub record: String,
    /// A stable word for the reason.
    pub why: String,
}

/// How far a restoration is.
pub async fn shown<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    id: RequestId,
    n: u32,
    now: Timestamp,
) -> Result<RestoreShown, Failure> {
    let loaded = load_for_staff(records, caller, id).await?;
    let (facts, key) = (&loaded.request.facts, loaded.row.key());
    let order = records.store.restore(&key, n).await?.ok_or(Refusal::NotFound)?;
    let (result, state) = if order.finished_at.is_some() {
        (order.result, "done")
    } else {
        let chunks = records.store.chunks(&key).await?;
        (order.recount(&chunks, |chunk| is_open(facts, chunk, now)).0, "running")
    };
    Ok(render(result, state))
}

fn render(result: Restored, state: &'static str) -> RestoreShown {
    let skipped = result.named.into_iter().map(|(record, why)| Skipped { record, why });
    RestoreShown {
        state,
        restored: result.restored,
        skipped_total: result.skipped,
        skipped: skipped.collect(),
    }
}
