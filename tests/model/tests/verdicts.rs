//! The protocol holds in every state, and the checker finds each flaw.

use model::check::{check, is_acyclic};
use model::protocol::{Flaw, Protocol};

/// Two are enough for every flaw and for everything the properties want to see; `cargo lethe model` takes more.
const FAULTS: u8 = 2;

#[test]
fn the_protocol_holds_in_every_state() {
    let verdict = check(Protocol {
        flaw: None,
        faults: FAULTS,
    });
    println!("{} states, {} steps deep", verdict.states, verdict.depth);
    assert!(verdict.is_expected(), "{verdict:#?}");
    assert!(
        verdict.states > 300_000,
        "only {} states: what was taken out?",
        verdict.states
    );
}

#[test]
fn every_path_ends_so_that_eventually_means_always_in_the_end() {
    assert!(is_acyclic(Protocol {
        flaw: None,
        faults: FAULTS
    }));
}

#[test]
fn without_a_fence_a_zombie_accounts() {
    assert_found(Flaw::NoFence);
}

#[test]
fn finishing_without_the_whole_plan_is_found() {
    assert_found(Flaw::FinishWithoutPlan);
}

#[test]
fn a_counter_outside_the_transaction_counts_twice() {
    assert_found(Flaw::CounterBeside);
}

#[test]
fn sending_again_without_a_new_number_makes_two_messages() {
    assert_found(Flaw::ResendUnnumbered);
}

#[test]
fn without_supervision_a_lost_message_is_the_end() {
    assert_found(Flaw::NoSupervision);
}

/// What the flaw breaks is found; that it holds without the flaw is the first test's.
fn assert_found(flaw: Flaw) {
    let verdict = check(Protocol {
        flaw: Some(flaw),
        faults: FAULTS,
    });
    assert!(verdict.is_expected(), "{flaw:?} was not found: {verdict:#?}");
}
