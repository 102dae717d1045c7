//! What the simulator found once, each kept as the shortest run that shows it.

use shared::sim::{Call, Calm, Crashes, Dice, Fate, Fates, Side};
use simulation::crash::calm;
use simulation::play::{Play, play};
use simulation::scenario::{Aim, Scenario, life};
use simulation::stack::Habits;

/// While the first windows were over and the next not yet, supervision recounted every two minutes, for days.
#[test]
fn nobody_looks_every_two_minutes_at_what_is_due_in_days() {
    let calls = calm(&Scenario::few()).calls;
    assert!(calls < 2_000, "{calls} calls for nine records");
}

/// A failed job was looked at every two minutes until somebody repaired it.
#[test]
fn nobody_looks_every_two_minutes_at_what_waits_for_a_person() {
    let mut scenario = Scenario::poison();
    // Its key is kept for two years: so long the other one's job waits for a repair.
    scenario.lives.push(life("bob", Aim::Reject, 0));
    let calls = calm(&scenario).calls;
    assert!(calls < 2_000, "{calls} calls for twelve records");
}

/// One shard that could not be read kept the requests of all later shards waiting.
#[test]
fn a_shard_that_cannot_be_read_keeps_only_its_own_requests_waiting() {
    let stands_still = |shard| {
        let unread = Unread { shard, asked: 0 };
        let played = play(&Scenario::few(), &Play::default(), unread);
        !played.complaints.is_empty()
    };
    let still = (0..8).filter(|shard| stands_still(*shard)).count();
    assert_eq!(still, 1, "only the request's own shard matters to it");
}

/// Refuses every look at one of the eight shards, which are asked for one after the other.
struct Unread {
    shard: u64,
    asked: u64,
}

impl Fates for Unread {
    fn fate(&mut self, call: &Call<'_>, _: &mut Dice) -> Fate {
        if call.op != "read due requests" {
            return Fate::Pass;
        }
        self.asked += 1;
        if (self.asked - 1) % 8 == self.shard {
            Fate::FailBefore
        } else {
            Fate::Pass
        }
    }
}

/// Two deliveries of one mail at the same instant wrote the same row, and each took it for its own.
#[test]
fn two_workers_at_the_same_instant_do_not_both_have_the_lease() {
    let habits = Habits {
        twice: true,
        ..Habits::default()
    };
    for seed in 0..40 {
        let played = play(
            &Scenario::few(),
            &Play {
                seed,
                habits,
                ..Play::default()
            },
            Calm,
        );
        assert!(played.complaints.is_empty(), "seed {seed}: {:#?}", played.complaints);
    }
}

/// A worker killed between an inspection and its account: what it had marked is purged all the same.
#[test]
fn what_a_dead_worker_had_marked_is_found_again() {
    let scenario = Scenario::few();
    let marks = calm(&scenario)
        .trace
        .into_iter()
        .filter(|event| event.what.starts_with("mark items"));
    for event in marks {
        let played = play(&scenario, &Play::default(), Crashes::at([(event.n, Side::After)]));
        assert!(
            played.complaints.is_empty(),
            "call {}: {:#?}",
            event.n,
            played.complaints
        );
    }
}
