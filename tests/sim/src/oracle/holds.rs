//! Legal holds: while one is settled nothing that it covers is destroyed, by us or by TTL; in the end each is settled.

use jiff::{SignedDuration, Timestamp};
use shared::domain::chunk::{Chunk, ChunkState};
use shared::domain::hold::Hold;
use shared::sim::sources::journal::{Effect, RecordId, What};

use crate::people::subject_ref;
use crate::scenario::owner;
use crate::stack::Stack;

/// Whoever settled it and whoever released it had clocks of their own.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(2 * 300);

/// A hold while it can be relied on.
struct InForce {
    hold: Hold,
    from: Timestamp,
    until: Option<Timestamp>,
}

pub(super) fn check(stack: &Stack, wrong: &mut Vec<String>) {
    let ever = stack.outside.holds_ever();
    let in_force: Vec<_> = ever.iter().filter_map(|hold| in_force(hold, &ever)).collect();
    for effect in stack.outside.sources.journal() {
        if let Some(by) = in_force.iter().find(|by| by.forbids(&effect)) {
            wrong.push(format!(
                "{} was destroyed at {} under hold {}, settled at {}",
                effect.record, effect.at, by.hold.id, by.from
            ));
        }
    }
    let never = ever
        .iter()
        .filter(|hold| hold.released_at.is_some() && !may_stay_unsettled(stack));
    for hold in never.filter(|hold| !in_force.iter().any(|by| by.hold.id == hold.id)) {
        wrong.push(format!("hold {} stood for days and was never settled", hold.id));
    }
    if !stack.outside.are_holds_settled() {
        wrong.push("a hold is not settled".to_owned());
    }
}

/// Whether a hold that can be relied on covers a record at an instant.
pub(super) fn forbid(stack: &Stack, record: &RecordId, at: Timestamp) -> bool {
    let ever = stack.outside.holds_ever();
    let in_force = ever.iter().filter_map(|hold| in_force(hold, &ever));
    in_force.into_iter().any(|by| by.covers(record, at))
}

/// Whether something armed may have been left that only a person can look at.
fn may_stay_unsettled(stack: &Stack) -> bool {
    let given_up = |chunk: &Chunk| chunk.left_armed || chunk.state == ChunkState::Parked;
    let all = stack.outside.all_facts();
    stack.may_fail()
        || all
            .iter()
            .any(|facts| stack.outside.chunks(&facts.key()).iter().any(given_up))
}

/// The version of a hold that says since when it can be relied on, and the end that another version tells.
fn in_force(hold: &Hold, ever: &[Hold]) -> Option<InForce> {
    let from = hold.settled_at.filter(|_| hold.released_at.is_none())?;
    let versions = ever.iter().filter(|other| other.id == hold.id);
    let until = versions.filter_map(|other| other.released_at).min();
    Some(InForce {
        hold: hold.clone(),
        from,
        until,
    })
}

impl InForce {
    fn forbids(&self, effect: &Effect) -> bool {
        let ends = matches!(effect.what, What::Destroyed | What::VersionDestroyed { .. });
        // What the application gave a TTL of its own is its own to lose.
        let marked = effect.mark.is_some() || !matches!(effect.what, What::Destroyed);
        ends && marked && self.covers(&effect.record, effect.at)
    }

    fn covers(&self, record: &RecordId, at: Timestamp) -> bool {
        let covers = owner(record).is_some_and(|owner| {
            let held = self
                .hold
                .scope
                .iter()
                .any(|category| category.as_str() == owner.category);
            held && subject_ref(&owner.subject) == self.hold.subject_ref
        });
        let before_its_end = self.until.is_none_or(|until| at + TOLERANCE < until);
        covers && at > self.from + TOLERANCE && before_its_end
    }
}
