//! The verbs: pure decisions. `(state, command, facts, now) -> Transition | Refusal`.
//!
//! Every pair of status and command is written out; a new status or command breaks the build until it has its row.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod assembly;
pub mod chunk;
pub mod command;
pub mod export;
mod extend;
pub mod gate;
pub mod hold;
pub mod job;
pub mod notice;
pub mod refusal;
pub mod repair;
pub mod request;
pub mod run;
pub mod submit;
pub mod transition;
pub mod watch;

#[cfg(test)]
mod tests;
