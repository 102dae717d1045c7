//! Every crash point of every scenario; every so many pairs of the smallest. `cargo lethe sim --crash-points` plays
//! all pairs.

use simulation::crash::{recovers_from_every_crash, recovers_from_pairs_of_crashes, succeeds_when_run_twice};
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
    thousands,
    withdrawn,
    rejected,
    two,
    late_ttl,
    rewritten,
    mail_refused,
    poison
);

#[test]
fn recovers_from_pairs_of_crashes_at_a_sample() {
    recovers_from_pairs_of_crashes(&Scenario::smallest(), 37);
}
