//! Restore and strip: take our marks off again, or only the expiry.
//!
//! Guarantees: only an item that still carries this request's mark is written. A restored item is attribute by attribute
//! what it was before the sweep, TTL and its type included: what the sweep noted in `erasure_ttl_was` is read first and
//! must still stand when the marks go. Doing either twice is the same as once.
//!
//! An item without any mark was either restored by an attempt whose answer was lost, or written anew by the application.
//! It counts as `restored` if its TTL and its `written_at` are what they were before the sweep: as this call read them
//! while the mark was there, else as the manifest has them. So a lost answer can be mistaken for a new item (`recreated`)
//! in one case only: the worker died, and the TTL had changed between plan and sweep. The item lives in either case.

use std::collections::BTreeMap;

use super::Tables;
use super::attribute::{self, Item, Key};
use super::batch::Answer;
use super::layout::{Layout, Marked};
use super::statement::{self, Statement};
use super::sweep::keys;
use crate::domain::data_map::DynamoPlace;
use crate::domain::ids::{RequestId, Tenant};
use crate::domain::manifest::Line;
use crate::domain::outcome::{Code, LineOutcome};
use crate::ports::{Fault, RestoreOrder, StripOrder};

const RESTORE: &str = "taking marks off";
const STRIP: &str = "taking the expiry off";

/// Writes of one line before it counts as changing all the time.
const TRIES: usize = 2;

/// What is to be taken off, and whose it must be.
struct Undoing<'a> {
    operation: &'static str,
    layout: Layout<'a>,
    /// The TTL attribute to remove, of a strip; none: restore.
    strips: Option<&'a str>,
    whose: (&'a Tenant, RequestId),
    lines: &'a [(Line, LineOutcome)],
}

/// What a look at an item says.
enum Look {
    Settled(LineOutcome),
    Write(Statement),
}

impl Tables {
    /// Brings back what is swept and chosen.
    pub(in crate::source) async fn restore(
        &self,
        place: &DynamoPlace,
        order: &RestoreOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let undoing = Undoing {
            operation: RESTORE,
            layout: self.layout(order.dataset, place).await?,
            strips: None,
            whose: (order.tenant, order.request),
            lines: order.lines,
        };
        self.undo(&undoing, order.open().collect()).await
    }

    /// Takes the expiry off what is swept.
    pub(in crate::source) async fn strip(
        &self,
        place: &DynamoPlace,
        order: &StripOrder<'_>,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let swept = (0..order.lines.len()).filter(|at| order.lines[*at].1.code == Code::Swept);
        let Some(ttl) = place
            .soft_delete
            .ttl_attribute
            .as_deref()
            .filter(|_| order.dataset.waits_for_ttl())
        else {
            return Ok(order.lines.iter().map(|(_, outcome)| outcome.clone()).collect());
        };
        let undoing = Undoing {
            operation: STRIP,
            layout: self.layout(order.dataset, place).await?,
            strips: Some(ttl),
            whose: (order.tenant, order.request),
            lines: order.lines,
        };
        self.undo(&undoing, swept.collect()).await
    }

    /// Looks, writes what carries our mark, and looks again at what changed in between.
    async fn undo(&self, undoing: &Undoing<'_>, mut open: Vec<usize>) -> Result<Vec<LineOutcome>, Fault> {
        let keys = keys(undoing.operation, undoing.lines.iter().map(|(line, _)| line))?;
        let mut outcomes: Vec<LineOutcome> = undoing.lines.iter().map(|(_, outcome)| outcome.clone()).collect();
        let mut marked: BTreeMap<Key, Item> = BTreeMap::new();
        for tries in 0..=TRIES {
            let found = self.read_whole(undoing, &keys, &open).await?;
            let (mut writing, mut statements) = (Vec::new(), Vec::new());
            for at in open {
                match undoing.look(at, keys[at], found.get(keys[at]), marked.get(keys[at]))? {
                    Look::Settled(outcome) => outcomes[at] = outcome,
                    Look::Write(_) if tries == TRIES => outcomes[at] = LineOutcome::failed("changed"),
                    Look::Write(statement) => {
                        writing.push(at);
                        statements.push(statement);
                    }
                }
            }
            let answers = self.run(undoing.operation, statements).await?;
            open = Vec::new();
            for (at, answer) in writing.into_iter().zip(answers) {
                match answer {
                    Answer::Done if undoing.strips.is_none() => outcomes[at] = LineOutcome::plain(Code::Restored),
                    Answer::Done => {}
                    Answer::Refused(code) => outcomes[at] = LineOutcome::failed(code),
                    Answer::ConditionFailed => open.push(at),
                }
            }
            if open.is_empty() {
                break;
            }
            marked = found;
        }
        Ok(outcomes)
    }

    /// The watched attributes of some lines' items, and what the sweep noted of their TTL.
    async fn read_whole(
        &self,
        undoing: &Undoing<'_>,
        keys: &[&Key],
        which: &[usize],
    ) -> Result<BTreeMap<Key, Item>, Fault> {
        let layout = &undoing.layout;
        let mut wanted = layout.watched();
        wanted.insert(&layout.marks().ttl_was);
        let keys = which.iter().map(|at| keys[*at]);
        self.read(undoing.operation, layout, &wanted, keys).await
    }
}

impl Undoing<'_> {
    /// Judges an item by what it says now, and by what it said before our statement failed.
    fn look(&self, at: usize, key: &Key, item: Option<&Item>, before: Option<&Item>) -> Result<Look, Fault> {
        let (line, swept) = &self.lines[at];
        let because = |code, reason| Ok(Look::Settled(LineOutcome::because(code, reason)));
        let Some(item) = item else {
            return because(Code::Purged, "gone");
        };
        match self.layout.mark_of(item, self.whose.1) {
            Marked::Mine if !self.layout.is_of(self.whose.0, item) => because(Code::Failed, "changed"),
            Marked::Mine => self.statement(key, item, swept),
            Marked::Other => because(Code::Failed, "marked_by_other"),
            Marked::Free if self.strips.is_none() && self.is_as_before(line, item, before) => {
                Ok(Look::Settled(LineOutcome::plain(Code::Restored)))
            }
            Marked::Free => because(Code::Recreated, "overwritten"),
        }
    }

    fn statement(&self, key: &Key, item: &Item, swept: &LineOutcome) -> Result<Look, Fault> {
        let key = attribute::wire(key)?;
        Ok(match self.strips {
            None => Look::Write(statement::unmark(&self.layout, self.whose, &key, item)),
            Some(ttl) if item.contains_key(ttl) => {
                Look::Write(statement::disarm(&self.layout, self.whose, &key, ttl, item))
            }
            Some(_) => Look::Settled(swept.clone()),
        })
    }

    /// Whether an item without a mark is what it was before the sweep, as far as that is known.
    fn is_as_before(&self, line: &Line, item: &Item, before: Option<&Item>) -> bool {
        let layout = &self.layout;
        let now = |name: Option<&str>| name.and_then(|name| item.get(name));
        if let Some(before) = before.filter(|before| layout.mark_of(before, self.whose.1) == Marked::Mine) {
            let ttl = layout.armed().is_none() || now(layout.ttl()) == before.get(&layout.marks().ttl_was);
            return ttl && now(layout.written()) == layout.written().and_then(|name| before.get(name));
        }
        let Line::Item { ttl, written, .. } = line else {
            return false;
        };
        layout.scalar_of(layout.ttl(), item) == *ttl && layout.scalar_of(layout.written(), item) == *written
    }
}
