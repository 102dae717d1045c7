//! The gate, at every moment: it hides exactly what the requests say, all of the scope until the sweep is done, and it
//! lets go of nothing that an application would then show.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shared::domain::gate::GateId;
use shared::domain::ids::{Category, RequestId};
use shared::domain::job::{Job, Phase};
use shared::domain::policy::HideFrom;
use shared::domain::request::{Facts, Kind, Status};
use shared::sim::sources::journal::{RecordId, What};

use super::records::{is_held, is_older};
use crate::people::tenant;
use crate::scenario::{Held, Life, Meanwhile, owner};
use crate::stack::Stack;

/// What each request hid when it was looked at last.
pub type Hid = BTreeMap<RequestId, BTreeSet<Category>>;

/// Looks at one request and its subject's gate, as they are in this instant; none: all is well.
pub fn complaint(stack: &Stack, hid: &mut Hid, (life, facts): (&Life, &Facts)) -> Option<String> {
    let gate = stack.outside.gate(&GateId::of(&tenant(), &life.subject));
    let hides = gate.by(facts.id);
    let before = hid.insert(facts.id, hides.clone()).unwrap_or_default();
    if hides != facts.gated {
        return Some(format!("{} hides {:?}, the gate {hides:?}", facts.id, facts.gated));
    }
    if must_hide_all(facts) && !facts.scope.iter().all(|category| hides.contains(category)) {
        return Some(format!("{} hides only {hides:?} although nothing is swept", facts.id));
    }
    if facts.status.is_terminal() && !hides.is_empty() {
        return Some(format!("{} is {} and still hides {hides:?}", facts.id, facts.status));
    }
    let let_go: BTreeSet<_> = before.difference(&hides).cloned().collect();
    let shown = || first_shown(stack, (life, facts), &let_go);
    let running = facts.status == Status::InProgress && !let_go.is_empty();
    let record = running.then(shown).flatten()?;
    Some(format!(
        "the gate of {} lets go of {let_go:?}, and {record} shows",
        facts.id
    ))
}

/// From the approval, if the policy says so, else from the execution, until the first sweep is done.
fn must_hide_all(facts: &Facts) -> bool {
    if facts.kind == Kind::Export {
        return false;
    }
    let early = facts.policy.as_ref().map(|policy| policy.hide_from) == Some(HideFrom::Approval);
    // A retry sweeps again what failed; the rest is hidden by its marks since the first sweep.
    let first = |job: &Job| job.generation == 0 && job.retry.is_none();
    let unswept = |job: &Job| first(job) && matches!(job.phase, Phase::Planning | Phase::Sweeping);
    match facts.status {
        Status::Approved => early,
        Status::InProgress => facts.job.as_ref().is_some_and(unswept),
        Status::Pending | Status::Verified | Status::Completed | Status::Rejected | Status::Cancelled => false,
    }
}

/// A record of these categories that an application shows although nobody decided so.
fn first_shown(stack: &Stack, (life, facts): (&Life, &Facts), of: &BTreeSet<Category>) -> Option<RecordId> {
    let executed_at = facts.executed_at.unwrap_or(Timestamp::MAX);
    let journal = stack.outside.sources.journal();
    let restored = journal
        .iter()
        .filter(|effect| matches!(effect.what, What::Restored | What::Uncovered { .. }));
    let restored: BTreeSet<_> = restored.map(|effect| effect.record.clone()).collect();
    let excused = |record: &RecordId| {
        let exempt = life.held != Held::Never && is_held(record);
        exempt || restored.contains(record) || stack.meanwhile() == Meanwhile::Changes
    };
    let ours = |record: &RecordId| {
        owner(record).is_some_and(|owner| {
            owner.subject == life.subject && of.iter().any(|category| category.as_str() == owner.category)
        })
    };
    let mut records = stack.outside.sources.snapshot().into_iter();
    let shown = records.find(|(record, content)| {
        ours(record) && !excused(record) && content.is_visible() && is_older(content, executed_at)
    });
    shown.map(|(record, _)| record)
}
