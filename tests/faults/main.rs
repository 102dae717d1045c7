//! The real functions in trouble: a proxy between them and their services, killed workers, lost and doubled messages,
//! poison, a silent schedule. After each trial everything in [`harness::invariants`] holds.
//!
//! `cargo lethe test` runs the short form beside all other tests, `cargo lethe test --faults` the long one alone: more
//! records, and [`long`], which the short form leaves out. `LETHE_SEED=N` changes what the rates pick.
//!
//! | trial | what goes wrong |
//! |---|---|
//! | [`noise`] | a few percent of all calls fail in every way, while workers are killed |
//! | [`outage`] | one service after another is away altogether |
//! | [`lost`] | the queues are emptied in the middle of a job |
//! | [`doubled`] | every message arrives twice, and all of them once more when the job is long over |
//! | [`poison`] | messages that cannot be read or speak of nothing; the dead letters are sent again |
//! | [`continued`] | a planner so slow that it has to continue itself twenty times |
//! | [`silent`] | supervision is away while messages are lost |
//! | [`forbidden`] | the source is forbidden in the middle of a job, and allowed again |
//! | [`revoked`] | the same, by IAM itself; the long form only, since the role is everybody's |
//! | [`long`] | an upgrade over a running job |
//! | [`million`] | the great run; `cargo lethe test --million` |
//! | [`exported`] | the worker that writes a package is killed over it; an export is cancelled meanwhile |
//! | [`stopped`] | nothing but an operator, who cancels at about half: how soon the last write is, and whether all comes back |
//! | [`throttled`] | a table that takes less than it is given: how the rate follows, as a plot |
//! | [`late`] | calls that take longer than the worker lives, and take effect after its death |

mod continued;
mod doubled;
mod exported;
mod forbidden;
mod late;
mod long;
mod lost;
mod million;
mod noise;
mod outage;
mod poison;
mod revoked;
mod silent;
mod stopped;
mod throttled;
