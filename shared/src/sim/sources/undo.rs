//! Restore and strip of items: the marks come off, or the TTL alone, on condition of the mark.
//!
//! What the sweep noted of the TTL is read first and must still be noted when the marks go. An item without a mark was
//! restored before, if its TTL and its date are what they were, and else written anew.

use jiff::Timestamp;

use super::calls::{Answer, key_of};
use super::journal::{Effect, RecordId, What, Who};
use super::table::{Item, Key, Stored};
use super::view::{Marked, View};
use super::{SimSources, State};
use crate::domain::ids::{RequestId, Tenant};
use crate::domain::manifest::{Line, Scalar};
use crate::domain::outcome::{Code, LineOutcome};
use crate::ports::{Fault, RestoreOrder, StripOrder};

const RESTORE: &str = "take marks off";
const STRIP: &str = "take the expiry off";

/// What is undone: the whole sweep, or its expiry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Undo {
    Sweep,
    Expiry,
}

/// Whose items, and what is known of them.
struct Undoing<'a> {
    undo: Undo,
    view: View<'a>,
    tenant: &'a Tenant,
    request: RequestId,
    lines: &'a [(Line, LineOutcome)],
}

/// A line to be written: its place in the order, and the item as it was read.
struct Task {
    at: usize,
    key: Key,
    seen: Item,
}

impl SimSources {
    pub(super) async fn restore_items(
        &self,
        view: View<'_>,
        order: &RestoreOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let undoing = Undoing {
            undo: Undo::Sweep,
            view,
            tenant: order.tenant,
            request: order.request,
            lines: order.lines,
        };
        self.undo(&undoing, order.open().collect()).await
    }

    pub(super) async fn strip_items(&self, view: View<'_>, order: &StripOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        let undoing = Undoing {
            undo: Undo::Expiry,
            view,
            tenant: order.tenant,
            request: order.request,
            lines: order.lines,
        };
        let armed = view.dataset.waits_for_ttl();
        let swept = (0..order.lines.len()).filter(|at| armed && order.lines[*at].1.code == Code::Swept);
        self.undo(&undoing, swept.collect()).await
    }

    async fn undo(&self, undoing: &Undoing<'_>, open: Vec<usize>) -> Result<Vec<LineOutcome>, Fault> {
        let op = match undoing.undo {
            Undo::Sweep => RESTORE,
            Undo::Expiry => STRIP,
        };
        let keys = undoing.lines.iter().map(|(line, _)| key_of(op, line));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut outcomes: Vec<LineOutcome> = undoing.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let mut open: Vec<(usize, Option<Item>)> = open.into_iter().map(|at| (at, None)).collect();
        for writes in [true, true, false] {
            let wanted: Vec<Key> = open.iter().map(|(at, _)| keys[*at].clone()).collect();
            let found = self.read_items(undoing.view, &wanted).await?;
            let mut tasks = Vec::new();
            for ((at, before), item) in open.into_iter().zip(found) {
                match undoing.settled(&undoing.lines[at], item.as_ref(), before.as_ref()) {
                    Some(outcome) => outcomes[at] = outcome,
                    None if !writes => outcomes[at] = LineOutcome::failed("changed"),
                    None => tasks.extend(item.map(|seen| Task {
                        at,
                        key: keys[at].clone(),
                        seen,
                    })),
                }
            }
            let write = |state: &mut State, task: &Task| state.undo(undoing, task, self.world.now());
            let answers = self.each(op, &undoing.view.place.table, &tasks, write).await?;
            open = Vec::new();
            for (task, answer) in tasks.into_iter().zip(answers) {
                match answer {
                    Answer::Done(_) if undoing.undo == Undo::Sweep => {
                        outcomes[task.at] = LineOutcome::plain(Code::Restored);
                    }
                    Answer::Done(_) => {}
                    Answer::Refused(code) => outcomes[task.at] = LineOutcome::failed(code),
                    Answer::ConditionFailed => open.push((task.at, Some(task.seen))),
                }
            }
        }
        Ok(outcomes)
    }
}

impl Undoing<'_> {
    /// What a look at the item says; none: it is to be written.
    fn settled(
        &self,
        (line, swept): &(Line, LineOutcome),
        item: Option<&Item>,
        before: Option<&Item>,
    ) -> Option<LineOutcome> {
        let Some(item) = item else {
            return Some(LineOutcome::because(Code::Purged, "gone"));
        };
        match self.view.mark_of(item, self.request) {
            Marked::Mine if !self.view.is_of(self.tenant, item) => Some(LineOutcome::failed("changed")),
            Marked::Mine if self.undo == Undo::Expiry && self.view.ttl(item).is_none() => Some(swept.clone()),
            Marked::Mine => None,
            Marked::Other => Some(LineOutcome::failed("marked_by_other")),
            Marked::Free if self.undo == Undo::Sweep && self.is_as_before(line, item, before) => {
                Some(LineOutcome::plain(Code::Restored))
            }
            Marked::Free => Some(LineOutcome::because(Code::Recreated, "overwritten")),
        }
    }

    fn is_as_before(&self, line: &Line, item: &Item, before: Option<&Item>) -> bool {
        let (ttl, written) = match (before, line) {
            (Some(marked), _) if self.view.dataset.waits_for_ttl() => (self.noted(marked), self.view.written(marked)),
            (Some(marked), _) => (self.view.ttl(item), self.view.written(marked)),
            (None, Line::Item { ttl, written, .. }) => (ttl.clone(), written.clone()),
            (None, Line::Object { .. }) => return false,
        };
        self.view.ttl(item) == ttl && self.view.written(item) == written
    }

    /// What the sweep noted of the TTL.
    fn noted(&self, item: &Item) -> Option<Scalar> {
        item.get(&self.view.marks().ttl_was).cloned()
    }

    fn apply(&self, mut item: Item) -> Item {
        let marks = self.view.marks();
        let ttl = self.view.ttl_name().filter(|_| self.view.dataset.waits_for_ttl());
        if let Some(ttl) = ttl {
            item.remove(ttl);
        }
        if self.undo == Undo::Expiry {
            return item;
        }
        if let (Some(ttl), Some(was)) = (ttl, self.noted(&item)) {
            item.insert(ttl.to_owned(), was);
        }
        for mark in [&marks.id, &marks.deleted_at, &marks.ttl_was] {
            item.remove(mark);
        }
        item
    }
}

impl State {
    /// One statement.
    fn undo(&mut self, undoing: &Undoing<'_>, task: &Task, now: Timestamp) -> Answer {
        let table = &undoing.view.place.table;
        let record = RecordId::item(table, &task.key);
        let Some(Stored { item, written }) = self.tables[table].get(&task.key).cloned() else {
            return Answer::ConditionFailed;
        };
        let mine = undoing.view.mark_of(&item, undoing.request) == Marked::Mine;
        let noted = undoing.undo == Undo::Expiry || undoing.noted(&item) == undoing.noted(&task.seen);
        if !(mine && noted && undoing.view.is_of(undoing.tenant, &item)) {
            return Answer::ConditionFailed;
        }
        if let Some(code) = self.locked.get(&record) {
            return Answer::Refused(code);
        }
        let planned = self.planned.contains(&(undoing.request, record.clone(), None));
        self.journal.push(Effect {
            at: now,
            who: Who::Request(undoing.request),
            record,
            what: match undoing.undo {
                Undo::Sweep => What::Restored,
                Undo::Expiry => What::Stripped,
            },
            planned,
            mark: undoing.view.mark_text(&item),
            written,
        });
        let item = undoing.apply(item);
        if let Some(table) = self.tables.get_mut(table) {
            table.put(task.key.clone(), Stored { item, written }, now);
        }
        Answer::Done(None)
    }
}
