//! One task with nothing around it: how a test asks the fakes without a scenario.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::Timestamp;

use super::scheduler::{Environment, run};
use super::world::World;

/// Calls after which a lone task goes round in circles.
const MAX_CALLS: u64 = 100_000;

/// Nothing happens by itself.
struct Nothing;

impl Environment for Nothing {
    fn possible(&mut self, _: Timestamp) -> usize {
        0
    }

    fn happen(&mut self, _: usize) {}

    fn next_at(&mut self) -> Option<Timestamp> {
        None
    }
}

/// Runs a task to its end and answers what it answers; none if it crashed, or goes on for ever.
pub fn alone<T: 'static>(world: &World, task: impl Future<Output = T> + 'static) -> Option<T> {
    let answer = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&answer);
    world.spawn("alone", None, async move {
        let value = task.await;
        *kept.borrow_mut() = Some(value);
    });
    run(world, &mut Nothing, world.calls() + MAX_CALLS).ok()?;
    answer.take()
}
