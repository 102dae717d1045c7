//! One binary for all tests that need a deployed stack, and for those that hold the code to its rules: it is linked once.
//!
//! `cargo lethe test` brings up the stack and names it in `LETHE_STACK`. What a test may use is in `../harness`.
//!
//! - Stories told through the API: [`journeys`], [`guards`], [`coverage`], [`privacy`], [`real_mails`], [`faults`].
//! - Fakes beside what they stand for: [`conformance`].
//! - Adapters against the emulator's services: [`storage`], [`source`], [`edges`]; the command's own: [`apply`], [`lint`].
//! - Rights on the deployed stack: [`roles`]. The house: [`architecture`].

mod apply;
mod architecture;
mod conformance;
mod coverage;
mod edges;
mod faults;
mod guards;
mod journeys;
mod lint;
mod privacy;
mod real_mails;
mod roles;
mod sample;
mod source;
mod storage;
