//! The model decides as the code does: both are asked about every small row and every small job.

mod every;
mod real;

use model::job::{self, Phase};
use model::rows::{ChunkState, Lease, Plan, Rows};
use shared::domain::job::{Job, JobStatus, Phase as RealPhase};
use shared::domain::outcome::{Code, Counts};
use shared::state_machine::chunk::{self as machine, Lease as RealLease};
use shared::state_machine::job as job_machine;

use every::{chunk_rows, every_two_rows, plans};
use real::{NOW, chunk, kind, later, real_kind, real_phase_of, real_tally, row_of};

#[test]
fn a_lease_is_granted_refused_and_dropped_alike() {
    for (row, lapsed) in chunk_rows() {
        for send in 0..3 {
            let real = match machine::lease(&chunk(row, lapsed), send.into(), "worker", NOW, later()) {
                RealLease::Work(next) => Lease::Work(row_of(&next)),
                RealLease::Drop => Lease::Drop,
                RealLease::Held(_) => Lease::Held,
                RealLease::Inspect(_) => panic!("no row here had five leases"),
            };
            assert_eq!(row.lease(send, lapsed), real, "{row:?}, lapsed {lapsed}, send {send}");
        }
    }
}

#[test]
fn a_lease_is_completed_and_given_back_alike() {
    let leased = chunk_rows().filter(|(row, _)| row.state == ChunkState::Leased);
    for (row, lapsed) in leased {
        let mine = chunk(row, lapsed);
        let swept = Counts::all(Code::Swept, 1);
        let done = machine::complete(&mine, mine.epoch, mine.epoch.to_string(), swept, NOW);
        assert_eq!(row.complete(), row_of(&done.expect("mine")));
        let given_back = machine::postpone(&mine, mine.epoch, None, NOW);
        assert_eq!(row.postpone(), row_of(&given_back.expect("mine")));
    }
}

#[test]
fn a_message_is_sent_again_alike() {
    for (row, lapsed) in chunk_rows() {
        let real = machine::resend(&chunk(row, lapsed), NOW).map(|next| row_of(&next));
        assert_eq!(row.resend(lapsed), real, "{row:?}, lapsed {lapsed}");
    }
}

#[test]
fn a_recount_is_made_alike() {
    for (plan, rows) in every_job() {
        let (tally, real) = (job::Tally::recount(&plan, &rows), real_tally(&plan, &rows));
        let planned = (tally.plan_complete, u64::from(tally.planned), u64::from(tally.total));
        assert_eq!(planned, (real.plan_complete, real.planned, real.counts.total()));
        let accounted = (u32::from(tally.unfinished), u64::from(tally.swept));
        assert_eq!(accounted, (real.unfinished_chunks(), real.counts.of(Code::Swept)));
    }
}

#[test]
fn a_job_advances_alike() {
    let phases = [
        (Phase::Planning, RealPhase::Planning),
        (Phase::Sweeping, RealPhase::Sweeping),
    ];
    for ((plan, rows), (phase, real_phase)) in every_job().flat_map(|job| phases.map(|phase| (job, phase))) {
        let job = Job {
            status: JobStatus::Running,
            phase: real_phase,
            ..Job::queued()
        };
        let clock = job_machine::Clock::default();
        let real = job_machine::next_event(&job, &real_tally(&plan, &rows), clock, NOW);
        let event = job::next_event(phase, job::Tally::recount(&plan, &rows), None);
        let asked = format!("{phase:?} {plan:?} {rows:?}");
        assert_eq!(event.map(kind), real.as_ref().map(real_kind), "{asked}");
        let advanced = real.and_then(|event| job_machine::advance(&job, &event, NOW));
        let next = advanced.map(|(job, ..)| job.phase);
        assert_eq!(event.map(job::advance).map(real_phase_of), next, "{asked}");
    }
}

fn every_job() -> impl Iterator<Item = (Plan, Rows)> {
    plans().flat_map(|plan| every_two_rows().map(move |rows| (plan, rows)))
}
