//! Storms: all faults together, at random, from one seed; then the sky clears and everything must come to rest.
//!
//! Guarantee: a seed is the whole run. The same seed, commit and guard replay the same trace, call for call.

use std::fmt::Write as _;

use jiff::SignedDuration;
use shared::knobs::{Guard, Sizes};
use shared::sim::{Dice, Storm};

use crate::dawn;
use crate::play::{Play, Played, play};
use crate::scenario::{Aim, Held, Life, Meanwhile, Scenario, Ttl, export, life};
use crate::stack::{Habits, letter};
use crate::workers::in_parallel;

/// A seed that went wrong.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which.
    pub seed: u64,
    /// What did not hold.
    pub complaints: Vec<String>,
}

/// Plays `count` seeds from `from`; answers those that went wrong.
pub fn storms(from: u64, count: u64, without: Option<Guard>) -> Vec<Failure> {
    let seeds: Vec<_> = (from..from + count).collect();
    in_parallel(&seeds, |seed| {
        let complaints = storm(seed, without).complaints;
        (!complaints.is_empty()).then_some(Failure { seed, complaints })
    })
}

/// Plays one seed.
pub fn storm(seed: u64, without: Option<Guard>) -> Played {
    let mut dice = Dice::of(seed);
    let mut scenario = scenario(&mut dice);
    let storm = Storm {
        crashes: pick(&mut dice, &[0, 5, 20, 60]),
        failures: pick(&mut dice, &[0, 10, 30, 100]),
        stalls: pick(&mut dice, &[0, 5, 20]),
        until: dawn() + SignedDuration::from_hours(pick(&mut dice, &[24, 24 * 31, 24 * 38, 24 * 60])),
    };
    let habits = habits(&mut dice);
    scenario.forbidden = dice.chance(200);
    if dice.chance(250) {
        let export = an_export(&mut dice, &scenario.lives[0]);
        scenario.lives.push(export);
    }
    play(&scenario, &Play { seed, habits, without }, storm)
}

fn scenario(dice: &mut Dice) -> Scenario {
    let names = ["ada", "bob", "cleo"];
    let mut lives: Vec<_> = names[..1 + dice.below(3)].iter().map(|name| one(dice, name)).collect();
    if dice.chance(350) {
        let another = another_of(dice, &mut lives[0]);
        lives.extend(another);
    }
    Scenario {
        name: "a storm",
        sizes: Sizes {
            chunk_records: 1 + dice.below(3),
            window: pick(dice, &[1, 2, 4]),
            page_chunks: 1 + dice.below(3),
        },
        lives,
        ttl: pick(dice, &[Ttl::OnTime, Ttl::Late]),
        meanwhile: pick(dice, &[Meanwhile::Nothing, Meanwhile::Changes]),
        mail_refused: dice.chance(100),
        poison: dice.chance(50),
        forbidden: false,
        clamp: dice.chance(300),
        capacity: pick(dice, &[None, None, None, Some(1), Some(5)]),
        hide_early: dice.chance(300),
        write: letter,
    }
}

fn one(dice: &mut Dice, name: &str) -> Life {
    let aims = [
        Aim::Erase,
        Aim::Erase,
        Aim::Erase,
        Aim::Erase,
        Aim::Extend,
        Aim::Withdraw,
        Aim::Reject,
        Aim::Cancel,
        Aim::CancelAndRestore,
        Aim::Pause,
        Aim::RestoreOne,
    ];
    let aim = pick(dice, &aims);
    // Often enough that a hold meets an expiry that is armed while chunks fail around it.
    let held = [Held::Never, Held::Never, Held::Midway, Held::InWindow, Held::InWindow];
    let held = pick(dice, &held);
    let life = life(name, aim, dice.below(9));
    let mut life = Life { held, ..life };
    if dice.chance(300) {
        life.scope.remove(dice.below(3));
    }
    if dice.chance(400) {
        life.scope.push("notes");
    }
    life
}

/// A second request of the same subject, for a part of what the first one asked for.
fn another_of(dice: &mut Dice, first: &mut Life) -> Option<Life> {
    if first.held != Held::Never || first.scope.len() < 2 {
        return None;
    }
    let mut another = one(dice, &first.subject);
    another.held = Held::Never;
    another.records = first.records;
    another.scope = first.scope.split_off(1);
    Some(another)
}

/// An export: of somebody else, or of a subject whose data is being erased.
fn an_export(dice: &mut Dice, first: &Life) -> Life {
    let aims = [
        Aim::Erase,
        Aim::Erase,
        Aim::Erase,
        Aim::Cancel,
        Aim::Pause,
        Aim::Withdraw,
    ];
    let aim = pick(dice, &aims);
    let mut life = if dice.chance(500) {
        export(&first.subject, aim, first.records)
    } else {
        export("dora", aim, dice.below(9))
    };
    if dice.chance(500) {
        life.scope.remove(dice.below(5));
    }
    life
}

fn habits(dice: &mut Dice) -> Habits {
    Habits {
        doubles: pick(dice, &[0, 50, 300]),
        zombies: pick(dice, &[0, 100, 400]),
        skew_seconds: pick(dice, &[0, 20, 300]),
        meddling: pick(dice, &[0, 3, 10]),
        losses: pick(dice, &[0, 0, 2]),
        looks: pick(dice, &[0, 10, 40]),
        twice: false,
    }
}

fn pick<T: Copy>(dice: &mut Dice, among: &[T]) -> T {
    among[dice.below(among.len())]
}

/// A run as a person reads it: what was wrong, then everything that happened.
pub fn story(seed: u64, played: &Played) -> String {
    let mut text = format!("seed {seed}: {} calls\n", played.calls);
    for complaint in &played.complaints {
        let _ = writeln!(text, "  WRONG  {complaint}");
    }
    for event in &played.trace {
        let _ = writeln!(text, "{event}");
    }
    let _ = writeln!(text, "ended as\n{}", played.ending);
    text
}
