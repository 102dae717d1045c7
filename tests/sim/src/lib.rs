//! The workflows on the simulator: what happens to a request when everything around it goes wrong.
//!
//! | module | what |
//! |---|---|
//! | [`scenario`] | what there is before a run, who does what, how it should end |
//! | [`stack`] | the deployed stack in small: functions, queues, schedule, stream, wired as in `template.yaml` |
//! | [`people`] | subjects and operators, who try again like people do, and others who meddle |
//! | [`readers`] | people who only look, at any moment |
//! | [`oracle`] | what must hold afterwards, checked from the rows and the application's data |
//! | [`play`] | one run, and what the oracle says of it |
//! | [`crash`] | every crash point, and the two helpers a new workflow is tried with |
//! | [`seeds`] | storms: all faults together, from one seed, replayed exactly |
//! | [`workers`] | many runs side by side |
//!
//! `cargo lethe sim` runs them; `tests/` holds the short forms that every commit passes.

pub mod crash;
pub mod oracle;
pub mod people;
pub mod play;
pub mod readers;
pub mod scenario;
pub mod seeds;
pub mod stack;
pub mod workers;

/// The instant every run begins.
pub fn dawn() -> jiff::Timestamp {
    "2026-03-02T08:00:00Z".parse().expect("an instant")
}
