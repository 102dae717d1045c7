//! Notices: what operators are told because time has passed.
//!
//! Guarantees: none is told before its instant, and each once: about the end of the grace period, about three quarters
//! of the time to the due date (once for each due date: an extension has a notice of its own), about the due date, and
//! about the end of the recovery window (once for each: a verification that finds more opens another). After a silence
//! of days only the more urgent of the two about the due date is told. A notice is no transition: status and version
//! stay, or a preview that an operator looks at in this moment would be stale by our doing.

use jiff::Timestamp;

use super::command::Event;
use super::transition::{Effect, Record, Transition};
use crate::domain::actor::Actor;
use crate::domain::deadline::due_soon_at;
use crate::domain::outbox::Occasion;
use crate::domain::package::PackageState;
use crate::domain::period::Period;
use crate::domain::request::{CancelStage, Facts, Kind, Status, SubjectRequest};

/// How long before its package goes the subject is told.
const DAY_SECONDS: i64 = 86_400;

/// What is to be told now, the most urgent first.
pub fn due(facts: &Facts, now: Timestamp) -> Option<Event> {
    let mut due = owed(facts, now).filter(|(at, _)| now >= *at);
    due.next().map(|(_, event)| event)
}

/// When something is to be told next; in the past if it should have been.
pub fn next_at(facts: &Facts, now: Timestamp) -> Option<Timestamp> {
    owed(facts, now).map(|(at, _)| at).min()
}

pub(super) fn is_due(facts: &Facts, event: &Event, now: Timestamp) -> bool {
    owed(facts, now).any(|(at, owed)| owed == *event && now >= at)
}

/// Everything not told yet, with its instant.
fn owed(facts: &Facts, now: Timestamp) -> impl Iterator<Item = (Timestamp, Event)> {
    let told = facts.told;
    let is_open = !facts.status.is_terminal();
    let overdue = (is_open && !told.overdue).then_some(facts.due_at);
    let due_soon =
        (is_open && !told.due_soon && now < facts.due_at).then(|| due_soon_at(facts.received_at, facts.due_at));
    let grace_over = facts
        .grace_ends_at
        .filter(|_| facts.status == Status::Approved && !facts.grace_over_told);
    let window_ended = facts.recover_until.filter(|_| has_window(facts) && !told.window_ended);
    [
        (expiring_at(facts), Event::Expiring),
        (overdue, Event::Overdue),
        (due_soon, Event::DueSoon),
        (grace_over, Event::GraceOver),
        (window_ended, Event::WindowEnded),
    ]
    .into_iter()
    .filter_map(|(at, event)| Some((at?, event)))
}

/// A day before the package goes, if it stays for longer than that at all.
fn expiring_at(facts: &Facts) -> Option<Timestamp> {
    let package = facts.package.as_ref().filter(|package| !package.expiring_told)?;
    let there = package.state == PackageState::Available && facts.status == Status::Completed;
    let at = Period::seconds(DAY_SECONDS).before(package.expires_at.filter(|_| there)?);
    (Some(at) > package.available_at).then_some(at)
}

/// Whether something was hidden and can be brought back for a while. A window of zero length is none.
fn has_window(facts: &Facts) -> bool {
    let executed = match facts.status {
        Status::InProgress => true,
        // Once nothing swept is left, nobody need look any more.
        Status::Cancelled => facts.cancel_stage == Some(CancelStage::DuringExecution) && facts.shred_at.is_none(),
        Status::Pending | Status::Verified | Status::Approved | Status::Completed | Status::Rejected => false,
    };
    let window = facts.policy.as_ref().map(|policy| policy.recovery_window);
    executed && facts.kind == Kind::Deletion && window.is_some_and(|window| !window.is_zero())
}

/// More was hidden: the window ends when its last record's does, and that end is told of anew.
pub(super) fn move_window(facts: &mut Facts, recover_until: Option<Timestamp>) {
    if recover_until > facts.recover_until {
        facts.recover_until = recover_until;
        facts.told.window_ended = false;
    }
}

pub(super) fn grace_over(request: &SubjectRequest) -> Transition {
    let mut next = request.clone();
    next.facts.grace_over_told = true;
    tell(next, Record::new(Actor::system(), "grace_over"), Occasion::GraceOver)
}

pub(super) fn due_soon(request: &SubjectRequest) -> Transition {
    let mut next = request.clone();
    next.facts.told.due_soon = true;
    let record = Record::new(Actor::system(), "due_soon").detail("due_at", next.facts.due_at.to_string());
    tell(next, record, Occasion::DueSoon)
}

pub(super) fn overdue(request: &SubjectRequest) -> Transition {
    let mut next = request.clone();
    next.facts.told.overdue = true;
    let record = Record::new(Actor::system(), "overdue").detail("due_at", next.facts.due_at.to_string());
    tell(next, record, Occasion::Overdue)
}

pub(super) fn window_ended(request: &SubjectRequest) -> Transition {
    let mut next = request.clone();
    next.facts.told.window_ended = true;
    let end = next.facts.recover_until.map(|end| end.to_string());
    let record = Record::new(Actor::system(), "window_ended").detail("recover_until", end);
    tell(next, record, Occasion::WindowEnded)
}

pub(super) fn tell(next: SubjectRequest, record: Record, occasion: Occasion) -> Transition {
    Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Mail(occasion)],
    }
}
