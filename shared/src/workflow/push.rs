//! Pushing: work that stands still — nobody is at it, and nobody will be — is begun again from its rows.
//!
//! Guarantees: two rounds of supervision after it came to a stand anything owed is under way again, and counted by its
//! kind; what waits for a person, a pause, a hold or its pace does not stand still. Where next: `supervise`, which looks.

use jiff::Timestamp;

use super::dispatch::{Demand, due, fill_windows, number_and_send, send_part};
use super::failure::Failure;
use super::supervise::Supervisor;
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::ids::RequestKey;
use crate::domain::job::{Job, JobStatus, Phase, Plan};
use crate::domain::message::{PlanMessage, VERSION};
use crate::domain::outbox::{Mail, MailState};
use crate::domain::period::Period;
use crate::domain::request::{Facts, Status};
use crate::domain::stuck::{Pushed, Stuck};
use crate::knobs::Guard;
use crate::ports::{Config, Exports, Fault, Holds, Keys, Manifests, Outbox, Queues, Requests, Sealer, Vault, Work};
use crate::state_machine::chunk::{purge_again, resend};
use crate::state_machine::watch::{IDLE_SECONDS, PATIENCE_SECONDS};

impl<S, K, C, M, Q, V, E> Supervisor<'_, S, K, C, M, Q, V, E>
where
    S: Requests + Keys + Work + Outbox + Holds,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    V: Vault,
    E: Exports,
{
    /// Sends again what was lost, and whatever the windows have room for; answers also whether a purge has been due for
    /// long.
    pub(super) async fn push_work(&self, facts: &Facts, now: Timestamp) -> Result<(Pushed, bool), Failure> {
        let mut pushed = self.push_plans(facts, now).await?;
        let (store, key) = (&self.records.store, facts.key());
        let part = facts.package.is_some() && send_part(store, self.queues, facts, now).await?;
        pushed.add(Stuck::Part, u32::from(part));
        let chunks = store.chunks(&key).await?;
        let holds = store.holds(&facts.tenant, &facts.subject_ref).await?;
        let demand = Demand::of(store, facts, &holds).await?;
        let (purges, others): (Vec<_>, Vec<_>) = lost(&demand, &chunks, now)
            .into_iter()
            .partition(|(_, row)| row.op == Op::Purge);
        for (kind, rows) in [(Stuck::Purge, purges), (Stuck::Chunk, others)] {
            pushed.add(kind, sent(number_and_send(store, self.queues, &key, rows).await?));
        }
        let overdue = chunks.iter().any(|chunk| is_overdue(&demand, chunk, now));
        if pushed.total() == 0 {
            // While any chunk is at work, another follows it.
            let at_work = chunks.iter().any(|c| !c.is_settled() && demand.goes_on(c));
            let begun = fill_windows(store, self.queues, &demand, &chunks, now).await?;
            pushed.add(Stuck::Purge, if overdue && !at_work { sent(begun) } else { 0 });
        }
        Ok((pushed, overdue))
    }

    async fn push_plans(&self, facts: &Facts, now: Timestamp) -> Result<Pushed, Failure> {
        let key = facts.key();
        let plans = self.records.store.plans(&key).await?;
        // A failed plan waits for a person; sending it again would only fail again.
        let active = |job: &Job| matches!(job.status, JobStatus::Queued | JobStatus::Running) && !job.cancel_requested;
        let runs = facts.job.as_ref().is_some_and(active);
        let lost = plans.iter().filter(|plan| runs && is_stuck(plan, now));
        let messages: Vec<_> = lost.clone().map(|plan| plan_message(&key, plan)).collect();
        for result in self.queues.send_plans(&messages).await {
            result?;
        }
        let mut pushed = Pushed::default();
        for plan in lost {
            let first = plan.generation == 0;
            pushed.add(if first { Stuck::Plan } else { Stuck::Verify }, 1);
        }
        Ok(pushed)
    }

    /// Mails that were not taken: tried for 72 hours, then given up.
    pub(super) async fn push_mails(&self, key: &RequestKey, now: Timestamp) -> Result<Pushed, Fault> {
        let mails = self.records.store.mails(key).await?;
        let numbered = mails.iter().map(|mail| mail.n).max().unwrap_or(0);
        let mut pushed = 0;
        for mail in mails.iter().filter(|mail| is_mail_stuck(mail, now)) {
            let mut next = mail.clone();
            next.rev += 1;
            next.touched_at = now;
            if mail.is_overdue(now) {
                next.state = MailState::Failed;
                next.error = Some("undeliverable_for_72_hours".to_owned());
                self.records.store.swap_mail(key, mail.rev, &next).await?;
            } else {
                next.state = MailState::Pending;
                next.lease_until = None;
                next.n = next_number(numbered) + pushed;
                pushed += u32::from(self.records.store.reinsert_mail(key, mail, &next).await?);
            }
        }
        Ok(Pushed::only(Stuck::Outbox, pushed))
    }
}

/// How it counts that supervision had to commit what a job's own workers should have.
pub(super) fn unfinished(facts: &Facts, overdue: bool) -> Option<Stuck> {
    let job = facts.job.as_ref()?;
    match job.phase {
        _ if job.cancel_requested || facts.restoring.is_some() => Some(Stuck::Finish),
        Phase::Planning | Phase::Sweeping | Phase::Purging | Phase::Packaging | Phase::Closing => Some(Stuck::Finish),
        Phase::Verifying => Some(Stuck::Verify),
        // Windows end by supervision's own clock; only one that it slept through counts.
        Phase::Recovering => overdue.then_some(Stuck::Purge),
    }
}

/// The rows of chunks whose message or worker was lost, with the next message numbered.
fn lost(demand: &Demand<'_>, chunks: &[Chunk], now: Timestamp) -> Vec<(u64, Chunk)> {
    let facts = demand.facts;
    // A cancellation waits for no turn: who looks writes nothing.
    let stops = facts.job.as_ref().is_some_and(|job| job.cancel_requested);
    let is_stuck = |chunk: &&Chunk| {
        let waits = !stops && chunk.turn.is_some_and(|turn| patient(turn.at, now));
        let lost = chunk.send > 0 && !waits && is_lost(chunk, now) && Guard::LostWork.stands();
        lost && demand.goes_on(chunk)
    };
    let stuck = chunks.iter().filter(is_stuck);
    let stuck = stuck.filter_map(|chunk| resend(chunk, now).map(|row| (chunk.rev, row)));
    // Nobody repairs the job of a cancelled request: a purge that was given up is tried again each day.
    let given_up = |chunk: &&Chunk| {
        let long_ago = Period::seconds(IDLE_SECONDS).after(chunk.touched_at) <= now;
        facts.status == Status::Cancelled && long_ago && !demand.is_held(chunk)
    };
    let once_more = chunks.iter().filter(given_up);
    let once_more = once_more.filter_map(|chunk| purge_again(chunk, now).map(|row| (chunk.rev, row)));
    stuck.chain(once_more).collect()
}

/// Whether a chunk's purge has been due for long, and nothing keeps it.
fn is_overdue(demand: &Demand<'_>, chunk: &Chunk, now: Timestamp) -> bool {
    let due = due(demand.facts, chunk).filter(|_| !demand.is_held(chunk));
    due.is_some_and(|due| !patient(due, now))
}

fn sent(messages: usize) -> u32 {
    u32::try_from(messages).unwrap_or(u32::MAX)
}

/// Reinserted mails are numbered in a range of their own, so that they never meet the number of a mail that a
/// transition owes at the same moment.
fn next_number(last: u32) -> u32 {
    const REINSERTED: u32 = 1_000_000;
    last.max(REINSERTED) + 1
}

pub(super) fn patient(touched_at: Timestamp, now: Timestamp) -> bool {
    now < Period::seconds(PATIENCE_SECONDS).after(touched_at)
}

fn is_stuck(plan: &Plan, now: Timestamp) -> bool {
    !plan.complete && !patient(plan.touched_at, now)
}

fn is_lost(chunk: &Chunk, now: Timestamp) -> bool {
    match chunk.state {
        ChunkState::Ready => !patient(chunk.touched_at, now),
        ChunkState::Leased => chunk.lease_until.is_none_or(|end| end <= now),
        ChunkState::Done | ChunkState::Parked => false,
    }
}

fn is_mail_stuck(mail: &Mail, now: Timestamp) -> bool {
    match mail.state {
        MailState::Pending => !patient(mail.touched_at, now),
        MailState::Sending => mail.lease_until.is_none_or(|end| end <= now),
        MailState::Sent | MailState::Failed => false,
    }
}

fn plan_message(key: &RequestKey, plan: &Plan) -> PlanMessage {
    PlanMessage {
        v: VERSION,
        request: key.clone(),
        dataset: plan.dataset.clone(),
        generation: plan.generation,
    }
}
