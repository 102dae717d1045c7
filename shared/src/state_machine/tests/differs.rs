//! A plan that holds far more than the preview said: nothing of it is swept before somebody has looked.

use super::rows::running;
use super::support::{approved, bob, cancel, day, execution, in_phase, must};
use crate::domain::job::{Difference, Job, JobStatus, Phase};
use crate::domain::outbox::Occasion;
use crate::domain::request::SubjectRequest;
use crate::state_machine::command::{Command, Event, Execution};
use crate::state_machine::job::advance;
use crate::state_machine::request::observe;
use crate::state_machine::transition::Effect;

/// What a complete first plan of so many records makes of a job whose preview counted so many.
fn planned(previewed: Option<u64>, planned: u64) -> (Job, serde_json::Value, Vec<Effect>) {
    let job = Job {
        previewed,
        ..running(Phase::Planning, 0)
    };
    let (next, record, effects) = advance(&job, &Event::PlanComplete { planned }, day(40)).expect("due");
    (next, serde_json::json!(record.details), effects)
}

#[test]
fn a_plan_pauses_the_job_when_it_is_over_a_hundred_and_over_a_twentieth_more() {
    for (previewed, found, more) in [
        (Some(0), 100, None),
        (Some(0), 101, Some(101)),
        (Some(1_000), 1_100, None),
        (Some(1_000), 1_101, Some(101)),
        (Some(2_020), 2_121, None),
        (Some(2_019), 2_120, Some(101)),
        (Some(100_000), 105_000, None),
        (Some(100_000), 105_001, Some(5_001)),
        (Some(5_000), 12, None),
        (Some(u64::MAX), u64::MAX, None),
        // A preview that stopped counting early promised nothing.
        (None, 1_000_000, None),
    ] {
        let (job, details, effects) = planned(previewed, found);
        let what = format!("{previewed:?} previewed, {found} planned");
        let expected = more.map(|more| Difference { at: day(40), more });
        assert_eq!((job.phase, job.differs), (Phase::Sweeping, expected), "{what}");
        assert_eq!(
            (job.paused, job.findings),
            (more.is_some(), u64::from(more.is_some())),
            "{what}"
        );
        let told = if more.is_some() {
            Effect::Mail(Occasion::Differs)
        } else {
            Effect::Dispatch
        };
        assert_eq!(
            effects,
            [told],
            "{what}: nothing is sent to be swept, operators are told"
        );
        let paused = more.map(|_| "differs_from_preview".into());
        assert_eq!(details.get("paused"), paused.as_ref(), "{what}");
        assert_eq!(details["planned"], found, "{what}");
    }
}

#[test]
fn what_a_verification_finds_was_never_previewed() {
    let job = Job {
        previewed: Some(0),
        ..running(Phase::Verifying, 1)
    };
    let (next, _, effects) = advance(&job, &Event::PlanComplete { planned: 500 }, day(60)).expect("due");
    assert_eq!(
        (next.paused, next.differs, effects),
        (false, None, vec![Effect::Dispatch])
    );
}

#[test]
fn a_job_knows_what_its_executor_saw() {
    let seen = Execution {
        previewed: Some(17),
        ..execution()
    };
    let executed = must(&approved(), &bob(), Command::Execute(seen), day(40));
    assert_eq!(executed.facts.job.expect("a job").previewed, Some(17));
}

fn paused_by_itself() -> SubjectRequest {
    let mut request = in_phase(Phase::Planning);
    request.facts.job.as_mut().expect("a job").previewed = Some(10);
    observe(&request, Event::PlanComplete { planned: 200 }, day(40))
        .expect("due")
        .next
}

#[test]
fn whoever_resumes_accepts_it_and_whoever_cancels_has_seen_it() {
    let resumed = super::support::give(&paused_by_itself(), &bob(), Command::Resume, day(41)).expect("allowed");
    assert_eq!(resumed.effects, [Effect::Dispatch]);
    assert_eq!(resumed.audit[0].details["accepted"], 190);
    let job = resumed.next.facts.job.expect("a job");
    assert_eq!((job.paused, job.differs, job.findings), (false, None, 0));
    assert_eq!(job.status, JobStatus::Running);

    let cancelled = must(&paused_by_itself(), &bob(), cancel(), day(41));
    let job = cancelled.facts.job.expect("a job");
    assert_eq!((job.cancel_requested, job.differs, job.findings), (true, None, 0));
}

#[test]
fn a_job_of_before_has_no_preview_and_no_difference() {
    let mut row = serde_json::to_value(Job::queued()).expect("JSON");
    let fields = row.as_object_mut().expect("an object");
    fields.remove("previewed").expect("a field");
    fields.remove("differs").expect("a field");
    assert_eq!(serde_json::from_value::<Job>(row).expect("a job"), Job::queued());
}
