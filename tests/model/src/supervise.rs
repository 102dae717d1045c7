//! Supervision: what stands still is pushed, from rows alone. Mirrors [`shared::workflow::supervise`].
//!
//! It cannot know whether a message is lost or only slow. Where it is lost, pushing costs nothing; where it is not, this
//! is haste, and one of the faults. Recounting and filling the window take their steps like everybody else's.

use crate::action::{Push, chunk_is_lost, plan_is_lost};
use crate::invocation::Step;
use crate::protocol::{Flaw, Protocol};
use crate::state::State;

/// Does what was found. Mirrors `push_work` of [`shared::workflow::supervise`] and the advance after it.
pub fn push(protocol: &Protocol, state: &mut State, push: Push) {
    match push {
        Push::Plan => {
            state.faults -= u8::from(!plan_is_lost(state));
            state.plans += 1;
        }
        Push::Resend(n) => {
            state.faults -= u8::from(!chunk_is_lost(state, n));
            resend(protocol, state, n);
        }
        Push::Fill => state.supervision.step = Step::Fill(state.rows),
        Push::Advance => state.supervision.step = Step::Look,
    }
}

fn resend(protocol: &Protocol, state: &mut State, n: usize) {
    let Some(row) = state.rows[n] else { return };
    let Some(mut next) = row.resend(state.lapsed[n]) else {
        return;
    };
    if protocol.flaw == Some(Flaw::ResendUnnumbered) {
        next.send = row.send;
    }
    state.number_and_send(next);
}
