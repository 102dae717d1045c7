//! The oracle: what must hold when a run has come to rest, whatever happened on the way.
//!
//! It looks at rows, at the application's data and at its journal, and believes no counter of Lethe's. Its checks are
//! the invariants that a regulator would ask about; each file holds some of them.

pub mod gate;
mod holds;
mod leases;
mod ledger;
mod notices;
pub mod package;
mod privacy;
mod records;
mod requests;
mod vault;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use shared::audit::verify;
use shared::domain::chunk::{ChunkState, Op};
use shared::domain::ids::RequestId;
use shared::domain::outcome::{Code, Counts};
use shared::domain::request::Facts;
use shared::sim::sources::journal::{Record, RecordId};

use crate::scenario::{Life, Owner, owner};
use crate::stack::Stack;

/// The application's data before anything happened.
#[derive(Debug)]
pub struct Before(BTreeMap<RecordId, Record>);

impl Before {
    /// As it is now.
    pub fn of(stack: &Stack) -> Self {
        Self(stack.outside.sources.snapshot())
    }
}

/// What a check needs of one request.
#[derive(Debug)]
struct Case {
    life: Life,
    facts: Facts,
    /// Whether a chunk of objects was swept by a second worker, after a first one died or gave it back.
    swept_again: bool,
}

impl Case {
    fn id(&self) -> RequestId {
        self.facts.id
    }

    /// Whether a record is this request's business.
    fn covers(&self, record: &RecordId) -> bool {
        let Some(Owner { subject, category }) = owner(record) else {
            return false;
        };
        subject == self.life.subject && self.life.scope.contains(&category)
    }

    fn executed_at(&self) -> Option<Timestamp> {
        self.facts.executed_at
    }
}

/// Everything that does not hold.
pub fn complaints(stack: &Stack, before: &Before) -> Vec<String> {
    let mut wrong = vec![];
    let mut cases = vec![];
    for (life, facts) in stack.requests() {
        match facts {
            Some(facts) => cases.push(Case {
                swept_again: swept_again(stack, &facts),
                life,
                facts,
            }),
            None => wrong.push(format!("the request of {} was never made", life.subject)),
        }
    }
    for case in &cases {
        requests::check(stack, case, &mut wrong);
        notices::check(stack, case, &mut wrong);
        ledger::check(stack, case, &mut wrong);
        leases::check(stack, case, &mut wrong);
    }
    requests::check_overlaps(&stack.outside.all_facts(), &mut wrong);
    for (month, of) in stack.outside.months() {
        let entries: Vec<_> = of.entries.into_values().collect();
        let broken = verify(&entries, &of.head.head).err();
        wrong.extend(broken.map(|broken| format!("{month}: {broken}")));
    }
    holds::check(stack, &mut wrong);
    records::check(stack, &cases, before, &mut wrong);
    vault::check(stack, &cases, &mut wrong);
    package::check(stack, &cases, &mut wrong);
    privacy::check(stack, &mut wrong);
    wrong
}

/// What the requests that go on for ever are at: their jobs, and the chunks that are not done.
pub fn unrest(stack: &Stack) -> Vec<String> {
    let mut at_work = vec![];
    for (life, facts) in stack.requests() {
        let Some(facts) = facts.filter(|facts| !facts.shredded) else {
            continue;
        };
        let chunks = stack.outside.chunks(&facts.key()).into_iter();
        let open: Vec<_> = chunks
            .filter(|chunk| chunk.state != ChunkState::Done || !is_settled(&chunk.counts))
            .map(|chunk| {
                let (op, state, counts) = (chunk.op, chunk.state, chunk.counts);
                format!("{} {op:?} {state:?} retried {} {counts:?}", chunk.id, chunk.retried)
            })
            .collect();
        let findings = stack.outside.findings(&facts.key());
        let findings: Vec<_> = findings
            .iter()
            .map(|f| format!("{} of {}", f.name(), f.epoch))
            .collect();
        at_work.push(format!(
            "{} is {}: {:?}, {open:?}, {findings:?}",
            life.subject, facts.status, facts.job
        ));
    }
    at_work
}

fn is_settled(counts: &Counts) -> bool {
    let open = [Code::Untouched, Code::Swept, Code::Failed];
    open.into_iter().all(|code| counts.of(code) == 0)
}

/// Whether any sweep of objects was leased more than once, or came after a verification.
fn swept_again(stack: &Stack, facts: &Facts) -> bool {
    let replaced = stack.outside.replaced(&facts.key());
    replaced.iter().any(|(_, after)| {
        let objects = after.id.dataset.as_str() == "attachments";
        objects && after.op == Op::Sweep && (after.epoch > 1 || after.id.generation > 0)
    })
}

/// How it ended: each request, its account and mails, and what is left of the data.
pub fn ending(stack: &Stack) -> String {
    let mut text = String::new();
    for (life, facts) in stack.requests() {
        let Some(facts) = facts else { continue };
        let _ = writeln!(
            text,
            "{}: {} {:?} {:?} {:?} shredded {}",
            life.subject, facts.status, facts.result, facts.account, facts.notice, facts.shredded
        );
        let _ = writeln!(text, "  mails {:?}", requests::occasions(stack, facts.id));
    }
    for (record, content) in stack.outside.sources.snapshot() {
        let _ = writeln!(
            text,
            "{record}: {}",
            if content.is_visible() { "there" } else { "hidden" }
        );
    }
    text
}
