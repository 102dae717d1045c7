//! Every crash point of most scenarios with few records; every so many points of the others and of thousands of records,
//! and pairs of points of the smallest. `cargo lethe sim --crash-points` leaves none out.

use simulation::crash::{
    recovers_from_crashes, recovers_from_every_crash, recovers_from_pairs_of_crashes, succeeds_when_run_twice,
};
use simulation::scenario::Scenario;

macro_rules! scenarios {
    ($($name:ident),*) => {
        $(mod $name {
            use super::*;

            #[test]
            fn recovers_from_every_crash() {
                super::recovers_from_every_crash(&Scenario::$name());
            }

            #[test]
            fn succeeds_when_run_twice() {
                super::succeeds_when_run_twice(&Scenario::$name());
            }
        })*
    };
}

scenarios!(
    few,
    withdrawn,
    rejected,
    extended,
    clamped,
    two,
    two_of_one,
    hidden_early,
    late_ttl,
    rewritten,
    mail_refused,
    throttled,
    cancelled,
    cancelled_and_restored,
    paused,
    one_restored,
    retained,
    held_midway,
    held_in_window,
    cancelled_and_held,
    repaired,
    vaulted,
    vaulted_and_restored,
    poison
);

#[test]
fn recovers_from_pairs_of_crashes_at_a_sample() {
    recovers_from_pairs_of_crashes(&Scenario::smallest(), 97);
}

#[test]
fn thousands_of_records_recover_from_crashes_at_a_sample() {
    recovers_from_crashes(&Scenario::thousands(), 61);
    succeeds_when_run_twice(&Scenario::thousands());
}

#[test]
fn a_vault_that_is_written_around_or_held_recovers_from_crashes_at_a_sample() {
    for scenario in [Scenario::vaulted_rewritten(), Scenario::vaulted_and_held()] {
        recovers_from_crashes(&scenario, 7);
        succeeds_when_run_twice(&scenario);
    }
}

#[test]
fn exports_recover_from_crashes_at_a_sample() {
    for scenario in [
        Scenario::exported(),
        Scenario::export_cancelled(),
        Scenario::export_repaired(),
    ] {
        recovers_from_crashes(&scenario, 13);
        succeeds_when_run_twice(&scenario);
    }
    succeeds_when_run_twice(&Scenario::exported_while_erased());
}
