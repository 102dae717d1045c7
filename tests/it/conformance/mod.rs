//! Conformance: what a port promises, tried on every side of it, so that the simulator's fakes cannot drift from what
//! they stand for.
//!
//! | part | sides |
//! |---|---|
//! | [`source`] | the simulator's sources; the adapters on the emulator |
//!
//! A case knows only the port. What it writes is its own: each run of a case has a fresh side to itself.

pub(crate) mod source;
