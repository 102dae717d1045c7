//! What an invocation does, step by step: between any two of them others may act, and it may die.
//!
//! A step reads once or writes once. Where the code reads a row and swaps it at once, deciding by that row alone, both
//! are one step here: a swap that fails changes nothing. Where it sends right after a swap, that is one step, too: dying
//! in between is a message lost.

use crate::action::{Delivery, Slot};
use crate::invocation::{Hand, Invocation, Step};
use crate::job::{Event, Phase, advance, next_event};
use crate::protocol::{CHUNKS, Flaw, Protocol, WINDOW};
use crate::rows::{Chunk, ChunkState, Lease, Plan, Rows};
use crate::state::State;

/// A message reaches an idle worker, which reads what it is about. Mirrors the beginning of
/// [`shared::workflow::bench::Bench::plan`] and [`shared::workflow::bench::Bench::work`].
pub fn receive(state: &mut State, delivery: Delivery) {
    let (hand, step) = match delivery {
        Delivery::Plan => {
            state.plans -= 1;
            (Hand::Plan, read(state))
        }
        Delivery::Chunk(message) => {
            state.take(message);
            let lapsed = state.lapsed[message.chunk];
            match state.rows[message.chunk].map(|row| row.lease(message.send, lapsed)) {
                Some(Lease::Work(row)) => (Hand::Chunk(message), Step::Lease(row)),
                Some(Lease::Drop | Lease::Held) | None => return,
            }
        }
    };
    if step != Step::Idle
        && let Some(idle) = state.workers.iter_mut().find(|worker| worker.is_idle())
    {
        *idle = Invocation { hand, step };
    }
}

/// The next step of an invocation. With its last one its message is gone.
pub fn go(protocol: &Protocol, state: &mut State, slot: Slot) {
    let before = *slot.of(state);
    let step = match before.step {
        Step::Idle => Step::Idle,
        Step::Read => read(state),
        Step::Page(plan) => page(state, plan),
        Step::Lease(row) => lease(state, row),
        Step::Sweep(row) => sweep(state, row),
        Step::Store(row) => store(protocol, state, row),
        Step::Count(row) => count(state, row),
        Step::Settle(row) => settle(protocol, state, row),
        Step::Follow(n) => follow(state, n),
        Step::Look => Step::Recount(state.phase, state.plan),
        Step::Recount(phase, plan) => recount(protocol, state, phase, plan),
        Step::Commit(phase, event, rows) => commit(state, phase, event, rows),
        Step::Fill(rows) => fill(state, rows),
    };
    let hand = if step == Step::Idle { Hand::Nothing } else { before.hand };
    *slot.of_mut(state) = Invocation { hand, step };
}

/// Mirrors `continue_later` of [`shared::workflow::plan`].
pub fn continue_later(state: &mut State, worker: usize) {
    state.plans += 1;
    state.workers[worker] = Invocation::default();
}

/// Mirrors `current` of [`shared::workflow::plan`], and the reading of the plan after it.
fn read(state: &State) -> Step {
    match (state.phase, state.plan.complete) {
        (Phase::Planning, false) => Step::Page(state.plan),
        (Phase::Planning, true) => Step::Look,
        (Phase::Sweeping | Phase::Finished(_), _) => Step::Idle,
    }
}

/// Mirrors [`shared::ports::Work::commit_page`]: the chunk and the cursor, or, for the slower of two planners, nothing.
fn page(state: &mut State, plan: Plan) -> Step {
    if state.plan.rev != plan.rev {
        return Step::Idle;
    }
    let n = usize::from(plan.planned);
    state.rows[n] = Some(Chunk::planned(n));
    state.plan = Plan {
        planned: plan.planned + 1,
        complete: n + 1 == CHUNKS,
        rev: plan.rev + 1,
    };
    Step::Read
}

/// The lease is written before anything is touched; a row that moved since is somebody else's.
fn lease(state: &mut State, row: Chunk) -> Step {
    if !state.swap(row) {
        return Step::Idle;
    }
    state.lapsed[row.n] = false;
    state.history.leases[row.n] += 1;
    Step::Sweep(row)
}

/// Mirrors [`shared::ports::Sources::sweep`]: a mark that is there stays there, whoever put it.
fn sweep(state: &mut State, row: Chunk) -> Step {
    state.marked[row.n] = true;
    Step::Store(row)
}

/// The outcome object comes before the row that names it; its key holds the epoch.
fn store(protocol: &Protocol, state: &mut State, row: Chunk) -> Step {
    state.outcomes[row.n] |= 1 << row.epoch;
    if protocol.flaw == Some(Flaw::CounterBeside) {
        return Step::Count(row);
    }
    Step::Settle(row)
}

/// The flaw: a write of its own, which a crash divides from the row's.
fn count(state: &mut State, row: Chunk) -> Step {
    state.history.counted[row.n] += 1;
    Step::Settle(row)
}

/// Mirrors `account` of [`shared::workflow::work_chunk`]: the row is the account, fenced by the swap.
fn settle(protocol: &Protocol, state: &mut State, row: Chunk) -> Step {
    let n = row.n;
    let epoch = state.rows[n].map(|current| current.epoch);
    let done = row.complete();
    if protocol.flaw == Some(Flaw::NoFence) {
        state.rows[n] = Some(done);
    } else if !state.swap(done) {
        return Step::Idle;
    }
    state.lapsed[n] = false;
    state.history.stale_account |= epoch != Some(row.epoch);
    if protocol.flaw != Some(Flaw::CounterBeside) {
        state.history.counted[n] += 1;
    }
    Step::Follow(n)
}

/// Mirrors [`shared::workflow::dispatch::follow`]; the last chunks look whether all is done.
fn follow(state: &mut State, n: usize) -> Step {
    let Some(next) = state.rows.get(n + WINDOW).copied().flatten() else {
        return Step::Look;
    };
    if let Some(row) = next.wanted() {
        state.number_and_send(row);
    }
    Step::Idle
}

/// Mirrors the reading and deciding of [`fn@shared::workflow::advance::advance`]: the plan was read before the chunks.
fn recount(protocol: &Protocol, state: &State, phase: Phase, plan: Plan) -> Step {
    let rows = state.rows;
    let tally = state.tally(&plan, &rows, protocol.flaw);
    next_event(phase, tally, protocol.flaw).map_or(Step::Idle, |event| Step::Commit(phase, event, rows))
}

/// Mirrors the committing of [`fn@shared::workflow::advance::advance`]: whoever lost the race looks again.
fn commit(state: &mut State, phase: Phase, event: Event, rows: Rows) -> Step {
    if state.phase != phase {
        return Step::Look;
    }
    state.phase = advance(event);
    match event {
        Event::PlanComplete => Step::Fill(rows),
        Event::Swept(_) => Step::Look,
    }
}

/// Mirrors [`shared::workflow::dispatch::fill_windows`], by rows that may have moved since.
fn fill(state: &mut State, rows: Rows) -> Step {
    let settled = |n: usize| rows[n].is_some_and(|row| row.state == ChunkState::Done);
    let mut line: Vec<_> = rows.iter().flatten().collect();
    line.sort_by_key(|row| (!row.n.checked_sub(WINDOW).is_none_or(settled), row.n));
    let wanted = line.into_iter().filter_map(|row| row.wanted());
    for row in wanted.take(state.room(&rows)) {
        state.number_and_send(row);
    }
    Step::Look
}
