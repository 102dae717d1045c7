//! Leases: one worker at a time, epochs that only rise, and no write over a row that has moved.

use shared::domain::chunk::{Chunk, ChunkState};

use super::Case;
use crate::stack::Stack;

pub(super) fn check(stack: &Stack, case: &Case, wrong: &mut Vec<String>) {
    for (was, is) in stack.outside.replaced(&case.facts.key()) {
        if let Some(why) = broken(&was, &is) {
            wrong.push(format!("{} {}: {why}", case.life.subject, is.id));
        }
    }
}

fn broken(was: &Chunk, is: &Chunk) -> Option<String> {
    if is.rev != was.rev + 1 || is.epoch < was.epoch || is.send < was.send {
        return Some(format!("a row moved on was overwritten: {was:?} by {is:?}"));
    }
    if is.manifest != was.manifest || is.lines != was.lines {
        return Some("its manifest changed".to_owned());
    }
    let taken = was.state == ChunkState::Leased && is.epoch > was.epoch;
    // By the clock of whoever took it, which is the one they compared with.
    let live = was.lease_until.is_some_and(|end| is.touched_at < end);
    (taken && live).then(|| format!("a live lease was taken at {}: {was:?}", is.touched_at))
}
