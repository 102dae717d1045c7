//! Random jobs over random rows: workers succeed, fail and give up; verifications find leftovers or none.
//!
//! What holds: a job never stands still unnoticed. When there is nothing left to do and nothing to decide, it is closing
//! with every record settled, or failed with operators told; and at every moment the rows add up to what was planned.

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::rows::{chunk, plan};
use super::support::day;
use crate::domain::chunk::{Chunk, ChunkState, MAX_LEASES, Op};
use crate::domain::job::{Job, JobStatus, Phase, Plan, Tally};
use crate::domain::outbox::Occasion;
use crate::domain::outcome::{Code, Counts};
use crate::state_machine::chunk::{Lease, complete, is_purgeable, lease, park, promote};
use crate::state_machine::job::{Clock, MAX_VERIFICATIONS, advance, next_event};
use crate::state_machine::transition::Effect;

/// More rounds than the longest life: four generations, each swept, purged and verified.
const ROUNDS: u32 = 60;

/// What becomes of one operation on one chunk.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// Every record reaches its goal.
    Good,
    /// One record turns out otherwise.
    OneIs(Code),
    /// Five leases end without a result; the inspection finds nothing done.
    GivenUp,
}

fn fates() -> impl Strategy<Value = Fate> {
    let odd = prop_oneof![Just(Code::AlreadyAbsent), Just(Code::Recreated), Just(Code::Failed)];
    prop_oneof![12 => Just(Fate::Good), 3 => odd.prop_map(Fate::OneIs), 1 => Just(Fate::GivenUp)]
}

struct World {
    job: Job,
    plans: Vec<Plan>,
    chunks: Vec<Chunk>,
    findings: u64,
    told: u32,
    now: Timestamp,
}

impl World {
    /// The planner's part: a generation of chunks with so many records each.
    fn plan(&mut self, generation: u8, sizes: &[u64]) {
        self.plans.push(plan(generation, sizes.iter().sum()));
        let ready = (Op::Sweep, ChunkState::Ready);
        let rows = (0..)
            .zip(sizes)
            .map(|(n, size)| chunk(generation, n, ready, &[(Code::Untouched, *size)]));
        self.chunks.extend(rows);
    }

    /// One worker's part: the first chunk that waits, with its fate. `false`: none waits.
    fn work(&mut self, fate: Fate) -> bool {
        let Some(i) = self.chunks.iter().position(|c| c.state == ChunkState::Ready) else {
            return false;
        };
        let mut row = self.chunks[i].clone();
        let attempts = if matches!(fate, Fate::GivenUp) {
            MAX_LEASES + 1
        } else {
            1
        };
        for _ in 0..attempts {
            row = match lease(&row, row.send, "w", self.now, self.now) {
                Lease::Work(next) | Lease::Inspect(next) => next,
                other @ (Lease::Drop | Lease::Held(_)) => panic!("{other:?}"),
            };
        }
        let after = counts_after(&row, fate);
        let settle = if matches!(fate, Fate::GivenUp) { park } else { complete };
        let bad = matches!(fate, Fate::GivenUp) || after.of(Code::Failed) > row.counts.of(Code::Failed);
        self.findings += u64::from(bad);
        self.chunks[i] = settle(&row, row.epoch, "o".into(), after, self.now).expect("mine");
        true
    }

    /// The dispatcher's part while purging: every window has ended. `false`: nothing is left to purge.
    fn promote(&mut self) -> bool {
        let mut any = false;
        for row in self.chunks.iter_mut().filter(|row| is_purgeable(row)) {
            *row = promote(row, self.now).expect("purgeable");
            any = true;
        }
        any
    }

    /// Decides as long as there is something to decide; `true` if there was.
    fn decide(&mut self, leftovers: &[Vec<u64>]) -> Result<bool, TestCaseError> {
        let mut any = false;
        loop {
            let tally = Tally::recount(&self.plans, &self.chunks, self.job.generation);
            prop_assert!(tally.is_conserved(), "every planned record is in a row");
            let due = is_waiting(&self.chunks).then_some(self.now);
            let clock = Clock {
                purge_due: due,
                recover_until: due,
                findings: self.findings,
                to_retry: 0,
                package: None,
            };
            let Some(event) = next_event(&self.job, &tally, clock, self.now) else {
                return Ok(any);
            };
            let (next, _, effects) = advance(&self.job, &event, self.now).expect("what became true is due");
            any = true;
            prop_assert!(next.generation <= MAX_VERIFICATIONS + 1, "verifications end");
            self.told += u32::from(effects.contains(&Effect::Mail(Occasion::JobFailed)));
            self.job = next;
            if effects.contains(&Effect::Plan) {
                let generation = self.job.generation;
                self.plan(generation, &leftovers[usize::from(generation - 1)]);
            }
        }
    }
}

fn is_waiting(chunks: &[Chunk]) -> bool {
    chunks.iter().any(is_purgeable)
}

fn counts_after(row: &Chunk, fate: Fate) -> Counts {
    let (from, goal) = if row.op == Op::Purge {
        (Code::Swept, Code::Purged)
    } else {
        (Code::Untouched, Code::Swept)
    };
    let concerned = row.counts.of(from);
    let mut after = Counts::default();
    let untouched = Code::ALL.into_iter().filter(|code| *code != from);
    untouched.for_each(|code| after.add(&Counts::all(code, row.counts.of(code))));
    match fate {
        Fate::Good => after.add(&Counts::all(goal, concerned)),
        Fate::GivenUp => after.add(&Counts::all(from, concerned)),
        Fate::OneIs(code) => {
            after.add(&Counts::all(code, 1));
            after.add(&Counts::all(goal, concerned - 1));
        }
    }
    after
}

/// Sizes of the first plan's chunks, of the leftovers of each verification, and the fates in order.
type Script = (Vec<u64>, Vec<Vec<u64>>, Vec<Fate>);

fn scripts() -> impl Strategy<Value = Script> {
    let sizes = |most| prop::collection::vec(1..4_u64, 0..most);
    let leftovers = prop_oneof![2 => Just(vec![]), 1 => sizes(3)];
    let generations = usize::from(MAX_VERIFICATIONS) + 1;
    (
        sizes(5),
        prop::collection::vec(leftovers, generations),
        prop::collection::vec(fates(), 1..12),
    )
}

fn live((sizes, leftovers, fates): Script, ends: &RefCell<BTreeSet<String>>) -> Result<(), TestCaseError> {
    let mut world = World {
        job: Job::queued(),
        plans: vec![],
        chunks: vec![],
        findings: 0,
        told: 0,
        now: day(40),
    };
    world.plan(0, &sizes);
    let mut fates = fates.iter().copied().cycle();
    for _ in 0..ROUNDS {
        let mut moved = world.decide(&leftovers)?;
        if world.job.phase == Phase::Purging {
            moved |= world.promote();
        }
        if matches!(world.job.phase, Phase::Sweeping | Phase::Purging) {
            moved |= world.work(fates.next().expect("a cycle"));
        }
        if !moved {
            break;
        }
    }
    let tally = Tally::recount(&world.plans, &world.chunks, world.job.generation);
    let failed = world.job.status == JobStatus::Failed;
    prop_assert_eq!(
        world.told,
        u32::from(failed),
        "operators are told once, and only of a failure"
    );
    if failed {
        prop_assert!(world.job.findings > 0);
    } else {
        prop_assert_eq!(
            world.job.phase,
            Phase::Closing,
            "stands still unnoticed: {:?} {:?}",
            &world.job,
            &tally
        );
        prop_assert_eq!(tally.unsettled(), 0, "closed with records nobody accounted for");
    }
    let end = format!(
        "{:?} in {:?}, generation {}",
        world.job.status, world.job.phase, world.job.generation
    );
    ends.borrow_mut().insert(end);
    Ok(())
}

#[test]
fn a_job_never_stands_still_unnoticed() {
    let config = Config {
        cases: 4_000,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let ends = RefCell::new(BTreeSet::new());
    runner.run(&scripts(), |script| live(script, &ends)).expect("it holds");
    for end in [
        "Running in Closing, generation 1",
        "Running in Closing, generation 4",
        "Failed in Purging, generation 0",
        "Failed in Purging, generation 3",
        "Failed in Verifying, generation 4",
    ] {
        assert!(
            ends.borrow().contains(end),
            "no life ended {end}; they ended {:?}",
            ends.borrow()
        );
    }
}
