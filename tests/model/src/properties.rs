//! What must hold: in every state, and on every path in the end.
//!
//! The last four are no promises. They show that the faults reach the guards: each must be seen somewhere.

use stateright::Property;

use crate::invocation::Step;
use crate::job::{Account, Phase};
use crate::protocol::{CHUNKS, Protocol, WINDOW};
use crate::rows::{Chunk, ChunkState, Message};
use crate::state::State;

/// No chunk's records are added to the account a second time.
pub const COUNTED_ONCE: &str = "no chunk is counted twice";
/// Whoever accounts for a chunk holds the epoch of its row.
pub const NO_STALE_ACCOUNT: &str = "no account by a stale epoch";
/// Second deliveries by the queue aside, one message at most stands for a row.
pub const ONE_MESSAGE: &str = "a chunk has one valid message at most";
/// No page is missing from a finished request.
pub const WHOLE_PLAN: &str = "finished only with the whole plan";
/// Every path ends with a finished request.
pub const FINISHES: &str = "the request finishes";

/// Every property.
#[must_use]
pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(COUNTED_ONCE, counted_once),
        Property::always("counts equal the recount at rest", counts_are_the_recount),
        Property::always("epochs only rise", epochs_rise),
        Property::always(NO_STALE_ACCOUNT, no_stale_account),
        Property::always("what is done is swept and its outcome stored", done_is_swept),
        Property::always(ONE_MESSAGE, one_message),
        Property::always("never more outstanding than the window", window_is_kept),
        Property::always(WHOLE_PLAN, whole_plan),
        Property::always("finished only with every chunk done", all_done),
        Property::always("the final account is exact", account_is_exact),
        Property::eventually(FINISHES, |_, state| is_finished(state)),
        Property::sometimes("a worker comes too late to account", |_, state| comes_too_late(state)),
        Property::sometimes("two workers are at one chunk", |_, state| two_at_one(state)),
        Property::sometimes("a message outlives its number", |_, state| message_is_old(state)),
        Property::sometimes("a planner comes too late for its page", |_, state| {
            planner_is_late(state)
        }),
    ]
}

fn counted_once(_: &Protocol, state: &State) -> bool {
    state.history.counted.iter().all(|times| *times <= 1)
}

/// While nobody is at work, what was added to the account is what the rows say.
fn counts_are_the_recount(_: &Protocol, state: &State) -> bool {
    let at_rest = state.workers.iter().all(|worker| worker.is_idle());
    !at_rest || (0..CHUNKS).all(|n| state.history.counted[n] == u8::from(state.is_done(n)))
}

/// Each lease has an epoch of its own, and no write brings an earlier one back.
fn epochs_rise(_: &Protocol, state: &State) -> bool {
    rows(state).all(|row| row.epoch == state.history.leases[row.n])
}

fn no_stale_account(_: &Protocol, state: &State) -> bool {
    !state.history.stale_account
}

fn done_is_swept(_: &Protocol, state: &State) -> bool {
    let holds = |row: &Chunk| {
        let stored = |epoch: u8| state.outcomes[row.n] & (1 << epoch) != 0;
        state.marked[row.n] && row.outcome.is_some_and(stored)
    };
    rows(state)
        .filter(|row| row.state == ChunkState::Done)
        .all(|row| holds(&row))
}

fn one_message(_: &Protocol, state: &State) -> bool {
    rows(state).all(|row| {
        let valid = |message: &_| is_valid(message, row);
        state.live().filter(valid).count() <= 1
    })
}

fn is_valid(message: &Message, row: Chunk) -> bool {
    !message.copy && message.chunk == row.n && message.send == row.send
}

fn window_is_kept(_: &Protocol, state: &State) -> bool {
    rows(state).filter(|row| row.is_outstanding()).count() <= WINDOW
}

fn whole_plan(_: &Protocol, state: &State) -> bool {
    !is_finished(state) || state.plan.complete
}

fn all_done(_: &Protocol, state: &State) -> bool {
    !is_finished(state) || (0..CHUNKS).all(|n| state.is_done(n))
}

fn account_is_exact(_: &Protocol, state: &State) -> bool {
    let Phase::Finished(Account { planned, swept }) = state.phase else {
        return true;
    };
    let marked = state.marked.iter().filter(|mark| **mark).count();
    usize::from(planned) == CHUNKS && usize::from(swept) == CHUNKS && marked == CHUNKS
}

fn is_finished(state: &State) -> bool {
    matches!(state.phase, Phase::Finished(_))
}

fn comes_too_late(state: &State) -> bool {
    let mut steps = state.workers.iter().map(|worker| worker.step);
    steps.any(|step| matches!(step, Step::Settle(row) if state.rows[row.n].is_some_and(|now| now.rev != row.rev)))
}

fn two_at_one(state: &State) -> bool {
    let mut leased = state.workers.iter().map(|worker| worker.row().map(|row| row.n));
    let first = leased.next().flatten();
    first.is_some() && leased.all(|other| other == first)
}

fn message_is_old(state: &State) -> bool {
    state
        .messages
        .iter()
        .any(|message| rows(state).any(|row| row.n == message.chunk && row.send > message.send))
}

fn planner_is_late(state: &State) -> bool {
    let mut steps = state.workers.iter().map(|worker| worker.step);
    steps.any(|step| matches!(step, Step::Page(plan) if plan.rev != state.plan.rev))
}

fn rows(state: &State) -> impl Iterator<Item = Chunk> + '_ {
    state.rows.iter().copied().flatten()
}
