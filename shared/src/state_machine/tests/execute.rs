//! The guards of the irreversible step, and of what the clock alone may do. One test each; it fails when its guard is
//! taken out.

use super::support::{
    alice, alone, approval, approved, approved_with, auditor, bob, completed, day, execution, give, in_phase, later,
    method, must, reject, stranger, subject, submission, submitted,
};
use crate::domain::job::{Job, JobStatus, Phase};
use crate::domain::outbox::Occasion;
use crate::domain::request::{Kind, Notice, Status};
use crate::state_machine::command::{Approval, Command, Event, Execution};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::{confirmation_reference, observe};
use crate::state_machine::transition::Effect;

/// The code Bob hears on day 40, when nothing but `input` can be wrong.
fn hears(input: Execution) -> &'static str {
    let answer = give(&approved(), &bob(), Command::Execute(input), day(40));
    answer.err().map_or("allowed", |refusal| refusal.code())
}

#[test]
fn a_good_execution_queues_the_job_and_pins_what_it_is_about() {
    let transition = give(&approved(), &bob(), Command::Execute(execution()), day(40)).expect("allowed");
    let facts = &transition.next.facts;
    assert_eq!((facts.status, &facts.job), (Status::InProgress, &Some(Job::queued())));
    assert_eq!(
        (facts.executed_at, &facts.executor_ref),
        (Some(day(40)), &Some(bob().actor_ref))
    );
    assert_eq!(
        (&facts.data_map, &facts.datasets),
        (&execution().data_map, &execution().datasets)
    );
    assert_eq!(transition.effects, [Effect::CheckHolds, Effect::Plan]);
    let details = &transition.audit[0].details;
    let reference = confirmation_reference(&approved().facts, "digest");
    assert_eq!(details["confirmation_reference"], reference);
    assert_ne!(reference, confirmation_reference(&approved().facts, "other"));
    assert_eq!(details["two_person_rule"], true);
}

#[test]
fn executing_is_for_operators_only() {
    for by in [subject(), stranger(), auditor()] {
        let answer = give(&approved(), &by, Command::Execute(execution()), day(40));
        assert_eq!(answer, Err(Refusal::OperatorOnly));
    }
}

#[test]
fn the_approver_does_not_execute_unless_one_person_is_enough() {
    let answer = give(&approved(), &alice(), Command::Execute(execution()), day(40));
    assert!(matches!(answer, Err(Refusal::TwoPersonRule(_))));
    let lifted = approved_with(Approval {
        policy: Some((alone(), "p".to_owned())),
        ..approval()
    });
    let transition = give(&lifted, &alice(), Command::Execute(execution()), day(40)).expect("lifted");
    assert_eq!(
        transition.audit[0].details["two_person_rule"], false,
        "its use is in the trail"
    );
}

#[test]
fn the_grace_period_holds_to_the_millisecond() {
    let end = day(32);
    let early = give(&approved(), &bob(), Command::Execute(execution()), later(end, -1));
    assert_eq!(early, Err(Refusal::GracePeriodRunning(end)));
    assert!(give(&approved(), &bob(), Command::Execute(execution()), end).is_ok());
}

#[test]
fn only_the_exact_phrase_confirms() {
    for typed in [
        "",
        " ",
        "execute delete now",
        "Execute Delete Now",
        "EXECUTE DELETE NOW ",
        " EXECUTE DELETE NOW",
        "EXECUTE DELETE NOW\n",
        "EXECUTE DELETE NOW\r\n",
        "EXECUTE\u{a0}DELETE NOW",
        "EXECUTE  DELETE NOW",
        "EXECUTE\tDELETE NOW",
        "ＥXECUTE DELETE NOW",
        "\u{415}XECUTE DELETE NOW",
        "EXECUTE DELETE NOW\u{200b}",
        "\u{feff}EXECUTE DELETE NOW",
        "EXECUTE DELETE NOW\0",
        "EXECUTE DELETE NO",
        "EXECUTE DELETE NOW!",
        "EXECUTE DELETE NOW EXECUTE DELETE NOW",
        "\"EXECUTE DELETE NOW\"",
    ] {
        let confirmation = typed.to_owned();
        assert_eq!(
            hears(Execution {
                confirmation,
                ..execution()
            }),
            "confirmation_mismatch",
            "{typed:?}"
        );
    }
}

#[test]
fn what_was_looked_at_must_still_be_true() {
    let stale = Execution {
        preview_holds: false,
        ..execution()
    };
    assert_eq!(hears(stale), "preview_stale");
}

#[test]
fn a_hold_stops_the_execution() {
    let held = Execution {
        held: true,
        ..execution()
    };
    assert_eq!(hears(held), "legal_hold");
}

#[test]
fn a_running_export_stops_the_execution() {
    let export_running = Execution {
        export_running: true,
        ..execution()
    };
    assert_eq!(hears(export_running), "export_running");
}

#[test]
fn without_a_data_map_nothing_is_executed() {
    let unmapped = Execution {
        data_map: None,
        ..execution()
    };
    assert_eq!(hears(unmapped), "no_data_map");
}

#[test]
fn an_export_is_never_executed_as_a_deletion() {
    let mut export = submission();
    export.kind = Kind::Export;
    let export = submitted(&subject(), export, day(0)).expect("allowed").next;
    let export = must(&export, &alice(), Command::Verify(method()), day(1));
    let export = must(&export, &alice(), Command::Approve(approval()), day(2));
    let answer = give(&export, &bob(), Command::Execute(execution()), day(40));
    assert_eq!(answer.err().map(|refusal| refusal.code()), Some("not_in_this_status"));
}

#[test]
fn operators_are_told_once_that_the_grace_period_is_over_and_never_before() {
    assert_eq!(observe(&approved(), Event::GraceOver, later(day(32), -1)), None);
    let told = observe(&approved(), Event::GraceOver, day(32)).expect("due");
    assert_eq!(told.effects, [Effect::Mail(Occasion::GraceOver)]);
    assert_eq!(
        told.next.facts.version,
        approved().facts.version,
        "a preview looked at meanwhile stays true"
    );
    assert_eq!(observe(&told.next, Event::GraceOver, day(33)), None);
}

#[test]
fn a_request_completes_once_its_letter_is_settled() {
    let closing = in_phase(Phase::Closing);
    let completed = |notice| observe(&closing, Event::Completed { notice }, day(60));
    assert_eq!(completed(Notice::Pending), None, "nobody was told yet");
    let told = completed(Notice::Sent).expect("told");
    assert_eq!(told.effects, [Effect::ReleaseScope]);
    let facts = told.next.facts;
    assert_eq!((facts.closed_at, facts.shred_at), (Some(day(60)), Some(day(60))));
    assert_eq!(
        facts.job.map(|job| (job.status, job.finished_at)),
        Some((JobStatus::Completed, Some(day(60))))
    );
    let given_up = completed(Notice::Failed).expect("given up");
    assert_eq!(
        given_up.effects,
        [Effect::ReleaseScope, Effect::Mail(Occasion::Undeliverable)]
    );
    assert_eq!(given_up.audit[0].details["notice"], "failed");
}

#[test]
fn a_request_completes_from_closing_only() {
    for phase in [
        Phase::Planning,
        Phase::Sweeping,
        Phase::Recovering,
        Phase::Purging,
        Phase::Verifying,
    ] {
        let early = observe(&in_phase(phase), Event::Completed { notice: Notice::Sent }, day(60));
        assert_eq!(early, None, "{phase:?}");
    }
}

#[test]
fn nothing_is_shredded_before_its_time_or_twice() {
    let rejected = must(&super::support::pending(), &alice(), reject("no"), day(1));
    let due = rejected.facts.shred_at.expect("set at closing");
    assert_eq!(observe(&rejected, Event::Shredded, later(due, -1)), None);
    let shredded = observe(&rejected, Event::Shredded, due).expect("due");
    assert_eq!(
        (shredded.effects, shredded.next.facts.status),
        (vec![Effect::Shred], Status::Rejected)
    );
    assert_eq!(observe(&shredded.next, Event::Shredded, due), None);
    assert!(
        observe(&completed(), Event::Shredded, day(60)).is_some(),
        "after a completed deletion at once"
    );
}
