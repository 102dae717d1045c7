//! Supervision: everything that is due and everything that got lost, found from rows alone.
//!
//! Guarantees: takes no input but the clock; a round may run at any time, twice, or late; whatever stands still for two
//! rounds is pushed. Neither a request that cannot be tended nor a shard that cannot be read keeps the others waiting.
//! Where next: `push`, for what stands still.

use jiff::Timestamp;

use super::advance::{advance, clock, unattended};
use super::commit::{Before, Circumstances};
use super::dispatch::Demand;
use super::export::start;
use super::failure::Failure;
use super::push::{patient, unfinished};
use super::records::{Loaded, Records};
use super::settle::settle_due;
use crate::domain::chunk::Chunk;
use crate::domain::ids::RequestKey;
use crate::domain::job::{Job, JobStatus, Phase, Tally};
use crate::domain::object_keys::{package, prefixes, vault};
use crate::domain::outbox::MailState;
use crate::domain::outcome::Code;
use crate::domain::package::{Package, PackageState};
use crate::domain::request::{Facts, Kind, Notice, Status};
use crate::domain::stuck::{Pushed, Stuck};
use crate::knobs::Guard;
use crate::ports::{
    Committed, Config, Exports, Fault, Holds, Keys, Manifests, Outbox, Queues, Requests, Sealer, Vault, Work,
};
use crate::state_machine::command::Event;
use crate::state_machine::export;
use crate::state_machine::job::{Clock, next_event};
use crate::state_machine::notice;
use crate::state_machine::request::observe;
use crate::state_machine::watch::{Purges, wake_at};

/// Requests tended per shard and round.
const BATCH: u32 = 25;
/// Steps a request may take in one round: closing, completed, shredded follow one another at once.
const STEPS: u32 = 6;

/// What a round did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Round {
    /// Requests looked at.
    pub tended: u32,
    /// Work that stood still and had to be pushed.
    pub pushed: Pushed,
    /// Requests that could not be tended this time.
    pub failed: u32,
    /// Legal holds that were not settled yet.
    pub holds: u32,
}

/// The outside of supervision.
pub struct Supervisor<'a, S, K, C, M, Q, V, E> {
    /// Requests, plans, chunks, mails.
    pub records: &'a Records<S, K>,
    /// The data map, for exports that nobody has started.
    pub config: &'a C,
    /// Manifests to delete.
    pub manifests: &'a M,
    /// Copies to delete, of which no purge knew.
    pub vault: &'a V,
    /// Packages to delete.
    pub exports: &'a E,
    /// Where lost work is sent again.
    pub queues: &'a Q,
}

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

    /// Everything one request needs now; answers what had to be pushed.
    pub async fn tend(&self, key: &RequestKey, now: Timestamp) -> Result<Pushed, Failure> {
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
    async fn step(&self, loaded: &Loaded, now: Timestamp, pushed: &mut Pushed) -> Result<bool, Failure> {
        let facts = &loaded.request.facts;
        // First, so that whatever ends the request does not swallow what had to be told before.
        if let Some(event) = notice::due(facts, now) {
            return self.observed(loaded, event, now).await;
        }
        if let Some(event) = export::due(facts, now) {
            return self.end_package(loaded, event, now).await;
        }
        match facts.status {
            Status::Approved if facts.kind == Kind::Export => {
                let late = facts.decided_at.is_some_and(|at| !patient(at, now));
                let key = facts.key();
                let started = start(self.records, self.config, self.queues, &key, now).await?;
                pushed.add(Stuck::Part, u32::from(started && late));
                Ok(started)
            }
            Status::InProgress => match facts.job.as_ref().map(|job| job.phase) {
                Some(Phase::Closing) => {
                    // Who took it back does not wait for a letter.
                    let revoked = |package: &Package| package.state == PackageState::Revoked;
                    if facts.package.as_ref().is_some_and(revoked) {
                        self.delete_package(facts).await?;
                    }
                    self.finish(loaded, now, pushed).await
                }
                Some(_) => self.go_on(facts, now, pushed).await,
                None => Ok(false),
            },
            Status::Cancelled if facts.job.is_some() && facts.shred_at.is_none() => {
                if self.go_on(facts, now, pushed).await? {
                    return Ok(true);
                }
                if facts.notice == Some(Notice::Pending) {
                    // Nobody writes at it any more, and what was written does not wait for a letter.
                    if facts.package.is_some() {
                        self.delete_package(facts).await?;
                    }
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
                let shredded = self.observed(loaded, Event::Shredded, now).await?;
                let late = shredded && facts.shred_at.is_some_and(|at| !patient(at, now));
                pushed.add(Stuck::Shred, u32::from(late));
                Ok(shredded)
            }
            Status::Pending
            | Status::Verified
            | Status::Approved
            | Status::Completed
            | Status::Rejected
            | Status::Cancelled => Ok(false),
        }
    }

    /// Pushes what stands still, and commits what has become true of the job.
    async fn go_on(&self, facts: &Facts, now: Timestamp, pushed: &mut Pushed) -> Result<bool, Failure> {
        let (work, overdue) = self.push_work(facts, now).await?;
        *pushed += work;
        let moved = advance(self.records, self.queues, &facts.key(), now).await? > 0;
        if let Some(kind) = unfinished(facts, overdue).filter(|_| moved) {
            pushed.add(kind, 1);
        }
        Ok(moved)
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

    /// A package's time is over, or an operator took it back: nothing of it stays, and then the trail says so.
    async fn end_package(&self, loaded: &Loaded, event: Event, now: Timestamp) -> Result<bool, Failure> {
        if event == Event::PackagePurged {
            self.delete_package(&loaded.request.facts).await?;
        }
        self.observed(loaded, event, now).await
    }

    /// What is being written first: afterwards nobody can complete it.
    async fn delete_package(&self, facts: &Facts) -> Result<(), Fault> {
        let prefix = package(&facts.key());
        self.exports.abort_under(&prefix).await?;
        self.exports.delete_under(&prefix).await?;
        Ok(())
    }

    /// Writes down what became of the closing e-mail, once it is settled.
    async fn tell(&self, loaded: &Loaded, now: Timestamp) -> Result<bool, Failure> {
        match self.settled(&loaded.request.facts).await? {
            Some((notice, _)) => self.observed(loaded, Event::Told { notice }, now).await,
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
        self.clear(facts).await?;
        if facts.package.is_some() {
            self.delete_package(facts).await?;
        }
        self.observed(loaded, event, now).await
    }

    /// What we stored of the subject's records: lists, outcomes, and copies that a broken-off attempt left in the vault or
    /// that were brought back.
    async fn clear(&self, facts: &Facts) -> Result<(), Fault> {
        let key = facts.key();
        for prefix in prefixes(&key) {
            self.manifests.delete_under(&prefix).await?;
        }
        if facts.datasets.iter().any(|pin| pin.in_vault) {
            let copies = self.vault.list(&vault(&key)).await?;
            self.vault.delete(&copies).await?;
        }
        Ok(())
    }

    /// The closing e-mail is settled: what we stored of the subject's keys goes, then the request completes.
    async fn finish(&self, loaded: &Loaded, now: Timestamp, pushed: &mut Pushed) -> Result<bool, Failure> {
        let (notice, since) = match self.settled(&loaded.request.facts).await? {
            Some(settled) => settled,
            None if Guard::NoticeSettled.stands() => return Ok(false),
            None => (Notice::Sent, now),
        };
        self.clear(&loaded.request.facts).await?;
        let finished = self.observed(loaded, Event::Completed { notice }, now).await?;
        pushed.add(Stuck::Finish, u32::from(finished && !patient(since, now)));
        Ok(finished)
    }

    /// What became of the closing mail, and when; none while it is still owed.
    async fn settled(&self, facts: &Facts) -> Result<Option<(Notice, Timestamp)>, Fault> {
        if facts.silent {
            let since = facts.job.as_ref().and_then(|job| job.finished_at).or(facts.closed_at);
            return Ok(Some((Notice::Waived, since.unwrap_or(Timestamp::MAX))));
        }
        let mails = self.records.store.mails(&facts.key()).await?;
        let latest = mails
            .iter()
            .filter(|mail| mail.occasion.is_closing())
            .max_by_key(|mail| mail.owed_at);
        let Some(mail) = latest else { return Ok(None) };
        let notice = match mail.state {
            MailState::Sent => Some(Notice::Sent),
            MailState::Failed => Some(Notice::Failed),
            MailState::Pending | MailState::Sending => None,
        };
        Ok(notice.map(|notice| (notice, mail.touched_at)))
    }

    /// Whether a job that failed goes on by itself: what was tried again may have been accounted for since the last
    /// look, by a worker that died before its own. Once the request leaves the index nobody would see it.
    async fn moves(&self, demand: &Demand<'_>, chunks: &[Chunk], now: Timestamp) -> Result<bool, Fault> {
        let failed = |job: &&Job| job.status == JobStatus::Failed;
        let Some(job) = demand.facts.job.as_ref().filter(failed) else {
            return Ok(false);
        };
        let key = demand.facts.key();
        let plans = self.records.store.plans(&key).await?;
        let findings = unattended(&self.records.store, &key, (job, &plans, chunks)).await?;
        let tally = Tally::recount(&plans, chunks, job.generation);
        Ok(next_event(job, &tally, clock(demand, chunks, findings, now), now).is_some())
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
            let at_work = chunks.iter().any(|chunk| !chunk.is_settled() && demand.goes_on(chunk));
            Purges {
                due: clock(&demand, &chunks, 0, now).purge_due,
                idle: !at_work && !self.moves(&demand, &chunks, now).await?,
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
