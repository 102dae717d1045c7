//! The pace of writing: a chunk asks for its turn before anybody leases it, and tells afterwards how its source took it.
//!
//! Two limits bound it: its dataset's for its tenant, and its table's or bucket's over all tenants. Guarantees: nobody
//! writes without tokens of both; a chunk that has to wait is not begun, so it costs no attempt, and it comes back by a
//! message that is delayed until its turn; a limit that cannot be written for contention makes it wait, never fail.
//! Where next: `domain::pace` for the rules, `work_chunk` for who asks.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::bench::Bench;
use super::failure::Failure;
use super::plan::pinned_map;
use super::work_chunk::Invocation;
use crate::domain::chunk::Chunk;
use crate::domain::pace::{Admission, Bounded, Heard, Limit, Turn};
use crate::domain::request::Facts;
use crate::metric::{Metric, metric_of};
use crate::ports::{Config, Fault, Gauge, Limits};

/// Times a limit is read again that somebody else wrote meanwhile.
const TRIES: u32 = 6;
/// Records that say something of the rate at which they went through.
const TELLING: u64 = 100;
/// However slow the pace, a chunk's writes take no more than this part of its invocation: their tokens are paid.
const PART: i32 = 3;
/// Seconds over which those are spread that come back without a turn of their own.
const SPREAD_SECONDS: u32 = 8;

/// A chunk's limits, and the gauge of its operation.
#[derive(Debug)]
pub(super) struct Pace {
    limits: [(Bounded, u32, Limit); 2],
    records: u32,
    begun_at: Timestamp,
    /// What the source keeps to.
    pub(super) gauge: Arc<Gauge>,
}

/// The answer to a chunk that asks.
#[derive(Debug)]
pub(super) enum Asked {
    /// It may begin.
    Now(Box<Pace>),
    /// It has to wait.
    Later(Turn),
}

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Limits,
    C: Config,
{
    /// Asks for the tokens of all that a chunk may write.
    pub(super) async fn ask(
        &self,
        facts: &Facts,
        chunk: &Chunk,
        invocation: &Invocation,
        now: Timestamp,
    ) -> Result<Asked, Failure> {
        let (store, records) = (&self.records.store, chunk.writes());
        let mut limits = self.limits(facts, chunk, now).await?;
        let given = chunk.turn.and_then(|turn| Some((turn, turn.given?)));
        let still_good = |given: [u32; 2]| limits.iter().zip(given).all(|((_, _, l), slowed)| l.honours(slowed));
        let turn = match given {
            Some((turn, given)) if still_good(given) => turn,
            _ => {
                // Of two tokens none is taken in vain.
                let refused = limits
                    .iter()
                    .find_map(|(_, _, limit)| limit.admit(records, now).refused());
                if let Some(until) = refused {
                    return Ok(Asked::Later(unpaid(chunk, until)));
                }
                let mut at = now;
                for (of, ceiling, limit) in &mut limits {
                    match take(store, (of, *ceiling), limit, records, (&invocation.id, now)).await? {
                        Ok((turn, taken)) => (at, *limit) = (at.max(turn), taken),
                        Err(until) => return Ok(Asked::Later(unpaid(chunk, until))),
                    }
                }
                let given = Some(limits.each_ref().map(|(_, _, limit)| limit.slowed));
                Turn { at, given }
            }
        };
        if !turn.has_come(now) {
            return Ok(Asked::Later(turn));
        }
        let pace = Pace::begun(limits, (records, turn.at), invocation, now);
        Ok(Asked::Now(Box::new(pace)))
    }

    /// The limits of a chunk, as they are today.
    async fn limits(
        &self,
        facts: &Facts,
        chunk: &Chunk,
        now: Timestamp,
    ) -> Result<[(Bounded, u32, Limit); 2], Failure> {
        let map = pinned_map(&self.config, facts).await?;
        let unknown = || Fault::permanent("pace a chunk", "request_unreadable", "its data map has no such dataset");
        let dataset = map.dataset(&chunk.id.dataset).ok_or_else(unknown)?;
        let container = dataset.container();
        let own = Bounded::Dataset(facts.tenant.clone(), dataset.id.clone());
        let whole = Bounded::Container(container.to_owned());
        let (own_ceiling, whole_ceiling) = (dataset.ceiling(), map.ceiling_of(container));
        let store = &self.records.store;
        let own_limit = today(store, (&own, own_ceiling), now).await?;
        let whole_limit = today(store, (&whole, whole_ceiling), now).await?;
        Ok([(own, own_ceiling, own_limit), (whole, whole_ceiling, whole_limit)])
    }

    /// Tells both limits how the source took the work. That it cannot be written down is no reason to fail.
    pub(super) async fn tell(&self, pace: &Pace, chunk: &Chunk, finished: bool, by: &str, now: Timestamp) {
        let heard = pace.heard(finished, now);
        let dataset = &chunk.id.dataset;
        if heard.throttled > 0 {
            metric_of(Metric::Throttles, heard.throttled, dataset);
        }
        let [(own, _, _), (whole, _, _)] = &pace.limits;
        let name = own.to_string();
        let learnt = self.learn(pace, 0, |limit| limit.after(&heard, now), (by, now)).await;
        match learnt {
            Ok(Some(limit)) => metric_of(Metric::Rate, u64::from(limit.rate), dataset),
            Ok(None) => {}
            Err(fault) => note(own, &fault),
        }
        let learn = |limit: &Limit| limit.after_one_of_many(&name, &heard, now);
        if let Err(fault) = self.learn(pace, 1, learn, (by, now)).await {
            note(whole, &fault);
        }
    }

    /// Writes what a limit learns; answers it, if that changed anything.
    async fn learn(
        &self,
        pace: &Pace,
        which: usize,
        learn: impl Fn(&Limit) -> Option<Limit>,
        (by, now): (&str, Timestamp),
    ) -> Result<Option<Limit>, Fault> {
        let (of, ceiling, known) = &pace.limits[which];
        // As it was when the work began: mostly at its ceiling, with nothing to learn.
        if learn(known).is_none() {
            return Ok(None);
        }
        for attempt in 0..TRIES {
            let limit = today(&self.records.store, (of, *ceiling), now).await?;
            let Some(next) = learn(&limit) else { return Ok(None) };
            let (opens, next) = (
                next.is_open() && !limit.is_open(),
                next.signed(&format!("{by}/{attempt}")),
            );
            if self.records.store.swap_limit(of, &next).await? {
                if let (true, Bounded::Dataset(_, dataset)) = (opens, of) {
                    metric_of(Metric::BreakerOpened, 1, dataset);
                }
                return Ok(Some(next));
            }
        }
        Err(Fault::transient("write limit", "others were always faster"))
    }
}

impl Pace {
    fn begun(
        limits: [(Bounded, u32, Limit); 2],
        (records, at): (u32, Timestamp),
        invocation: &Invocation,
        now: Timestamp,
    ) -> Self {
        let part = (invocation.deadline.duration_since(now) / PART).max(SignedDuration::from_secs(1));
        let slowest = records.div_ceil(u32::try_from(part.as_secs()).unwrap_or(u32::MAX));
        let rate = limits.iter().map(|(_, _, limit)| limit.rate).min().unwrap_or(u32::MAX);
        // What is over already is no time.
        let until = |time: SignedDuration| Duration::try_from(time).unwrap_or_default();
        let gauge = Gauge::new(
            rate.max(slowest),
            until(at.duration_since(now)),
            until(part * (PART - 1)),
        );
        Self {
            limits,
            records,
            begun_at: at.max(now),
            gauge: Arc::new(gauge),
        }
    }

    /// Records that were not settled.
    pub(super) fn left_open(&self) -> u32 {
        let settled = u32::try_from(self.gauge.settled()).unwrap_or(u32::MAX);
        self.records.saturating_sub(settled).max(1)
    }

    fn heard(&self, finished: bool, now: Timestamp) -> Heard {
        let elapsed = u64::try_from(now.duration_since(self.begun_at).as_millis()).unwrap_or(0);
        let settled = self.gauge.settled();
        let achieved = u32::try_from(settled * 1_000 / elapsed.max(1)).unwrap_or(u32::MAX);
        Heard {
            records: self.records,
            achieved: (settled >= TELLING).then_some(achieved),
            throttled: self.gauge.throttled(),
            failed: self.gauge.failed(),
            finished,
        }
    }
}

/// Takes tokens of one limit, from what was read of it; the instant at which they are there, or at which to ask again.
async fn take(
    store: &impl Limits,
    (of, ceiling): (&Bounded, u32),
    read: &Limit,
    records: u32,
    (by, now): (&str, Timestamp),
) -> Result<Result<(Timestamp, Limit), Timestamp>, Fault> {
    let mut limit = read.clone();
    for _ in 0..TRIES {
        let (at, next) = match limit.admit(records, now) {
            Admission::Refused(until) => return Ok(Err(until)),
            Admission::Taken(at, next) => (at, next.signed(by)),
        };
        if store.swap_limit(of, &next).await? {
            return Ok(Ok((at, next)));
        }
        limit = today(store, (of, ceiling), now).await?;
    }
    Ok(Err(now + SignedDuration::from_secs(1)))
}

async fn today(store: &impl Limits, (of, ceiling): (&Bounded, u32), now: Timestamp) -> Result<Limit, Fault> {
    let there = store.limit(of).await?;
    Ok(there.map_or_else(|| Limit::fresh(ceiling, now), |limit| limit.current(ceiling, now)))
}

/// A chunk without tokens comes back then, and not all at once.
fn unpaid(chunk: &Chunk, until: Timestamp) -> Turn {
    let spread = i64::from(chunk.id.n % SPREAD_SECONDS);
    Turn {
        at: until + SignedDuration::from_secs(spread),
        given: None,
    }
}

fn note(of: &Bounded, fault: &Fault) {
    tracing::warn!(limit = %of, error = fault as &dyn std::error::Error, "a limit learnt nothing of a chunk");
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
