//! The guards of an extension, and what moves with the due date.

use jiff::Timestamp;

use super::support::{
    alice, approval, approved, approved_with, auditor, bob, day, extend, give, in_status, later, must, pending, policy,
    stranger, subject, verified,
};
use crate::domain::outbox::Occasion;
use crate::domain::personal::Personal;
use crate::domain::request::{Extension, Status, SubjectRequest};
use crate::state_machine::command::{Approval, Command, Delay, Event};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::observe;
use crate::state_machine::transition::Effect;

/// The due date of every request here: a month after 1 March.
fn due() -> Timestamp {
    day(31)
}

/// Two months later.
fn latest() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().expect("an instant")
}

fn refused(request: &SubjectRequest, command: Command, now: Timestamp) -> Refusal {
    give(request, &alice(), command, now).expect_err("refused")
}

fn because(reason: &str) -> Command {
    Command::Extend(Delay {
        reason: Personal::new(reason),
        until: None,
        extend_by: None,
    })
}

#[test]
fn an_extension_moves_the_due_date_and_tells_the_subject() {
    for status in [Status::Pending, Status::Verified, Status::Approved] {
        let request = in_status(status);
        let done = give(&request, &bob(), extend(None), day(20)).expect("allowed");
        let facts = &done.next.facts;
        assert_eq!((facts.status, facts.due_at), (status, latest()));
        let extension = Extension {
            at: day(20),
            was_due_at: due(),
        };
        assert_eq!(facts.extension, Some(extension));
        assert_eq!(facts.version, request.facts.version + 1);
        assert_eq!(done.effects, [Effect::Mail(Occasion::Extended)]);
        let said = &done.audit[0].personal["reason"];
        let kept = done.next.person.known().and_then(|p| p.extension_reason.as_ref());
        assert_eq!(Some(said), kept);
        let by = done.next.staff.known().and_then(|s| s.extended_by.clone());
        assert_eq!(by, Some(bob().staff()));
    }
}

#[test]
fn extending_is_for_operators_only() {
    for by in [subject(), stranger(), auditor()] {
        let answer = give(&pending(), &by, extend(None), day(20));
        assert_eq!(answer.expect_err("refused"), Refusal::OperatorOnly);
    }
}

#[test]
fn a_reason_is_needed_to_extend() {
    for blank in ["", " \n", "\u{a0}", &"x".repeat(2_001)] {
        let refusal = refused(&pending(), because(blank), day(20));
        assert!(matches!(refusal, Refusal::InvalidInput { pointer, .. } if pointer == "/reason"));
    }
}

#[test]
fn a_due_date_is_extended_once() {
    let once = must(&pending(), &alice(), extend(Some(day(40))), day(20));
    assert_eq!(refused(&once, extend(None), day(35)), Refusal::AlreadyExtended);
    assert_eq!(refused(&once, extend(Some(day(41))), day(35)), Refusal::AlreadyExtended);
}

#[test]
fn a_due_date_is_extended_before_it_comes() {
    assert!(give(&pending(), &alice(), extend(None), later(due(), -1)).is_ok());
    assert_eq!(
        refused(&pending(), extend(None), due()),
        Refusal::ExtensionTooLate(due())
    );
}

#[test]
fn an_extension_ends_where_the_policy_says() {
    let until = |at| extend(Some(at));
    assert!(give(&pending(), &alice(), until(latest()), day(20)).is_ok());
    let too_far = Refusal::ExtensionTooFar(latest());
    assert_eq!(refused(&pending(), until(later(latest(), 1)), day(20)), too_far);
    assert!(give(&pending(), &alice(), until(later(due(), 1)), day(20)).is_ok());
    let refusal = refused(&pending(), until(due()), day(20));
    assert!(matches!(refusal, Refusal::InvalidInput { pointer, .. } if pointer == "/until"));
}

#[test]
fn the_limit_is_the_fixed_policys_then_the_tenants_now() {
    let month = |request: &SubjectRequest| {
        let command = Command::Extend(Delay {
            reason: Personal::new("there is much of it"),
            until: None,
            extend_by: Some("P1M".parse().expect("a period")),
        });
        must(request, &alice(), command, day(20)).facts.due_at
    };
    assert_eq!(month(&verified()), "2026-05-01T00:00:00Z".parse().expect("an instant"));
    assert_eq!(month(&approved()), latest(), "fixed at approval");
    let never = Approval {
        policy: Some((policy(", ExtendBy: PT0S"), "p".to_owned())),
        ..approval()
    };
    let refusal = refused(&approved_with(never), extend(None), day(20));
    assert_eq!(refusal, Refusal::ExtensionTooFar(due()), "where the policy allows none");
}

#[test]
fn what_the_approval_promised_stays() {
    for clamp in [false, true] {
        let mut rules = policy("");
        rules.clamp_grace_to_deadline = clamp;
        let fixing = Approval {
            policy: Some((rules, "p".to_owned())),
            ..approval()
        };
        let before = approved_with(fixing).facts;
        assert_eq!(
            (before.misses_due, before.grace_ends_at),
            (!clamp, Some(day(if clamp { 22 } else { 32 })))
        );
        let request = SubjectRequest {
            facts: before.clone(),
            ..approved()
        };
        let after = must(&request, &bob(), extend(None), day(20)).facts;
        assert_eq!(
            (after.grace_ends_at, after.completes_by),
            (before.grace_ends_at, before.completes_by)
        );
        assert!(!after.misses_due, "the new due date is kept");
        let little = must(&request, &bob(), extend(Some(day(32))), day(20)).facts;
        assert_eq!(little.misses_due, !clamp, "a day does not help");
    }
}

#[test]
fn the_new_due_date_has_a_notice_of_its_own() {
    let told = observe(&pending(), Event::DueSoon, day(24)).expect("due").next;
    assert!(told.facts.told.due_soon);
    let far = must(&told, &alice(), extend(None), day(24));
    assert_eq!(observe(&far, Event::DueSoon, day(24)), None, "not yet");
    assert!(observe(&far, Event::DueSoon, day(80)).is_some());
    // Three quarters of 32 days are day 24: what operators know already they are not told again.
    let near = must(&told, &alice(), extend(Some(day(32))), day(24));
    assert_eq!(observe(&near, Event::DueSoon, day(25)), None);
}
