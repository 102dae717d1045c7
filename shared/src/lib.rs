//! Lethe's one library: rules, use cases, adapters.
//!
//! # Map
//!
//! | module | what | may use |
//! |---|---|---|
//! | [`domain`] | nouns: ids, request, policy, data map, chunk, outcome | std and pure crates |
//! | [`state_machine`] | verbs: every decision, as `Transition` or `Refusal` | `domain` |
//! | [`audit`] | the hash-chained trail | `domain` |
//! | [`ports`] | what a workflow asks of the outside, in the domain's verbs | all above |
//! | [`metric`] | what is counted and measured, said where it happens | `domain` |
//! | [`package`] | the archives of an export, written piece by piece | `domain` |
//! | [`workflow`] | one file a use case: load, decide, commit, dispatch | all above |
//! | `storage`, `queue`, `blob`, `mail`, `sealing`, `source` | adapters, one SDK each (feature `aws`) | `ports`, `domain` |
//! | `runtime` | configuration, telemetry, HTTP and SQS edges (feature `aws`) | everything |
//! | [`knobs`] | sizes and guards that only a test build can turn; constants everywhere else | nothing |
//! | `sim` | the simulator's scheduler and fakes (feature `sim`) | `ports`, `domain` |
//!
//! # What holds everywhere
//!
//! * A status is written in one place, `workflow::commit`, together with version, audit entry and outbox row.
//! * Without features this crate knows no SDK, clock, randomness or runtime: `cargo check -p shared` proves it.
//! * Personal data is [`domain::personal::Personal`]: redacted in `Debug`, sealed at rest, never in a key or message.

pub mod audit;
pub mod domain;
pub mod knobs;
pub mod metric;
pub mod package;
pub mod ports;
pub mod state_machine;
pub mod workflow;

#[cfg(feature = "aws")]
pub mod blob;
#[cfg(feature = "aws")]
pub mod mail;
#[cfg(feature = "aws")]
pub mod queue;
#[cfg(feature = "aws")]
pub mod runtime;
#[cfg(feature = "aws")]
mod sdk_fault;
#[cfg(feature = "aws")]
pub mod sealing;
#[cfg(feature = "aws")]
pub mod source;
#[cfg(feature = "aws")]
pub mod storage;

#[cfg(feature = "sim")]
pub mod sim;
