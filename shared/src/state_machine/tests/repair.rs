//! Retry and resolve: who may, what is done again, what counts as dealt with.

use std::collections::BTreeSet;

use super::rows::{chunk, counts};
use super::support::{alice, auditor, bob, cancel, cut_short, day, give, in_phase, in_status, must, resolve, retry};
use crate::domain::chunk::{ByHand, Chunk, ChunkId, ChunkState, Op};
use crate::domain::finding::{About, Finding, State};
use crate::domain::job::{Job, JobStatus, Phase, Retry};
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::personal::Personal;
use crate::domain::request::{Status, SubjectRequest};
use crate::state_machine::command::{Command, Repair, Resolution};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::repair::{left_by_hand, resolved, retried};
use crate::state_machine::transition::Effect;

fn failed(phase: Phase) -> SubjectRequest {
    let mut request = in_phase(phase);
    if let Some(job) = &mut request.facts.job {
        (job.status, job.findings, job.generation) = (JobStatus::Failed, 3, 4);
    }
    request
}

fn order(change: impl FnOnce(&mut Repair)) -> Command {
    let Command::Retry(mut repair) = retry() else {
        panic!("a retry")
    };
    change(&mut repair);
    Command::Retry(repair)
}

fn resolution(change: impl FnOnce(&mut Resolution)) -> Command {
    let Command::Resolve(mut input) = resolve() else {
        panic!("a resolution")
    };
    change(&mut input);
    Command::Resolve(input)
}

fn id(n: u32) -> ChunkId {
    chunk(0, n, (Op::Sweep, ChunkState::Done), &[]).id
}

fn job(request: &SubjectRequest) -> &Job {
    request.facts.job.as_ref().expect("executed")
}

#[test]
fn only_operators_repair() {
    for command in [retry(), resolve()] {
        let refused = give(&failed(Phase::Purging), &auditor(), command, day(50));
        assert_eq!(refused.expect_err("no operator"), Refusal::OperatorOnly);
    }
}

#[test]
fn a_retry_sweeps_again_from_whichever_phase_the_job_failed_in() {
    for phase in [Phase::Sweeping, Phase::Recovering, Phase::Purging, Phase::Verifying] {
        let transition = give(&failed(phase), &bob(), retry(), day(50)).expect("allowed");
        let job = job(&transition.next);
        assert_eq!(
            (job.phase, job.status, job.findings),
            (Phase::Sweeping, JobStatus::Running, 0)
        );
        assert_eq!(job.retry, Some(Retry { n: 1, only: None }));
        assert_eq!(transition.effects, [Effect::Dispatch]);
        assert_eq!(transition.audit[0].details["findings"], 3);
    }
}

#[test]
fn a_plan_or_what_is_left_over_is_tried_again_where_it_stands() {
    let plan = order(|repair| (repair.chunks, repair.open_plans) = (0, true));
    let next = must(&failed(Phase::Planning), &bob(), plan, day(50));
    assert_eq!(
        (job(&next).phase, job(&next).verified_from, &job(&next).retry),
        (Phase::Planning, 0, &None)
    );
    let left = order(|repair| (repair.chunks, repair.leftovers) = (0, true));
    let next = must(&failed(Phase::Verifying), &bob(), left, day(50));
    assert_eq!((job(&next).phase, job(&next).verified_from), (Phase::Verifying, 4));
}

#[test]
fn where_nothing_remains_nothing_is_tried_again() {
    let refused = give(
        &failed(Phase::Purging),
        &bob(),
        order(|repair| repair.chunks = 0),
        day(50),
    );
    assert_eq!(refused.expect_err("nothing remains"), Refusal::NothingToRetry);
}

#[test]
fn what_is_cancelled_or_closing_is_not_repaired() {
    let stopping = must(&in_phase(Phase::Sweeping), &bob(), cancel(), day(41));
    for request in [stopping, in_phase(Phase::Closing)] {
        for command in [retry(), resolve()] {
            let refused = give(&request, &bob(), command, day(50)).expect_err("too late");
            assert_eq!(refused.code(), "not_in_this_phase");
        }
    }
}

#[test]
fn an_order_takes_over_the_chunks_of_one_that_is_being_carried_out() {
    let one = |n| order(|repair| repair.only = Some(BTreeSet::from([id(n)])));
    let first = must(&failed(Phase::Purging), &bob(), one(1), day(50));
    let both = must(&first, &bob(), one(2), day(50));
    let retry = job(&both).retry.clone().expect("ordered");
    assert_eq!((retry.n, retry.only), (2, Some(BTreeSet::from([id(1), id(2)]))));
    let all = must(&must(&first, &bob(), order(|_| {}), day(50)), &bob(), one(2), day(50));
    assert_eq!(job(&all).retry.as_ref().expect("ordered").only, None, "all stay all");
    let mut over = first;
    over.facts.job.as_mut().expect("executed").phase = Phase::Purging;
    let later = must(&over, &bob(), one(2), day(60));
    assert_eq!(
        job(&later).retry.as_ref().expect("ordered").only,
        Some(BTreeSet::from([id(2)]))
    );
}

#[test]
fn a_resolution_wants_evidence_and_lets_a_job_go_on_when_nothing_is_left() {
    let blank = resolution(|input| input.evidence = Personal::new("  "));
    let refused = give(&failed(Phase::Purging), &bob(), blank, day(50)).expect_err("blank");
    assert_eq!(refused.code(), "invalid_input");
    let one_left = resolution(|input| input.left = 1);
    let next = must(&failed(Phase::Purging), &alice(), one_left, day(50));
    assert_eq!((job(&next).status, job(&next).findings), (JobStatus::Failed, 1));
    let transition = give(&failed(Phase::Purging), &alice(), resolve(), day(50)).expect("allowed");
    assert_eq!(
        (job(&transition.next).status, job(&transition.next).findings),
        (JobStatus::Running, 0)
    );
    let record = &transition.audit[0];
    assert_eq!(record.details["finding"], "messages.0.0.object_locked");
    assert!(record.personal.contains_key("evidence") && !record.details.contains_key("evidence"));
}

#[test]
fn what_is_not_done_is_made_ready_and_nothing_else() {
    let (swept, bad) = ((Code::Swept, 3), (Code::Failed, 2));
    for (op, state, of, wanted) in [
        (
            Op::Sweep,
            ChunkState::Parked,
            vec![(Code::Untouched, 5)],
            Some(Op::Sweep),
        ),
        (Op::Sweep, ChunkState::Done, vec![swept, bad], Some(Op::Sweep)),
        (
            Op::Purge,
            ChunkState::Done,
            vec![(Code::Purged, 3), bad],
            Some(Op::Sweep),
        ),
        (Op::Purge, ChunkState::Parked, vec![swept], Some(Op::Purge)),
        (Op::Purge, ChunkState::Parked, vec![swept, bad], Some(Op::Sweep)),
        (Op::Strip, ChunkState::Parked, vec![swept], Some(Op::Strip)),
        (Op::Restore, ChunkState::Parked, vec![swept], Some(Op::Sweep)),
        (
            Op::Purge,
            ChunkState::Done,
            vec![(Code::Purged, 3), (Code::Untouched, 2)],
            Some(Op::Sweep),
        ),
        (Op::Sweep, ChunkState::Done, vec![(Code::Untouched, 5)], None),
        (Op::Sweep, ChunkState::Done, vec![swept], None),
        (Op::Purge, ChunkState::Done, vec![(Code::Purged, 3)], None),
        (Op::Sweep, ChunkState::Ready, vec![bad], None),
        (Op::Sweep, ChunkState::Leased, vec![bad], None),
    ] {
        let row = Chunk {
            attempts: 6,
            ..chunk(0, 0, (op, state), &of)
        };
        let next = retried(&row, 2, day(50));
        assert_eq!(next.as_ref().map(|next| next.op), wanted, "{op:?} {state:?} {of:?}");
        if let Some(next) = next {
            assert_eq!((next.state, next.attempts, next.retried), (ChunkState::Ready, 0, 2));
            assert_eq!((next.send, next.rev), (row.send + 1, row.rev + 1));
        }
    }
}

#[test]
fn a_chunk_is_awaited_once_by_each_order_that_means_it() {
    let row = chunk(0, 1, (Op::Sweep, ChunkState::Parked), &[(Code::Untouched, 5)]);
    let order = |n, only: Option<u32>| Retry {
        n,
        only: only.map(|n| BTreeSet::from([id(n)])),
    };
    assert!(order(1, None).awaits(&row) && order(1, Some(1)).awaits(&row) && !order(1, Some(2)).awaits(&row));
    let again = retried(&row, 1, day(50)).expect("parked");
    assert!(!order(1, None).awaits(&again) && order(2, None).awaits(&again));
}

fn found(lines: Vec<u32>) -> Finding {
    Finding {
        lines,
        epoch: 4,
        ..Finding::new(id(0), "object_locked", day(45))
    }
}

#[test]
fn what_is_resolved_is_accounted_for_by_the_finding() {
    let of = [(Code::Swept, 2), (Code::Failed, 3)];
    let row = Chunk {
        left_armed: true,
        ..chunk(0, 0, (Op::Sweep, ChunkState::Done), &of)
    };
    let (next, records) = resolved(&row, &found(vec![1, 4]), day(50)).expect("settled");
    assert_eq!(records, 2);
    assert_eq!(
        next.counts,
        counts(&[(Code::Swept, 2), (Code::Failed, 1), (Code::Resolved, 2)])
    );
    assert!(next.left_armed, "another one failed");
    let rest = Finding {
        code: "access_denied".to_owned(),
        ..found(vec![2])
    };
    let (last, records) = resolved(&next, &rest, day(51)).expect("settled");
    assert_eq!((records, last.counts.of(Code::Failed), last.left_armed), (1, 0, false));
    let by_hand = last.by_hand.expect("two codes");
    let read = |code: &str| by_hand.read(LineOutcome::failed(code)).code;
    assert_eq!(
        (read("object_locked"), read("access_denied")),
        (Code::Resolved, Code::Resolved)
    );
    assert_eq!(read("something_newer"), Code::Failed);
    assert_eq!(by_hand.read(LineOutcome::plain(Code::Swept)).code, Code::Swept);
}

#[test]
fn a_chunk_that_was_given_up_is_resolved_as_a_whole() {
    let of = [(Code::Untouched, 2), (Code::Failed, 1), (Code::Swept, 2)];
    let parked = chunk(0, 0, (Op::Sweep, ChunkState::Parked), &of);
    let (next, records) = resolved(&parked, &found(vec![]), day(50)).expect("settled");
    assert_eq!((next.state, records), (ChunkState::Done, 3));
    assert_eq!(
        next.counts,
        counts(&[(Code::Swept, 2), (Code::Resolved, 3)]),
        "what is hidden is purged in time"
    );
    let purging = Chunk {
        op: Op::Purge,
        ..parked
    };
    let (next, records) = resolved(&purging, &found(vec![]), day(50)).expect("settled");
    assert_eq!(
        (records, next.counts),
        (5, counts(&[(Code::Resolved, 5)])),
        "it was destroyed by hand"
    );
    for state in [ChunkState::Ready, ChunkState::Leased] {
        assert!(
            resolved(
                &Chunk {
                    state,
                    ..purging.clone()
                },
                &found(vec![]),
                day(50)
            )
            .is_none(),
            "{state:?}"
        );
    }
}

#[test]
fn what_nobody_began_to_sweep_is_left_by_hand() {
    let waits = chunk(4, 0, (Op::Sweep, ChunkState::Ready), &[(Code::Untouched, 5)]);
    let waits = Chunk { epoch: 0, ..waits };
    let (next, records) = left_by_hand(&waits, day(50)).expect("it waits");
    assert_eq!(
        (next.state, next.counts, records),
        (ChunkState::Done, counts(&[(Code::Resolved, 5)]), 5)
    );
    assert!(
        left_by_hand(
            &Chunk {
                epoch: 1,
                ..waits.clone()
            },
            day(50)
        )
        .is_none()
    );
    assert!(
        left_by_hand(
            &Chunk {
                state: ChunkState::Parked,
                ..waits
            },
            day(50)
        )
        .is_none()
    );
}

#[test]
fn nothing_reads_a_line_as_resolved_that_is_not_meant() {
    let rest = ByHand {
        rest: true,
        ..ByHand::default()
    };
    let read = |by_hand: &ByHand, code| by_hand.read(LineOutcome::plain(code)).code;
    assert_eq!(read(&rest, Code::Untouched), Code::Resolved);
    assert_eq!(read(&ByHand::default(), Code::Untouched), Code::Untouched);
    assert_eq!(
        read(
            &ByHand {
                swept: true,
                ..rest.clone()
            },
            Code::Swept
        ),
        Code::Resolved
    );
    for code in [
        Code::Purged,
        Code::Restored,
        Code::Exempt,
        Code::AlreadyAbsent,
        Code::Recreated,
    ] {
        assert_eq!(read(&rest, code), code);
    }
}

#[test]
fn a_finding_is_open_as_long_as_it_tells_of_the_newest_account() {
    let row = |accounted, state| Chunk {
        accounted,
        ..chunk(0, 0, (Op::Sweep, state), &[(Code::Failed, 5)])
    };
    let job = |n| Job {
        retry: Some(Retry { n, only: None }),
        ..Job::queued()
    };
    let state = |finding: &Finding, row: Chunk, job: &Job| finding.state(job, &[], &[row]);
    let finding = found(vec![1]);
    assert_eq!(state(&finding, row(4, ChunkState::Done), &job(0)), State::Open);
    assert_eq!(state(&finding, row(4, ChunkState::Ready), &job(0)), State::Retrying);
    assert_eq!(
        state(&finding, row(4, ChunkState::Ready), &job(1)),
        State::Open,
        "it is at another operation"
    );
    assert_eq!(state(&finding, row(5, ChunkState::Done), &job(1)), State::Repaired);
    let closed = Finding {
        resolved_at: Some(day(50)),
        ..finding.clone()
    };
    assert_eq!(state(&closed, row(4, ChunkState::Done), &job(0)), State::Resolved);
    assert_eq!(
        finding.state(&job(0), &[], &[]),
        State::Repaired,
        "there is no such chunk any more"
    );
}

#[test]
fn a_finding_of_a_dataset_is_open_as_long_as_its_plan_or_its_verification_stands_still() {
    let plan = |complete| crate::domain::job::Plan {
        complete,
        ..super::rows::plan(4, 5)
    };
    let of = |about| Finding {
        about,
        chunk: ChunkId { generation: 4, ..id(0) },
        ..found(vec![])
    };
    let job = |status, phase| Job {
        status,
        phase,
        generation: 4,
        ..Job::queued()
    };
    let (stopped, runs) = (
        job(JobStatus::Failed, Phase::Verifying),
        job(JobStatus::Running, Phase::Verifying),
    );
    let of_plan = of(About::Plan);
    assert_eq!(of_plan.state(&stopped, &[plan(false)], &[]), State::Open);
    assert_eq!(of_plan.state(&runs, &[plan(false)], &[]), State::Retrying);
    assert_eq!(of_plan.state(&stopped, &[plan(true)], &[]), State::Repaired);
    let left = of(About::Leftover);
    assert_eq!(left.state(&stopped, &[plan(true)], &[]), State::Open);
    assert_eq!(left.state(&runs, &[plan(true)], &[]), State::Retrying);
    assert_eq!(
        left.state(&job(JobStatus::Running, Phase::Sweeping), &[], &[]),
        State::Repaired
    );
    assert_eq!(
        left.state(
            &Job {
                generation: 5,
                ..stopped
            },
            &[],
            &[]
        ),
        State::Repaired
    );
}

#[test]
fn an_earlier_worker_does_not_overwrite_what_a_later_one_found_or_an_operator_closed() {
    let of = |epoch, resolved: bool| Finding {
        epoch,
        resolved_at: resolved.then(|| day(50)),
        ..found(vec![1])
    };
    assert!(of(4, false).gives_way_to(&of(4, false)) && of(4, false).gives_way_to(&of(5, false)));
    assert!(!of(5, false).gives_way_to(&of(4, false)));
    assert!(!of(4, true).gives_way_to(&of(4, false)) && of(4, true).gives_way_to(&of(5, false)));
}

#[test]
fn a_finding_is_named_by_what_it_is_about() {
    let named = |about| Finding { about, ..found(vec![]) }.name().to_string();
    assert_eq!(named(About::Chunk), "messages.0.0.object_locked");
    assert_eq!(named(About::Plan), "messages.0.plan.object_locked");
    assert_eq!(named(About::Leftover), "messages.0.all.object_locked");
}

#[test]
fn what_was_cancelled_before_anything_was_swept_has_nothing_to_resolve() {
    let refused = give(&in_status(Status::Cancelled), &bob(), resolve(), day(43));
    let Err(Refusal::NotInThisStatus { command, .. }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(command, "resolve");
    let cut_short = must(&cut_short(), &bob(), resolve(), day(43));
    assert_eq!(cut_short.facts.status, Status::Cancelled);
}
