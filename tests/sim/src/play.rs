//! One run of a scenario, from the empty stack to its rest, and what the oracle says of it.

use jiff::{SignedDuration, Timestamp};
use shared::knobs::{Guard, Turned};
use shared::ports::Letter;
use shared::sim::{Call, Dice, Event, Fate, Fates, World, run};

use crate::scenario::Scenario;
use crate::stack::{Habits, Stack};
use crate::{dawn, oracle};

/// More calls than this, and a run is going round in circles.
const MAX_CALLS: u64 = 200_000;

/// How long before the first request the sources are filled.
const EVE: SignedDuration = SignedDuration::from_hours(24);

/// How to play.
#[derive(Clone, Debug, Default)]
pub struct Play {
    /// Chooses the order of everything.
    pub seed: u64,
    /// How the surroundings behave.
    pub habits: Habits,
    /// A guard to take out.
    pub without: Option<Guard>,
}

/// What came of a run.
#[derive(Debug)]
pub struct Played {
    /// Calls to the outside.
    pub calls: u64,
    /// What must hold and does not; empty when all is well.
    pub complaints: Vec<String>,
    /// How it ended, as text to compare with another run's.
    pub ending: String,
    /// The letters that were delivered, and when.
    pub letters: Vec<(Timestamp, Letter)>,
    /// Everything that happened.
    pub trace: Vec<Event>,
}

/// Plays a scenario to its rest and asks the oracle.
pub fn play(scenario: &Scenario, play: &Play, fates: impl Fates + 'static) -> Played {
    let _turned = Turned::to(scenario.sizes, play.without);
    let fates = Poisoned {
        poison: scenario.poison,
        fates,
    };
    let world = World::new(play.seed, dawn() - EVE, fates);
    let mut stack = Stack::new(&world, scenario, play.habits);
    let before = oracle::Before::of(&stack);
    let rest = run(&world, &mut stack, MAX_CALLS);
    let mut complaints = stack.outside.complaints.take();
    match rest {
        Ok(()) => complaints.extend(oracle::complaints(&stack, &before)),
        Err(restless) => {
            complaints.push(restless.to_string());
            complaints.extend(oracle::unrest(&stack));
        }
    }
    Played {
        calls: world.calls(),
        complaints,
        ending: oracle::ending(&stack),
        letters: stack.outside.mailer.delivered_at(),
        trace: world.log(),
    }
}

/// Kills every worker of a poisoned chunk as soon as it touches the source.
struct Poisoned<F> {
    poison: bool,
    fates: F,
}

impl<F: Fates> Fates for Poisoned<F> {
    fn fate(&mut self, call: &Call<'_>, dice: &mut Dice) -> Fate {
        if self.poison && call.by == "poisoned" && call.op == "mark items" {
            return Fate::CrashBefore;
        }
        self.fates.fate(call, dice)
    }

    fn mishap(&mut self, at: jiff::Timestamp, permille: u32, dice: &mut Dice) -> bool {
        self.fates.mishap(at, permille, dice)
    }
}
