//! What operators do to a running request, and how a cancellation and a restoration end.

use super::rows::{chunk, running, tally};
use super::support::{
    alice, auditor, bob, cancel, cut_short, day, give, in_phase, in_status, must, restore, subject, subject_as_operator,
};
use crate::domain::actor::Caller;
use crate::domain::chunk::{ChunkState, Op};
use crate::domain::job::{Job, JobStatus, Phase};
use crate::domain::outbox::Occasion;
use crate::domain::outcome::{Code, Counts};
use crate::domain::personal::Personal;
use crate::domain::request::{CancelStage, Notice, Status, SubjectRequest};
use crate::state_machine::command::{Cancellation, Command, Event, Restoration};
use crate::state_machine::job::{Clock, next_event};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::observe;
use crate::state_machine::transition::Effect;

const DONE_PURGE: (Op, ChunkState) = (Op::Purge, ChunkState::Done);

fn refused(request: &SubjectRequest, by: &Caller, command: Command) -> Refusal {
    give(request, by, command, day(41)).expect_err("refused")
}

fn job(request: &SubjectRequest) -> &Job {
    request.facts.job.as_ref().expect("a job")
}

fn asked_to_stop(phase: Phase) -> SubjectRequest {
    must(&in_phase(phase), &bob(), cancel(), day(41))
}

#[test]
fn a_job_is_paused_while_it_plans_or_sweeps_and_goes_on() {
    for phase in [Phase::Planning, Phase::Sweeping] {
        let paused = must(&in_phase(phase), &bob(), Command::Pause, day(41));
        assert!(job(&paused).paused && job(&paused).phase == phase);
        assert_eq!(refused(&paused, &bob(), Command::Pause), Refusal::AlreadyPaused);
        let resumed = give(&paused, &alice(), Command::Resume, day(42)).expect("allowed");
        assert!(!job(&resumed.next).paused);
        assert_eq!(resumed.effects, [Effect::Dispatch]);
        assert_eq!(refused(&resumed.next, &bob(), Command::Resume), Refusal::NotPaused);
    }
}

#[test]
fn what_sweeps_no_more_is_not_paused() {
    let phases = [Phase::Recovering, Phase::Purging, Phase::Verifying, Phase::Closing];
    let mut late: Vec<_> = phases.into_iter().map(in_phase).collect();
    late.push(asked_to_stop(Phase::Sweeping));
    let mut failed = in_phase(Phase::Planning);
    failed.facts.job = Some(super::rows::failed(Phase::Planning, 0));
    late.push(failed);
    for request in late {
        for command in [Command::Pause, Command::Resume] {
            let refusal = refused(&request, &bob(), command);
            assert_eq!(refusal.code(), "not_in_this_phase", "{:?}", job(&request));
        }
    }
}

#[test]
fn only_operators_do_it() {
    let running = in_phase(Phase::Sweeping);
    for by in [subject(), auditor()] {
        for command in [Command::Pause, Command::Resume, cancel(), restore(false)] {
            assert_eq!(refused(&running, &by, command), Refusal::OperatorOnly);
        }
    }
    assert!(give(&running, &subject_as_operator(), cancel(), day(41)).is_ok());
}

#[test]
fn cancelling_asks_everybody_to_stop_and_is_not_the_end() {
    let done = give(&in_phase(Phase::Sweeping), &bob(), cancel(), day(41)).expect("allowed");
    assert!(job(&done.next).cancel_requested);
    assert_eq!(done.next.facts.status, Status::InProgress);
    assert_eq!((done.audit[0].action, done.effects.len()), ("cancel", 0));
    assert!(done.audit[0].personal.contains_key("reason"));
    assert_eq!(refused(&done.next, &bob(), cancel()), Refusal::AlreadyCancelling);
}

#[test]
fn a_cancellation_has_a_reason_and_something_to_keep() {
    let running = in_phase(Phase::Purging);
    let input = |reason: &str, anything_left| {
        let reason = Personal::new(reason);
        Command::Cancel(Cancellation { reason, anything_left })
    };
    assert_eq!(refused(&running, &bob(), input(" ", true)).code(), "invalid_input");
    assert_eq!(
        refused(&running, &bob(), input("stop", false)),
        Refusal::NothingToCancel
    );
    let closing = in_phase(Phase::Closing);
    assert_eq!(refused(&closing, &bob(), input("stop", true)), Refusal::NothingToCancel);
}

#[test]
fn a_cancellation_settles_when_every_mark_is_accounted_for() {
    let stopping = asked_to_stop(Phase::Sweeping);
    let next = |rows: &[_]| next_event(job(&stopping), &tally(rows), Clock::default(), day(41));
    let untouched = |op, state, epoch| {
        let mut row = chunk(0, 0, (op, state), &[(Code::Untouched, 2)]);
        row.epoch = epoch;
        row
    };
    assert_eq!(
        next(&[untouched(Op::Sweep, ChunkState::Leased, 1)]),
        None,
        "somebody is at work"
    );
    assert_eq!(
        next(&[untouched(Op::Sweep, ChunkState::Ready, 1)]),
        None,
        "given back in the middle: some of it may be marked"
    );
    let swept = chunk(0, 1, (Op::Sweep, ChunkState::Done), &[(Code::Swept, 2)]);
    let event = next(&[untouched(Op::Sweep, ChunkState::Ready, 0), swept]).expect("nobody is at work");
    let Event::Settled { account, .. } = &event else {
        panic!("{event:?}");
    };
    let counts = &account[&"messages".parse().expect("slug")];
    assert_eq!((counts.of(Code::Swept), counts.of(Code::Untouched)), (2, 2));

    let done = observe(&stopping, event, day(42)).expect("due");
    let facts = &done.next.facts;
    assert_eq!(
        (facts.status, facts.cancel_stage, facts.closed_at, facts.notice),
        (
            Status::Cancelled,
            Some(CancelStage::DuringExecution),
            Some(day(42)),
            Some(Notice::Pending)
        )
    );
    assert_eq!(job(&done.next).status, JobStatus::Cancelled);
    assert_eq!(facts.shred_at, None, "its records are still restorable");
    assert_eq!(
        done.effects,
        [
            Effect::Mail(Occasion::Cancelled),
            Effect::ReleaseScope,
            Effect::ClosePlans
        ]
    );
}

#[test]
fn nobody_is_cancelled_who_was_not_asked_to_stop() {
    let settled = Event::Settled {
        recover_until: None,
        account: [].into(),
    };
    assert_eq!(observe(&in_phase(Phase::Sweeping), settled, day(42)), None);
}

#[test]
fn records_come_back_one_by_one_while_it_runs_and_all_of_them_after_a_cancellation() {
    let running = in_phase(Phase::Recovering);
    assert_eq!(refused(&running, &bob(), restore(true)), Refusal::CancelFirst);
    let some = must(&running, &bob(), restore(false), day(41));
    assert_eq!((some.facts.restores, some.facts.restoring), (1, Some(1)));
    assert_eq!(refused(&some, &bob(), restore(false)), Refusal::RestoreRunning);
    let all = must(&cut_short(), &bob(), restore(true), day(43));
    assert_eq!((all.facts.status, all.facts.restoring), (Status::Cancelled, Some(1)));
    let before = in_status(Status::Cancelled);
    assert_eq!(
        refused(&before, &bob(), restore(true)).code(),
        "not_in_this_status",
        "withdrawn before the execution: nothing was touched"
    );
}

#[test]
fn a_restoration_has_a_reason_and_something_to_bring_back() {
    let input = |reason: &str, anything_left| {
        Command::Restore(Restoration {
            reason: Personal::new(reason),
            all: false,
            anything_left,
        })
    };
    let running = in_phase(Phase::Recovering);
    assert_eq!(refused(&running, &bob(), input("", true)).code(), "invalid_input");
    assert_eq!(
        refused(&running, &bob(), input("a mistake", false)),
        Refusal::NothingToRestore
    );
}

#[test]
fn the_end_of_a_restoration_is_written_down_once() {
    let restoring = must(&in_phase(Phase::Recovering), &bob(), restore(false), day(41));
    let (restored, skipped) = (3, 1);
    let end = |n| Event::Restored { n, restored, skipped };
    assert_eq!(observe(&restoring, end(2), day(42)), None, "another's end");
    let done = observe(&restoring, end(1), day(42)).expect("due");
    assert_eq!(done.next.facts.restoring, None);
    assert_eq!(done.audit[0].details["restored"], 3);
    assert_eq!(observe(&done.next, end(1), day(42)), None, "once");
}

#[test]
fn a_cancelled_request_is_over_when_nothing_swept_is_left_and_its_subject_was_told() {
    let cancelled = cut_short();
    let next = |rows: &[_]| next_event(job(&cancelled), &tally(rows), Clock::default(), day(60));
    let swept = chunk(0, 0, (Op::Sweep, ChunkState::Done), &[(Code::Swept, 1)]);
    assert_eq!(next(&[swept]), None);
    let stuck = chunk(0, 0, DONE_PURGE, &[(Code::Failed, 1)]);
    assert_eq!(next(&[stuck]), None, "a person must look");
    let untouched = chunk(0, 0, (Op::Sweep, ChunkState::Ready), &[(Code::Untouched, 1)]);
    let purged = chunk(0, 1, DONE_PURGE, &[(Code::Purged, 1)]);
    let event = next(&[untouched, purged]).expect("nothing swept is left");
    assert_eq!(
        observe(&cancelled, event.clone(), day(60)),
        None,
        "the subject is told first"
    );
    let mut told = cancelled;
    told.facts.notice = Some(Notice::Sent);
    let done = observe(&told, event.clone(), day(60)).expect("due").next;
    assert_eq!(done.facts.shred_at, Some(day(60)));
    let counts = Counts::all(Code::Purged, 1);
    assert!(
        done.facts
            .account
            .values()
            .any(|of| of.of(Code::Purged) == counts.total())
    );
    assert_eq!(observe(&done, event, day(61)), None, "once");
}

#[test]
fn a_running_job_is_never_emptied() {
    let rows = [chunk(0, 0, DONE_PURGE, &[(Code::Purged, 1)])];
    let event = next_event(&running(Phase::Purging, 0), &tally(&rows), Clock::default(), day(60));
    assert_eq!(event, Some(Event::VerifyBegan));
}

#[test]
fn a_sweep_that_was_leased_after_the_settlement_keeps_nothing_open() {
    let cancelled = cut_short();
    let leased = chunk(0, 0, (Op::Sweep, ChunkState::Leased), &[(Code::Untouched, 1)]);
    let event = next_event(job(&cancelled), &tally(&[leased]), Clock::default(), day(60));
    assert!(matches!(event, Some(Event::Emptied { .. })), "{event:?}");
}

#[test]
fn a_pause_ends_with_the_sweep() {
    let mut sweeping = must(&in_phase(Phase::Sweeping), &bob(), Command::Pause, day(41));
    let swept = Event::Swept {
        recover_until: None,
        findings: 0,
        showing: [].into(),
    };
    sweeping = observe(&sweeping, swept, day(42)).expect("due").next;
    assert!(!job(&sweeping).paused, "nobody could resume it any more");
}
