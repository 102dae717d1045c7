//! Everything once, in a second or two: what `cargo lethe mutants` runs for each of hundreds of changed builds.

use shared::sim::Calm;
use simulation::crash::calm;
use simulation::play::{Play, play};
use simulation::scenario::Scenario;
use simulation::seeds::storms;
use simulation::stack::Habits;

#[test]
fn every_scenario_ends_well_also_when_all_is_done_twice() {
    for scenario in Scenario::all().into_iter().chain([Scenario::poison()]) {
        let calm = calm(&scenario);
        // Far more calls than it needs mean that something goes round in circles, and far fewer that it is not done.
        assert!(calm.calls < 3_000, "{}: {} calls", scenario.name, calm.calls);
        let habits = Habits {
            twice: true,
            looks: 60,
            ..Habits::default()
        };
        let twice = play(
            &scenario,
            &Play {
                habits,
                ..Play::default()
            },
            Calm,
        );
        assert!(
            twice.complaints.is_empty(),
            "{}: {:#?}",
            scenario.name,
            twice.complaints
        );
    }
}

#[test]
fn forty_storms_come_to_rest() {
    let failures = storms(100, 40, None);
    assert!(failures.is_empty(), "{failures:#?}");
}
