//! The guards of the edge into the machine. One test each; it fails when its guard is taken out.

use super::support::{alice, auditor, day, later, on_behalf, subject, submission, submitted};
use crate::domain::actor::{Caller, Role};
use crate::domain::outbox::Occasion;
use crate::domain::personal::Personal;
use crate::domain::request::Status;
use crate::state_machine::refusal::Refusal;
use crate::state_machine::submit::Submission;
use crate::state_machine::transition::Effect;

/// Where the refusal points; `allowed` if there is none.
fn pointer(by: &Caller, input: Submission) -> String {
    match submitted(by, input, day(0)) {
        Err(Refusal::InvalidInput { pointer, .. }) => pointer,
        Err(refusal) => refusal.code().to_owned(),
        Ok(_) => "allowed".to_owned(),
    }
}

#[test]
fn a_submission_is_pending_with_its_due_date_counted_from_receipt() {
    let transition = submitted(&subject(), submission(), day(0)).expect("allowed");
    let facts = transition.next.facts;
    assert_eq!(
        (facts.status, facts.version, facts.on_behalf),
        (Status::Pending, 1, false)
    );
    assert_eq!(
        (facts.received_at, facts.due_at),
        (day(0), day(31)),
        "one calendar month after 1 March"
    );
    assert_eq!(facts.subject_ref, subject().subject_ref);
    assert_eq!(transition.effects, [Effect::Mail(Occasion::Received)]);
    assert_eq!(transition.audit[0].actor.role, Role::Subject);
    assert_eq!(transition.audit[0].personal["ip"].expose(), "192.0.2.7");
}

#[test]
fn an_operator_submits_for_somebody_and_states_when_it_arrived() {
    let input = Submission {
        received_at: Some(day(-10)),
        ..on_behalf()
    };
    let transition = submitted(&alice(), input, day(0)).expect("allowed");
    let facts = transition.next.facts;
    assert_eq!(
        (facts.on_behalf, facts.received_at, facts.due_at),
        (true, day(-10), day(18))
    );
    assert_eq!(
        (facts.subject_ref, facts.requester_ref),
        (subject().subject_ref, alice().actor_ref)
    );
    assert_eq!(transition.audit[0].actor.role, Role::Operator);
}

#[test]
fn a_scope_is_not_empty() {
    let input = Submission {
        scope: vec![],
        ..submission()
    };
    assert_eq!(pointer(&subject(), input), "/scope");
}

#[test]
fn a_reason_is_not_blank() {
    for blank in ["", " ", "\n\t", "\u{a0}"] {
        let reason = Personal::new(blank);
        assert_eq!(pointer(&subject(), Submission { reason, ..submission() }), "/reason");
    }
}

#[test]
fn a_reason_has_at_most_2000_characters() {
    let with = |n| Submission {
        reason: Personal::new("é".repeat(n)),
        ..submission()
    };
    assert_eq!(pointer(&subject(), with(2_000)), "allowed", "characters, not bytes");
    assert_eq!(pointer(&subject(), with(2_001)), "/reason");
}

#[test]
fn only_operators_submit_for_somebody_else() {
    for by in [subject(), auditor()] {
        assert_eq!(pointer(&by, on_behalf()), "/subject");
    }
}

#[test]
fn only_operators_state_when_a_request_arrived() {
    let input = Submission {
        received_at: Some(day(-1)),
        ..submission()
    };
    for by in [subject(), auditor()] {
        assert_eq!(pointer(&by, input.clone()), "/received_at");
    }
}

#[test]
fn nothing_arrived_in_the_future() {
    let at = |received_at| Submission {
        received_at: Some(received_at),
        ..on_behalf()
    };
    assert_eq!(pointer(&alice(), at(later(day(0), 1))), "/received_at");
    assert_eq!(pointer(&alice(), at(day(0))), "allowed");
}
