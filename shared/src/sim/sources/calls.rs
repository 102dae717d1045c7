//! Calls of the fake: one at a time, or one per batch with several in flight.
//!
//! A batch is as large as the real one, or half a chunk where chunks are smaller. Entries that were throttled or not
//! answered are tried again by themselves as long as the gauge has patience; then that is a `Transient` fault of the
//! whole order, although others took effect. After a fault, or when the order is not wanted any more, no further batch
//! is begun, but those in flight go on.

use std::cell::Cell;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;
use jiff::{SignedDuration, Timestamp};

use super::{SimSources, State};
use crate::domain::manifest::Line;
use crate::knobs;
use crate::ports::{Always, Fault, Gauge, Sources, Watch};

/// Statements in a call to DynamoDB.
const PER_CALL: usize = 25;
/// Calls of one order under way at a time.
const IN_FLIGHT: usize = 8;
/// Of a thousand batches, how many have a throttled entry while things go wrong.
const THROTTLED: u32 = 20;
/// After how many a container takes nothing for a while.
const STANDSTILLS: u32 = 3;
/// How long, at most.
const STANDSTILL_SECONDS: i64 = 90;
/// The first pause after throttling; the next are longer.
const PAUSE: SignedDuration = SignedDuration::from_millis(400);
/// Rounds of one order's writes, the first included.
const ROUNDS: i32 = 4;

/// How many records one call carries.
pub(super) fn batch() -> usize {
    (knobs::sizes().chunk_records / 2).clamp(1, PER_CALL)
}

/// What became of one write in a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Done; with the id of a marker, where one was put.
    Done(Option<String>),
    /// The record is not as the condition demands.
    ConditionFailed,
    /// The record cannot be written at all, by a stable code.
    Refused(&'static str),
}

/// A line of the other kind of source: manifest and data map do not fit together.
pub(super) fn foreign_line(op: &'static str) -> Fault {
    Fault::corrupt(op, "a manifest line of another kind of source")
}

/// An item's primary key, as a line has it.
pub(super) fn key_of(op: &'static str, line: &Line) -> Result<super::Key, Fault> {
    match line {
        Line::Item { key, .. } => Ok(key.clone()),
        Line::Object { .. } => Err(foreign_line(op)),
    }
}

impl SimSources {
    /// One call to a table or bucket.
    pub(super) async fn ask<T>(
        &self,
        op: &'static str,
        container: &str,
        act: impl FnOnce(&mut State) -> T,
    ) -> Result<T, Fault> {
        let act = || {
            let mut state = self.state.borrow_mut();
            state.reach(op, container)?;
            Ok(act(&mut state))
        };
        self.world.try_call(op, container, act).await
    }

    /// One entry that only looks for each item, in batches; the answers in order. Looking has no pace.
    pub(super) async fn look_at_each<T, A>(
        &self,
        op: &'static str,
        container: &str,
        items: &[T],
        look: impl Fn(&mut State, &T) -> A,
    ) -> Result<Vec<A>, Fault> {
        let looking = Self {
            looks: true,
            ..self.at_pace(&Arc::new(Gauge::unbounded()))
        };
        looking.each(op, container, items, look).await
    }

    /// One entry for each item, in batches; the answers in order.
    pub(super) async fn each<T, A>(
        &self,
        op: &'static str,
        container: &str,
        items: &[T],
        act: impl Fn(&mut State, &T) -> A,
    ) -> Result<Vec<A>, Fault> {
        let answers = self.each_while(op, container, items, act, &Always).await?;
        Ok(answers.into_iter().flatten().collect())
    }

    /// One entry for each item while that is wanted; no answer for an entry of a batch that was not begun.
    pub(super) async fn each_while<T, A>(
        &self,
        op: &'static str,
        container: &str,
        items: &[T],
        act: impl Fn(&mut State, &T) -> A,
        watch: &impl Watch,
    ) -> Result<Vec<Option<A>>, Fault> {
        let (stopped, begun_at) = (Cell::new(false), self.world.now());
        let mut pulse = Pulse {
            next_at: Cell::new(begun_at + self.gauge.begins_in),
            per_second: self.gauge.per_second,
        };
        let mut answers: Vec<Option<A>> = items.iter().map(|_| None).collect();
        let mut open: Vec<usize> = (0..items.len()).collect();
        for round in 1.. {
            let ebb = Cell::new(false);
            let calls = open.chunks(batch()).map(|which| {
                let some: Vec<&T> = which.iter().map(|at| &items[*at]).collect();
                self.some((op, container), some, &act, (watch, &stopped, &ebb, &pulse))
            });
            let calls: Vec<_> = calls.collect();
            let in_flight = if round == 1 { IN_FLIGHT } else { 1 };
            let heard: Vec<_> = stream::iter(calls).buffered(in_flight).collect().await;
            let heard = heard.into_iter().collect::<Result<Vec<_>, Fault>>()?;
            let mut again = Vec::new();
            for (at, heard) in open.into_iter().zip(heard.into_iter().flatten()) {
                match heard {
                    Some(answer) => answers[at] = Some(answer),
                    None => again.push(at),
                }
            }
            open = again;
            if !ebb.get() || stopped.get() {
                break;
            }
            let pause = PAUSE * round;
            let waited = (self.world.now() + pause).duration_since(begun_at);
            if round >= ROUNDS || waited.unsigned_abs() >= self.gauge.patience {
                return Err(Fault::transient(op, "entries were throttled or not answered"));
            }
            self.world.pause(pause).await;
            pulse.per_second = (pulse.per_second / 2).max(1);
        }
        Ok(answers)
    }

    /// One batch, unless nothing begins any more; none for an entry that has no answer.
    async fn some<T, A>(
        &self,
        (op, container): (&'static str, &str),
        batch: Vec<&T>,
        act: &impl Fn(&mut State, &T) -> A,
        (watch, stopped, ebb, pulse): (&impl Watch, &Cell<bool>, &Cell<bool>, &Pulse),
    ) -> Result<Vec<Option<A>>, Fault> {
        if let Some(pause) = pulse.turn(batch.len(), self.world.now()) {
            self.world.pause(pause).await;
        }
        let nothing = || batch.iter().map(|_| None).collect();
        stopped.set(stopped.get() || !watch.wanted().await);
        if stopped.get() || ebb.get() {
            return Ok(nothing());
        }
        let whole = || {
            let mut state = self.state.borrow_mut();
            state.reach(op, container)?;
            let refused = self.throttled(&mut state, container, batch.len());
            let entries = batch.iter().zip(refused);
            let answers = entries.map(|(item, refused)| (!refused).then(|| act(&mut state, item)));
            Ok(answers.collect::<Vec<_>>())
        };
        let what = format!("{container}, {} at once", batch.len());
        match self.world.try_call(op, what, whole).await {
            Ok(answers) => {
                let settled = answers.iter().flatten().count();
                self.gauge.settle(settled);
                self.gauge.throttle(answers.len() - settled);
                ebb.set(ebb.get() || settled < answers.len());
                Ok(answers)
            }
            Err(Fault::Transient { .. }) => {
                self.gauge.fail();
                ebb.set(true);
                Ok(nothing())
            }
            Err(fault) => {
                stopped.set(true);
                Err(fault)
            }
        }
    }

    /// Which entries of a batch are throttled: those beyond what the container takes; while things go wrong one of them,
    /// or all for a while.
    fn throttled(&self, state: &mut State, container: &str, entries: usize) -> Vec<bool> {
        let now = self.world.now();
        if self.world.mishap(STANDSTILLS) {
            let seconds = self.world.roll(|dice| dice.between(1, STANDSTILL_SECONDS));
            state
                .standstills
                .insert(container.to_owned(), now + SignedDuration::from_secs(seconds));
        }
        if state.standstills.get(container).is_some_and(|until| now < *until) {
            return vec![true; entries];
        }
        if self.looks {
            // Keys that were not processed are asked for again by the adapter.
            return vec![false; entries];
        }
        let odd = self.world.mishap(THROTTLED);
        let odd = odd.then(|| self.world.roll(|dice| dice.below(entries)));
        let capacity = state.capacities.get_mut(container);
        let taken = capacity.map_or(entries, |capacity| capacity.take(entries, now));
        (0..entries).map(|n| n >= taken || Some(n) == odd).collect()
    }
}

/// The pace of one order's writes.
struct Pulse {
    next_at: Cell<Timestamp>,
    per_second: u32,
}

impl Pulse {
    /// How long until so many records' turn; none: at once.
    fn turn(&self, records: usize, now: Timestamp) -> Option<SignedDuration> {
        let at = self.next_at.get().max(now);
        let records = i64::try_from(records).unwrap_or(i64::MAX);
        let cost = SignedDuration::from_millis(records * 1_000 / i64::from(self.per_second));
        self.next_at.set(at + cost);
        (at > now).then(|| at.duration_since(now))
    }
}

/// What a container takes in a second, and what is left of this one.
#[derive(Clone, Debug)]
pub(super) struct Capacity {
    pub(super) per_second: usize,
    pub(super) second: i64,
    pub(super) left: usize,
}

impl Capacity {
    /// How many of these entries it takes now.
    fn take(&mut self, entries: usize, now: Timestamp) -> usize {
        if self.second != now.as_second() {
            (self.second, self.left) = (now.as_second(), self.per_second);
        }
        let taken = entries.min(self.left);
        self.left -= taken;
        taken
    }
}

impl State {
    fn reach(&self, op: &'static str, container: &str) -> Result<(), Fault> {
        if let Some(code) = self.broken.get(container) {
            return Err(Fault::permanent(op, code, "the source is broken"));
        }
        if self.tables.contains_key(container) || self.buckets.contains_key(container) {
            return Ok(());
        }
        Err(Fault::permanent(op, "source_gone", "nobody hosts this table or bucket"))
    }
}
