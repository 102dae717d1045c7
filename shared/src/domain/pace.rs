//! The pace of writes to a source: how fast, when the next chunk may begin, and when to leave the source alone.
//!
//! A limit bounds one dataset of one tenant, or one table or bucket over all tenants. Tokens are taken for a whole chunk
//! at once (GCRA: [`Limit::tat`] is the instant up to which all of them are given away), so a chunk that has to wait
//! knows its turn, and two that wait have two turns. The rate rises with what succeeds and is halved by throttling; a
//! breaker leaves a source alone that fails again and again, and tries it with one chunk. Pure: every instant is an
//! argument. Guarantees: over any time no more begins than the rate allows, a second's worth and one chunk; the rate stays
//! between the floor and the ceiling; an open breaker lets nobody through but one probe at a time.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::ids::{DatasetId, Tenant};

/// Records a second for a dataset whose owner allows no other pace. One partition key takes 1,000 write units a second,
/// and the application needs the rest.
pub const DEFAULT_CEILING: u32 = 500;
/// For objects: S3 takes 3,500 writes a second below one prefix.
pub const DEFAULT_CEILING_OF_OBJECTS: u32 = 1_000;
/// Records a second for a table or bucket over all tenants: what a new on-demand table takes at once.
pub const CONTAINER_CEILING: u32 = 4_000;
/// Throttling never slows a limit below this, so that the work ends.
const FLOOR: u32 = 10;
/// One record a second more for each so many records that were not throttled: at any rate 5 % a second.
const RECORDS_PER_STEP: u32 = 20;
/// Up to the 10th part of a finished chunk's writes may be throttled without slowing it down.
const STRAY: u64 = 10;
/// The rate is halved at most once in this time: several workers meet the same throttling.
const COOL_DOWN: SignedDuration = SignedDuration::from_secs(2);
/// A chunk may begin this much before its turn: queues delay by whole seconds.
const EARLY: SignedDuration = SignedDuration::from_secs(1);
/// The farthest turn that is given: queues delay by at most 15 minutes.
const HORIZON: SignedDuration = SignedDuration::from_secs(840);
/// Chunks in a row that failed before the breaker opens.
const FAILURES: u32 = 5;
/// How long an open breaker lets nobody through.
const OPEN: SignedDuration = SignedDuration::from_secs(30);
/// After this a probe that was not heard of is given up: longer than a lease.
const PROBE: SignedDuration = SignedDuration::from_secs(45);
/// How soon somebody who waits for a probe asks again.
const ASK_AGAIN: SignedDuration = SignedDuration::from_secs(5);
/// After so long without work what was learnt of a source is forgotten.
const FORGOTTEN: SignedDuration = SignedDuration::from_hours(1);
/// Throttling of two datasets within this time is the table's, not one dataset's.
const TOGETHER: SignedDuration = SignedDuration::from_secs(60);

/// Whose writes a limit bounds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bounded {
    /// One tenant's dataset.
    Dataset(Tenant, DatasetId),
    /// A table or bucket, over all tenants.
    Container(String),
}

impl fmt::Display for Bounded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dataset(tenant, dataset) => write!(f, "{tenant}#{dataset}"),
            Self::Container(name) => write!(f, "*#{name}"),
        }
    }
}

/// Whether a source is tried at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Breaker {
    /// It is; so many chunks in a row have failed.
    Closed {
        /// Chunks.
        failures: u32,
    },
    /// It is not, until then.
    Open {
        /// When a probe may begin.
        until: Timestamp,
    },
    /// By one chunk; another may be tried if nothing was heard of it by then.
    HalfOpen {
        /// When the probe is given up.
        until: Timestamp,
    },
}

impl Breaker {
    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed { .. } => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen { .. } => "half_open",
        }
    }
}

/// A limit's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Format version, 1.
    pub v: u32,
    /// Records a second it may become.
    pub ceiling: u32,
    /// Records a second it is now.
    pub rate: u32,
    /// Up to then all tokens are given away.
    pub tat: Timestamp,
    /// Whether the source is tried.
    pub breaker: Breaker,
    /// When the rate was last halved.
    pub slowed_at: Option<Timestamp>,
    /// How often it was: turns given before the last time are void.
    pub slowed: u32,
    /// Writes throttled since the row was made.
    pub throttled: u64,
    /// Which dataset was throttled last, and when.
    pub last_throttled: Option<(String, Timestamp)>,
    /// Who wrote it: tells two workers apart that would write the same at the same instant.
    pub by: String,
    /// Rises with each write; the compare-and-set's witness. 0: not written yet.
    pub rev: u64,
}

/// When a chunk may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// Not before then.
    pub at: Timestamp,
    /// How often its two limits had been slowed when they gave it its tokens; none: it has to ask again.
    pub given: Option<[u32; 2]>,
}

impl Turn {
    /// Whether it has come.
    pub fn has_come(&self, now: Timestamp) -> bool {
        self.at.duration_since(now) <= EARLY
    }

    /// Whole seconds from now until it.
    pub fn delay_seconds(&self, now: Timestamp) -> u32 {
        let seconds = self.at.duration_since(now).as_secs_f64().ceil().max(0.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "not negative, and below the horizon"
        )]
        let seconds = seconds as u32;
        seconds
    }
}

/// What a chunk's work told of its source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Records it was about.
    pub records: u32,
    /// Records a second that went through, if there were enough to tell.
    pub achieved: Option<u32>,
    /// Writes that were throttled.
    pub throttled: u64,
    /// Calls that the source did not answer, or with an error of its own.
    pub failed: u64,
    /// Whether the operation was finished.
    pub finished: bool,
}

impl Heard {
    /// Whether so little was throttled that the rate is about right: it stays as it is.
    fn is_stray(&self) -> bool {
        self.finished && self.throttled * STRAY <= u64::from(self.records)
    }
}

/// The answer to who asks for tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// They are there at that instant, now or later; the row that gives them away.
    Taken(Timestamp, Limit),
    /// None are to be had; worth asking again then.
    Refused(Timestamp),
}

impl Admission {
    /// When to ask again, if none are to be had.
    pub fn refused(&self) -> Option<Timestamp> {
        match self {
            Self::Taken(..) => None,
            Self::Refused(until) => Some(*until),
        }
    }
}

impl Limit {
    /// A limit nobody has met yet.
    pub fn fresh(ceiling: u32, now: Timestamp) -> Self {
        Self {
            v: 1,
            ceiling: ceiling.max(1),
            rate: ceiling.max(1),
            tat: now,
            breaker: Breaker::Closed { failures: 0 },
            slowed_at: None,
            slowed: 0,
            throttled: 0,
            last_throttled: None,
            by: String::new(),
            rev: 0,
        }
    }

    /// The limit under the ceiling of today; what was learnt long ago is forgotten.
    pub fn current(&self, ceiling: u32, now: Timestamp) -> Self {
        if now.duration_since(self.tat) > FORGOTTEN {
            let (rev, slowed) = (self.rev, self.slowed);
            return Self {
                rev,
                slowed,
                ..Self::fresh(ceiling, now)
            };
        }
        let ceiling = ceiling.max(1);
        // What was never slowed goes as fast as the owner allows now; what was keeps what it learnt.
        let rate = if self.slowed_at.is_none() {
            ceiling
        } else {
            self.rate.min(ceiling)
        };
        Self {
            ceiling,
            rate,
            ..self.clone()
        }
    }

    /// The row as it is to be written by somebody.
    pub fn signed(self, by: &str) -> Self {
        let (by, rev) = (by.to_owned(), self.rev + 1);
        Self { by, rev, ..self }
    }

    /// Tokens for so many records.
    pub fn admit(&self, records: u32, now: Timestamp) -> Admission {
        let probes = match self.breaker {
            Breaker::Closed { .. } => false,
            Breaker::Open { until } if now < until => return Admission::Refused(until),
            Breaker::HalfOpen { until } if now < until => return Admission::Refused(until.min(now + ASK_AGAIN)),
            Breaker::Open { .. } | Breaker::HalfOpen { .. } => true,
        };
        // A probe begins at once: nobody else does.
        let at = if probes { now } else { self.tat.max(now) };
        if at.duration_since(now) > HORIZON {
            return Admission::Refused(now + HORIZON);
        }
        let mut next = self.clone();
        next.tat = at + self.cost(records);
        if probes {
            next.breaker = Breaker::HalfOpen { until: now + PROBE };
        }
        Admission::Taken(at, next)
    }

    /// Whether tokens are still good that were given away when it had been slowed so often.
    pub fn honours(&self, slowed: u32) -> bool {
        matches!(self.breaker, Breaker::Closed { .. }) && self.slowed == slowed
    }

    /// What a dataset's own limit learns from a chunk's work; none: nothing.
    pub fn after(&self, heard: &Heard, now: Timestamp) -> Option<Self> {
        let next = match heard.throttled {
            0 if heard.finished => self.raised(heard.records),
            0 => self.clone(),
            _ if heard.is_stray() => self.counted(heard.throttled),
            writes => self.slowed(writes, heard.achieved, now),
        };
        self.unless_same(next.tried(heard.finished, heard.throttled + heard.failed > 0, now))
    }

    /// What a table's or bucket's limit learns. One dataset's throttling slows the others only if another was throttled
    /// just before, and never opens their breaker.
    pub fn after_one_of_many(&self, dataset: &str, heard: &Heard, now: Timestamp) -> Option<Self> {
        let last = self.last_throttled.as_ref();
        let together = last.is_some_and(|(other, at)| other != dataset && now.duration_since(*at) <= TOGETHER);
        let mut next = match heard.throttled {
            0 if heard.finished => self.raised(heard.records),
            0 => self.clone(),
            writes if together && !heard.is_stray() => self.slowed(writes, heard.achieved, now),
            writes => self.counted(writes),
        };
        if heard.throttled > 0 && !heard.is_stray() {
            next.last_throttled = Some((dataset.to_owned(), now));
        }
        self.unless_same(next.tried(heard.finished, heard.failed > 0, now))
    }

    fn unless_same(&self, next: Self) -> Option<Self> {
        (next != *self).then_some(next)
    }

    /// So many records were written and none throttled.
    fn raised(&self, records: u32) -> Self {
        let step = (records / RECORDS_PER_STEP).max(1);
        let rate = self.rate.saturating_add(step).min(self.ceiling).max(self.rate);
        Self { rate, ..self.clone() }
    }

    fn counted(&self, writes: u64) -> Self {
        let throttled = self.throttled + writes;
        Self {
            throttled,
            ..self.clone()
        }
    }

    /// Writes were throttled while `achieved` records a second went through: half of that, once in a while.
    fn slowed(&self, writes: u64, achieved: Option<u32>, now: Timestamp) -> Self {
        let mut next = self.counted(writes);
        if self
            .slowed_at
            .is_none_or(|slowed| now.duration_since(slowed) >= COOL_DOWN)
        {
            next.rate = (self.rate.min(achieved.unwrap_or(u32::MAX)) / 2).max(FLOOR.min(self.ceiling));
            next.slowed_at = Some(now);
            next.slowed += 1;
            next.tat = now;
        }
        next
    }

    /// A chunk was finished, or its source was in trouble.
    fn tried(self, finished: bool, in_trouble: bool, now: Timestamp) -> Self {
        let breaker = match self.breaker {
            _ if finished => Breaker::Closed { failures: 0 },
            breaker if !in_trouble => breaker,
            Breaker::Closed { failures } if failures + 1 < FAILURES => Breaker::Closed { failures: failures + 1 },
            Breaker::Closed { .. } | Breaker::HalfOpen { .. } => Breaker::Open { until: now + OPEN },
            open @ Breaker::Open { .. } => open,
        };
        Self { breaker, ..self }
    }

    /// Whether the breaker is open.
    pub fn is_open(&self) -> bool {
        matches!(self.breaker, Breaker::Open { .. })
    }

    fn cost(&self, records: u32) -> SignedDuration {
        SignedDuration::from_nanos(i64::from(records) * 1_000_000_000 / i64::from(self.rate))
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
