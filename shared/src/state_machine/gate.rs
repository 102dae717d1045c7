//! What a request hides at the gate, and when it lets go.
//!
//! | when | the gate |
//! |---|---|
//! | approved (`HideFrom: approval`), executed | hides the whole scope |
//! | the sweep is done | lets go of each category of which nothing shows any more: from then on marks hide |
//! | what still showed is hidden by a retry, or settled by a person | lets go of that category too |
//! | withdrawn, cancelled and settled, completed | lets go of everything |
//!
//! Guarantees: it lets go of a category only once, and only if each of its records is marked, gone, or visible by
//! somebody's decision (exempt, restored, written anew). So a restored record shows as soon as its category's sweep is
//! done; while one of its siblings could not be hidden the gate hides them all, because an application cannot tell them
//! apart. What a verification finds later is hidden by its sweep alone.

use std::collections::BTreeSet;

use super::command::Event;
use super::request::step;
use super::transition::{Record, Transition};
use crate::domain::actor::Actor;
use crate::domain::ids::{Category, DatasetId};
use crate::domain::job::{Job, Phase, Tally};
use crate::domain::outcome::Code;
use crate::domain::request::{Facts, Status, SubjectRequest};
use crate::knobs::Guard;

/// Datasets of which something shows that was to be hidden.
pub(super) fn showing(tally: &Tally) -> BTreeSet<DatasetId> {
    let shows = [Code::Untouched, Code::Failed];
    let datasets = tally.by_dataset.iter();
    let showing = datasets.filter(|(_, counts)| shows.iter().any(|code| counts.of(*code) > 0));
    showing.map(|(dataset, _)| dataset.clone()).collect()
}

/// Hides everything that was asked for.
pub(super) fn shut(facts: &mut Facts) {
    facts.gated = facts.scope.iter().cloned().collect();
}

/// Lets go of everything.
pub(super) fn open(facts: &mut Facts) {
    facts.gated.clear();
}

/// Lets go of the categories of which nothing shows.
pub(super) fn narrow(facts: &mut Facts, showing: &BTreeSet<DatasetId>) {
    facts.gated = kept(facts, showing);
}

/// What can be let go of although the sweep is long done: somebody repaired what had kept it.
pub fn next_event(facts: &Facts, tally: &Tally) -> Option<Event> {
    let showing = showing(tally);
    let lets_go = is_swept(facts) && kept(facts, &showing) != facts.gated;
    lets_go.then_some(Event::GateCleared { showing })
}

pub(super) fn cleared(request: &SubjectRequest, event: Event) -> Option<Transition> {
    let Event::GateCleared { showing } = event else {
        return None;
    };
    let before = &request.facts.gated;
    let kept = kept(&request.facts, &showing);
    if !is_swept(&request.facts) || kept == *before {
        return None;
    }
    let cleared: Vec<_> = before.difference(&kept).map(Category::as_str).collect();
    let record = Record::new(Actor::system(), "gate_cleared").detail("categories", cleared);
    let mut next = step(request, Status::InProgress);
    next.facts.gated = kept;
    Some(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

fn kept(facts: &Facts, showing: &BTreeSet<DatasetId>) -> BTreeSet<Category> {
    let shows = |category: &&Category| {
        let mut datasets = facts.datasets.iter().filter(|pin| pin.category == **category);
        Guard::GateUntilSwept.stands() && datasets.any(|pin| showing.contains(&pin.id))
    };
    facts.gated.iter().filter(shows).cloned().collect()
}

/// Whether its job is between its last sweep and its verification, so that what a tally tells is the whole.
fn is_swept(facts: &Facts) -> bool {
    let swept = |job: &Job| matches!(job.phase, Phase::Recovering | Phase::Purging) && !job.cancel_requested;
    let job = facts.job.as_ref();
    job.is_some_and(|job| swept(job) || !Guard::GateUntilSwept.stands())
}
