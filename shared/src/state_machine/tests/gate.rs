//! The gate: what a request hides from when on, and what it lets go of when.

use std::collections::BTreeSet;

use super::rows::{chunk, tally};
use super::support::{alice, approval, approved, approved_with, bob, cancel, completed, day, execution, in_phase};
use super::support::{must, policy, reject, subject, submission, submitted, verified, withdraw};
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::ids::Category;
use crate::domain::job::{Job, JobStatus, Phase};
use crate::domain::outcome::Code;
use crate::domain::request::{DatasetPin, Kind, SubjectRequest};
use crate::state_machine::command::{Approval, Command, Event};
use crate::state_machine::gate::next_event;
use crate::state_machine::job::{self, Clock};
use crate::state_machine::request::observe;
use crate::state_machine::submit::Submission;

const DONE: (Op, ChunkState) = (Op::Sweep, ChunkState::Done);

fn categories<const N: usize>(names: [&str; N]) -> BTreeSet<Category> {
    names.map(|name| name.parse().expect("slug")).into()
}

fn from_approval() -> Approval {
    Approval {
        policy: Some((policy(", HideFrom: approval"), "policy-1".to_owned())),
        ..approval()
    }
}

/// At work on two categories, one of them in two datasets.
fn of_two_categories(phase: Phase) -> SubjectRequest {
    let mut request = in_phase(phase);
    let facts = &mut request.facts;
    facts.scope = categories(["messages", "profile"]).into_iter().collect();
    facts.gated = categories(["messages", "profile"]);
    let pin = |(dataset, category): (&str, &str)| DatasetPin {
        id: dataset.parse().expect("slug"),
        category: category.parse().expect("slug"),
        waits_for_ttl: false,
        in_vault: false,
    };
    facts.datasets = [("messages", "messages"), ("devices", "profile"), ("names", "profile")]
        .map(pin)
        .to_vec();
    request
}

/// A chunk of some dataset with records in one state.
fn rows(dataset: &str, code: Code) -> Chunk {
    let mut chunk = chunk(0, 0, DONE, &[(code, 3)]);
    chunk.id.dataset = dataset.parse().expect("slug");
    chunk
}

/// What is left of the gate when these rows end the sweep.
fn after_sweep(chunks: &[Chunk]) -> BTreeSet<Category> {
    let request = of_two_categories(Phase::Sweeping);
    let job = request.facts.job.as_ref().expect("executed");
    let swept = job::next_event(job, &tally(chunks), Clock::default(), day(41)).expect("swept");
    observe(&request, swept, day(41)).expect("due").next.facts.gated
}

#[test]
fn an_approval_hides_only_where_the_policy_says_so_and_only_for_a_deletion() {
    assert_eq!(approved().facts.gated, categories([]));
    let hidden = approved_with(from_approval());
    assert_eq!(hidden.facts.gated, categories(["messages"]));
    let withdrawn = must(&hidden, &subject(), withdraw(None), day(3));
    assert_eq!(withdrawn.facts.gated, categories([]));

    let export = Submission {
        kind: Kind::Export,
        ..submission()
    };
    let export = submitted(&subject(), export, day(0)).expect("allowed").next;
    let both = Approval {
        verification: Some(super::support::method()),
        ..from_approval()
    };
    let approved = must(&export, &alice(), Command::Approve(both), day(2));
    assert_eq!(approved.facts.gated, categories([]), "who wants a copy wants to go on");
}

#[test]
fn an_execution_hides_the_scope_whatever_the_policy_says() {
    for input in [approval(), from_approval()] {
        let executed = must(&approved_with(input), &bob(), Command::Execute(execution()), day(40));
        assert_eq!(executed.facts.gated, categories(["messages"]));
    }
    assert_eq!(
        must(&verified(), &alice(), reject("no"), day(3)).facts.gated,
        categories([])
    );
}

#[test]
fn the_end_of_the_sweep_lets_go_of_each_category_of_which_nothing_shows() {
    let settled = [
        Code::Swept,
        Code::AlreadyAbsent,
        Code::Recreated,
        Code::ArrivedLater,
        Code::Exempt,
    ];
    for code in settled
        .into_iter()
        .chain([Code::Purged, Code::Restored, Code::Resolved])
    {
        assert_eq!(after_sweep(&[rows("messages", code)]), categories([]), "{code:?}");
    }
    for code in [Code::Untouched, Code::Failed] {
        let kept = after_sweep(&[
            rows("messages", Code::Swept),
            rows("names", code),
            rows("devices", Code::Swept),
        ]);
        assert_eq!(kept, categories(["profile"]), "{code:?}");
    }
    assert_eq!(after_sweep(&[]), categories([]));
}

#[test]
fn what_a_repair_hides_is_let_go_of_then_and_once() {
    let mut failed = of_two_categories(Phase::Purging);
    failed.facts.gated = categories(["profile"]);
    failed.facts.job = Some(Job {
        status: JobStatus::Failed,
        ..failed.facts.job.expect("executed")
    });
    let still = tally(&[rows("names", Code::Failed)]);
    assert_eq!(next_event(&failed.facts, &still), None);
    let repaired = tally(&[rows("names", Code::Swept)]);
    let event = next_event(&failed.facts, &repaired).expect("nothing shows any more");
    let cleared = observe(&failed, event.clone(), day(50)).expect("due");
    assert_eq!(cleared.next.facts.gated, categories([]));
    assert_eq!(cleared.next.facts.version, failed.facts.version + 1);
    assert_eq!(cleared.audit[0].details["categories"], serde_json::json!(["profile"]));
    assert_eq!(next_event(&cleared.next.facts, &repaired), None);
    assert_eq!(observe(&cleared.next, event, day(50)), None, "a late observation");
}

#[test]
fn nothing_is_let_go_of_while_a_sweep_may_yet_find_something() {
    for phase in [Phase::Planning, Phase::Sweeping, Phase::Verifying, Phase::Closing] {
        let request = of_two_categories(phase);
        assert_eq!(next_event(&request.facts, &tally(&[])), None, "{phase:?}");
        let event = Event::GateCleared { showing: [].into() };
        assert_eq!(observe(&request, event, day(41)), None, "{phase:?}");
    }
    let stopping = must(&of_two_categories(Phase::Recovering), &bob(), cancel(), day(41));
    assert_eq!(next_event(&stopping.facts, &tally(&[])), None, "its settling does");
}

#[test]
fn a_settled_cancellation_and_a_completion_let_go_of_everything() {
    let stopping = must(&of_two_categories(Phase::Sweeping), &bob(), cancel(), day(41));
    assert_eq!(
        stopping.facts.gated,
        categories(["messages", "profile"]),
        "somebody may be at work"
    );
    let settled = Event::Settled {
        recover_until: None,
        account: [].into(),
    };
    let settled = observe(&stopping, settled, day(42)).expect("due").next;
    assert_eq!(settled.facts.gated, categories([]));
    assert_eq!(completed().facts.gated, categories([]));
}
