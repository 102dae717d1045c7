//! What operators do to a running request: pause, resume, cancel.
//!
//! Guarantee: the commit decides; the messages after it only make it quick. Whatever a crash leaves unsent,
//! supervision finds. Where next: `state_machine::run` for the rules, `advance` for how a cancellation settles.

use jiff::Timestamp;

use super::access::{View, load_visible};
use super::advance::advance;
use super::commit::Circumstances;
use super::dispatch::{Demand, fill_windows, send_unseen, send_waiting};
use super::failure::Failure;
use super::order::{TRIES, carry_out, check_version};
use super::records::{Loaded, Records};
use crate::domain::actor::Caller;
use crate::domain::ids::RequestId;
use crate::domain::job::{Phase, Tally};
use crate::domain::personal::Personal;
use crate::ports::{Fault, Keys, Queues, Requests, Sealer, Work};
use crate::state_machine::command::{Cancellation, Command};
use crate::state_machine::refusal::Refusal;

/// Which request, and the version its caller read.
pub type Target = (RequestId, Option<u64>);

/// What an operator wants; facts for its guard are gathered when it is tried.
enum Wanted {
    Pause,
    Resume,
    Cancel(Personal),
}

impl Wanted {
    async fn command(&self, store: &impl Work, loaded: &Loaded) -> Result<Command, Fault> {
        Ok(match self {
            Self::Pause => Command::Pause,
            Self::Resume => Command::Resume,
            Self::Cancel(reason) => Command::Cancel(Cancellation {
                reason: reason.clone(),
                anything_left: anything_left(store, loaded).await?,
            }),
        })
    }
}

/// Starts no further sweep; what has begun is finished.
pub async fn pause<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    target: Target,
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    carry(records, caller, target, &Wanted::Pause, now).await
}

/// Goes on: what was waiting is sent again, then the windows are filled.
pub async fn resume<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    caller: &Caller,
    target: Target,
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    let resumed = carry(records, caller, target, &Wanted::Resume, now).await?;
    let facts = &resumed.0.request.facts;
    if facts.job.as_ref().is_some_and(|job| job.phase == Phase::Sweeping) {
        let (store, key) = (&records.store, facts.key());
        send_waiting(store, queues, facts, &store.chunks(&key).await?, now).await?;
        let holds = store.holds(&facts.tenant, &facts.subject_ref).await?;
        let demand = Demand::of(store, facts, &holds).await?;
        fill_windows(store, queues, &demand, &store.chunks(&key).await?, now).await?;
    }
    Ok(resumed)
}

/// Stops in the middle. The answer is the request as it is then: Cancelled if nobody was at work, else still
/// InProgress with its account unsettled.
pub async fn cancel<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    caller: &Caller,
    target: Target,
    reason: Personal,
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    let (cancelled, view) = carry(records, caller, target, &Wanted::Cancel(reason), now).await?;
    let (facts, key) = (&cancelled.request.facts, cancelled.row.key());
    let chunks = records.store.chunks(&key).await?;
    send_unseen(&records.store, queues, facts, &chunks, now).await?;
    if advance(records, queues, &key, now).await? > 0 {
        return load_visible(records, caller, key.id).await;
    }
    Ok((cancelled, view))
}

/// Whether some record is not purged yet, or no package is there: while planning there may always be one.
async fn anything_left(store: &impl Work, loaded: &Loaded) -> Result<bool, Fault> {
    let (facts, key) = (&loaded.request.facts, loaded.row.key());
    let Some(job) = &facts.job else { return Ok(false) };
    let (plans, chunks) = (store.plans(&key).await?, store.chunks(&key).await?);
    let tally = Tally::recount(&plans, &chunks, job.generation);
    Ok(matches!(job.phase, Phase::Planning | Phase::Packaging) || tally.unsettled() > 0)
}

/// Loads, decides and commits, again while others are faster.
async fn carry<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    (id, if_match): Target,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    for _ in 0..TRIES {
        let (loaded, _) = load_visible(records, caller, id).await?;
        check_version(&loaded, if_match)?;
        let command = wanted.command(&records.store, &loaded).await?;
        let circumstances = Circumstances::default();
        if carry_out(records, caller, &loaded, command, circumstances, now).await? {
            return load_visible(records, caller, id).await;
        }
    }
    Err(Refusal::Busy.into())
}
