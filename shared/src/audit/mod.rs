//! The audit trail: entries of one request, or of a tenant's month, each holding the hash of the one before.
//!
//! Guarantees: an entry's hash covers everything that is stored of it, ciphertext included, so shredding a key never
//! breaks a chain; a changed, removed or inserted entry does. Pure: hashing only. Where next: `workflow::commit`
//! appends, `verify` checks.

mod chain;
mod entry;

pub use chain::{Break, Head, verify};
pub use entry::{ActorStamp, Entry, EntryBody, Outcome, entry_aad};
