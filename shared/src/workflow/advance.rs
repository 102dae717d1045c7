//! Advance: recount, decide what has become true, commit it, dispatch what follows. One path for planner, worker and
//! supervision; any of them may run it at any time, any number of times.

use jiff::Timestamp;

use super::commit::{Before, Circumstances};
use super::dispatch::{Demand, due, fill_windows, is_open, send_part, send_plans};
use super::failure::Failure;
use super::records::Records;
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::finding::{About, Finding, LEFTOVER, State};
use crate::domain::ids::RequestKey;
use crate::domain::job::{Job, JobStatus, Phase, Plan, Tally};
use crate::domain::outcome::Code;
use crate::domain::request::{Facts, Kind, Status};
use crate::domain::restore::Restore;
use crate::ports::{Committed, Companion, Fault, Keys, Queues, Requests, Sealer, Work};
use crate::state_machine::assembly::is_given_up;
use crate::state_machine::command::Event;
use crate::state_machine::gate;
use crate::state_machine::job::{Clock, Packing, next_event};
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
        let Some(job) = facts.job.as_ref().filter(|job| is_at_work(facts, job)) else {
            break;
        };
        // Plans first: a page that is committed in between is in the chunks, and the sums do not add up.
        let (plans, chunks) = (records.store.plans(key).await?, records.store.chunks(key).await?);
        let tally = Tally::recount(&plans, &chunks, job.generation);
        let findings = unattended(&records.store, key, (job, &plans, &chunks)).await?;
        let holds = records.store.holds(&facts.tenant, &facts.subject_ref).await?;
        let demand = Demand::of(&records.store, facts, &holds).await?;
        let clock = clock(&demand, &chunks, findings, now);
        let restored = restored(&demand, &chunks, now);
        let event = restored.as_ref().map(|(event, _)| event.clone());
        let event = event.or_else(|| gate::next_event(facts, &tally));
        let event = event.or_else(|| next_event(job, &tally, clock, now));
        let Some(event) = event.filter(|event| !matches!(event, Event::Emptied { .. })) else {
            if demand.restore.is_some() || !holds.standing.is_empty() || clock.to_retry > 0 {
                fill_windows(&records.store, queues, &demand, &chunks, now).await?;
            }
            if demand.assembly.as_ref().is_some_and(|row| row.trouble.is_some()) {
                send_part(&records.store, queues, facts, now).await?;
            }
            break;
        };
        if matches!(event, Event::JobFailed { .. }) && job.phase == Phase::Verifying {
            put_leftovers(&records.store, key, &plans, job.generation, now).await?;
        }
        let Some(transition) = observe(&loaded.request, event, now) else {
            break;
        };
        let mut companions: Vec<_> = restored.map(|(_, companion)| companion).into_iter().collect();
        if transition.effects.contains(&Effect::ClosePlans) {
            companions.extend(plans.iter().filter(|plan| !plan.complete).map(|plan| close(plan, now)));
        }
        let circumstances = Circumstances {
            purge_due: clock.purge_due,
            companions,
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
            if transition.effects.contains(&Effect::Assemble) {
                send_part(&records.store, queues, next, now).await?;
            }
            if transition.effects.contains(&Effect::Dispatch) {
                let demand = Demand::of(&records.store, next, &holds).await?;
                fill_windows(&records.store, queues, &demand, &chunks, now).await?;
            }
        }
    }
    Ok(committed)
}

/// Whether somebody may have something to do for it: it is running, or was cancelled in the middle.
fn is_at_work(facts: &Facts, job: &Job) -> bool {
    match facts.status {
        Status::InProgress => true,
        Status::Cancelled => job.status == JobStatus::Cancelled && facts.shred_at.is_none(),
        Status::Pending | Status::Verified | Status::Approved | Status::Completed | Status::Rejected => false,
    }
}

/// The end of the restoration that is under way, and its row as it will be.
fn restored(demand: &Demand<'_>, chunks: &[Chunk], now: Timestamp) -> Option<(Event, Companion)> {
    let order = demand.restore.as_ref()?;
    let (result, over) = order.recount(chunks, |chunk| is_open(demand.facts, chunk, now));
    over.then(|| {
        let event = Event::Restored {
            n: order.n,
            restored: result.restored,
            skipped: result.skipped,
        };
        let restore = Restore {
            finished_at: Some(now),
            result,
            rev: order.rev + 1,
            ..order.clone()
        };
        let before_rev = order.rev;
        (event, Companion::CloseRestore { before_rev, restore })
    })
}

/// A plan that no planner goes on with.
fn close(plan: &Plan, now: Timestamp) -> Companion {
    Companion::ClosePlan {
        before_rev: plan.rev,
        plan: plan.closed(now),
    }
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
        let finding = Finding {
            about: About::Leftover,
            count: plan.planned,
            ..Finding::new(chunk, LEFTOVER, now)
        };
        store.put_finding(key, &finding).await?;
    }
    Ok(())
}

/// What the rows say of windows and purges; what a hold keeps is not due.
pub fn clock(demand: &Demand<'_>, chunks: &[Chunk], findings: u64, now: Timestamp) -> Clock {
    let facts = demand.facts;
    let window = facts.policy.as_ref().map(|policy| policy.recovery_window);
    let swept = chunks.iter().filter(|c| c.counts.of(Code::Swept) > 0);
    let free = chunks.iter().filter(|c| !demand.is_held(c));
    Clock {
        purge_due: free.filter_map(|chunk| due(facts, chunk)).min(),
        recover_until: swept.filter_map(|c| Some(window?.after(c.swept_at?))).max(),
        findings,
        to_retry: chunks
            .iter()
            .filter(|c| demand.retry(c, c.touched_at).is_some())
            .count() as u64,
        package: (facts.kind == Kind::Export).then(|| packing(demand, now)),
    }
}

/// How far an export's package is.
fn packing(demand: &Demand<'_>, now: Timestamp) -> Packing {
    let Some(row) = &demand.assembly else {
        return Packing::default();
    };
    let parts = u32::try_from(row.parts.len()).unwrap_or(u32::MAX);
    Packing {
        whole: row.is_whole().then(|| (parts, row.bytes())),
        left_out: row.left_out(),
        at_work: row.is_leased(now),
        given_up: is_given_up(demand.facts, row),
    }
}

/// How many findings wait for a person. What is being tried again may yet succeed, and says so itself if it does not.
pub async fn unattended(
    store: &impl Requests,
    key: &RequestKey,
    (job, plans, chunks): (&Job, &[Plan], &[Chunk]),
) -> Result<u64, Fault> {
    let findings = store.findings(key).await?;
    let waits = |finding: &&Finding| finding.state(job, plans, chunks) == State::Open;
    Ok(findings.iter().filter(waits).count() as u64)
}

/// The findings that are open, by the rows they are about.
pub async fn open_findings(
    store: &impl Requests,
    key: &RequestKey,
    (job, plans, chunks): (&Job, &[Plan], &[Chunk]),
) -> Result<Vec<Finding>, Fault> {
    let mut findings = store.findings(key).await?;
    findings.retain(|finding| matches!(finding.state(job, plans, chunks), State::Open | State::Retrying));
    Ok(findings)
}
