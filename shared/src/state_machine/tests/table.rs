//! Every pair of status and command, and of status and event, in a table each.
//!
//! A table is complete or the test fails: its cells are counted against the product, rows and columns are compared with
//! the enums, and a new variant breaks the build in `column_of_command`, `column_of_event` or `support::in_status`.

use std::collections::BTreeMap;

use super::support::{alice, approval, bob, cancel, cut_short, day, execution, extend, give, in_one_call, in_phase};
use super::support::{as_export, redeem, revoke, start, with_package};
use super::support::{in_status, method, must, reject, resolve, restore, retry, subject, withdraw};
use crate::domain::actor::Caller;
use crate::domain::job::Phase;
use crate::domain::package::PackageState;
use crate::domain::request::{Completion, Notice, Status, SubjectRequest};
use crate::state_machine::command::{Command, Event};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::observe;

/// Where each command leads when every guard is content; `-`: 409 `not_in_this_status`.
const COMMANDS: &str = "
               verify     approve    reject     withdraw   extend     execute    pause      resume     cancel     restore    retry      resolve  redeem       revoke
    Pending    Verified   Approved   Rejected   Cancelled  Pending    -          -          -          -          -          -          -  -            -
    Verified   -          Approved   Rejected   Cancelled  Verified   -          -          -          -          -          -          -  -            -
    Approved   -          -          -          Cancelled  Approved   InProgress -          -          -          -          -          -  -            -
    InProgress -          -          -          -          -          -          InProgress InProgress InProgress InProgress InProgress InProgress  InProgress   InProgress
    Completed  -          -          -          -          -          -          -          -          -          -          -          -  Completed    Completed
    Rejected   -          -          -          -          -          -          -          -          -          -          -          -  -            -
    Cancelled  -          -          -          -          -          -          -          -          -          Cancelled  -          Cancelled  -            -
";

/// Where each event leads, observed in the phase it belongs to; `-`: it does not concern the request.
const EVENTS: &str = "
               grace_over  due_soon    overdue     window_ended job_began   plan_complete swept       purge_began verify_began job_failed  closing     settled     restored    emptied     completed   told        shredded    gate_cleared  started     copied      packaged    expiring    package_expired  package_purged
    Pending    -           Pending     Pending     -            -           -             -           -           -            -           -           -           -           -           -           -           -           -  -           -           -           -           -                -
    Verified   -           Verified    Verified    -            -           -             -           -           -            -           -           -           -           -           -           -           -           -  -           -           -           -           -                -
    Approved   Approved    Approved    Approved    -            -           -             -           -           -            -           -           -           -           -           -           -           -           -  InProgress  -           -           -           -                -
    InProgress -           InProgress  InProgress  InProgress   InProgress  InProgress    InProgress  InProgress  InProgress   InProgress  InProgress  Cancelled   InProgress  -           Completed   -           -           InProgress  -           InProgress  InProgress  -           -                -
    Completed  -           -           -           -            -           -             -           -           -            -           -           -           -           -           -           -           Completed   -  -           -           -           Completed   Completed        Completed
    Rejected   -           -           -           -            -           -             -           -           -            -           -           -           -           -           -           Rejected    Rejected    -  -           -           -           -           -                -
    Cancelled  -           -           -           -            -           -             -           -           -            -           -           -           Cancelled   Cancelled   -           Cancelled   Cancelled   -  -           -           -           -           -                -
";

/// The cells of a table as (row, column, cell), row by row.
pub(super) fn cells(table: &str) -> Vec<(String, String, String)> {
    let mut lines = table.lines().filter(|line| !line.trim().is_empty());
    let columns: Vec<_> = lines.next().expect("a head").split_whitespace().collect();
    let row = |line: &str| -> Vec<_> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        assert_eq!(words.len(), columns.len() + 1, "a cell is missing: {line}");
        let cell = |(column, word): (&&str, &String)| (words[0].clone(), (*column).to_owned(), word.clone());
        columns.iter().zip(&words[1..]).map(cell).collect()
    };
    lines.flat_map(row).collect()
}

fn column_of_command(command: &Command) -> usize {
    match command {
        Command::Verify(_) => 0,
        Command::Approve(_) => 1,
        Command::Reject { .. } => 2,
        Command::Withdraw { .. } => 3,
        Command::Extend(_) => 4,
        Command::Execute(_) => 5,
        Command::Pause => 6,
        Command::Resume => 7,
        Command::Cancel(_) => 8,
        Command::Restore(_) => 9,
        Command::Retry(_) => 10,
        Command::Resolve(_) => 11,
        Command::Redeem(_) => 12,
        Command::Revoke { .. } => 13,
    }
}

/// Each command with somebody who may give it.
fn every_command(status: Status) -> Vec<(Caller, Command)> {
    let approve = if status == Status::Pending {
        in_one_call()
    } else {
        approval()
    };
    let all = vec![
        (alice(), Command::Verify(method())),
        (alice(), Command::Approve(approve)),
        (alice(), reject("not a customer")),
        (subject(), withdraw(None)),
        (alice(), extend(None)),
        (bob(), Command::Execute(execution())),
        (bob(), Command::Pause),
        (bob(), Command::Resume),
        (bob(), cancel()),
        (bob(), restore(false)),
        (bob(), retry()),
        (bob(), resolve()),
        (subject(), redeem(1, day(40))),
        (bob(), revoke()),
    ];
    assert!(
        all.iter()
            .enumerate()
            .all(|(i, (_, command))| column_of_command(command) == i)
    );
    all
}

pub(super) fn column_of_event(event: &Event) -> (usize, &'static str) {
    match event {
        Event::GraceOver => (0, "grace_over"),
        Event::DueSoon => (1, "due_soon"),
        Event::Overdue => (2, "overdue"),
        Event::WindowEnded => (3, "window_ended"),
        Event::JobBegan => (4, "job_began"),
        Event::PlanComplete { .. } => (5, "plan_complete"),
        Event::Swept { .. } => (6, "swept"),
        Event::PurgeBegan => (7, "purge_began"),
        Event::VerifyBegan => (8, "verify_began"),
        Event::JobFailed { .. } => (9, "job_failed"),
        Event::Closing { .. } => (10, "closing"),
        Event::Settled { .. } => (11, "settled"),
        Event::Restored { .. } => (12, "restored"),
        Event::Emptied { .. } => (13, "emptied"),
        Event::Completed { .. } => (14, "completed"),
        Event::Told { .. } => (15, "told"),
        Event::Shredded => (16, "shredded"),
        Event::GateCleared { .. } => (17, "gate_cleared"),
        Event::Started(_) => (18, "started"),
        Event::Copied => (19, "copied"),
        Event::Packaged { .. } => (20, "packaged"),
        Event::Expiring => (21, "expiring"),
        Event::PackageExpired => (22, "package_expired"),
        Event::PackagePurged => (23, "package_purged"),
    }
}

pub(super) fn every_event() -> Vec<Event> {
    let (result, account) = (Completion::Full, BTreeMap::new());
    let (recover_until, findings) = (Some(day(47)), 0);
    let all = vec![
        Event::GraceOver,
        Event::DueSoon,
        Event::Overdue,
        Event::WindowEnded,
        Event::JobBegan,
        Event::PlanComplete { planned: 3 },
        Event::Swept {
            recover_until,
            findings,
            showing: [].into(),
        },
        Event::PurgeBegan,
        Event::VerifyBegan,
        Event::JobFailed { findings: 1 },
        Event::Closing {
            result,
            account: account.clone(),
        },
        Event::Settled {
            recover_until,
            account: account.clone(),
        },
        Event::Restored {
            n: 1,
            restored: 1,
            skipped: 0,
        },
        Event::Emptied {
            account: account.clone(),
        },
        Event::Completed { notice: Notice::Sent },
        Event::Told { notice: Notice::Sent },
        Event::Shredded,
        Event::GateCleared { showing: [].into() },
        Event::Started(start()),
        Event::Copied,
        Event::Packaged {
            parts: 2,
            bytes: 2_000,
            result,
            account,
        },
        Event::Expiring,
        Event::PackageExpired,
        Event::PackagePurged,
    ];
    assert!(all.iter().enumerate().all(|(i, event)| column_of_event(event).0 == i));
    all
}

/// The request in a status, as the event would meet it: its job in the phase, asked to stop, or restoring.
fn ready_for(status: Status, event: &Event) -> SubjectRequest {
    let stopping = || must(&in_phase(Phase::Sweeping), &bob(), cancel(), day(41));
    let told = |mut request: SubjectRequest| {
        request.facts.notice = Some(Notice::Sent);
        request
    };
    match (status, event) {
        (Status::InProgress, Event::Settled { .. }) => return stopping(),
        (Status::InProgress, Event::Restored { .. }) => {
            return must(&in_phase(Phase::Recovering), &bob(), restore(false), day(41));
        }
        (Status::Cancelled, Event::Restored { .. }) => return must(&cut_short(), &bob(), restore(true), day(43)),
        (Status::Cancelled, Event::Emptied { .. }) => return told(cut_short()),
        (Status::InProgress, Event::Copied) => return as_export(in_phase(Phase::Sweeping)),
        (Status::InProgress, Event::Packaged { .. }) => return as_export(in_phase(Phase::Packaging)),
        (_, Event::Started(_)) => return as_export(in_status(status)),
        (_, Event::Expiring) => return with_package(in_status(status), PackageState::Available, day(2_001)),
        (_, Event::PackageExpired) => return with_package(in_status(status), PackageState::Available, day(2_000)),
        (_, Event::PackagePurged) => return with_package(in_status(status), PackageState::Revoked, day(2_000)),
        _ => {}
    }
    let phase = match event {
        Event::Swept { .. } => Phase::Sweeping,
        Event::PurgeBegan | Event::GateCleared { .. } => Phase::Recovering,
        Event::VerifyBegan | Event::JobFailed { .. } => Phase::Purging,
        Event::Closing { .. } => Phase::Verifying,
        Event::Completed { .. } => Phase::Closing,
        Event::Packaged { .. } => Phase::Packaging,
        Event::WindowEnded => Phase::Purging,
        Event::GraceOver
        | Event::DueSoon
        | Event::Overdue
        | Event::JobBegan
        | Event::PlanComplete { .. }
        | Event::Settled { .. }
        | Event::Restored { .. }
        | Event::Emptied { .. }
        | Event::Told { .. }
        | Event::Started(_)
        | Event::Copied
        | Event::Expiring
        | Event::PackageExpired
        | Event::PackagePurged
        | Event::Shredded => Phase::Planning,
    };
    if status == Status::InProgress {
        let mut request = in_phase(phase);
        request.facts.recover_until = Some(day(47));
        request
    } else {
        in_status(status)
    }
}

/// The request in a status, as the command would find it possible, if it ever is.
fn open_to(status: Status, command: &Command) -> SubjectRequest {
    match (status, command) {
        (Status::InProgress, Command::Resume) => must(&in_phase(Phase::Planning), &bob(), Command::Pause, day(40)),
        (Status::Cancelled, Command::Restore(_) | Command::Resolve(_)) => cut_short(),
        (_, Command::Redeem(_) | Command::Revoke { .. }) => {
            with_package(in_status(status), PackageState::Available, day(50))
        }
        _ => in_status(status),
    }
}

/// Rows and columns are exactly the enums', in their order.
fn assert_complete(rows: &[(String, String, String)], words: &[&str]) {
    assert_eq!(rows.len(), Status::ALL.len() * words.len(), "one cell for each pair");
    let pairs = Status::ALL
        .iter()
        .flat_map(|status| words.iter().map(move |word| (status.as_str(), *word)));
    for ((row, column, _), pair) in rows.iter().zip(pairs) {
        assert_eq!((row.as_str(), column.as_str()), pair);
    }
}

#[test]
fn every_status_and_command() {
    let rows = cells(COMMANDS);
    let words: Vec<_> = every_command(Status::Pending)
        .iter()
        .map(|(_, command)| command.word())
        .collect();
    assert_complete(&rows, &words);
    let mut expected = rows.iter();
    for status in Status::ALL {
        assert_eq!(in_status(status).facts.status, status);
        for (by, command) in every_command(status) {
            let (row, column, cell) = expected.next().expect("complete");
            // An extension comes before the due date, an execution after the grace period.
            let now = if column == "extend" { day(20) } else { day(40) };
            let answer = give(&open_to(status, &command), &by, command, now);
            match (cell.as_str(), answer) {
                ("-", Err(refusal)) => {
                    let command = column.clone();
                    assert_eq!(refusal, Refusal::NotInThisStatus { command, status }, "{row} {column}");
                }
                (next, Ok(transition)) => assert_eq!(transition.next.facts.status.as_str(), next, "{row} {column}"),
                (_, Err(refusal)) => panic!("{row} {column}: {refusal}"),
            }
        }
    }
}

#[test]
fn every_status_and_event() {
    let rows = cells(EVENTS);
    let words: Vec<_> = every_event().iter().map(|event| column_of_event(event).1).collect();
    assert_complete(&rows, &words);
    let mut expected = rows.iter();
    for status in Status::ALL {
        for event in every_event() {
            let (row, column, cell) = expected.next().expect("complete");
            // After the due date, on day 31, nobody is told that it will come.
            let now = if event == Event::DueSoon { day(30) } else { day(2_000) };
            let next = observe(&ready_for(status, &event), event, now);
            let next = next.map_or("-", |transition| transition.next.facts.status.as_str());
            assert_eq!(next, cell, "{row} {column}");
        }
    }
}
