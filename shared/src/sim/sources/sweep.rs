//! Sweep of items: one conditional statement each, a failed condition read back and told apart, a second round for items
//! whose TTL had changed.

use super::calls::{Answer, foreign_line, key_of};
use super::journal::{Effect, RecordId, What, Who};
use super::table::{Item, Key, Stored};
use super::view::{Marked, View};
use super::{SimSources, State};
use crate::domain::manifest::{Line, Scalar};
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::retention;
use crate::knobs::Guard;
use crate::ports::{Fault, SweepOrder, Watch};

const MARK: &str = "mark items";

/// A line to be marked: its place in the order, and what must still be true of the item.
struct Task {
    at: usize,
    key: Key,
    ttl: Option<Scalar>,
    written: Option<Scalar>,
    dated: Option<Scalar>,
    owner: Option<Scalar>,
}

impl Task {
    fn of(at: usize, line: &Line) -> Result<Self, Fault> {
        let key = key_of(MARK, line)?;
        let Line::Item {
            ttl,
            written,
            dated,
            owner,
            ..
        } = line.clone()
        else {
            return Err(foreign_line(MARK));
        };
        Ok(Self {
            at,
            key,
            ttl,
            written,
            dated,
            owner,
        })
    }

    fn refreshed(self, view: View<'_>, item: &Item) -> Self {
        Self {
            ttl: view.ttl(item),
            written: view.written(item),
            dated: view.dated(item),
            ..self
        }
    }
}

impl SimSources {
    pub(super) async fn sweep_items(
        &self,
        view: View<'_>,
        order: &SweepOrder<'_>,
        watch: &impl Watch,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let tasks = order.lines.iter().enumerate().map(|(at, line)| Task::of(at, line));
        let mut tasks = tasks.collect::<Result<Vec<_>, _>>()?;
        let mut outcomes = vec![LineOutcome::failed("changed"); order.lines.len()];
        tasks.retain(|task| match kept(order, &order.lines[task.at]) {
            Some(outcome) => {
                outcomes[task.at] = outcome;
                false
            }
            None => true,
        });
        if order.again {
            tasks = self.without_done(view, order, tasks, &mut outcomes).await?;
        }
        for _ in 0..2 {
            tasks = self.round(view, order, tasks, watch, &mut outcomes).await?;
        }
        self.look_at_unreached(view, order, &mut outcomes).await?;
        Ok(outcomes)
    }

    /// What an earlier attempt did is not asked for again.
    async fn without_done(
        &self,
        view: View<'_>,
        order: &SweepOrder<'_>,
        tasks: Vec<Task>,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<Task>, Fault> {
        let keys: Vec<Key> = tasks.iter().map(|task| task.key.clone()).collect();
        let found = self.read_items(view, &keys).await?;
        let mut open = Vec::new();
        for (task, item) in tasks.into_iter().zip(found) {
            if item.is_some_and(|item| view.mark_of(&item, order.request) == Marked::Mine) {
                outcomes[task.at] = LineOutcome::plain(Code::Swept);
            } else {
                open.push(task);
            }
        }
        Ok(open)
    }

    /// Of what the stopped sweep did not reach, an earlier attempt may have marked something.
    async fn look_at_unreached(
        &self,
        view: View<'_>,
        order: &SweepOrder<'_>,
        outcomes: &mut [LineOutcome],
    ) -> Result<(), Fault> {
        let unreached = (0..outcomes.len()).filter(|at| outcomes[*at].code == Code::Untouched);
        let unreached: Vec<usize> = unreached.collect();
        let keys = unreached.iter().map(|at| key_of(MARK, &order.lines[*at]));
        let found = self.read_items(view, &keys.collect::<Result<Vec<_>, _>>()?).await?;
        for (at, item) in unreached.into_iter().zip(found) {
            if item.is_some_and(|item| view.mark_of(&item, order.request) == Marked::Mine) {
                outcomes[at] = LineOutcome::plain(Code::Swept);
            }
        }
        Ok(())
    }

    /// Writes what is settled; answers the tasks worth another round.
    async fn round(
        &self,
        view: View<'_>,
        order: &SweepOrder<'_>,
        tasks: Vec<Task>,
        watch: &impl Watch,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<Task>, Fault> {
        let now = || self.world.now();
        let mark = |state: &mut State, task: &Task| state.mark(view, order, task, now());
        let answers = self.each_while(MARK, &view.place.table, &tasks, mark, watch).await?;
        let mut contested = Vec::new();
        for (task, answer) in tasks.into_iter().zip(answers) {
            match answer {
                Some(Answer::Done(_)) => outcomes[task.at] = LineOutcome::plain(Code::Swept),
                Some(Answer::Refused(code)) => outcomes[task.at] = LineOutcome::failed(code),
                Some(Answer::ConditionFailed) => contested.push(task),
                None => outcomes[task.at] = LineOutcome::plain(Code::Untouched),
            }
        }
        let keys: Vec<Key> = contested.iter().map(|task| task.key.clone()).collect();
        let found = self.read_items(view, &keys).await?;
        let mut again = Vec::new();
        for (task, item) in contested.into_iter().zip(found) {
            match settled(view, order, &order.lines[task.at], item.as_ref()) {
                Some(outcome) => outcomes[task.at] = outcome,
                None => again.extend(item.map(|item| task.refreshed(view, &item))),
            }
        }
        Ok(again)
    }

    pub(super) async fn inspect_items(
        &self,
        view: View<'_>,
        order: &SweepOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let keys = order.lines.iter().map(|line| key_of("read marks", line));
        let found = self.read_items(view, &keys.collect::<Result<Vec<_>, _>>()?).await?;
        let state = |item: &Option<Item>| match item {
            None => Code::AlreadyAbsent,
            Some(item) if view.mark_of(item, order.request) == Marked::Mine => Code::Swept,
            Some(_) => Code::Untouched,
        };
        Ok(found.iter().map(state).map(LineOutcome::plain).collect())
    }
}

/// What a failed condition turns out to mean; none: try again with what was just read.
fn settled(view: View<'_>, order: &SweepOrder<'_>, line: &Line, item: Option<&Item>) -> Option<LineOutcome> {
    let plain = |code| Some(LineOutcome::plain(code));
    let Some(item) = item else {
        return plain(Code::AlreadyAbsent);
    };
    if view.mark_of(item, order.request) == Marked::Mine {
        return plain(Code::Swept);
    }
    if view.is_anothers(item, order.request) {
        return Some(LineOutcome::failed("marked_by_other"));
    }
    if view.is_later(item, order.cutoff) {
        return plain(Code::ArrivedLater);
    }
    let (planned, owner) = match line {
        Line::Item { written, owner, .. } => (written.clone(), owner.clone()),
        Line::Object { .. } => (None, None),
    };
    let same_owner = view.owner(&key_of(MARK, line).ok()?, item) == owner;
    if view.written(item) != planned || !same_owner || !view.is_of(order.tenant, item) {
        return Some(LineOutcome::failed("changed"));
    }
    kept(order, &view.line(key_of(MARK, line).ok()?, item))
}

/// What the retention of the dataset says of a record.
fn kept(order: &SweepOrder<'_>, line: &Line) -> Option<LineOutcome> {
    retention::kept(order.dataset.retain.as_ref(), line, order.cutoff)
}

impl State {
    /// One statement. Without an item it does nothing: an UPDATE in PartiQL never makes one.
    fn mark(&mut self, view: View<'_>, order: &SweepOrder<'_>, task: &Task, now: jiff::Timestamp) -> Answer {
        let record = RecordId::item(&view.place.table, &task.key);
        let stored = self.tables[&view.place.table].get(&task.key).cloned();
        let stands = match &stored {
            Some(stored) => as_planned(view, order, task, &stored.item),
            None => !Guard::RecordExists.stands(),
        };
        if !stands {
            return Answer::ConditionFailed;
        }
        if let Some(code) = self.locked.get(&record) {
            return Answer::Refused(code);
        }
        let existed = stored.is_some();
        let Stored { item, written } = stored.unwrap_or(Stored {
            item: task.key.clone(),
            written: None,
        });
        let expires_at = order.expires_at.filter(|_| view.ttl_name().is_some());
        let what = if existed {
            What::Marked { expires_at }
        } else {
            What::Conjured
        };
        let planned = self.planned.contains(&(order.request, record.clone(), None));
        self.journal.push(Effect {
            at: now,
            who: Who::Request(order.request),
            record,
            what,
            planned,
            mark: view.mark_text(&item),
            written,
        });
        let item = marked(view, order, task, item);
        if let Some(table) = self.tables.get_mut(&view.place.table) {
            table.put(task.key.clone(), Stored { item, written }, now);
        }
        Answer::Done(None)
    }
}

fn as_planned(view: View<'_>, order: &SweepOrder<'_>, task: &Task, item: &Item) -> bool {
    let free = match view.mark_of(item, order.request) {
        Marked::Free => true,
        Marked::Mine => false,
        Marked::Other => !Guard::ForeignMark.stands(),
    };
    let same_age = view.written(item) == task.written || !Guard::Cutoff.stands();
    let same_date = view.dated(item) == task.dated;
    let same_owner = view.owner(&task.key, item) == task.owner;
    free && same_age && same_date && same_owner && view.ttl(item) == task.ttl && view.is_of(order.tenant, item)
}

fn marked(view: View<'_>, order: &SweepOrder<'_>, task: &Task, mut item: Item) -> Item {
    let marks = view.marks();
    item.insert(marks.id.clone(), Scalar::S(order.request.to_string()));
    item.insert(marks.deleted_at.clone(), Scalar::S(order.now.to_string()));
    if let Some(was) = &task.ttl {
        item.insert(marks.ttl_was.clone(), was.clone());
    }
    if let (Some(ttl), Some(at)) = (view.ttl_name(), order.expires_at) {
        item.insert(ttl.to_owned(), Scalar::N(at.to_string()));
    }
    item
}
