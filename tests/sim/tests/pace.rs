//! A source that throttles, in virtual time: the rate falls, nothing is given up, and hardly a write is asked for twice.

use shared::sim::{Calm, Event};
use simulation::play::{Play, Played, play};
use simulation::scenario::Scenario;
use simulation::stack::Habits;

/// Six chunks of a hundred records in each dataset, and tables that take a tenth of what they are given.
fn heavy() -> Scenario {
    let mut scenario = Scenario::throttled();
    scenario.sizes = shared::knobs::Sizes {
        chunk_records: 100,
        window: 4,
        page_chunks: 5,
    };
    scenario.capacity = Some(60);
    scenario.lives[0].records = 600;
    scenario
}

fn count(played: &Played, what: impl Fn(&Event) -> bool) -> usize {
    played.trace.iter().filter(|event| what(event)).count()
}

/// Records that batches of this operation asked for, by the trace.
fn asked(played: &Played, op: &str) -> usize {
    let mut sum = 0;
    for event in &played.trace {
        let batch = event
            .what
            .strip_prefix(op)
            .and_then(|rest| rest.strip_suffix(" at once"));
        let size = batch.and_then(|rest| rest.rsplit(' ').next());
        sum += size.and_then(|size| size.parse::<usize>().ok()).unwrap_or(0);
    }
    sum
}

/// The mean of several interleavings: in a run this short, how soon the first throttles are met decides for a sixth.
const INTERLEAVINGS: u64 = 8;

#[test]
fn a_source_that_throttles_slows_the_work_and_parks_nothing() {
    let mut marked = 0;
    for seed in 0..INTERLEAVINGS {
        let of = Play {
            seed,
            ..Play::default()
        };
        let played = play(&heavy(), &of, Calm);
        assert!(played.complaints.is_empty(), "{seed}: {:#?}", played.complaints);
        let parked = count(&played, |event| event.what.contains("to Parked"));
        assert_eq!(parked, 0, "{seed}");
        marked += asked(&played, "mark items ");
    }
    // Two tables are swept.
    let per_record = marked as f64 / (INTERLEAVINGS * 1_200) as f64;
    println!("{per_record:.3} statements a record to mark");
    assert!(per_record <= 1.2, "{per_record}");
}

#[test]
fn it_ends_well_also_when_every_message_comes_twice() {
    let habits = Habits {
        twice: true,
        ..Habits::default()
    };
    for seed in 0..2 {
        let played = play(
            &heavy(),
            &Play {
                seed,
                habits,
                ..Play::default()
            },
            Calm,
        );
        assert!(played.complaints.is_empty(), "{seed}: {:#?}", played.complaints);
    }
}
