//! The checks bite: with any one guard of the protocol taken out, the storms find something wrong.

use std::collections::BTreeMap;

use shared::knobs::Guard;
use simulation::seeds::storm;
use simulation::workers::in_parallel;

/// Seeds within which each guard must be missed.
const SEEDS: u64 = 500;

#[test]
fn each_guard_is_missed_when_it_is_out() {
    let found: BTreeMap<_, _> = in_parallel(&Guard::ALL, |guard| Some((guard, first_miss(guard))))
        .into_iter()
        .collect();
    let table: Vec<_> = found
        .iter()
        .map(|(guard, miss)| format!("{guard:?}: {miss:?}"))
        .collect();
    let unmissed: Vec<_> = found
        .iter()
        .filter(|(_, miss)| miss.is_none())
        .map(|(guard, _)| guard)
        .collect();
    assert!(unmissed.is_empty(), "not missed: {unmissed:?}\n{}", table.join("\n"));
}

/// The first seed at which something is wrong without the guard, and what.
fn first_miss(guard: Guard) -> Option<(u64, String)> {
    (0..SEEDS).find_map(|seed| {
        let complaints = storm(seed, Some(guard)).complaints;
        complaints.into_iter().next().map(|complaint| (seed, complaint))
    })
}
