//! The parts of the `lethe` command, as a library: the command itself is a thin `main.rs`, and the tests' harness uses
//! the same stack file, sign-in, HTTP client and mailbox, so both see one and the same deployment.
//!
//! # Layout
//!
//! One file a subcommand: [`up`], [`down`], [`mod@test`], [`model`], [`doctor`], [`policy`], [`data_map`]. Each has its
//! `Args` and a `run`.
//! What they stand on: `paths` (where things are), `venv` (Python), `functions` (the build), `emulator` and `port`
//! (start, stop), `deploy` (`sam`), `users` and `password`, [`ttl`], [`schemathesis`], [`stack_file`] (`.lethe/stack.json`), [`own_stack`] (a
//! stack for one run), `previous` (the same with an older commit's functions), `process` and `process_group` (tools, and what outlives them).
//! What reaches a deployment: [`clients`], [`target`], [`signin`], [`api`], [`invoke`], [`mailbox`].
//! What a data map is held against: `describe` (what is really there), [`access`] (which rights it needs).
//! Whatever is printed goes through [`console`].

pub mod access;
pub mod api;
pub mod clients;
pub mod console;
pub mod data_map;
pub mod demo;
mod deploy;
mod describe;
pub mod doctor;
pub mod down;
mod emulator;
pub mod functions;
pub mod invoke;
pub mod mailbox;
pub mod model;
pub mod mutants;
pub mod own_stack;
mod password;
pub mod paths;
pub mod policy;
mod port;
mod previous;
mod process;
mod process_group;
pub mod schemathesis;
pub mod seed;
pub mod signin;
pub mod sim;
pub mod stack_file;
pub mod target;
pub mod test;
pub mod test_report;
pub mod ttl;
pub mod up;
mod users;
mod venv;
