//! The scheduler: one seeded choice after the other, among the calls that wait and what the environment could do.
//!
//! Guarantee: nothing happens that was not chosen here, so the seed is the history.

use jiff::Timestamp;

use super::world::World;

/// What happens around the functions: deliveries, timers, people, TTL.
pub trait Environment {
    /// How many things could happen now.
    fn possible(&mut self, now: Timestamp) -> usize;
    /// Lets one of them happen.
    fn happen(&mut self, which: usize);
    /// When the next one becomes possible, if nothing is possible now; none when all is over.
    fn next_at(&mut self) -> Option<Timestamp>;
}

/// The run did not come to rest.
#[derive(Debug, thiserror::Error)]
#[error("no rest after {calls} calls")]
pub struct Restless {
    /// Calls made.
    pub calls: u64,
}

/// Runs until nothing is left to happen.
pub fn run(world: &World, environment: &mut impl Environment, max_calls: u64) -> Result<(), Restless> {
    loop {
        world.end_overdue();
        let now = world.now();
        let waiting = world.ready();
        let possible = environment.possible(now);
        let choices = waiting.len() + possible;
        if choices == 0 {
            let next = [world.next_at(), environment.next_at()].into_iter().flatten().min();
            match next {
                Some(instant) => world.advance_to(instant),
                None => return Ok(()),
            }
            continue;
        }
        match world.roll(|dice| dice.below(choices)) {
            choice if choice < waiting.len() => world.grant(waiting[choice]),
            choice => environment.happen(choice - waiting.len()),
        }
        if world.calls() > max_calls {
            return Err(Restless { calls: world.calls() });
        }
    }
}
