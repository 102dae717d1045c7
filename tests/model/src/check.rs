//! Runs the checker and says what it found, and whether that was to be.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};

use stateright::{Checker, Expectation, HasDiscoveries, Model, Path};

use crate::action::Action;
use crate::protocol::Protocol;
use crate::state::State;

/// What the checker found.
#[derive(Debug)]
pub struct Verdict {
    /// What was checked.
    pub protocol: Protocol,
    /// Different states looked at: all there are, unless a flaw was found before.
    pub states: usize,
    /// Steps of the longest path taken to a state not seen before.
    pub depth: usize,
    /// Properties that do not hold, each with the way there.
    pub violated: Vec<Violation>,
    /// What should be seen somewhere and was not.
    pub unseen: Vec<&'static str>,
}

/// A property that does not hold.
#[derive(Debug)]
pub struct Violation {
    /// Its name.
    pub property: &'static str,
    /// What happened, in order.
    pub actions: Vec<Action>,
}

impl Verdict {
    /// Whether this is what must be found: nothing in the protocol, and in a flawed one what the flaw breaks.
    #[must_use]
    pub fn is_expected(&self) -> bool {
        match self.protocol.flaw {
            None => self.violated.is_empty() && self.unseen.is_empty(),
            Some(flaw) => self
                .violated
                .iter()
                .any(|violation| violation.property == flaw.breaks()),
        }
    }
}

/// Looks at every state; with a flaw, until what it breaks is found.
#[must_use]
pub fn check(protocol: Protocol) -> Verdict {
    let finish = match protocol.flaw {
        None => HasDiscoveries::All,
        Some(flaw) => HasDiscoveries::AllOf(BTreeSet::from([flaw.breaks()])),
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let checker = protocol
        .checker()
        .threads(threads)
        .finish_when(finish)
        .spawn_bfs()
        .join();
    let mut found = checker.discoveries();
    let (failures, sights): (Vec<_>, Vec<_>) = protocol
        .properties()
        .into_iter()
        .partition(|property| property.expectation != Expectation::Sometimes);
    let unseen = sights
        .iter()
        .map(|property| property.name)
        .filter(|name| !found.contains_key(name))
        .collect();
    let violated = failures
        .iter()
        .filter_map(|property| violation(&mut found, property.name))
        .collect();
    Verdict {
        protocol,
        states: checker.unique_state_count(),
        depth: checker.max_depth(),
        violated,
        unseen,
    }
}

fn violation(found: &mut HashMap<&'static str, Path<State, Action>>, property: &'static str) -> Option<Violation> {
    let actions = found.remove(property)?.into_actions();
    Some(Violation { property, actions })
}

/// Whether no state can be reached from itself. The checker's `eventually` is sound only then: it looks at the ends of
/// paths, and a path that goes round for ever has none. (That it may take the past of a state from the first path there
/// does no harm: a finished request stays so, and the state shows it.)
#[must_use]
pub fn is_acyclic(protocol: Protocol) -> bool {
    let hasher = RandomState::new();
    // A state is open while the walk is below it, closed after.
    let mut open = HashMap::<u64, bool>::new();
    let mut walk: Vec<(u64, Vec<State>)> = vec![(0, protocol.init_states())];
    while let Some((id, next)) = walk.last_mut() {
        let Some(state) = next.pop() else {
            open.insert(*id, false);
            walk.pop();
            continue;
        };
        let id = hasher.hash_one(&state);
        match open.insert(id, true) {
            Some(true) => return false,
            Some(false) => _ = open.insert(id, false),
            None => walk.push((id, protocol.next_states(&state))),
        }
    }
    true
}
