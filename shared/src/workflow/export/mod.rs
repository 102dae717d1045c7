//! An export's work: start it, copy what the subject's records say, write the package part by part.
//!
//! Guarantees:
//! * A source is read once, at a pace, by the workers of its chunks; what they copied lies sealed under the request's own
//!   key until the request completes, so that a part written anew holds the same bytes.
//! * An object is read when its part is written, by the version that was planned.
//! * A part is written from its first byte to its last in one lease and is there whole or not at all; what an attempt
//!   left unfinished is given up by the next one, or by supervision.
//!
//! | file | what |
//! |---|---|
//! | `start` | an approved export begins |
//! | `staging` | where copies wait, sealed: put, read |
//! | `copying` | one chunk's records, copied |
//! | `deletions` | the subject's deletions that are under way |
//! | `vaulted` | what they have in the vault, copied too |
//! | `contents` | what goes into which part |
//! | `part` | one part, from the staging and the sources into the bucket |
//! | `package` | the lease on the package's row: plan, write, note, go on |
//!
//! Where next: `state_machine::export` for the edges, `crate::package` for the format.

mod contents;
mod copying;
mod deletions;
mod package;
mod part;
mod staging;
mod start;
mod vaulted;

pub(super) use copying::Order as CopyOrder;
pub use package::{Packaging, Packed};
pub(super) use start::pinned;
pub use start::start;
