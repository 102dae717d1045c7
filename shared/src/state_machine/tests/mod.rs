//! Proof of the machine: every pair, every guard, and what no sequence of them can bring about.
//!
//! * [`table`]: each (status, command) and (status, event) pair, as one readable table each.
//! * `review`, `extend`, `execute`, `submit`, `notice`: one test per guard. Each must fail when its guard is taken out of the source.
//! * `properties`: random lives; `life`: random jobs over random rows, which never stand still unnoticed.
//! * `refusal`: codes and statuses; `kept`: what is written down beside the status.
//! * `repair`: what a retry does again, what a resolution accounts for.
//! * `job`, `differs`, `watch`: what rows make true, and when somebody looks again; `gate`: what is hidden until when.
//!
//! `support` builds requests the way the machine does: by commands and events, never by setting a status.

mod assembly;
mod differs;
mod execute;
mod export;
mod extend;
mod gate;
mod job;
mod kept;
mod life;
mod notice;
mod properties;
mod refusal;
mod repair;
mod review;
mod rows;
mod run;
mod submit;
mod support;
mod table;
mod watch;
