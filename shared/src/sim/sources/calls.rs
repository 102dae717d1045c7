//! Calls of the fake: one at a time, or one per batch with several in flight.
//!
//! A batch is as large as the real one, or half a chunk where chunks are smaller. One throttled entry makes the whole
//! order a `Transient` fault although its neighbours took effect; after a fault, or when the order is not wanted any
//! more, no further batch is begun, but those in flight go on.

use std::cell::Cell;

use futures::StreamExt as _;
use futures::stream;

use super::{SimSources, State};
use crate::domain::manifest::Line;
use crate::knobs;
use crate::ports::{Always, Fault, Watch};

/// Statements in a call to DynamoDB.
const PER_CALL: usize = 25;
/// Calls of one order under way at a time.
const IN_FLIGHT: usize = 8;
/// Of a thousand batches, how many have a throttled entry while things go wrong.
const THROTTLED: u32 = 20;

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
        let (stopped, act) = (Cell::new(false), &act);
        let calls: Vec<_> = items
            .chunks(batch())
            .map(|some| async {
                stopped.set(stopped.get() || !watch.wanted().await);
                if stopped.get() {
                    return Ok(some.iter().map(|_| None).collect());
                }
                let answers = self.some(op, container, some, act).await;
                stopped.set(stopped.get() || answers.is_err());
                Ok(answers?.into_iter().map(Some).collect())
            })
            .collect();
        let answers: Vec<Result<Vec<Option<A>>, Fault>> = stream::iter(calls).buffered(IN_FLIGHT).collect().await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, Fault>>()?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn some<T, A>(
        &self,
        op: &'static str,
        container: &str,
        batch: &[T],
        act: &impl Fn(&mut State, &T) -> A,
    ) -> Result<Vec<A>, Fault> {
        let whole = || {
            let mut state = self.state.borrow_mut();
            state.reach(op, container)?;
            let throttled = self.throttled(batch.len());
            let entries = batch.iter().enumerate().filter(|(n, _)| Some(*n) != throttled);
            let answers = entries.map(|(_, item)| act(&mut state, item)).collect();
            match throttled {
                None => Ok(answers),
                Some(_) => Err(Fault::transient(op, "an entry was throttled")),
            }
        };
        let what = format!("{container}, {} at once", batch.len());
        self.world.try_call(op, what, whole).await
    }

    fn throttled(&self, entries: usize) -> Option<usize> {
        let is_one = self.world.mishap(THROTTLED);
        is_one.then(|| self.world.roll(|dice| dice.below(entries)))
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
