//! Dates: operators are told of each once and not before it comes; the due date moves once.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shared::audit::{Entry, Outcome};
use shared::domain::deadline::due_soon_at;
use shared::domain::request::{Facts, Status};

use super::Case;
use crate::stack::Stack;

/// Words of entries that tell of a date and move nothing.
pub(super) const NOTICES: [&str; 4] = ["grace_over", "due_soon", "overdue", "window_ended"];

pub(super) fn check(stack: &Stack, case: &Case, wrong: &mut Vec<String>) {
    let entries = stack.outside.entries(&case.facts.key());
    let done: Vec<_> = entries
        .iter()
        .filter(|entry| entry.body.outcome == Outcome::Done)
        .collect();
    let mut complain = |what: String| wrong.push(format!("{}: {what}", case.life.subject));
    told_once(&done, &case.facts, &mut complain);
    if done.iter().filter(|entry| entry.body.action == "extend").count() > 1 {
        complain("the due date was moved twice".to_owned());
    }
    told_at_all(&case.facts, &mut complain);
}

fn told_once(done: &[&Entry], facts: &Facts, complain: &mut impl FnMut(String)) {
    let mut told = BTreeSet::new();
    for entry in done {
        let action = entry.body.action.as_str();
        let Some(instant) = instant(entry, facts) else { continue };
        if entry.body.at < instant {
            complain(format!("{action} of {instant} was told at {}", entry.body.at));
        }
        if !told.insert((action, instant)) {
            complain(format!("{action} of {instant} was told twice"));
        }
    }
}

/// What the notice is about, from its own words.
fn instant(entry: &Entry, facts: &Facts) -> Option<Timestamp> {
    let stated = |name: &str| entry.body.details[name].as_str()?.parse().ok();
    match entry.body.action.as_str() {
        "grace_over" => facts.grace_ends_at,
        "due_soon" => Some(due_soon_at(facts.received_at, stated("due_at")?)),
        "overdue" => stated("due_at"),
        "window_ended" => stated("recover_until"),
        _ => None,
    }
}

/// Whoever completes a request has told of every date before.
fn told_at_all(facts: &Facts, complain: &mut impl FnMut(String)) {
    let Some(closed) = facts.closed_at.filter(|_| facts.status == Status::Completed) else {
        return;
    };
    if closed >= facts.due_at && !facts.told.overdue {
        complain(format!(
            "was completed at {closed}, and nobody told that it was due at {}",
            facts.due_at
        ));
    }
    if facts.recover_until.is_some_and(|end| closed >= end) && !facts.told.window_ended {
        complain("was completed, and nobody told that the recovery window had ended".to_owned());
    }
}
