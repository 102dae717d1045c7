//! Extend: the due date is moved once, for a stated reason (GDPR Art. 12(3)).
//!
//! Only the due date moves. What the approval promised stays, also where the policy clamps the grace period to the due
//! date: the person was told until when they can withdraw and by when all is gone, and more time for the organisation
//! is no reason to keep their data longer. `misses_due` follows, and so do the notices about the due date.

use jiff::Timestamp;

use super::command::Delay;
use super::refusal::Refusal;
use super::request::{not_blank, operator, person, staff, step};
use super::transition::{Effect, Record, Transition};
use crate::domain::actor::{Caller, Role};
use crate::domain::deadline::due_soon_at;
use crate::domain::outbox::Occasion;
use crate::domain::request::{Extension, Facts, SubjectRequest};

pub(super) fn extend(
    request: &SubjectRequest,
    by: &Caller,
    delay: Delay,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    operator(by)?;
    not_blank(&delay.reason, "/reason")?;
    let was_due_at = request.facts.due_at;
    let due_at = allowed(&request.facts, &delay, now)?;
    let mut next = step(request, request.facts.status);
    let facts = &mut next.facts;
    facts.extension = Some(Extension { at: now, was_due_at });
    facts.due_at = due_at;
    facts.misses_due = facts.completes_by.is_some_and(|by| by > due_at);
    // The new due date has a notice of its own, unless its time is over already.
    facts.told.due_soon &= due_soon_at(facts.received_at, due_at) <= now;
    let record = Record::new(by.actor(Role::Operator), "extend")
        .detail("was_due_at", was_due_at.to_string())
        .detail("due_at", due_at.to_string())
        .detail("misses_due", facts.misses_due)
        .personal("reason", Some(&delay.reason));
    person(&mut next, |p| p.extension_reason = Some(delay.reason));
    staff(&mut next, |s| s.extended_by = Some(by.staff()));
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Mail(Occasion::Extended)],
    })
}

/// The new due date: at most `ExtendBy` after the old one, of the policy the request fixed, else of the tenant's policy
/// now, else two months.
fn allowed(facts: &Facts, delay: &Delay, now: Timestamp) -> Result<Timestamp, Refusal> {
    if facts.extension.is_some() {
        return Err(Refusal::AlreadyExtended);
    }
    if now >= facts.due_at {
        return Err(Refusal::ExtensionTooLate(facts.due_at));
    }
    let fixed = facts.policy.as_ref().map(|policy| policy.extend_by);
    let default = || "P2M".parse().expect("two months are a period");
    let latest = fixed.or(delay.extend_by).unwrap_or_else(default).after(facts.due_at);
    let until = delay.until.unwrap_or(latest);
    if until > latest || latest == facts.due_at {
        return Err(Refusal::ExtensionTooFar(latest));
    }
    if until <= facts.due_at {
        return Err(Refusal::InvalidInput {
            pointer: "/until".to_owned(),
            detail: format!("must be after the due date, {}", facts.due_at),
        });
    }
    Ok(until)
}
