//! The simulator: a world of fakes, virtual time and one seeded scheduler, on which the workflows run unchanged.
//!
//! Guarantees: everything that happens follows from one seed, so a run replays exactly; every call to the outside is
//! numbered, logged and can meet any [`Fate`]; the fakes promise no more than AWS does, and mostly less.
//!
//! | module | what |
//! |---|---|
//! | [`world`] | time, dice, tasks, and the gate that every call passes |
//! | [`fate`] | what befalls a call: crash, failure, lost answer, delay |
//! | [`scheduler`] | picks what happens next, among calls and the environment |
//! | [`alone()`] | one task with nothing around it |
//! | [`store`], [`queues`], [`blobs`], [`exports`], [`vault`], [`sources`], [`sealer`], [`mailer`] | the fakes, one a port |
//!
//! Where next: `tests/sim`, which builds a stack of these, plays scenarios on it and checks what must hold.

pub mod alone;
pub mod blobs;
pub mod dice;
pub mod exports;
pub mod fate;
pub mod mailer;
pub mod queues;
pub mod scheduler;
pub mod sealer;
pub mod sources;
pub mod store;
pub mod vault;
pub mod world;

pub use alone::alone;
pub use dice::Dice;
pub use fate::{Calm, Crashes, Fate, Fates, Side, Storm};
pub use scheduler::{Environment, Restless, run};
pub use world::{Call, Deadline, Event, TaskId, World};
