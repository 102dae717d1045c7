//! The job: each (phase, event) pair, and what rows make true.

use super::rows::{chunk, counts, failed, plan, running, tally};
use super::support::{day, later};
use super::table::{cells, column_of_event, every_event};
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::job::{Job, JobStatus, Phase, Tally};
use crate::domain::outbox::Occasion;
use crate::domain::outcome::Code;
use crate::domain::request::Completion;
use crate::state_machine::command::Event;
use crate::state_machine::job::{Clock, MAX_VERIFICATIONS, advance, next_event};
use crate::state_machine::transition::Effect;

const DONE_SWEEP: (Op, ChunkState) = (Op::Sweep, ChunkState::Done);
const DONE_PURGE: (Op, ChunkState) = (Op::Purge, ChunkState::Done);
const READY: (Op, ChunkState) = (Op::Sweep, ChunkState::Ready);
const PARKED: (Op, ChunkState) = (Op::Sweep, ChunkState::Parked);

/// The documented graph: to which phase an event leads; `-`: it is not due there.
const PHASES: &str = "
               grace_over  due_soon    overdue     window_ended job_began   plan_complete swept       purge_began verify_began job_failed  closing     settled     restored    emptied     completed   told        shredded   gate_cleared started  copied      packaged  expiring  package_expired  package_purged
    planning   -           -           -           -            planning    sweeping      -           -           verifying    planning    -           -           -           -           -           -           -          -          -        packaging   -         -         -                -
    sweeping   -           -           -           -            -           -             recovering  -           -            sweeping    -           -           -           -           -           -           -          -          -        packaging   -         -         -                -
    recovering -           -           -           -            -           -             -           purging     -            -           -           -           -           -           -           -           -          -          -        -           -         -         -                -
    purging    -           -           -           -            -           -             -           -           verifying    purging     -           -           -           -           -           -           -          -          -        -           -         -         -                -
    verifying  -           -           -           -            -           sweeping      -           -           -            verifying   closing     -           -           -           -           -           -          -          -        -           -         -         -                -
    packaging  -           -           -           -            -           -             -           -           -            packaging   -           -           -           -           -           -           -          -          -        -           closing   -         -                -
    closing    -           -           -           -            -           -             -           -           -            -           -           -           -           -           -           -           -          -          -        -           -         -         -                -
";

const EVERY_PHASE: [Phase; 7] = [
    Phase::Planning,
    Phase::Sweeping,
    Phase::Recovering,
    Phase::Purging,
    Phase::Verifying,
    Phase::Packaging,
    Phase::Closing,
];

/// The word, and by its match a broken build when a phase is added without its row.
fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Planning => "planning",
        Phase::Sweeping => "sweeping",
        Phase::Recovering => "recovering",
        Phase::Purging => "purging",
        Phase::Verifying => "verifying",
        Phase::Packaging => "packaging",
        Phase::Closing => "closing",
    }
}

/// What rows of generation 0 make true of a job without findings, on day 40.
fn next(job: &Job, chunks: &[Chunk]) -> Option<Event> {
    next_event(job, &tally(chunks), Clock::default(), day(40))
}

/// What a verification of this generation finds, with so many leftovers.
fn found(job: &Job, leftovers: u64) -> Option<Event> {
    let generation = job.generation;
    let mut rows = vec![chunk(0, 0, DONE_PURGE, &[(Code::Purged, 5)])];
    let mut plans = vec![plan(0, 5), plan(generation, leftovers)];
    if leftovers > 0 {
        rows.push(chunk(generation, 0, READY, &[(Code::Untouched, leftovers)]));
    } else {
        plans[1].chunks = 0;
    }
    next_event(
        job,
        &Tally::recount(&plans, &rows, generation),
        Clock::default(),
        day(60),
    )
}

#[test]
fn every_phase_and_event() {
    let rows = cells(PHASES);
    let events = every_event();
    assert_eq!(rows.len(), EVERY_PHASE.len() * events.len(), "one cell for each pair");
    let mut expected = rows.iter();
    for phase in EVERY_PHASE {
        for event in &events {
            let (row, column, cell) = expected.next().expect("complete");
            assert_eq!((row.as_str(), column.as_str()), (word(phase), column_of_event(event).1));
            let job = Job { phase, ..Job::queued() };
            let after = advance(&job, event, day(41)).map_or("-", |(job, _, _)| word(job.phase));
            assert_eq!(after, cell, "{row} {column}");
        }
    }
}

#[test]
fn nothing_is_decided_while_a_plan_is_incomplete() {
    let rows = [chunk(0, 0, READY, &[(Code::Untouched, 5)])];
    let mut half = plan(0, 5);
    half.complete = false;
    let tally = Tally::recount(&[plan(0, 0), half], &rows, 0);
    for phase in EVERY_PHASE {
        assert_eq!(next_event(&running(phase, 0), &tally, Clock::default(), day(40)), None);
    }
}

#[test]
fn nothing_is_decided_while_the_rows_do_not_add_up() {
    let rows = [chunk(0, 0, DONE_PURGE, &[(Code::Purged, 5)])];
    for planned in [4, 6] {
        let tally = Tally::recount(&[plan(0, planned)], &rows, 0);
        for phase in EVERY_PHASE {
            assert_eq!(
                next_event(&running(phase, 0), &tally, Clock::default(), day(40)),
                None,
                "{planned}"
            );
        }
    }
}

#[test]
fn planning_ends_with_the_last_plan() {
    let rows = [chunk(0, 0, READY, &[(Code::Untouched, 5)])];
    assert_eq!(
        next(&running(Phase::Planning, 0), &rows),
        Some(Event::PlanComplete { planned: 5 })
    );
}

#[test]
fn an_empty_scope_goes_straight_to_its_verification_and_closing() {
    let job = Job::queued();
    let event = next(&job, &[]).expect("planned");
    assert_eq!(event, Event::VerifyBegan);
    let (job, _, effects) = advance(&job, &event, day(40)).expect("due");
    assert_eq!(
        (job.phase, job.generation, effects),
        (Phase::Verifying, 1, vec![Effect::Plan])
    );
    assert_eq!(
        (job.status, job.started_at),
        (JobStatus::Running, Some(day(40))),
        "it has begun"
    );
    let event = next_event(&job, &Tally::recount(&[], &[], 1), Clock::default(), day(40));
    let (result, account) = (Completion::Full, [].into());
    assert_eq!(event, Some(Event::Closing { result, account }));
}

#[test]
fn sweeping_ends_with_the_last_chunk() {
    let job = running(Phase::Sweeping, 0);
    let done = chunk(0, 0, DONE_SWEEP, &[(Code::Swept, 4), (Code::AlreadyAbsent, 1)]);
    for state in [ChunkState::Ready, ChunkState::Leased] {
        let rows = [done.clone(), chunk(0, 1, (Op::Sweep, state), &[(Code::Untouched, 5)])];
        assert_eq!(next(&job, &rows), None, "{state:?}");
    }
    let clock = Clock {
        recover_until: Some(day(47)),
        findings: 2,
        ..Clock::default()
    };
    let (recover_until, findings) = (Some(day(47)), 2);
    let swept = Some(Event::Swept {
        recover_until,
        findings,
        showing: [].into(),
    });
    assert_eq!(next_event(&job, &tally(&[done]), clock, day(40)), swept);
}

#[test]
fn a_purge_that_was_given_up_before_a_retry_keeps_no_job_recovering() {
    let given_up = chunk(0, 0, (Op::Purge, ChunkState::Parked), &[(Code::Swept, 5)]);
    let job = running(Phase::Recovering, 0);
    assert_eq!(next(&job, std::slice::from_ref(&given_up)), Some(Event::PurgeBegan));
    let tried_again = Chunk {
        state: ChunkState::Leased,
        ..given_up
    };
    assert_eq!(next(&job, &[tried_again]), None, "it may yet succeed");
}

#[test]
fn the_purge_begins_when_the_first_window_has_ended() {
    let job = running(Phase::Recovering, 0);
    let rows = [chunk(0, 0, DONE_SWEEP, &[(Code::Swept, 5)])];
    let at = |now| {
        let clock = Clock {
            purge_due: Some(day(49)),
            ..Clock::default()
        };
        next_event(&job, &tally(&rows), clock, now)
    };
    assert_eq!(at(later(day(49), -1)), None);
    assert_eq!(at(day(49)), Some(Event::PurgeBegan));
    let gone = [chunk(0, 0, DONE_SWEEP, &[(Code::AlreadyAbsent, 5)])];
    assert_eq!(
        next(&job, &gone),
        Some(Event::PurgeBegan),
        "with nothing hidden there is nothing to wait for"
    );
}

#[test]
fn purging_ends_when_nothing_swept_is_left() {
    let job = running(Phase::Purging, 0);
    let purged = chunk(0, 0, DONE_PURGE, &[(Code::Purged, 5)]);
    let waiting = chunk(0, 1, DONE_SWEEP, &[(Code::Swept, 5)]);
    let at_work = chunk(0, 1, (Op::Purge, ChunkState::Leased), &[(Code::Swept, 5)]);
    assert_eq!(next(&job, &[purged.clone(), waiting]), None, "its window has not ended");
    assert_eq!(next(&job, &[purged.clone(), at_work]), None);
    let repeated = chunk(0, 1, (Op::Restore, ChunkState::Leased), &[(Code::Restored, 5)]);
    assert_eq!(next(&job, &[purged.clone(), repeated]), None, "somebody is still at it");
    assert_eq!(next(&job, &[purged]), Some(Event::VerifyBegan));
}

#[test]
fn what_a_purge_leaves_open_fails_the_job_once() {
    let untouched = [chunk(0, 0, DONE_PURGE, &[(Code::Purged, 4), (Code::Untouched, 1)])];
    let failure = [chunk(0, 0, DONE_PURGE, &[(Code::Purged, 4), (Code::Failed, 1)])];
    let parked = [chunk(0, 0, PARKED, &[(Code::AlreadyAbsent, 5)])];
    let given_up = [chunk(0, 0, (Op::Purge, ChunkState::Parked), &[(Code::Swept, 5)])];
    for rows in [untouched, failure, parked, given_up] {
        let event = Some(Event::JobFailed { findings: 1 });
        assert_eq!(next(&running(Phase::Purging, 0), &rows), event, "{:?}", rows[0].counts);
        assert_eq!(next(&failed(Phase::Purging, 0), &rows), None, "once");
    }
    let clean = tally(&[chunk(0, 0, DONE_PURGE, &[(Code::Purged, 5)])]);
    let clock = Clock {
        findings: 3,
        ..Clock::default()
    };
    let event = next_event(&running(Phase::Purging, 0), &clean, clock, day(49));
    assert_eq!(event, Some(Event::JobFailed { findings: 3 }), "an open finding alone");
}

#[test]
fn a_failed_job_whose_findings_are_repaired_goes_on() {
    let rows = [chunk(0, 0, DONE_PURGE, &[(Code::Purged, 5)])];
    let job = failed(Phase::Purging, 0);
    let event = next(&job, &rows).expect("repaired");
    let (job, _, _) = advance(&job, &event, day(50)).expect("due");
    assert_eq!((job.phase, job.status), (Phase::Verifying, JobStatus::Running));
}

#[test]
fn leftovers_are_swept_three_times_then_a_person_must_look() {
    for generation in 1..=MAX_VERIFICATIONS {
        let event = found(&running(Phase::Verifying, generation), 2);
        assert_eq!(
            event,
            Some(Event::PlanComplete { planned: 7 }),
            "generation {generation}"
        );
    }
    let event = found(&running(Phase::Verifying, 4), 2);
    assert_eq!((event, MAX_VERIFICATIONS), (Some(Event::JobFailed { findings: 1 }), 3));
    assert_eq!(found(&failed(Phase::Verifying, 4), 2), None, "once");
}

#[test]
fn what_is_verified_absent_closes_with_its_account() {
    let account = [("messages".parse().expect("slug"), counts(&[(Code::Purged, 5)]))].into();
    let result = Completion::Full;
    assert_eq!(
        found(&running(Phase::Verifying, 1), 0),
        Some(Event::Closing { result, account })
    );
}

#[test]
fn what_was_kept_makes_the_result_partial() {
    let result_with = |code| {
        let rows = [chunk(0, 0, DONE_PURGE, &[(Code::Purged, 4), (code, 1)])];
        match next_event(
            &running(Phase::Verifying, 1),
            &Tally::recount(&[plan(0, 5)], &rows, 1),
            Clock::default(),
            day(60),
        ) {
            Some(Event::Closing { result, .. }) => Some(result),
            _ => None,
        }
    };
    for code in [Code::Exempt, Code::Restored, Code::Resolved] {
        assert_eq!(result_with(code), Some(Completion::Partial), "{code:?}");
    }
    for code in [Code::AlreadyAbsent, Code::Recreated, Code::ArrivedLater] {
        assert_eq!(result_with(code), Some(Completion::Full), "{code:?}");
    }
    for code in [Code::Untouched, Code::Swept, Code::Failed] {
        assert_eq!(result_with(code), None, "{code:?}: unsettled, nothing closes");
    }
}

#[test]
fn findings_of_the_sweep_fail_the_job_and_tell_operators() {
    let swept = |findings| {
        let recover_until = None;
        let event = Event::Swept {
            recover_until,
            findings,
            showing: [].into(),
        };
        advance(&running(Phase::Sweeping, 0), &event, day(40)).expect("due")
    };
    let (job, _, effects) = swept(0);
    assert_eq!((job.status, effects), (JobStatus::Running, vec![]));
    let (job, _, effects) = swept(2);
    assert_eq!((job.status, job.findings), (JobStatus::Failed, 2));
    assert_eq!(effects, [Effect::Mail(Occasion::JobFailed)]);
    let (job, _, _) = advance(&job, &Event::PurgeBegan, day(49)).expect("the rest goes on");
    assert_eq!((job.phase, job.status), (Phase::Purging, JobStatus::Failed));
    let again = advance(&job, &Event::JobFailed { findings: 2 }, day(50));
    assert_eq!(again, None, "failed is not failed again");
}

#[test]
fn a_job_begins_once() {
    let (job, _, _) = advance(&Job::queued(), &Event::JobBegan, day(40)).expect("due");
    assert_eq!((job.status, job.started_at), (JobStatus::Running, Some(day(40))));
    assert_eq!(advance(&job, &Event::JobBegan, day(41)), None);
    let (job, _, effects) = advance(&job, &Event::PlanComplete { planned: 5 }, day(41)).expect("due");
    assert_eq!(
        (job.started_at, effects),
        (Some(day(40)), vec![Effect::Dispatch]),
        "its beginning does not move"
    );
}
