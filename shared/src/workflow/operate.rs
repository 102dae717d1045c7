//! One operation on one chunk's records: what it finds, what it does, what became of each line.
//!
//! Guarantees: a line that the operation does not concern keeps its code; a sweep stops within about half a second of
//! a cancellation, and says which lines it reached. Where next: `work_chunk`, which holds the lease and accounts.

use std::cell::Cell;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::account::{lines, outcomes};
use super::bench::Bench;
use super::export::CopyOrder;
use super::failure::Failure;
use super::plan::pinned_dataset;
use super::records::Loaded;
use crate::domain::chunk::{Chunk, Op, Restoring};
use crate::domain::data_map::Dataset;
use crate::domain::deadline::expiry;
use crate::domain::finding::RESTORE_UNCLEAR;
use crate::domain::hold::HoldHead;
use crate::domain::ids::RequestKey;
use crate::domain::manifest::Line;
use crate::domain::outcome::{Code, LEGAL_HOLD, LineOutcome};
use crate::domain::policy::Policy;
use crate::domain::request::Facts;
use crate::ports::{
    Config, DataKey, Fault, Gauge, Items, Keys, Manifests, Originals, PurgeOrder, Queues, Requests, RestoreOrder,
    Sealer, Sources, StripOrder, SweepOrder, Vault, Watch, Work,
};

/// How often a sweep looks whether it was cancelled: sweeping stops within a second of it.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(500);

/// A lease outlives its invocation by ten seconds; in those before, a group that was begun is put away, and the account
/// is written. The same goes for an export's copies.
const VAULT_RESERVE: SignedDuration = SignedDuration::from_secs(18);

/// What an operation came to.
#[derive(Debug)]
pub(super) struct Operated {
    /// One per line.
    pub(super) outcomes: Vec<LineOutcome>,
    /// The chunk's part in a restoration, if this was one.
    pub(super) restoring: Option<Restoring>,
    /// Whether a swept record failed, and may have kept its mark and its expiry.
    pub(super) left_armed: bool,
    /// Whether nothing was hidden that had not been before: the recovery window stays as it was.
    pub(super) keeps_window: bool,
}

/// A chunk opened: its lines and what is known of each.
struct Opened {
    dataset: Dataset,
    lines: Vec<(Line, LineOutcome)>,
}

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources + Items + Originals + Clone,
    V: Vault,
{
    /// Runs the operation on the chunk's lines; with `inspect_only`, finds out what earlier attempts left.
    pub(super) async fn operate(
        &self,
        loaded: &Loaded,
        row: &Chunk,
        holds: &HoldHead,
        (inspect_only, gauge): (bool, Option<&Arc<Gauge>>),
        clock: &impl Fn() -> Timestamp,
    ) -> Result<Operated, Failure> {
        let facts = &loaded.request.facts;
        let data_key = person_key(loaded)?;
        let dataset = pinned_dataset(&self.config, facts, &row.id.dataset).await?;
        let lines = lines(&self.records, &self.manifests, (facts, row), data_key).await?;
        let before = outcomes(&self.records, &self.manifests, (facts, row), data_key).await?;
        let opened = Opened {
            dataset,
            lines: lines.into_iter().zip(before).collect(),
        };
        let sources = gauge.map_or_else(|| self.sources.clone(), |gauge| self.sources.at_pace(gauge));
        let restoring = (row.op == Op::Restore && !inspect_only)
            .then(|| row.restoring.clone())
            .flatten();
        let mut keeps_window = false;
        let outcomes = match row.op {
            Op::Sweep => {
                let swept = self
                    .sweep(&sources, facts, (row, &opened), (holds, inspect_only), clock)
                    .await?;
                keeps_window = swept.1;
                swept.0
            }
            Op::Purge | Op::Strip if inspect_only => opened.before(),
            Op::Restore if inspect_only => self.half_restored(facts, (row, &opened), clock()).await?,
            Op::Purge => self.purge(&sources, facts, (row, &opened)).await?,
            Op::Restore => self.restore(&sources, facts, (row, &opened), clock).await?,
            Op::Strip => sources.strip(opened.strip_order(facts)).await?,
            Op::Copy if inspect_only => opened.before(),
            Op::Copy => self.copied(&sources, loaded, (row, &opened), clock).await?,
        };
        let restoring = restoring.map(|part| restored(part, &opened.lines, &outcomes));
        let failed = |((_, before), after): (&(Line, LineOutcome), &LineOutcome)| {
            before.code == Code::Swept && after.code == Code::Failed
        };
        let left_armed = opened.lines.iter().zip(&outcomes).any(failed);
        Ok(Operated {
            outcomes,
            restoring,
            left_armed,
            keeps_window,
        })
    }

    /// Hides what is not done; answers also whether nothing was hidden that had not been before.
    async fn sweep(
        &self,
        sources: &D,
        facts: &Facts,
        (row, opened): (&Chunk, &Opened),
        (holds, inspect_only): (&HoldHead, bool),
        clock: &impl Fn() -> Timestamp,
    ) -> Result<(Vec<LineOutcome>, bool), Failure> {
        let (todo, lines) = opened.todo(|line| is_to_sweep(&line.1));
        let order = sweep_order(facts, &opened.dataset, (row, &lines), clock())?;
        let mut outcomes = opened.before();
        if inspect_only && !order.again {
            // Nobody was ever at work on it: what looks like a mark of ours is the application's own.
            return Ok((outcomes, false));
        }
        let held = holds.covers(std::slice::from_ref(&opened.dataset.category));
        let first = row.accounted == 0;
        if inspect_only || held || !first {
            // A source that is away for now is asked again; one that refuses for good is given up.
            let (again, inspected) = (order.again, self.inspect(facts, row, (order, &todo)).await?);
            let inspected = if held && !inspect_only {
                under_hold(inspected, again)
            } else {
                inspected
            };
            for (at, found) in todo.into_iter().zip(inspected) {
                // What failed and is not hidden still waits for another try.
                if found.code != Code::Untouched {
                    outcomes[at] = found;
                }
            }
            if inspect_only || held {
                return Ok((outcomes, !first && row.epoch == row.accounted + 1));
            }
        }
        self.sweep_rest(sources, facts, (row, opened), outcomes, clock).await
    }

    /// Hides what neither an earlier sweep nor a look has found hidden. What is hidden already then begins its window
    /// anew with the rest of the chunk, so an expiry that would come before its end is removed first.
    async fn sweep_rest(
        &self,
        sources: &D,
        facts: &Facts,
        (row, opened): (&Chunk, &Opened),
        known: Vec<LineOutcome>,
        clock: &impl Fn() -> Timestamp,
    ) -> Result<(Vec<LineOutcome>, bool), Failure> {
        let opened = opened.with(known);
        let (todo, lines) = opened.todo(|line| is_to_sweep(&line.1));
        let hidden_since = row.epoch > row.accounted + 1;
        if todo.is_empty() && !hidden_since {
            return Ok((opened.before(), true));
        }
        let mut outcomes = opened.before();
        if outcomes.iter().any(|line| line.code == Code::Swept) && opened.dataset.waits_for_ttl() {
            outcomes = sources.strip(opened.strip_order(facts)).await?;
        }
        let order = sweep_order(facts, &opened.dataset, (row, &lines), clock())?;
        let until = row.lease_until.map(|end| work_until(&opened.dataset, end));
        let watch = Uncancelled::new(&self.records.store, facts.key(), until, clock);
        let swept = if opened.dataset.in_vault() {
            self.sweep_into_vault((sources, facts, row), (&order, &todo), &watch)
                .await?
        } else {
            sources.sweep(order, &watch).await?
        };
        let unreached = swept.iter().any(|outcome| outcome.code == Code::Untouched);
        if unreached && !watch.cancelled.get() {
            let why = "its lease was over before every record was reached";
            return Err(Fault::transient("sweep a chunk", why).into());
        }
        let newly = swept.iter().any(|outcome| outcome.code == Code::Swept);
        for (at, outcome) in todo.into_iter().zip(swept) {
            // What failed and was not reached still waits for another try.
            if outcome.code != Code::Untouched {
                outcomes[at] = outcome;
            }
        }
        Ok((outcomes, row.swept_at.is_some() && !newly && !hidden_since))
    }

    /// What earlier attempts at a sweep left.
    async fn inspect(
        &self,
        facts: &Facts,
        row: &Chunk,
        (order, numbers): (SweepOrder<'_>, &[usize]),
    ) -> Result<Vec<LineOutcome>, Fault> {
        if order.dataset.in_vault() {
            return self.inspect_with_vault((facts, row), (&order, numbers)).await;
        }
        self.sources.inspect(order).await
    }

    /// Copies what is not copied; what no invocation has time for is gone on with by the next.
    async fn copied(
        &self,
        sources: &D,
        loaded: &Loaded,
        (row, opened): (&Chunk, &Opened),
        clock: &impl Fn() -> Timestamp,
    ) -> Result<Vec<LineOutcome>, Failure> {
        let facts = &loaded.request.facts;
        let until = row.lease_until.map(|end| end - VAULT_RESERVE);
        let watch = Uncancelled::new(&self.records.store, facts.key(), until, clock);
        let lines: Vec<_> = opened.lines.iter().map(|(line, _)| line.clone()).collect();
        let order = CopyOrder {
            facts,
            row,
            dataset: &opened.dataset,
            lines: &lines,
        };
        let outcomes = self.copy(sources, &order, person_key(loaded)?, &watch).await?;
        let unreached = outcomes.iter().any(|outcome| outcome.code == Code::Untouched);
        if unreached && !watch.cancelled.get() {
            return Err(Fault::transient("copy a chunk", "its lease was over before every record was reached").into());
        }
        Ok(outcomes)
    }

    async fn purge(
        &self,
        sources: &D,
        facts: &Facts,
        (row, opened): (&Chunk, &Opened),
    ) -> Result<Vec<LineOutcome>, Fault> {
        let order = opened.purge_order(facts);
        if opened.dataset.in_vault() {
            return self.purge_vault((facts, row), &order).await;
        }
        sources.purge(order).await
    }

    async fn restore(
        &self,
        sources: &D,
        facts: &Facts,
        (row, opened): (&Chunk, &Opened),
        clock: &impl Fn() -> Timestamp,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let order = opened.restore_order(facts, row);
        if opened.dataset.in_vault() {
            let until = row.lease_until.map(|end| work_until(&opened.dataset, end));
            let in_time = || until.is_none_or(|end| clock() < end);
            return self.restore_from_vault((sources, facts, row), &order, in_time).await;
        }
        sources.restore(order).await
    }

    /// What is left of a restoration that never completed. A record that lost its mark may have come back, or was
    /// written anew: it is not ours to destroy any more, and a person must look.
    async fn half_restored(
        &self,
        facts: &Facts,
        (row, opened): (&Chunk, &Opened),
        now: Timestamp,
    ) -> Result<Vec<LineOutcome>, Failure> {
        if opened.dataset.in_vault() {
            let order = opened.restore_order(facts, row);
            return Ok(self.half_restored_from_vault((facts, row), &order).await?);
        }
        let lines: Vec<_> = opened.lines.iter().map(|(line, _)| line.clone()).collect();
        let order = sweep_order(facts, &opened.dataset, (row, &lines), now)?;
        let inspected = self.sources.inspect(order).await?;
        let outcome = |(before, now): (LineOutcome, LineOutcome)| {
            let unclear = before.code == Code::Swept && now.code != Code::Swept;
            if unclear {
                LineOutcome::failed(RESTORE_UNCLEAR)
            } else {
                before
            }
        };
        Ok(opened.before().into_iter().zip(inspected).map(outcome).collect())
    }
}

/// Whether a sweep has anything to do for a line: it was never touched, or failed. Of what may have been restored
/// nobody can say that it is to be hidden.
fn is_to_sweep(line: &LineOutcome) -> bool {
    match line.code {
        Code::Untouched => true,
        Code::Failed => line.detail.as_deref() != Some(RESTORE_UNCLEAR),
        _ => false,
    }
}

impl Opened {
    /// The places and the manifest lines of what is to be done.
    fn todo(&self, wanted: impl Fn(&(Line, LineOutcome)) -> bool) -> (Vec<usize>, Vec<Line>) {
        let todo = self.lines.iter().enumerate().filter(|(_, line)| wanted(line));
        todo.map(|(at, (line, _))| (at, line.clone())).unzip()
    }

    /// The same lines with what is known by now.
    fn with(&self, known: Vec<LineOutcome>) -> Self {
        let lines = self.lines.iter().map(|(line, _)| line.clone());
        Self {
            dataset: self.dataset.clone(),
            lines: lines.zip(known).collect(),
        }
    }

    fn before(&self) -> Vec<LineOutcome> {
        self.lines.iter().map(|(_, outcome)| outcome.clone()).collect()
    }

    fn purge_order<'a>(&'a self, facts: &'a Facts) -> PurgeOrder<'a> {
        PurgeOrder {
            dataset: &self.dataset,
            tenant: &facts.tenant,
            request: facts.id,
            lines: &self.lines,
        }
    }

    fn restore_order<'a>(&'a self, facts: &'a Facts, row: &'a Chunk) -> RestoreOrder<'a> {
        RestoreOrder {
            dataset: &self.dataset,
            tenant: &facts.tenant,
            request: facts.id,
            lines: &self.lines,
            chosen: row.restoring.as_ref().and_then(|part| part.lines.as_deref()),
        }
    }

    fn strip_order<'a>(&'a self, facts: &'a Facts) -> StripOrder<'a> {
        StripOrder {
            dataset: &self.dataset,
            tenant: &facts.tenant,
            request: facts.id,
            lines: &self.lines,
        }
    }
}

/// Until when a worker begins something: to the end of its lease, when somebody else may account for the chunk. Large
/// items may take many invocations, so one that copies them ends early enough to send the chunk again.
fn work_until(dataset: &Dataset, lease_until: Timestamp) -> Timestamp {
    if dataset.in_vault() {
        lease_until - VAULT_RESERVE
    } else {
        lease_until
    }
}

/// A sweep goes on until its request is cancelled or its time is over. Read at most twice a second, before a group of
/// statements begins.
pub(super) struct Uncancelled<'a, S, T> {
    until: Option<Timestamp>,
    store: &'a S,
    key: RequestKey,
    clock: &'a T,
    looked_at: Cell<Timestamp>,
    cancelled: Cell<bool>,
}

impl<'a, S, T: Fn() -> Timestamp> Uncancelled<'a, S, T> {
    /// Of a request that was just read.
    pub(super) fn new(store: &'a S, key: RequestKey, until: Option<Timestamp>, clock: &'a T) -> Self {
        Self {
            until,
            store,
            key,
            clock,
            looked_at: Cell::new(clock()),
            cancelled: Cell::new(false),
        }
    }
}

impl<S: Requests, T: Fn() -> Timestamp> Watch for Uncancelled<'_, S, T> {
    async fn wanted(&self) -> bool {
        let now = (self.clock)();
        if self.until.is_some_and(|end| now >= end) {
            return false;
        }
        if !self.cancelled.get() && now.duration_since(self.looked_at.get()) >= LOOK_EVERY {
            self.looked_at.set(now);
            // A request that cannot be read now is no reason to stop: the account is fenced by the lease.
            if let Ok(Some(row)) = self.store.request(&self.key).await {
                self.cancelled.set(row.facts.job.is_none_or(|job| job.cancel_requested));
            }
        }
        !self.cancelled.get()
    }
}

/// A hold keeps what is not swept yet; what an earlier attempt of this chunk has swept stays hidden. If there was none,
/// what looks like a mark of ours is the application's own: it has deleted the record itself.
fn under_hold(inspected: Vec<LineOutcome>, again: bool) -> Vec<LineOutcome> {
    let held = LineOutcome::because(Code::Exempt, LEGAL_HOLD);
    let outcome = |line: LineOutcome| match line.code {
        Code::Swept if !again => LineOutcome::plain(Code::AlreadyAbsent),
        // What is gone, or was written later, is not kept by anybody.
        Code::Swept | Code::AlreadyAbsent | Code::ArrivedLater => line,
        _ => held.clone(),
    };
    inspected.into_iter().map(outcome).collect()
}

/// A restoration's part in this chunk: what came back, and what was meant and did not.
fn restored(mut part: Restoring, before: &[(Line, LineOutcome)], after: &[LineOutcome]) -> Restoring {
    part.restored = 0;
    part.skipped.clear();
    for (n, ((_, before), after)) in (0_u32..).zip(before.iter().zip(after)) {
        let named = part.lines.is_some();
        let swept = before.code == Code::Swept;
        if !part.means(n) || (!swept && !named) {
            continue;
        }
        match after.code {
            Code::Restored if swept => part.restored += 1,
            code => {
                let why = after.detail.as_deref().filter(|_| swept);
                part.skipped.push((n, why.unwrap_or(code.as_str()).to_owned()));
            }
        }
    }
    part
}

/// Whether a sweep sets the TTL of what it marks.
pub(super) fn arms_ttl(policy: &Policy, dataset: &Dataset) -> bool {
    dataset.waits_for_ttl() && !policy.recovery_window.is_zero()
}

/// What a sweep is told; marks are taken for ours only if an earlier attempt, or an earlier generation, may have put them.
pub(super) fn sweep_order<'a>(
    facts: &'a Facts,
    dataset: &'a Dataset,
    (row, lines): (&Chunk, &'a [Line]),
    now: Timestamp,
) -> Result<SweepOrder<'a>, Fault> {
    let policy = facts.policy.as_ref().ok_or_else(|| unreadable("it has no policy"))?;
    let cutoff = facts.executed_at.ok_or_else(|| unreadable("it was never executed"))?;
    Ok(SweepOrder {
        dataset,
        tenant: &facts.tenant,
        request: facts.id,
        cutoff,
        now,
        expires_at: arms_ttl(policy, dataset).then(|| expiry(policy, now)),
        again: row.epoch > 1 || row.id.generation > 0,
        lines,
    })
}

/// The request's own key: without it nothing of its records can be read or written down.
pub(super) fn person_key(loaded: &Loaded) -> Result<&DataKey, Fault> {
    loaded
        .keys
        .person
        .as_ref()
        .ok_or_else(|| unreadable("its key is shredded"))
}

fn unreadable(why: &'static str) -> Fault {
    Fault::permanent("work on a chunk", "request_unreadable", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_keeps_what_is_there_and_claims_nothing_that_was_never_ours() {
        let found = [Code::Untouched, Code::Swept, Code::AlreadyAbsent, Code::ArrivedLater];
        let codes = |again| {
            let inspected = found.map(LineOutcome::plain).to_vec();
            let outcomes = under_hold(inspected, again);
            outcomes.into_iter().map(|line| line.code).collect::<Vec<_>>()
        };
        assert_eq!(
            codes(true),
            [Code::Exempt, Code::Swept, Code::AlreadyAbsent, Code::ArrivedLater]
        );
        let first = codes(false);
        assert_eq!(
            first[1],
            Code::AlreadyAbsent,
            "nobody has swept it: the application deleted it"
        );
        assert_eq!((first[0], first[2]), (Code::Exempt, Code::AlreadyAbsent));
    }
}
