//! What a decision writes down beside the status: who, why, and what became of the records.

use super::rows::{chunk, tally};
use super::support::{
    alice, approval, approved, bob, day, execution, in_phase, in_status, later, method, must, pending,
};
use super::support::{reject, subject, withdraw};
use crate::domain::chunk::{ChunkState, Op};
use crate::domain::job::Phase;
use crate::domain::outcome::Code;
use crate::domain::personal::Personal;
use crate::domain::request::{Completion, Kind, Status};
use crate::state_machine::command::{Approval, Command, Event, VerificationInput};
use crate::state_machine::job::advance;

#[test]
fn the_reasons_of_people_are_kept_with_the_request() {
    let note = Some(Personal::new("called back"));
    let verification = VerificationInput {
        note: note.clone(),
        ..method()
    };
    let verified = must(&pending(), &alice(), Command::Verify(verification), day(1));
    let approved = must(
        &verified,
        &alice(),
        Command::Approve(Approval {
            note: Some(Personal::new("fine")),
            ..approval()
        }),
        day(2),
    );
    let kept = approved.person.known().expect("not shredded");
    assert_eq!(kept.verification_method, Some(method().method));
    assert_eq!(
        (&kept.verification_note, &kept.decision_note),
        (&note, &Some(Personal::new("fine")))
    );
    let rejected = must(&pending(), &alice(), reject("not a customer"), day(1));
    let kept = rejected.person.known().expect("not shredded");
    assert_eq!(kept.rejection_reason, Some(Personal::new("not a customer")));
    let withdrawn = must(&pending(), &subject(), withdraw(Some("I stay")), day(1));
    let kept = withdrawn.person.known().expect("not shredded");
    assert_eq!(kept.withdrawal_reason, Some(Personal::new("I stay")));
}

#[test]
fn the_operators_who_acted_are_kept_with_the_request() {
    let executed = must(&approved(), &bob(), Command::Execute(execution()), day(40));
    let staff = executed.staff.known().expect("the staff key is there");
    assert_eq!(staff.verified_by, Some(alice().staff()));
    assert_eq!(staff.decided_by, Some(alice().staff()));
    assert_eq!(staff.executed_by, Some(bob().staff()));
}

#[test]
fn the_trail_tells_how_it_ended_and_only_of_what_there_is() {
    let rows = [chunk(
        0,
        0,
        (Op::Purge, ChunkState::Done),
        &[(Code::Purged, 3), (Code::Exempt, 0)],
    )];
    let account = tally(&rows).by_dataset;
    for (result, word) in [(Completion::Full, "full"), (Completion::Partial, "partial")] {
        let account = account.clone();
        let job = in_phase(Phase::Verifying).facts.job.expect("a job");
        let (_, record, _) = advance(&job, &Event::Closing { result, account }, day(60)).expect("due");
        assert_eq!(record.details["result"], word);
        assert_eq!(
            record.details["account"],
            serde_json::json!({"messages": {"purged": 3}})
        );
    }
}

#[test]
fn only_an_open_request_is_overdue_and_only_after_its_date() {
    for status in Status::ALL {
        let facts = in_status(status).facts;
        let ended = matches!(status, Status::Completed | Status::Rejected | Status::Cancelled);
        assert_eq!(status.is_terminal(), ended, "{status}");
        assert!(!facts.overdue(facts.due_at), "{status}");
        assert_eq!(facts.overdue(later(facts.due_at, 1)), !ended, "{status}");
        assert!(!facts.overdue(later(facts.due_at, -1)), "{status}");
    }
}

#[test]
fn words_of_the_contract() {
    assert_eq!((Kind::Deletion.as_str(), Kind::Export.as_str()), ("deletion", "export"));
    for status in Status::ALL {
        assert_eq!(status.to_string(), status.as_str());
        assert_eq!(serde_json::to_value(status).expect("JSON"), status.as_str());
    }
}

#[test]
fn a_dataset_is_found_by_its_id() {
    let mut facts = in_phase(Phase::Planning).facts;
    let mut other = facts.datasets[0].clone();
    other.id = "profiles".parse().expect("slug");
    facts.datasets.push(other.clone());
    assert_eq!(facts.pinned(&other.id), Some(&other));
    assert_eq!(facts.pinned(&"files".parse().expect("slug")), None);
}

#[test]
fn only_chunks_that_hold_swept_records_have_a_window() {
    let rows = [
        chunk(0, 0, (Op::Sweep, ChunkState::Done), &[(Code::Swept, 1)]),
        chunk(0, 1, (Op::Purge, ChunkState::Done), &[(Code::Purged, 1)]),
    ];
    let mut late = rows[1].clone();
    late.swept_at = Some(day(41));
    let tally = tally(&[rows[0].clone(), late]);
    assert_eq!(tally.swept_at, [("messages".parse().expect("slug"), day(40))]);
}
