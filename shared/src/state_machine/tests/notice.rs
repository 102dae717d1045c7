//! Notices: none before its instant, each once, and only the more urgent after a silence.

use jiff::Timestamp;

use super::support::{approval, approved, approved_with, cut_short, day, in_phase, in_status, later, pending, policy};
use crate::domain::actor::Role;
use crate::domain::job::Phase;
use crate::domain::outbox::Occasion;
use crate::domain::request::{Status, SubjectRequest};
use crate::state_machine::command::{Approval, Event};
use crate::state_machine::notice::{due, next_at};
use crate::state_machine::request::observe;
use crate::state_machine::transition::Effect;

/// Due on day 31 and received on day 0: three quarters are over on day 23, at six.
fn three_quarters() -> Timestamp {
    later(day(23), 6 * 3_600_000)
}

/// In its recovery window until day 47.
fn recovering() -> SubjectRequest {
    let mut request = in_phase(Phase::Recovering);
    request.facts.recover_until = Some(day(47));
    request
}

/// Told at its instant, not before, and not twice; status and version stay.
fn told_once(request: &SubjectRequest, event: Event, instant: Timestamp, occasion: Occasion) -> SubjectRequest {
    let observed = |request: &SubjectRequest, now| observe(request, event.clone(), now);
    assert_eq!(observed(request, later(instant, -1)), None, "{event:?} is early");
    let told = observed(request, instant).expect("due");
    assert_eq!(told.effects, [Effect::Mail(occasion)]);
    assert_eq!((told.audit.len(), told.audit[0].actor.role), (1, Role::System));
    assert_eq!(told.audit[0].action, occasion.as_str());
    let (was, is) = (&request.facts, &told.next.facts);
    assert_eq!(
        (was.status, was.version),
        (is.status, is.version),
        "{event:?} is no transition"
    );
    assert_eq!(observed(&told.next, later(instant, 1)), None, "{event:?} is told once");
    told.next
}

#[test]
fn each_is_told_at_its_instant_and_once() {
    for status in [Status::Pending, Status::Verified, Status::Approved, Status::InProgress] {
        let request = in_status(status);
        let soon = told_once(&request, Event::DueSoon, three_quarters(), Occasion::DueSoon);
        let late = told_once(&soon, Event::Overdue, day(31), Occasion::Overdue);
        assert_eq!(due(&late.facts, day(31)), None, "{status}");
    }
    told_once(&approved(), Event::GraceOver, day(32), Occasion::GraceOver);
    told_once(&recovering(), Event::WindowEnded, day(47), Occasion::WindowEnded);
}

#[test]
fn after_a_silence_only_the_more_urgent_is_told() {
    assert_eq!(due(&pending().facts, day(24)), Some(Event::DueSoon));
    assert_eq!(due(&pending().facts, day(60)), Some(Event::Overdue));
    assert_eq!(
        observe(&pending(), Event::DueSoon, day(31)),
        None,
        "it is due, not due soon"
    );
    let late = observe(&pending(), Event::Overdue, day(60)).expect("due").next;
    assert_eq!((due(&late.facts, day(60)), next_at(&late.facts, day(60))), (None, None));
}

#[test]
fn what_is_due_at_once_is_told_one_after_the_other() {
    let mut request = approved();
    let mut told = vec![];
    while let Some(event) = due(&request.facts, day(40)) {
        request = observe(&request, event.clone(), day(40)).expect("due").next;
        told.push(event);
    }
    assert_eq!(told, [Event::Overdue, Event::GraceOver]);
}

#[test]
fn a_later_window_is_told_of_anew() {
    let told = observe(&recovering(), Event::WindowEnded, day(47)).expect("due").next;
    let mut again = told.clone();
    again.facts.job = in_phase(Phase::Sweeping).facts.job;
    let swept = |until| Event::Swept {
        recover_until: until,
        findings: 0,
        showing: [].into(),
    };
    let same = observe(&again, swept(Some(day(47))), day(50)).expect("due").next;
    assert!(same.facts.told.window_ended, "nothing more was hidden");
    let more = observe(&again, swept(Some(day(57))), day(50)).expect("due").next;
    told_once(&more, Event::WindowEnded, day(57), Occasion::WindowEnded);
}

#[test]
fn a_window_of_no_length_is_none() {
    let none = policy(", RecoveryWindow: PT0S, destroy_at_once: true");
    let input = Approval {
        policy: Some((none, "p".to_owned())),
        ..approval()
    };
    let mut request = recovering();
    request.facts.policy = approved_with(input).facts.policy;
    assert_eq!(observe(&request, Event::WindowEnded, day(60)), None);
}

#[test]
fn what_was_hidden_before_a_cancel_has_its_window_too() {
    let mut cancelled = in_status(Status::Cancelled);
    cancelled.facts.recover_until = Some(day(47));
    assert_eq!(
        observe(&cancelled, Event::WindowEnded, day(60)),
        None,
        "withdrawn: nothing was hidden"
    );
    let mut cancelled = cut_short();
    told_once(&cancelled, Event::WindowEnded, day(47), Occasion::WindowEnded);
    assert_eq!(observe(&cancelled, Event::Overdue, day(60)), None, "it is closed");
    cancelled.facts.shred_at = Some(day(45));
    assert_eq!(
        observe(&cancelled, Event::WindowEnded, day(60)),
        None,
        "everything was restored before it ended"
    );
}

#[test]
fn an_open_request_is_overdue_after_its_due_date() {
    for status in Status::ALL {
        let facts = in_status(status).facts;
        let overdue = |ms| facts.overdue(later(day(31), ms));
        assert_eq!((overdue(0), overdue(1)), (false, !status.is_terminal()), "{status}");
    }
}
