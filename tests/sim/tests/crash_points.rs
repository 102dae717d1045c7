//! Every crash point of every scenario with few records; every so many points of thousands of records, and pairs of
//! points of the smallest. `cargo lethe sim --crash-points` leaves none out.

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
    late_ttl,
    rewritten,
    mail_refused,
    cancelled,
    cancelled_and_restored,
    paused,
    one_restored,
    retained,
    held_midway,
    held_in_window,
    cancelled_and_held,
    poison
);

#[test]
fn recovers_from_pairs_of_crashes_at_a_sample() {
    recovers_from_pairs_of_crashes(&Scenario::smallest(), 37);
}

#[test]
fn thousands_of_records_recover_from_crashes_at_a_sample() {
    recovers_from_crashes(&Scenario::thousands(), 29);
    succeeds_when_run_twice(&Scenario::thousands());
}
