//! One operation on one chunk's records: what it finds, what it does, what became of each line.
//!
//! Guarantees: a line that the operation does not concern keeps its code; a sweep stops within about half a second of
//! a cancellation, and says which lines it reached. Where next: `work_chunk`, which holds the lease and accounts.

use std::cell::Cell;

use jiff::{SignedDuration, Timestamp};

use super::account::{lines, outcomes};
use super::bench::Bench;
use super::failure::Failure;
use super::plan::pinned_dataset;
use super::records::Loaded;
use crate::domain::chunk::{Chunk, Op, Restoring};
use crate::domain::data_map::Dataset;
use crate::domain::deadline::expiry;
use crate::domain::hold::HoldHead;
use crate::domain::ids::RequestKey;
use crate::domain::manifest::Line;
use crate::domain::outcome::{Code, LEGAL_HOLD, LineOutcome};
use crate::domain::request::Facts;
use crate::ports::{
    Config, DataKey, Fault, Keys, Manifests, PurgeOrder, Queues, Requests, RestoreOrder, Sealer, Sources, StripOrder,
    SweepOrder, Watch, Work,
};

/// How often a sweep looks whether it was cancelled: sweeping stops within a second of it.
const LOOK_EVERY: SignedDuration = SignedDuration::from_millis(500);

/// What an operation came to.
#[derive(Debug)]
pub(super) struct Operated {
    /// One per line.
    pub(super) outcomes: Vec<LineOutcome>,
    /// The chunk's part in a restoration, if this was one.
    pub(super) restoring: Option<Restoring>,
    /// Whether a swept record failed, and may have kept its mark and its expiry.
    pub(super) left_armed: bool,
}

/// A chunk opened: its lines and what is known of each.
struct Opened {
    dataset: Dataset,
    lines: Vec<(Line, LineOutcome)>,
}

impl<S, K, C, M, Q, D> Bench<S, K, C, M, Q, D>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// Runs the operation on the chunk's lines; with `inspect_only`, finds out what earlier attempts left.
    pub(super) async fn operate(
        &self,
        loaded: &Loaded,
        row: &Chunk,
        holds: &HoldHead,
        inspect_only: bool,
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
        let restoring = (row.op == Op::Restore && !inspect_only)
            .then(|| row.restoring.clone())
            .flatten();
        let outcomes = match row.op {
            Op::Sweep => self.sweep(facts, (row, &opened), (holds, inspect_only), clock).await?,
            Op::Purge | Op::Strip if inspect_only => opened.before(),
            Op::Restore if inspect_only => self.half_restored(facts, (row, &opened), clock()).await?,
            Op::Purge => self.sources.purge(opened.purge_order(facts)).await?,
            Op::Restore => self.sources.restore(opened.restore_order(facts, row)).await?,
            Op::Strip => self.sources.strip(opened.strip_order(facts)).await?,
            Op::Copy => return Err(unreadable("this version knows no such operation").into()),
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
        })
    }

    async fn sweep(
        &self,
        facts: &Facts,
        (row, opened): (&Chunk, &Opened),
        (holds, inspect_only): (&HoldHead, bool),
        clock: &impl Fn() -> Timestamp,
    ) -> Result<Vec<LineOutcome>, Failure> {
        let lines: Vec<_> = opened.lines.iter().map(|(line, _)| line.clone()).collect();
        let order = sweep_order(facts, &opened.dataset, (row, &lines), clock())?;
        if inspect_only && !order.again {
            // Nobody was ever at work on it: what looks like a mark of ours is the application's own.
            return Ok(opened.before());
        }
        if inspect_only {
            // A source that is away for now is asked again; one that refuses for good is given up.
            return Ok(self.sources.inspect(order).await?);
        }
        if holds.covers(std::slice::from_ref(&opened.dataset.category)) {
            let again = order.again;
            return Ok(under_hold(self.sources.inspect(order).await?, again));
        }
        let watch = Uncancelled {
            store: &self.records.store,
            key: facts.key(),
            clock,
            lease_until: row.lease_until,
            looked_at: Cell::new(clock()),
            cancelled: Cell::new(false),
        };
        let outcomes = self.sources.sweep(order, &watch).await?;
        let unreached = outcomes.iter().any(|outcome| outcome.code == Code::Untouched);
        if unreached && !watch.cancelled.get() {
            let why = "its lease was over before every record was reached";
            return Err(Fault::transient("sweep a chunk", why).into());
        }
        Ok(outcomes)
    }

    /// What is left of a restoration that never completed. A record that lost its mark may have come back, or was
    /// written anew: it is not ours to destroy any more, and a person must look.
    async fn half_restored(
        &self,
        facts: &Facts,
        (row, opened): (&Chunk, &Opened),
        now: Timestamp,
    ) -> Result<Vec<LineOutcome>, Failure> {
        let lines: Vec<_> = opened.lines.iter().map(|(line, _)| line.clone()).collect();
        let order = sweep_order(facts, &opened.dataset, (row, &lines), now)?;
        let inspected = self.sources.inspect(order).await?;
        let outcome = |(before, now): (LineOutcome, LineOutcome)| {
            let unclear = before.code == Code::Swept && now.code != Code::Swept;
            if unclear {
                LineOutcome::failed("restore_unclear")
            } else {
                before
            }
        };
        Ok(opened.before().into_iter().zip(inspected).map(outcome).collect())
    }
}

impl Opened {
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

/// A sweep goes on until its request is cancelled or its lease is over: somebody else may account for the chunk then.
/// Read at most twice a second, before a group of statements begins.
struct Uncancelled<'a, S, T> {
    lease_until: Option<Timestamp>,
    store: &'a S,
    key: RequestKey,
    clock: &'a T,
    looked_at: Cell<Timestamp>,
    cancelled: Cell<bool>,
}

impl<S: Requests, T: Fn() -> Timestamp> Watch for Uncancelled<'_, S, T> {
    async fn wanted(&self) -> bool {
        let now = (self.clock)();
        if self.lease_until.is_some_and(|end| now >= end) {
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

fn sweep_order<'a>(
    facts: &'a Facts,
    dataset: &'a Dataset,
    (row, lines): (&Chunk, &'a [Line]),
    now: Timestamp,
) -> Result<SweepOrder<'a>, Fault> {
    let policy = facts.policy.as_ref().ok_or_else(|| unreadable("it has no policy"))?;
    let cutoff = facts.executed_at.ok_or_else(|| unreadable("it was never executed"))?;
    let expires = dataset.waits_for_ttl() && !policy.recovery_window.is_zero();
    Ok(SweepOrder {
        dataset,
        tenant: &facts.tenant,
        request: facts.id,
        cutoff,
        now,
        expires_at: expires.then(|| expiry(policy, now)),
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
