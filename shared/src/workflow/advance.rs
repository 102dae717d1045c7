//! Advance: recount, decide what has become true, commit it, dispatch what follows. One path for planner, worker and
//! supervision; any of them may run it at any time, any number of times.

use jiff::Timestamp;

use super::commit::{Before, Circumstances};
use super::dispatch::{due, fill_windows, send_plans};
use super::failure::Failure;
use super::records::Records;
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::finding::Finding;
use crate::domain::ids::RequestKey;
use crate::domain::job::{Phase, Plan, Tally};
use crate::domain::outcome::Code;
use crate::domain::request::{Facts, Status};
use crate::ports::{Committed, Fault, Keys, Queues, Requests, Sealer, Work};
use crate::state_machine::command::Event;
use crate::state_machine::job::{Clock, next_event};
use crate::state_machine::request::observe;
use crate::state_machine::transition::Effect;

/// Steps of one call: a run without records passes four phases at once; more means a loop.
const STEPS: u32 = 12;

/// Advances the job as far as the rows allow; answers how many transitions were committed.
pub async fn advance<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    key: &RequestKey,
    now: Timestamp,
) -> Result<u32, Failure> {
    let mut committed = 0;
    for _ in 0..STEPS {
        let Some(loaded) = records.load(key).await? else { break };
        let facts = &loaded.request.facts;
        let Some(job) = facts.job.as_ref().filter(|_| facts.status == Status::InProgress) else {
            break;
        };
        let (plans, chunks) = (records.store.plans(key).await?, records.store.chunks(key).await?);
        let tally = Tally::recount(&plans, &chunks, job.generation);
        let findings = records.store.findings(key).await?.len() as u64;
        let clock = clock(facts, &chunks, findings);
        let Some(event) = next_event(job, &tally, clock, now) else {
            break;
        };
        if matches!(event, Event::JobFailed { .. }) && job.phase == Phase::Verifying {
            put_leftovers(&records.store, key, &plans, job.generation, now).await?;
        }
        let Some(transition) = observe(&loaded.request, event, now) else {
            break;
        };
        let circumstances = Circumstances {
            purge_due: clock.purge_due,
            ..Circumstances::default()
        };
        if records
            .commit(Before::Loaded(&loaded), &transition, circumstances, now)
            .await?
            == Committed::Done
        {
            committed += 1;
            let next = &transition.next.facts;
            tracing::info!(request = %key, phase = ?next.job.as_ref().map(|j| j.phase), "job advanced");
            if transition.effects.contains(&Effect::Plan) {
                send_plans(queues, next).await;
            }
            if transition.effects.contains(&Effect::Dispatch) {
                fill_windows(&records.store, queues, next, &chunks, now).await?;
            }
        }
    }
    Ok(committed)
}

/// One finding per dataset in which the last verification still found records; put before the job fails.
async fn put_leftovers(
    store: &impl Requests,
    key: &RequestKey,
    plans: &[Plan],
    generation: u8,
    now: Timestamp,
) -> Result<(), Fault> {
    for plan in plans
        .iter()
        .filter(|plan| plan.generation == generation && plan.planned > 0)
    {
        let chunk = ChunkId {
            dataset: plan.dataset.clone(),
            generation,
            n: 0,
        };
        let (code, count, lines) = ("leftover".to_owned(), plan.planned, vec![]);
        let finding = Finding {
            v: 1,
            chunk,
            code,
            count,
            lines,
            first_at: now,
            last_at: now,
        };
        store.put_finding(key, &finding).await?;
    }
    Ok(())
}

/// What the rows say of windows and purges.
pub fn clock(facts: &Facts, chunks: &[Chunk], findings: u64) -> Clock {
    let window = facts.policy.as_ref().map(|policy| policy.recovery_window);
    let swept = chunks.iter().filter(|c| c.counts.of(Code::Swept) > 0);
    Clock {
        purge_due: chunks.iter().filter_map(|chunk| due(facts, chunk)).min(),
        recover_until: swept.filter_map(|c| Some(window?.after(c.swept_at?))).max(),
        findings,
    }
}
