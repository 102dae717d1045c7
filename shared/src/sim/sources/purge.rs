//! Purge of items: what still carries this request's mark is deleted, on condition of the mark.

use jiff::Timestamp;

use super::calls::{Answer, key_of};
use super::journal::{Effect, RecordId, What, Who};
use super::table::Key;
use super::view::{Marked, View};
use super::{SimSources, State};
use crate::domain::ids::RequestId;
use crate::domain::outcome::{Code, LineOutcome};
use crate::knobs::Guard;
use crate::ports::{Fault, PurgeOrder};

const DELETE: &str = "delete items";

impl SimSources {
    pub(super) async fn purge_items(&self, view: View<'_>, order: &PurgeOrder<'_>) -> Result<Vec<LineOutcome>, Fault> {
        let keys = order.lines.iter().map(|(line, _)| key_of(DELETE, line));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut outcomes: Vec<LineOutcome> = order.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let swept = (0..keys.len()).filter(|at| outcomes[*at].code == Code::Swept);
        let swept = swept.map(|at| (at, keys[at].clone())).collect();

        let marked = self.settle(view, order.request, swept, &mut outcomes).await?;
        let delete =
            |state: &mut State, (_, key): &(usize, Key)| state.delete(view, order.request, key, self.world.now());
        let answers = self.each(DELETE, &view.place.table, &marked, delete).await?;
        let mut contested = Vec::new();
        for ((at, key), answer) in marked.into_iter().zip(answers) {
            match answer {
                Answer::Done(_) => outcomes[at] = LineOutcome::plain(Code::Purged),
                Answer::Refused(code) => outcomes[at] = LineOutcome::failed(code),
                Answer::ConditionFailed => contested.push((at, key)),
            }
        }
        for (at, _) in self.settle(view, order.request, contested, &mut outcomes).await? {
            outcomes[at] = LineOutcome::failed("changed");
        }
        Ok(outcomes)
    }

    /// Settles the lines that are gone or not ours; answers those that carry our mark.
    async fn settle(
        &self,
        view: View<'_>,
        request: RequestId,
        lines: Vec<(usize, Key)>,
        outcomes: &mut [LineOutcome],
    ) -> Result<Vec<(usize, Key)>, Fault> {
        let keys: Vec<Key> = lines.iter().map(|(_, key)| key.clone()).collect();
        let found = self.read_items(view, &keys).await?;
        let mut marked = Vec::new();
        for ((at, key), item) in lines.into_iter().zip(found) {
            match item.map(|item| view.mark_of(&item, request)) {
                None => outcomes[at] = LineOutcome::plain(Code::Purged),
                Some(mark) if is_ours(mark) => marked.push((at, key)),
                Some(_) => outcomes[at] = LineOutcome::plain(Code::Recreated),
            }
        }
        Ok(marked)
    }
}

fn is_ours(mark: Marked) -> bool {
    mark == Marked::Mine || !Guard::OwnMark.stands()
}

impl State {
    /// One statement.
    fn delete(&mut self, view: View<'_>, request: RequestId, key: &Key, now: Timestamp) -> Answer {
        let record = RecordId::item(&view.place.table, key);
        let Some(table) = self.tables.get_mut(&view.place.table) else {
            return Answer::ConditionFailed;
        };
        let ours = |item| is_ours(view.mark_of(item, request));
        if !table.get(key).is_some_and(|stored| ours(&stored.item)) {
            return Answer::ConditionFailed;
        }
        if let Some(code) = self.locked.get(&record) {
            return Answer::Refused(code);
        }
        let Some(stored) = table.remove(key, now) else {
            return Answer::ConditionFailed;
        };
        let planned = self.planned.contains(&(request, record.clone(), None));
        self.journal.push(Effect {
            at: now,
            who: Who::Request(request),
            record,
            what: What::Destroyed,
            planned,
            mark: view.mark_text(&stored.item),
            written: stored.written,
        });
        Answer::Done(None)
    }
}
