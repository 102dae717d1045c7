//! What befalls a call to the outside.
//!
//! Every failure has two sides, because a caller cannot tell them apart: the effect took place, or it did not.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::dice::Dice;
use super::world::Call;

/// What befalls one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It does what it should.
    Pass,
    /// The caller dies before the effect.
    CrashBefore,
    /// The caller dies after the effect, before the answer.
    CrashAfter,
    /// The service refuses for now; no effect.
    FailBefore,
    /// The effect takes place, the answer is lost.
    FailAfter,
    /// The caller stands still for that long, then makes the call: a zombie, if its lease is gone by then.
    Stall(SignedDuration),
}

/// Decides the fate of each call.
pub trait Fates {
    /// The fate of this call.
    fn fate(&mut self, call: &Call<'_>, dice: &mut Dice) -> Fate;

    /// Whether a fake may do its worst now, in about `permille` of a thousand cases: one item of a batch refused, an
    /// index behind its table, a transaction cancelled by another.
    fn mishap(&mut self, _: Timestamp, _permille: u32, _: &mut Dice) -> bool {
        false
    }
}

/// Nothing goes wrong.
#[derive(Clone, Copy, Debug, Default)]
pub struct Calm;

impl Fates for Calm {
    fn fate(&mut self, _: &Call<'_>, _: &mut Dice) -> Fate {
        Fate::Pass
    }
}

/// On which side of its effect a call's maker dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// Before.
    Before,
    /// After.
    After,
}

/// Dies at the calls with these numbers, and nothing else goes wrong.
#[derive(Clone, Debug, Default)]
pub struct Crashes(BTreeMap<u64, Side>);

impl Crashes {
    /// At these points.
    pub fn at(points: impl IntoIterator<Item = (u64, Side)>) -> Self {
        Self(points.into_iter().collect())
    }
}

impl Fates for Crashes {
    fn fate(&mut self, call: &Call<'_>, _: &mut Dice) -> Fate {
        match self.0.get(&call.n) {
            None => Fate::Pass,
            Some(Side::Before) => Fate::CrashBefore,
            Some(Side::After) => Fate::CrashAfter,
        }
    }
}

/// All faults together, at random, until an instant; then none.
#[derive(Clone, Copy, Debug)]
pub struct Storm {
    /// Thousandths of the calls that crash their maker.
    pub crashes: u32,
    /// Thousandths that fail, with or without effect.
    pub failures: u32,
    /// Thousandths whose maker stands still.
    pub stalls: u32,
    /// When it is over.
    pub until: Timestamp,
}

impl Fates for Storm {
    fn fate(&mut self, call: &Call<'_>, dice: &mut Dice) -> Fate {
        if call.at >= self.until {
            return Fate::Pass;
        }
        if dice.chance(self.crashes) {
            return [Fate::CrashBefore, Fate::CrashAfter][dice.below(2)];
        }
        if dice.chance(self.failures) {
            return [Fate::FailBefore, Fate::FailAfter][dice.below(2)];
        }
        if dice.chance(self.stalls) {
            return Fate::Stall(SignedDuration::from_secs(dice.between(1, 200)));
        }
        Fate::Pass
    }

    fn mishap(&mut self, at: Timestamp, permille: u32, dice: &mut Dice) -> bool {
        at < self.until && dice.chance(permille)
    }
}
