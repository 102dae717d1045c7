//! What goes wrong: each of these costs one of the faults a path may have.

use crate::action::{Delivery, Fault};
use crate::invocation::{Hand, Step};
use crate::rows::Message;
use crate::state::State;

/// A lease ends. Under a worker that is still at it, this makes a zombie, which goes on as if nothing had happened.
pub fn lapse(state: &mut State, n: usize) {
    state.faults -= u8::from(state.is_worked_on(n));
    state.lapsed[n] = true;
}

/// A fault happens.
pub fn happen(state: &mut State, fault: Fault) {
    state.faults -= 1;
    match fault {
        Fault::Crash(slot) => {
            let dead = std::mem::take(slot.of_mut(state));
            // What it had written stays; the queue delivers its message again.
            match dead.hand {
                Hand::Nothing => {}
                Hand::Plan => state.plans += 1,
                Hand::Chunk(message) => state.put(message),
            }
        }
        Fault::Throttle(worker) => {
            let given_up = std::mem::take(&mut state.workers[worker]);
            if let Step::Sweep(row) = given_up.step {
                state.number_and_send(row.postpone());
            }
        }
        Fault::Redeliver(Delivery::Plan) => state.plans += 1,
        Fault::Redeliver(Delivery::Chunk(message)) => state.put(Message { copy: true, ..message }),
        Fault::Lose(Delivery::Plan) => state.plans -= 1,
        Fault::Lose(Delivery::Chunk(message)) => state.take(message),
    }
}
