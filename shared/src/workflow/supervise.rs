//! Supervision: everything that is due and everything that got lost, found from rows alone.
//!
//! Guarantees: takes no input but the clock; a round may run at any time, twice, or late; whatever stands still for two
//! rounds is pushed. Neither a request that cannot be tended nor a shard that cannot be read keeps the others waiting.

use jiff::Timestamp;

use super::advance::{advance, clock};
use super::commit::{Before, Circumstances};
use super::dispatch::{Demand, fill_windows, number_and_send};
use super::failure::Failure;
use super::records::{Loaded, Records};
use super::settle::settle_due;
use crate::domain::chunk::{Chunk, ChunkState};
use crate::domain::ids::RequestKey;
use crate::domain::job::{Job, JobStatus, Phase, Plan, Tally};
use crate::domain::message::{PlanMessage, VERSION};
use crate::domain::object_keys::prefixes;
use crate::domain::outbox::{Mail, MailState};
use crate::domain::outcome::Code;
use crate::domain::period::Period;
use crate::domain::request::{Facts, Notice, Status};
use crate::knobs::Guard;
use crate::ports::{Committed, Fault, Holds, Keys, Manifests, Outbox, Queues, Requests, Sealer, Work};
use crate::state_machine::chunk::{purge_again, resend};
use crate::state_machine::command::Event;
use crate::state_machine::job::{Clock, next_event};
use crate::state_machine::notice;
use crate::state_machine::request::observe;
use crate::state_machine::watch::{IDLE_SECONDS, PATIENCE_SECONDS, Purges, wake_at};

/// Requests tended per shard and round.
const BATCH: u32 = 25;
/// Steps a request may take in one round: closing, completed, shredded follow one another at once.
const STEPS: u32 = 6;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Round {
    /// Requests looked at.
    pub tended: u32,
    /// Work that had to be pushed: messages, mails and plans sent again.
    pub pushed: u32,
    /// Requests that could not be tended this time.
    pub failed: u32,
    /// Legal holds that were not settled yet.
    pub holds: u32,
}

/// The outside of supervision.
pub struct Supervisor<'a, S, K, M, Q> {
    /// Requests, plans, chunks, mails.
    pub records: &'a Records<S, K>,
    /// Manifests to delete.
    pub manifests: &'a M,
    /// Where lost work is sent again.
    pub queues: &'a Q,
}

impl<S, K, M, Q> Supervisor<'_, S, K, M, Q>
where
    S: Requests + Keys + Work + Outbox + Holds,
    K: Sealer,
    M: Manifests,
    Q: Queues,
{
    /// One round over the eight shards. A shard that cannot be read fails the round, after the others were tended.
    pub async fn round(&self, now: Timestamp) -> Result<Round, Fault> {
        let mut round = Round::default();
        let mut unread = None;
        for shard in 0..8 {
            let due = match self.records.store.due(shard, now, BATCH).await {
                Ok(due) => due,
                Err(fault) => {
                    tracing::error!(
                        shard,
                        error = &fault as &dyn std::error::Error,
                        "shard could not be read"
                    );
                    unread = Some(fault);
                    continue;
                }
            };
            for key in due {
                round.tended += 1;
                match self.tend(&key, now).await {
                    Ok(pushed) => round.pushed += pushed,
                    Err(failure) => {
                        round.failed += 1;
                        tracing::error!(request = %key, error = &failure as &dyn std::error::Error, "request could not be tended");
                    }
                }
            }
        }
        match settle_due(self.records, self.queues, now).await {
            Ok(holds) => round.holds = holds,
            Err(fault) => unread = Some(fault),
        }
        unread.map_or(Ok(round), Err)
    }

    /// Everything one request needs now; answers how much had to be pushed.
    pub async fn tend(&self, key: &RequestKey, now: Timestamp) -> Result<u32, Failure> {
        let mut pushed = self.push_mails(key, now).await?;
        for _ in 0..STEPS {
            let Some(loaded) = self.records.load(key).await? else {
                return Ok(pushed);
            };
            if !self.step(&loaded, now, &mut pushed).await? {
                break;
            }
        }
        self.rewake(key, now).await?;
        Ok(pushed)
    }

    /// One thing that is due; `true` if the request moved and should be looked at again.
    async fn step(&self, loaded: &Loaded, now: Timestamp, pushed: &mut u32) -> Result<bool, Failure> {
        let facts = &loaded.request.facts;
        // First, so that whatever ends the request does not swallow what had to be told before.
        if let Some(event) = notice::due(facts, now) {
            return self.observed(loaded, event, now).await;
        }
        match facts.status {
            Status::InProgress => match facts.job.as_ref().map(|job| job.phase) {
                Some(Phase::Closing) => self.finish(loaded, now).await,
                Some(_) => {
                    *pushed += self.push_work(facts, now).await?;
                    Ok(advance(self.records, self.queues, &facts.key(), now).await? > 0)
                }
                None => Ok(false),
            },
            Status::Cancelled if facts.job.is_some() && facts.shred_at.is_none() => {
                *pushed += self.push_work(facts, now).await?;
                if advance(self.records, self.queues, &facts.key(), now).await? > 0 {
                    return Ok(true);
                }
                if facts.notice == Some(Notice::Pending) {
                    return self.tell(loaded, now).await;
                }
                self.empty(loaded, now).await
            }
            Status::Rejected | Status::Cancelled if facts.notice == Some(Notice::Pending) => {
                self.tell(loaded, now).await
            }
            Status::Completed | Status::Rejected | Status::Cancelled
                if facts.shred_at.is_some_and(|at| now >= at || !Guard::ShredDue.stands()) =>
            {
                self.observed(loaded, Event::Shredded, now).await
            }
            Status::Pending
            | Status::Verified
            | Status::Approved
            | Status::Completed
            | Status::Rejected
            | Status::Cancelled => Ok(false),
        }
    }

    async fn observed(&self, loaded: &Loaded, event: Event, now: Timestamp) -> Result<bool, Failure> {
        let Some(transition) = observe(&loaded.request, event, now) else {
            return Ok(false);
        };
        let circumstances = Circumstances::default();
        let committed = self
            .records
            .commit(Before::Loaded(loaded), &transition, circumstances, now)
            .await?;
        Ok(committed == Committed::Done)
    }

    /// Writes down what became of the closing e-mail, once it is settled.
    async fn tell(&self, loaded: &Loaded, now: Timestamp) -> Result<bool, Failure> {
        let key = loaded.row.key();
        match self.settled(&key).await? {
            Some(notice) => self.observed(loaded, Event::Told { notice }, now).await,
            None => Ok(false),
        }
    }

    /// Nothing swept is left of a cancelled request: what we stored of the subject's keys goes, then its own data.
    async fn empty(&self, loaded: &Loaded, now: Timestamp) -> Result<bool, Failure> {
        let (facts, key) = (&loaded.request.facts, loaded.row.key());
        let Some(job) = &facts.job else { return Ok(false) };
        let (plans, chunks) = (
            self.records.store.plans(&key).await?,
            self.records.store.chunks(&key).await?,
        );
        let tally = Tally::recount(&plans, &chunks, job.generation);
        let event = next_event(job, &tally, Clock::default(), now);
        let Some(event) = event.filter(|_| facts.restoring.is_none()) else {
            return Ok(false);
        };
        for prefix in prefixes(&key) {
            self.manifests.delete_under(&prefix).await?;
        }
        self.observed(loaded, event, now).await
    }

    /// The closing e-mail is settled: what we stored of the subject's keys goes, then the request completes.
    async fn finish(&self, loaded: &Loaded, now: Timestamp) -> Result<bool, Failure> {
        let key = loaded.row.key();
        let notice = match self.settled(&key).await? {
            Some(notice) => notice,
            None if Guard::NoticeSettled.stands() => return Ok(false),
            None => Notice::Sent,
        };
        for prefix in prefixes(&key) {
            self.manifests.delete_under(&prefix).await?;
        }
        self.observed(loaded, Event::Completed { notice }, now).await
    }

    /// What became of the closing mail; none while it is still owed.
    async fn settled(&self, key: &RequestKey) -> Result<Option<Notice>, Fault> {
        let mails = self.records.store.mails(key).await?;
        let latest = mails
            .iter()
            .filter(|mail| mail.occasion.is_closing())
            .max_by_key(|mail| mail.owed_at);
        Ok(match latest.map(|mail| mail.state) {
            Some(MailState::Sent) => Some(Notice::Sent),
            Some(MailState::Failed) => Some(Notice::Failed),
            Some(MailState::Pending | MailState::Sending) | None => None,
        })
    }

    /// Sends again what was lost, and whatever the windows have room for.
    async fn push_work(&self, facts: &Facts, now: Timestamp) -> Result<u32, Failure> {
        let key = facts.key();
        let plans = self.records.store.plans(&key).await?;
        // A failed plan waits for a person; sending it again would only fail again.
        let active = |job: &Job| matches!(job.status, JobStatus::Queued | JobStatus::Running) && !job.cancel_requested;
        let runs = facts.job.as_ref().is_some_and(active);
        let lost = plans.iter().filter(|plan| runs && is_stuck(plan, now));
        let lost: Vec<_> = lost.map(|plan| plan_message(&key, plan)).collect();
        for result in self.queues.send_plans(&lost).await {
            result?;
        }
        let chunks = self.records.store.chunks(&key).await?;
        let holds = self.records.store.holds(&facts.tenant, &facts.subject_ref).await?;
        let demand = Demand::of(&self.records.store, facts, &holds).await?;
        let is_stuck = |chunk: &&Chunk| {
            let lost = chunk.send > 0 && is_lost(chunk, now) && Guard::LostWork.stands();
            lost && demand.goes_on(chunk)
        };
        let stuck = chunks.iter().filter(is_stuck);
        let lost_ones = stuck.filter_map(|chunk| resend(chunk, now).map(|row| (chunk.rev, row)));
        // Nobody repairs the job of a cancelled request: a purge that was given up is tried again each day.
        let given_up = |chunk: &&Chunk| {
            let long_ago = Period::seconds(IDLE_SECONDS).after(chunk.touched_at) <= now;
            facts.status == Status::Cancelled && long_ago && !demand.is_held(chunk)
        };
        let once_more = chunks.iter().filter(given_up);
        let once_more = once_more.filter_map(|chunk| purge_again(chunk, now).map(|row| (chunk.rev, row)));
        let rows: Vec<_> = lost_ones.chain(once_more).collect();
        let resent = number_and_send(&self.records.store, self.queues, &key, rows).await?;
        if resent == 0 {
            fill_windows(&self.records.store, self.queues, &demand, &chunks, now).await?;
        }
        Ok(u32::try_from(lost.len() + resent).unwrap_or(u32::MAX))
    }

    /// Mails that were not taken: tried for 72 hours, then given up.
    async fn push_mails(&self, key: &RequestKey, now: Timestamp) -> Result<u32, Fault> {
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
        Ok(pushed)
    }

    /// When to look again, from what is there now.
    async fn rewake(&self, key: &RequestKey, now: Timestamp) -> Result<(), Fault> {
        let Some(row) = self.records.store.request(key).await? else {
            return Ok(());
        };
        let mail_owed = self
            .records
            .store
            .mails(key)
            .await?
            .iter()
            .any(|mail| !mail.is_settled());
        let facts = &row.facts;
        let purging = |job: &Job| matches!(job.phase, Phase::Recovering | Phase::Purging);
        let waiting = facts.job.as_ref().is_some_and(purging) || facts.status == Status::Cancelled;
        let purges = if waiting && facts.shred_at.is_none() {
            let chunks = self.records.store.chunks(key).await?;
            let holds = self.records.store.holds(&facts.tenant, &facts.subject_ref).await?;
            let demand = Demand::of(&self.records.store, facts, &holds).await?;
            Purges {
                due: clock(&demand, &chunks, 0).purge_due,
                idle: !chunks.iter().any(|chunk| !chunk.is_settled() && demand.goes_on(chunk)),
                held: chunks
                    .iter()
                    .any(|chunk| chunk.counts.of(Code::Swept) > 0 && demand.is_held(chunk)),
            }
        } else {
            Purges::default()
        };
        let next = wake_at(facts, mail_owed, purges, now);
        if next != row.wake_at {
            // A lost race means that somebody moved the request and set its own instant.
            self.records.store.rewake(&row, next).await?;
        }
        Ok(())
    }
}

/// Reinserted mails are numbered in a range of their own, so that they never meet the number of a mail that a
/// transition owes at the same moment.
fn next_number(last: u32) -> u32 {
    const REINSERTED: u32 = 1_000_000;
    last.max(REINSERTED) + 1
}

fn patient(touched_at: Timestamp, now: Timestamp) -> bool {
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
