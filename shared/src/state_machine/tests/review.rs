//! The guards of review: verify, approve, reject, withdraw. One test each; it fails when its guard is taken out.

use super::support::{
    alice, alone, approval, approved, auditor, bob, day, give, in_one_call, method, must, on_behalf, pending, policy,
    reject, stranger, subject, subject_as_operator, submission, submitted, verified, withdraw,
};
use crate::domain::actor::Role;
use crate::domain::outbox::Occasion;
use crate::domain::personal::Personal;
use crate::domain::request::{CancelStage, Kind, Notice, Status, SubjectRequest};
use crate::state_machine::command::{Approval, Command, Event, VerificationInput};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::observe;
use crate::state_machine::transition::Effect;

/// The code of a refusal, and the pointer if it is about input.
fn code(answer: Result<impl Sized, Refusal>) -> (&'static str, String) {
    match answer.err() {
        Some(Refusal::InvalidInput { pointer, .. }) => ("invalid_input", pointer),
        Some(refusal) => (refusal.code(), String::new()),
        None => ("allowed", String::new()),
    }
}

fn said(word: &'static str) -> (&'static str, String) {
    (word, String::new())
}

fn invalid(pointer: &str) -> (&'static str, String) {
    ("invalid_input", pointer.to_owned())
}

fn by_method(text: &str) -> VerificationInput {
    VerificationInput {
        method: Personal::new(text),
        note: None,
    }
}

/// A request that Alice submitted for Ada.
fn for_ada() -> SubjectRequest {
    submitted(&alice(), on_behalf(), day(0)).expect("allowed").next
}

#[test]
fn reviewing_is_for_operators_only() {
    for by in [subject(), stranger(), auditor()] {
        let on_pending = |command| code(give(&pending(), &by, command, day(1)));
        assert_eq!(on_pending(Command::Verify(method())), said("operator_only"));
        assert_eq!(on_pending(Command::Approve(in_one_call())), said("operator_only"));
        assert_eq!(on_pending(reject("no")), said("operator_only"));
        let answer = give(&verified(), &by, Command::Approve(approval()), day(2));
        assert_eq!(code(answer), said("operator_only"));
    }
}

#[test]
fn nobody_verifies_their_own_request() {
    let answer = give(&pending(), &subject_as_operator(), Command::Verify(method()), day(1));
    assert_eq!(code(answer), said("own_request"));
}

#[test]
fn nobody_approves_their_own_request_even_when_one_person_is_enough() {
    // Submitted by Alice, so that only the rule about one's own request can refuse.
    let request = must(&for_ada(), &bob(), Command::Verify(method()), day(1));
    for rules in [policy(""), alone()] {
        let input = Approval {
            policy: Some((rules, "p".to_owned())),
            ..approval()
        };
        let answer = give(&request, &subject_as_operator(), Command::Approve(input), day(2));
        assert_eq!(code(answer), said("own_request"));
    }
}

#[test]
fn the_method_of_verification_is_stated() {
    for blank in ["", "  ", "\u{a0}", "\n\t", &"x".repeat(2_001)] {
        let answer = give(&pending(), &alice(), Command::Verify(by_method(blank)), day(1));
        assert_eq!(code(answer), invalid("/method"));
        let input = Approval {
            verification: Some(by_method(blank)),
            ..approval()
        };
        let answer = give(&pending(), &alice(), Command::Approve(input), day(1));
        assert_eq!(code(answer), invalid("/verification/method"));
    }
}

#[test]
fn a_pending_request_is_approved_only_with_a_verification_and_then_in_two_steps() {
    let answer = give(&pending(), &alice(), Command::Approve(approval()), day(1));
    assert_eq!(code(answer), said("not_in_this_status"));
    let transition = give(&pending(), &alice(), Command::Approve(in_one_call()), day(1)).expect("allowed");
    let words: Vec<_> = transition.audit.iter().map(|record| record.action).collect();
    assert_eq!(words, ["verify", "approve"]);
    let facts = transition.next.facts;
    assert_eq!((facts.version, facts.verified_at), (3, Some(day(1))));
}

#[test]
fn the_requester_does_not_approve_unless_one_person_is_enough() {
    let request = must(&for_ada(), &alice(), Command::Verify(method()), day(1));
    let answer = give(&request, &alice(), Command::Approve(approval()), day(2));
    assert_eq!(code(answer), said("two_person_rule"));
    assert!(give(&request, &bob(), Command::Approve(approval()), day(2)).is_ok());
    let input = Approval {
        policy: Some((alone(), "p".to_owned())),
        ..approval()
    };
    let transition = give(&request, &alice(), Command::Approve(input), day(2)).expect("lifted");
    assert_eq!(
        transition.audit[0].details["two_person_rule"], false,
        "its use is in the trail"
    );
}

#[test]
fn without_a_policy_nothing_is_approved() {
    let input = Approval {
        policy: None,
        ..approval()
    };
    assert_eq!(
        code(give(&verified(), &alice(), Command::Approve(input), day(2))),
        said("no_policy")
    );
}

#[test]
fn a_hold_stops_the_approval_of_a_deletion_not_of_an_export() {
    let held = Approval {
        held: true,
        ..approval()
    };
    let answer = give(&verified(), &alice(), Command::Approve(held.clone()), day(2));
    assert_eq!(code(answer), said("legal_hold"));
    let mut export = submission();
    export.kind = Kind::Export;
    let export = submitted(&subject(), export, day(0)).expect("allowed").next;
    let export = must(&export, &alice(), Command::Verify(method()), day(1));
    assert!(give(&export, &alice(), Command::Approve(held), day(2)).is_ok());
}

#[test]
fn an_approval_fixes_policy_and_dates() {
    let transition = give(&verified(), &alice(), Command::Approve(approval()), day(2)).expect("allowed");
    let facts = transition.next.facts;
    assert_eq!(
        (facts.policy, facts.policy_version),
        (Some(policy("")), Some("policy-1".to_owned()))
    );
    assert_eq!(
        (facts.grace_ends_at, facts.completes_by),
        (Some(day(32)), Some(day(41)))
    );
    assert!(facts.misses_due, "the literal 30 days are longer than the month");
    assert_eq!(
        transition.effects,
        [Effect::Mail(Occasion::Approved), Effect::CheckHolds]
    );
}

#[test]
fn a_reason_is_needed_to_reject() {
    for blank in ["", " \n", "\u{a0}\u{3000}"] {
        assert_eq!(
            code(give(&pending(), &alice(), reject(blank), day(1))),
            invalid("/reason")
        );
    }
    let longest = "é".repeat(2_000);
    assert_eq!(
        code(give(&pending(), &alice(), reject(&(longest.clone() + "é")), day(1))),
        invalid("/reason")
    );
    assert!(
        give(&pending(), &alice(), reject(&longest), day(1)).is_ok(),
        "characters, not bytes"
    );
}

#[test]
fn the_owner_withdraws_without_a_reason_nobody_else() {
    let owner = give(&approved(), &subject(), withdraw(None), day(3)).expect("allowed");
    assert_eq!(owner.audit[0].actor.role, Role::Subject);
    assert_eq!(owner.next.facts.withdrawn_by, Some(Role::Subject));
    for by in [stranger(), auditor()] {
        assert_eq!(
            code(give(&approved(), &by, withdraw(Some("mine")), day(3))),
            said("operator_only")
        );
    }
    assert_eq!(
        code(give(&approved(), &alice(), withdraw(None), day(3))),
        invalid("/reason")
    );
    for by in [subject(), alice()] {
        assert_eq!(
            code(give(&approved(), &by, withdraw(Some(" ")), day(3))),
            invalid("/reason")
        );
    }
}

#[test]
fn an_operators_withdrawal_is_told_apart_from_the_owners() {
    let transition = give(&approved(), &bob(), withdraw(Some("they called")), day(3)).expect("allowed");
    assert_eq!(transition.audit[0].actor.role, Role::Operator);
    assert_eq!(transition.next.facts.withdrawn_by, Some(Role::Operator));
    assert_eq!(transition.next.facts.cancel_stage, Some(CancelStage::BeforeExecution));
    assert_eq!(
        transition.effects,
        [Effect::Mail(Occasion::Withdrawn), Effect::ReleaseScope]
    );
}

#[test]
fn a_closed_request_keeps_its_fields_for_the_retention_of_its_policy() {
    let year: crate::domain::period::Period = "P1Y".parse().expect("a period");
    let closed = |request: &SubjectRequest, retention| {
        let reason = Some(Personal::new("gone"));
        must(request, &alice(), Command::Withdraw { reason, retention }, day(3))
            .facts
            .shred_at
    };
    let months = |text: &str| {
        Some(
            text.parse::<crate::domain::period::Period>()
                .expect("a period")
                .after(day(3)),
        )
    };
    assert_eq!(
        closed(&pending(), None),
        months("P24M"),
        "calendar months, before any policy"
    );
    assert_eq!(closed(&pending(), Some(year)), months("P1Y"), "the tenant's");
    assert_eq!(closed(&approved(), Some(year)), months("P24M"), "fixed at approval");
    let reason = Personal::new("no");
    let retention = Some(year);
    let rejected = must(&pending(), &alice(), Command::Reject { reason, retention }, day(3));
    assert_eq!(
        (rejected.facts.status, rejected.facts.shred_at),
        (Status::Rejected, months("P1Y"))
    );
}

#[test]
fn the_end_of_a_rejections_letter_is_written_down_once() {
    let rejected = give(&pending(), &alice(), reject("not a customer"), day(2))
        .expect("allowed")
        .next;
    assert_eq!(
        observe(
            &rejected,
            Event::Told {
                notice: Notice::Pending
            },
            day(3)
        ),
        None,
        "nobody is told yet"
    );
    let failed = observe(&rejected, Event::Told { notice: Notice::Failed }, day(3)).expect("owed");
    assert_eq!(failed.next.facts.notice, Some(Notice::Failed));
    assert_eq!(failed.next.facts.version, rejected.facts.version, "no transition");
    assert_eq!(
        failed.effects,
        [Effect::Mail(Occasion::Undeliverable)],
        "operators are told"
    );
    assert_eq!(
        observe(&failed.next, Event::Told { notice: Notice::Sent }, day(3)),
        None,
        "once"
    );
    let sent = observe(&rejected, Event::Told { notice: Notice::Sent }, day(3)).expect("owed");
    assert!(sent.effects.is_empty());
}
