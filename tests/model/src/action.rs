//! What may happen next in a state.
//!
//! Guarantees: the order is the same for the same state, which the checker's paths rely on; whatever costs a fault is
//! offered only while one is left, so that every path ends. What mends a loss costs nothing: the work must go on.

use crate::invocation::{Hand, Invocation, Step};
use crate::job::{Phase, next_event};
use crate::protocol::{CHUNKS, Flaw, Protocol, WORKERS};
use crate::rows::{ChunkState, Lease, Message};
use crate::state::State;

/// One step of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A queue delivers a message to an idle worker.
    Receive(Delivery),
    /// An invocation does its next step.
    Go(Slot),
    /// A planner near its deadline leaves the rest to a continuation.
    Continue(usize),
    /// Supervision finds something to push.
    Supervise(Push),
    /// The lease of a chunk ends.
    Lapse(usize),
    /// Something goes wrong.
    Fault(Fault),
}

/// A message as a queue delivers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Of the queue of plans.
    Plan,
    /// Of the queue of chunks.
    Chunk(Message),
}

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// A planner or worker.
    Worker(usize),
    /// Supervision.
    Supervision,
}

/// What supervision finds to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// The plan stands still: its message again.
    Plan,
    /// A chunk stands still: a new message for it.
    Resend(usize),
    /// There is room in the window.
    Fill,
    /// Something has become true that nobody committed.
    Advance,
}

/// What may go wrong, besides a lease that ends too early and a message sent again too hastily.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An invocation dies where it is.
    Crash(Slot),
    /// The source turns a worker away; it gives the chunk back.
    Throttle(usize),
    /// A queue delivers a message twice.
    Redeliver(Delivery),
    /// A queue loses a message.
    Lose(Delivery),
}

/// Everything that may happen in `state`.
pub fn enabled(protocol: &Protocol, state: &State, actions: &mut Vec<Action>) {
    let waiting = waiting(state);
    if state.workers.iter().any(|worker| worker.is_idle()) {
        let taken = waiting.iter().filter(|delivery| !is_held(state, **delivery));
        actions.extend(taken.map(|delivery| Action::Receive(*delivery)));
    }
    let busy: Vec<_> = slots().filter(|slot| !slot.of(state).is_idle()).collect();
    actions.extend(busy.iter().map(|slot| Action::Go(*slot)));
    let reading = (0..WORKERS).filter(|worker| state.workers[*worker].step == Step::Read);
    actions.extend(reading.map(Action::Continue));
    actions.extend((0..CHUNKS).filter(|n| may_lapse(state, *n)).map(Action::Lapse));
    if state.supervision.is_idle() && protocol.flaw != Some(Flaw::NoSupervision) {
        supervision(protocol, state, actions);
    }
    if state.faults > 0 {
        actions.extend(busy.iter().map(|slot| Action::Fault(Fault::Crash(*slot))));
        let sweeping = (0..WORKERS).filter(|worker| matches!(state.workers[*worker].step, Step::Sweep(_)));
        actions.extend(sweeping.map(|worker| Action::Fault(Fault::Throttle(worker))));
        for delivery in waiting {
            actions.push(Action::Fault(Fault::Redeliver(delivery)));
            actions.push(Action::Fault(Fault::Lose(delivery)));
        }
    }
}

/// The messages on the queues; of equal ones only one, since it does not matter which.
fn waiting(state: &State) -> Vec<Delivery> {
    let mut messages = state.messages.clone();
    messages.dedup();
    let plans = (state.plans > 0).then_some(Delivery::Plan);
    plans
        .into_iter()
        .chain(messages.into_iter().map(Delivery::Chunk))
        .collect()
}

/// A message for a chunk that somebody holds comes back as it was.
fn is_held(state: &State, delivery: Delivery) -> bool {
    let Delivery::Chunk(message) = delivery else {
        return false;
    };
    let n = message.chunk;
    state.rows[n].is_some_and(|row| row.lease(message.send, state.lapsed[n]) == Lease::Held)
}

fn slots() -> impl Iterator<Item = Slot> {
    (0..WORKERS).map(Slot::Worker).chain([Slot::Supervision])
}

/// A lease may end at any moment; while its worker is at it, that makes a zombie and costs a fault.
fn may_lapse(state: &State, n: usize) -> bool {
    let leased = state.rows[n].is_some_and(|row| row.state == ChunkState::Leased);
    leased && !state.lapsed[n] && (state.faults > 0 || !state.is_worked_on(n))
}

fn supervision(protocol: &Protocol, state: &State, actions: &mut Vec<Action>) {
    let mut offer = |push, costs: bool| {
        if !costs || state.faults > 0 {
            actions.push(Action::Supervise(push));
        }
    };
    if state.phase == Phase::Planning && !state.plan.complete {
        offer(Push::Plan, !plan_is_lost(state));
    }
    for row in state.rows.into_iter().flatten() {
        if row.send > 0 && row.resend(state.lapsed[row.n]).is_some() {
            offer(Push::Resend(row.n), !chunk_is_lost(state, row.n));
        }
    }
    let unsent = state.rows.iter().flatten().any(|row| row.wanted().is_some());
    if state.phase == Phase::Sweeping && unsent && state.room(&state.rows) > 0 {
        offer(Push::Fill, false);
    }
    let tally = state.tally(&state.plan, &state.rows, protocol.flaw);
    if next_event(state.phase, tally, protocol.flaw).is_some() {
        offer(Push::Advance, false);
    }
}

/// No message for the plan is under way.
pub fn plan_is_lost(state: &State) -> bool {
    state.plans == 0 && state.workers.iter().all(|worker| worker.hand != Hand::Plan)
}

/// No message that is valid for chunk `n` is under way.
pub fn chunk_is_lost(state: &State, n: usize) -> bool {
    let valid = state.rows[n].map(|row| (n, row.send));
    state.live().all(|message| Some((message.chunk, message.send)) != valid)
}

impl Slot {
    /// Its invocation.
    #[must_use]
    pub fn of(self, state: &State) -> &Invocation {
        match self {
            Self::Worker(worker) => &state.workers[worker],
            Self::Supervision => &state.supervision,
        }
    }

    /// Its invocation, to be changed.
    pub fn of_mut(self, state: &mut State) -> &mut Invocation {
        match self {
            Self::Worker(worker) => &mut state.workers[worker],
            Self::Supervision => &mut state.supervision,
        }
    }
}
