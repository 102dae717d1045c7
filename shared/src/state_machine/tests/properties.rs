//! Random lives: people and the system do anything, at any instant; what must hold holds all the way.
//!
//! The runner's randomness is fixed, so a failure repeats itself; `coverage` proves that the lives went everywhere,
//! since a property over lives that end at once proves nothing.

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::support::{
    alice, alone, approval, auditor, bob, cancel, day, execution, extend, give, in_one_call, later, method, on_behalf,
    policy, reject, restore, stranger, subject, submission, submitted, withdraw,
};
use super::table::every_event;
use crate::domain::actor::Caller;
use crate::domain::deadline::due_soon_at;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::request::{Facts, Status, SubjectRequest};
use crate::state_machine::command::{Approval, Command};
use crate::state_machine::request::observe;
use crate::state_machine::transition::{Effect, Transition};
use crate::state_machine::watch::{Purges, wake_at};

/// One thing somebody tries.
#[derive(Clone, Debug)]
enum Deed {
    /// Which person gives which command.
    Command(usize, usize),
    /// Which event is observed.
    Event(usize),
}

/// A life: who submitted, whether one person is enough, and deeds with the milliseconds that pass before each.
type Life = (bool, bool, Vec<(i64, Deed)>);

fn lives() -> impl Strategy<Value = Life> {
    let command = (0..5_usize, 0..15_usize).prop_map(|(who, what)| Deed::Command(who, what));
    let event = (0..every_event().len()).prop_map(Deed::Event);
    let wait = prop_oneof![Just(0), Just(1), 0..10 * 86_400_000_i64, Just(800 * 86_400_000)];
    let deeds = prop::collection::vec((wait, prop_oneof![command, event]), 1..80);
    (any::<bool>(), any::<bool>(), deeds)
}

fn people() -> [Caller; 5] {
    [subject(), alice(), bob(), auditor(), stranger()]
}

/// What ends a life is rare enough that lives go on.
fn command(what: usize, one_is_enough: bool) -> Command {
    let rules = if one_is_enough { alone() } else { policy("") };
    let fixing = |input: Approval| {
        let policy = Some((rules.clone(), "p".to_owned()));
        Command::Approve(Approval { policy, ..input })
    };
    match what {
        0 | 1 => Command::Verify(method()),
        2 => fixing(approval()),
        3 => fixing(in_one_call()),
        4 => reject("no"),
        5 => withdraw(Some("changed my mind")),
        6 => Command::Pause,
        7 => Command::Resume,
        8 => cancel(),
        9 => restore(false),
        10 => restore(true),
        11 => extend(None),
        _ => Command::Execute(execution()),
    }
}

/// What happened so far, kept apart from the request itself.
#[derive(Default)]
struct History {
    released: u32,
    shredded: u32,
    approver: Option<String>,
    executor: Option<String>,
}

fn one_deed(request: &SubjectRequest, deed: &Deed, one_is_enough: bool, now: Timestamp) -> Option<Transition> {
    match deed {
        Deed::Command(who, what) => give(request, &people()[*who], command(*what, one_is_enough), now).ok(),
        Deed::Event(n) => observe(request, every_event()[*n].clone(), now),
    }
}

fn phase(request: &SubjectRequest) -> Option<Phase> {
    request.facts.job.as_ref().map(|job| job.phase)
}

/// Which phases may follow one another; staying is always fine.
fn follows(from: Option<Phase>, to: Option<Phase>) -> bool {
    use Phase::{Closing, Planning, Purging, Recovering, Sweeping, Verifying};
    let edges = [
        (Planning, Sweeping),
        (Planning, Verifying),
        (Sweeping, Recovering),
        (Recovering, Purging),
        (Purging, Verifying),
        (Verifying, Sweeping),
        (Verifying, Closing),
    ];
    match (from, to) {
        (None, to) => to.is_none() || to == Some(Planning),
        (Some(from), Some(to)) => from == to || edges.contains(&(from, to)),
        (Some(_), None) => false,
    }
}

/// Everything a single transition must respect.
fn check(
    before: &SubjectRequest,
    done: &Transition,
    now: Timestamp,
    history: &mut History,
) -> Result<(), TestCaseError> {
    let (was, is) = (&before.facts, &done.next.facts);
    prop_assert!(!done.audit.is_empty(), "every transition is in the trail");
    if was.status.is_terminal() {
        prop_assert_eq!(was.status, is.status, "a terminal status never changes");
    }
    prop_assert!(is.gated.iter().all(|category| is.scope.contains(category)));
    prop_assert!(
        !is.status.is_terminal() || is.gated.is_empty(),
        "what is over hides nothing"
    );
    let hides = matches!(
        (was.status, is.status),
        (_, Status::Approved) | (Status::Approved, Status::InProgress)
    );
    prop_assert!(
        hides || is.gated.is_subset(&was.gated),
        "the gate lets go of a category once"
    );
    let noted = was.status.is_terminal() && was.notice != is.notice;
    let only_told = was.grace_over_told != is.grace_over_told || noted || is_notice(done);
    let steps = if only_told { 0 } else { done.audit.len() as u64 };
    prop_assert_eq!(is.version, was.version + steps, "the version counts transitions");
    prop_assert!(
        follows(phase(before), phase(&done.next)),
        "{:?} to {:?}",
        phase(before),
        phase(&done.next)
    );

    let actor = |action| {
        done.audit
            .iter()
            .find(|record| record.action == action)
            .and_then(|r| r.actor.actor_ref.clone())
    };
    history.approver = actor("approve").map(|who| who.to_string()).or(history.approver.take());
    history.executor = actor("execute").map(|who| who.to_string()).or(history.executor.take());
    if was.status == Status::Approved && is.status == Status::InProgress {
        prop_assert!(
            was.grace_ends_at.is_some_and(|end| now >= end),
            "nothing begins within the grace period"
        );
        prop_assert!(
            is.policy
                .as_ref()
                .is_some_and(|p| p.grace_period.after(was.decided_at.unwrap_or(now)) <= now)
        );
    }
    if is.policy.as_ref().is_some_and(|policy| policy.two_person_rule) {
        prop_assert_ne!(
            history.approver.as_deref(),
            Some(is.requester_ref.as_str()),
            "requester and approver"
        );
        prop_assert!(
            history.executor.is_none() || history.approver != history.executor,
            "approver and executor"
        );
    }

    dates(was, is, now)?;
    history.released += done
        .effects
        .iter()
        .filter(|effect| **effect == Effect::ReleaseScope)
        .count() as u32;
    prop_assert_eq!(
        history.released,
        u32::from(is.status.is_terminal()),
        "the scope is released once, on closing"
    );
    if done.effects.contains(&Effect::Shred) {
        history.shredded += 1;
        prop_assert!(
            was.status.is_terminal() && was.shred_at.is_some_and(|due| now >= due),
            "shredded when due"
        );
        prop_assert_eq!(history.shredded, 1);
    }
    let runs = is.job.as_ref().is_some_and(|job| job.status != JobStatus::Failed);
    let owed = (is.status == Status::InProgress && runs)
        || (is.status.is_terminal() && !is.shredded)
        || (!is.status.is_terminal() && !is.told.overdue);
    prop_assert!(
        !owed || wake_at(is, false, Purges::default(), now).is_some(),
        "what is owed is watched"
    );
    Ok(())
}

fn is_notice(done: &Transition) -> bool {
    let notices = ["due_soon", "overdue", "window_ended"];
    done.audit.iter().any(|record| notices.contains(&record.action))
}

/// The due date moves once, and nothing that was promised with it; operators are told of no date before it.
fn dates(was: &Facts, is: &Facts, now: Timestamp) -> Result<(), TestCaseError> {
    if was.due_at != is.due_at {
        prop_assert!(was.extension.is_none() && now < was.due_at && was.due_at < is.due_at);
        prop_assert_eq!(is.extension.map(|e| e.was_due_at), Some(was.due_at));
        prop_assert_eq!(
            (was.grace_ends_at, was.completes_by),
            (is.grace_ends_at, is.completes_by)
        );
    }
    let late = is.completes_by.is_some_and(|by| by > is.due_at);
    prop_assert_eq!(is.misses_due, late, "it says whether it will be late");
    if is.told.overdue && !was.told.overdue {
        prop_assert!(now >= is.due_at && !is.status.is_terminal());
    }
    if is.told.due_soon && !was.told.due_soon {
        prop_assert!(now >= due_soon_at(is.received_at, is.due_at) && now < is.due_at);
    }
    if is.told.window_ended && !was.told.window_ended {
        prop_assert!(is.recover_until.is_some_and(|end| now >= end));
    }
    Ok(())
}

fn live((for_somebody, one_is_enough, deeds): Life, reached: &RefCell<BTreeSet<String>>) -> Result<(), TestCaseError> {
    let first = if for_somebody {
        submitted(&alice(), on_behalf(), day(0))
    } else {
        submitted(&subject(), submission(), day(0))
    };
    let mut request = first.expect("allowed").next;
    let (mut now, mut history) = (day(0), History::default());
    for (wait, deed) in deeds {
        now = later(now, wait);
        if let Some(done) = one_deed(&request, &deed, one_is_enough, now) {
            check(&request, &done, now, &mut history)?;
            request = done.next.clone();
            let at = format!("{} {:?}", request.facts.status, phase(&request));
            reached.borrow_mut().insert(at);
            let last = done.audit.last().map(|record| record.action.to_owned());
            reached.borrow_mut().extend(last);
            if history.shredded > 0 {
                reached
                    .borrow_mut()
                    .insert(format!("shredded {}", request.facts.status));
            }
        }
    }
    Ok(())
}

#[test]
fn whatever_people_and_the_system_do() {
    let config = Config {
        cases: 4_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let reached = RefCell::new(BTreeSet::new());
    runner.run(&lives(), |life| live(life, &reached)).expect("it holds");
    coverage(&reached.into_inner());
}

fn coverage(reached: &BTreeSet<String>) {
    let statuses = [
        "Verified None",
        "Approved None",
        "Rejected None",
        "Cancelled None",
        "Completed Some(Closing)",
    ];
    let cut_short = ["Planning", "Sweeping", "Purging"].map(|phase| format!("Cancelled Some({phase})"));
    let phases = ["Planning", "Sweeping", "Recovering", "Purging", "Verifying", "Closing"];
    let shredded = ["shredded Completed", "shredded Rejected", "shredded Cancelled"];
    let at_work = phases.map(|phase| format!("InProgress Some({phase})"));
    let dates = ["extend", "due_soon", "overdue", "window_ended", "grace_over"];
    let all = statuses
        .into_iter()
        .chain(shredded)
        .chain(dates)
        .map(str::to_owned)
        .chain(at_work)
        .chain(cut_short);
    for place in all {
        assert!(
            reached.contains(&place),
            "no life reached {place}; they reached {reached:?}"
        );
    }
}
