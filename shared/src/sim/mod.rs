//! The simulator's fakes (feature `sim`): wired, and empty until the simulator is built.
