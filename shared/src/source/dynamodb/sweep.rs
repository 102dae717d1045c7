//! Sweep: mark each item where it stands, once, on condition that it is what was planned.
//!
//! Guarantees: sweeping twice is the same as once. A failed condition is read back and told apart by what the item says
//! now ([`after_failure`]); only a changed TTL is worth a second try, with the value just read, because TTL is the one
//! attribute we keep a copy of (and a changed date of its retention is judged anew). Everything else that changed is somebody else's doing and is reported, never overruled.
//! A sweep that an earlier attempt may have begun looks first, and writes only what is open.
//! A sweep that is stopped looks once at what it did not reach: a mark of an earlier attempt counts.

use std::collections::BTreeMap;

use super::Tables;
use super::attribute::{self, Item, Key};
use super::batch::Answer;
use super::layout::{Layout, Marked};
use super::statement::{self, Seen, Statement};
use crate::domain::data_map::DynamoPlace;
use crate::domain::manifest::{Line, Scalar};
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::retention;
use crate::ports::{Fault, SweepOrder, Watch};
use crate::source::fault;
use crate::source::gate::Gate;

const SWEEP: &str = "marking items";
const INSPECT: &str = "reading marks";

/// A line to be marked, by its place in the order.
struct Task {
    at: usize,
    seen: Seen,
}

impl Tables {
    /// Marks the lines' items, while that is wanted.
    pub(in crate::source) async fn sweep<W: Watch>(
        &self,
        place: &DynamoPlace,
        order: &SweepOrder<'_>,
        watch: &W,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let layout = self.layout(order.dataset, place).await?;
        let keys = keys(SWEEP, order.lines)?;
        let mut outcomes = vec![LineOutcome::failed("changed"); order.lines.len()];
        let mut tasks = Vec::with_capacity(order.lines.len());
        for (at, line) in order.lines.iter().enumerate() {
            match retention::kept(order.dataset.retain.as_ref(), line, order.cutoff) {
                Some(outcome) => outcomes[at] = outcome,
                None => tasks.push(Task {
                    at,
                    seen: planned(line)?,
                }),
            }
        }
        if order.again {
            tasks = self.without_done(&layout, order, &keys, tasks, &mut outcomes).await?;
        }
        let gate = Gate::new(watch);
        // The second round is for items whose TTL had changed; what fails then stays `changed`.
        for _ in 0..2 {
            tasks = self.round(&layout, order, &keys, tasks, &gate, &mut outcomes).await?;
            if tasks.is_empty() {
                break;
            }
        }
        self.look_at_unreached(&layout, order, &keys, &mut outcomes).await?;
        Ok(outcomes)
    }

    /// What an earlier attempt did is not asked for again.
    async fn without_done(
        &self,
        layout: &Layout<'_>,
        order: &SweepOrder<'_>,
        keys: &[&Key],
        mut tasks: Vec<Task>,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<Task>, Fault> {
        let which: Vec<usize> = tasks.iter().map(|task| task.at).collect();
        let found = self.read_lines(SWEEP, layout, keys, &which).await?;
        tasks.retain(|task| {
            let item = found.get(keys[task.at]);
            let done = item.is_some_and(|item| layout.mark_of(item, order.request) == Marked::Mine);
            if done {
                outcomes[task.at] = LineOutcome::plain(Code::Swept);
            }
            !done
        });
        Ok(tasks)
    }

    /// Of what the stopped sweep did not reach, an earlier attempt may have marked something.
    async fn look_at_unreached(
        &self,
        layout: &Layout<'_>,
        order: &SweepOrder<'_>,
        keys: &[&Key],
        outcomes: &mut [LineOutcome],
    ) -> Result<(), Fault> {
        let unreached = (0..keys.len()).filter(|at| outcomes[*at].code == Code::Untouched);
        let unreached: Vec<usize> = unreached.collect();
        let found = self.read_lines(SWEEP, layout, keys, &unreached).await?;
        for at in unreached {
            let item = found.get(keys[at]);
            if item.is_some_and(|item| layout.mark_of(item, order.request) == Marked::Mine) {
                outcomes[at] = LineOutcome::plain(Code::Swept);
            }
        }
        Ok(())
    }

    /// One statement per task; writes the outcomes that are settled and answers the tasks worth another round.
    async fn round<W: Watch>(
        &self,
        layout: &Layout<'_>,
        order: &SweepOrder<'_>,
        keys: &[&Key],
        tasks: Vec<Task>,
        gate: &Gate<'_, W>,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<Task>, Fault> {
        let write = |task: &Task| {
            Ok(statement::mark(
                layout,
                order,
                &attribute::wire(keys[task.at])?,
                &task.seen,
            ))
        };
        let statements = tasks.iter().map(write).collect::<Result<Vec<Statement>, Fault>>()?;
        let answers = self.run_while(SWEEP, statements, gate).await?;
        let mut contested = Vec::new();
        for (task, answer) in tasks.into_iter().zip(answers) {
            match answer {
                Some(Answer::Done) => outcomes[task.at] = LineOutcome::plain(Code::Swept),
                Some(Answer::Refused(code)) => outcomes[task.at] = LineOutcome::failed(code),
                Some(Answer::ConditionFailed) => contested.push(task.at),
                None => outcomes[task.at] = LineOutcome::plain(Code::Untouched),
            }
        }
        let found = self.read_lines(SWEEP, layout, keys, &contested).await?;
        let mut again = Vec::new();
        for at in contested {
            match after_failure(layout, order, &order.lines[at], found.get(keys[at])) {
                Verdict::Settled(outcome) => outcomes[at] = outcome,
                Verdict::Again(seen) => again.push(Task { at, seen }),
            }
        }
        Ok(again)
    }

    /// Which lines carry this request's mark; changes nothing.
    pub(in crate::source) async fn inspect(
        &self,
        place: &DynamoPlace,
        order: &SweepOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let layout = self.layout(order.dataset, place).await?;
        let keys = keys(INSPECT, order.lines)?;
        let all: Vec<usize> = (0..keys.len()).collect();
        let found = self.read_lines(INSPECT, &layout, &keys, &all).await?;
        let state = |key: &&Key| match found.get(*key) {
            None => Code::AlreadyAbsent,
            Some(item) if layout.mark_of(item, order.request) == Marked::Mine => Code::Swept,
            Some(_) => Code::Untouched,
        };
        Ok(keys.iter().map(state).map(LineOutcome::plain).collect())
    }

    /// The watched attributes of some lines' items.
    pub(super) async fn read_lines(
        &self,
        operation: &'static str,
        layout: &Layout<'_>,
        keys: &[&Key],
        which: &[usize],
    ) -> Result<BTreeMap<Key, Item>, Fault> {
        let keys = which.iter().map(|at| keys[*at]);
        self.read(operation, layout, &layout.watched(), keys).await
    }
}

/// The lines' primary keys.
pub(super) fn keys<'l>(
    operation: &'static str,
    lines: impl IntoIterator<Item = &'l Line>,
) -> Result<Vec<&'l Key>, Fault> {
    let key = |line: &'l Line| match line {
        Line::Item { key, .. } => Ok(key),
        Line::Object { .. } => Err(fault::foreign_line(operation)),
    };
    lines.into_iter().map(key).collect()
}

fn planned(line: &Line) -> Result<Seen, Fault> {
    let Line::Item {
        ttl,
        written,
        dated,
        owner,
        ..
    } = line
    else {
        return Err(fault::foreign_line(SWEEP));
    };
    let value = |known: &Option<Scalar>| known.as_ref().map(attribute::value).transpose();
    Ok(Seen {
        ttl: value(ttl)?,
        written: value(written)?,
        dated: value(dated)?,
        owner: value(owner)?,
    })
}

/// What a failed condition turns out to mean.
enum Verdict {
    Settled(LineOutcome),
    Again(Seen),
}

fn after_failure(layout: &Layout<'_>, order: &SweepOrder<'_>, line: &Line, item: Option<&Item>) -> Verdict {
    let settled = |code| Verdict::Settled(LineOutcome::plain(code));
    let failed = |code| Verdict::Settled(LineOutcome::failed(code));
    let Some(item) = item else {
        return settled(Code::AlreadyAbsent);
    };
    match layout.mark_of(item, order.request) {
        Marked::Mine => return settled(Code::Swept),
        Marked::Other => return failed("marked_by_other"),
        Marked::Free => {}
    }
    if layout.is_later(item, order.cutoff) {
        return settled(Code::ArrivedLater);
    }
    let Line::Item { written, owner, .. } = line else {
        return failed("changed");
    };
    // A manifest of before owners were noted has none.
    let same_owner = owner.is_none() || layout.scalar_of(layout.owner(), item) == *owner;
    // As far as a manifest can say: a map or a list where a time should be reads as absent in both.
    let as_written = layout.scalar_of(layout.written(), item) == *written;
    if !(as_written && same_owner && layout.is_of(order.tenant, item)) {
        return failed("changed");
    }
    // Its date may be another one by now; what it says decides, as it would have at planning.
    let now = layout.line_of(item);
    match now.and_then(|now| retention::kept(order.dataset.retain.as_ref(), &now, order.cutoff)) {
        Some(outcome) => Verdict::Settled(outcome),
        None => Verdict::Again(Seen::of(layout, item)),
    }
}
