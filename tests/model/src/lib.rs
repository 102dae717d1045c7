//! A small model of the work protocol (plan, send, lease, complete, finish), looked at in every state it can reach.
//!
//! Guarantees, for two workers, two pages of a plan, a window of one chunk, supervision, and any few faults in any order
//! at any moment: nothing is counted twice or lost, a worker whose lease is gone accounts for nothing, a chunk has one
//! valid message, the request finishes, and with an exact account. Five flaws, each a guard taken out, are found.
//!
//! # What may happen
//!
//! Invocations read and write step by step, others in between ([`mod@work`]). Faults ([`faults`]): an invocation dies
//! anywhere and the queue delivers its message again; a message is lost, or delivered twice; a lease ends while its
//! worker is still at it; the source turns a worker away; supervision sends again what was only slow. A path has a
//! number of faults to spend, on any of these; so there are finitely many states and every path ends, which
//! [`check::is_acyclic`] proves and the checker's `eventually` needs. Time is no number here: what may be due, may happen.
//!
//! # What is not in it
//!
//! Pause, cancel, holds, parking, restore, purge, verification, the e-mail: they stand on the same rows and swaps. An
//! answer of the store that is lost is a crash here. What a small model cannot show, the simulator tries on the real code.
//!
//! # Layout
//!
//! [`rows`] and [`job`] decide (`tests/mirror.rs` holds them against `shared`); [`state`] is all there is,
//! [`invocation`] one call of a function in it; [`action`] says
//! what may happen, [`mod@work`], [`supervise`] and [`faults`] do it; [`properties`] is what must hold; [`protocol`] puts it
//! together for the checker, [`check`] runs that. Each decision and step names what it mirrors: change both or neither.

pub mod action;
pub mod check;
pub mod faults;
pub mod invocation;
pub mod job;
pub mod properties;
pub mod protocol;
pub mod rows;
pub mod state;
pub mod supervise;
pub mod work;
