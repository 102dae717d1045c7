//! Who writes a package next: leases, messages, retries; and what has become true of an export by then.

use super::support::{as_export, day, in_phase, later};
use crate::domain::chunk::MAX_LEASES;
use crate::domain::job::{Job, JobStatus, Phase, Retry, Tally};
use crate::domain::outcome::{Code, Counts};
use crate::domain::package::{Assembly, Part};
use crate::domain::request::{Completion, Facts, Status};
use crate::state_machine::assembly::{Lease, is_given_up, lease, next, release, written};
use crate::state_machine::command::Event;
use crate::state_machine::job::{Clock, Packing, next_event};

/// Sent once, `2` days in.
fn sent() -> Assembly {
    Assembly {
        send: 1,
        ..Assembly::ordered(day(2))
    }
}

fn leased(row: &Assembly) -> Assembly {
    let Lease::Work(row) = lease(row, row.send, "a writer", day(3), later(day(3), 60_000)) else {
        panic!("it is free")
    };
    row
}

fn part(number: u32) -> Part {
    Part {
        number,
        object: format!("p/{number}"),
        bytes: 7,
        sha256: String::new(),
        left_out: 0,
    }
}

fn packing() -> Facts {
    as_export(in_phase(Phase::Packaging)).facts
}

#[test]
fn each_lease_is_counted_and_fences_those_before_it() {
    let first = leased(&sent());
    assert_eq!((first.epoch, first.attempts, first.rev), (1, 1, 1));
    assert_eq!(first.holder.as_deref(), Some("a writer"));
    let now = later(day(3), 60_000);
    let Lease::Work(second) = lease(&first, 1, "another", now, later(now, 60_000)) else {
        panic!("its time is over")
    };
    assert_eq!(
        (second.epoch, second.attempts, second.rev, second.touched_at),
        (2, 2, 2, now)
    );
    assert_eq!(
        written(&second, 1, 1, part(1), now),
        None,
        "the first one comes too late"
    );
    assert_eq!(release(&second, 1, None, now), None);
    let free = release(&second, 2, Some("refused"), now).expect("its own");
    assert_eq!(release(&free, 2, None, now), None, "given back already");
}

#[test]
fn a_message_of_before_and_a_whole_package_give_no_lease() {
    let (row, now, until) = (sent(), day(3), day(4));
    assert_eq!(lease(&row, 0, "a", now, until), Lease::Drop);
    assert_eq!(lease(&leased(&row), 1, "b", now, until), Lease::Held);
    let whole = Assembly {
        of: Some(1),
        parts: vec![part(1)],
        ..row.clone()
    };
    assert_eq!(lease(&whole, 1, "a", now, until), Lease::Drop);
    let worn = Assembly {
        attempts: MAX_LEASES,
        ..row
    };
    let Lease::GiveUp(given_up) = lease(&worn, 1, "a", now, until) else {
        panic!("nobody tries for ever")
    };
    assert_eq!((given_up.trouble.as_deref(), given_up.rev), (Some("part_parked"), 1));
}

#[test]
fn a_part_that_is_written_and_one_that_is_given_back_have_a_next_message() {
    let row = leased(&sent());
    let done = written(&row, 1, 2, part(1), day(3)).expect("its own");
    assert_eq!(
        (done.of, done.parts.len(), done.attempts, done.send, done.rev),
        (Some(2), 1, 0, 2, 2)
    );
    assert_eq!((done.holder, done.lease_until), (None, None));
    let later = release(&row, 1, None, day(3)).expect("its own");
    assert_eq!((later.send, later.attempts), (2, 0), "it was nobody's fault");
    let failed = release(&row, 1, Some("refused"), day(3)).expect("its own");
    assert_eq!((failed.send, failed.attempts, failed.trouble), (2, 1, None));
    let last = Assembly {
        attempts: MAX_LEASES,
        ..row
    };
    let last = release(&last, 1, Some("refused"), day(3)).expect("its own");
    assert_eq!(last.trouble.as_deref(), Some("refused"));
}

#[test]
fn a_message_is_owed_once_and_again_when_it_is_lost() {
    let (facts, fresh, now) = (packing(), Assembly::ordered(day(2)), day(2));
    let first = next(&facts, &fresh, now).expect("nobody has sent one");
    assert_eq!((first.send, first.rev), (1, 1));
    assert_eq!(next(&facts, &first, later(now, 60_000)), None);
    let again = next(&facts, &first, later(now, 120_000)).expect("it may be lost");
    assert_eq!((again.send, again.attempts), (2, 0));
    assert_eq!(next(&facts, &leased(&sent()), day(3)), None, "somebody writes");
    let whole = Assembly {
        of: Some(0),
        ..fresh.clone()
    };
    assert_eq!(next(&facts, &whole, now), None);
    let without = |change: fn(&mut Facts)| {
        let mut facts = packing();
        change(&mut facts);
        next(&facts, &Assembly::ordered(day(2)), day(2))
    };
    assert_eq!(without(|facts| facts.status = Status::Cancelled), None);
    assert_eq!(
        without(|facts| facts.job.as_mut().expect("a job").phase = Phase::Sweeping),
        None
    );
    assert_eq!(
        without(|facts| facts.job.as_mut().expect("a job").cancel_requested = true),
        None
    );
}

#[test]
fn what_was_given_up_waits_for_a_retry_of_its_own() {
    let row = Assembly {
        trouble: Some("refused".to_owned()),
        attempts: MAX_LEASES,
        ..sent()
    };
    let mut facts = packing();
    assert!(is_given_up(&facts, &row));
    assert_eq!(next(&facts, &row, day(9)), None, "not by time alone");
    let job = facts.job.as_mut().expect("a job");
    job.retry = Some(Retry { n: 1, only: None });
    assert!(!is_given_up(&facts, &row));
    let again = next(&facts, &row, day(9)).expect("a person said so");
    assert_eq!(
        (again.trouble, again.attempts, again.retried, again.send),
        (None, 0, 1, 2)
    );
    assert!(is_given_up(&facts, &Assembly { retried: 1, ..row }));
}

/// What is true of an export with these rows.
fn event(phase: Phase, tally: &Tally, clock: Clock) -> Option<Event> {
    let job = Job {
        phase,
        status: JobStatus::Running,
        ..Job::queued()
    };
    let package = clock.package.or(Some(Packing::default()));
    next_event(&job, tally, Clock { package, ..clock }, day(3))
}

fn copied(code: Code) -> Tally {
    Tally {
        plan_complete: true,
        planned: 2,
        counts: Counts::all(code, 2),
        ..Tally::default()
    }
}

#[test]
fn an_export_is_packed_once_everything_is_copied_and_nothing_is_open() {
    let all = copied(Code::Exported);
    assert_eq!(event(Phase::Sweeping, &all, Clock::default()), Some(Event::Copied));
    assert_eq!(
        event(Phase::Planning, &all, Clock::default()),
        Some(Event::PlanComplete { planned: 2 })
    );
    let nothing = Tally {
        plan_complete: true,
        ..Tally::default()
    };
    assert_eq!(event(Phase::Planning, &nothing, Clock::default()), Some(Event::Copied));
    assert_eq!(event(Phase::Planning, &Tally::default(), Clock::default()), None);

    let waits = Clock {
        to_retry: 1,
        ..Clock::default()
    };
    assert_eq!(event(Phase::Sweeping, &all, waits), None, "a retry is under way");
    let failed = Some(Event::JobFailed { findings: 1 });
    let found = Clock {
        findings: 1,
        ..Clock::default()
    };
    assert_eq!(event(Phase::Sweeping, &all, found), failed);
    let parked = Tally {
        parked: 1,
        ..all.clone()
    };
    assert_eq!(event(Phase::Sweeping, &parked, Clock::default()), failed);
    assert_eq!(
        event(Phase::Sweeping, &copied(Code::Untouched), Clock::default()),
        failed
    );
}

#[test]
fn an_export_is_handed_over_when_its_last_part_is_written() {
    let package = |whole, given_up| Clock {
        package: Some(Packing {
            whole,
            given_up,
            ..Packing::default()
        }),
        ..Clock::default()
    };
    let told = |tally: &Tally| match event(Phase::Packaging, tally, package(Some((3, 21)), false)) {
        Some(Event::Packaged {
            parts, bytes, result, ..
        }) => (parts, bytes, result),
        other => panic!("{other:?}"),
    };
    assert_eq!(told(&copied(Code::Exported)), (3, 21, Completion::Full));
    assert_eq!(told(&copied(Code::AlreadyAbsent)), (3, 21, Completion::Partial));
    let by_hand = Tally {
        closed_by_hand: 1,
        ..copied(Code::Exported)
    };
    assert_eq!(told(&by_hand).2, Completion::Partial);
    let all = copied(Code::Exported);
    assert_eq!(event(Phase::Packaging, &all, package(None, false)), None);
    let failed = Some(Event::JobFailed { findings: 1 });
    assert_eq!(event(Phase::Packaging, &all, package(None, true)), failed);
}
