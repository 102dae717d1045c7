//! Sealing: data keys wrapped by KMS ([`Kms`]), AES-256-GCM with key commitment under them (`envelope`).
//!
//! Guarantees: what was sealed under one key, for one place (`aad`), can be read only with that key and for that place;
//! deleting the wrapped key makes it unreadable for everybody. A person's key is in memory only while one invocation
//! works with it, so shredding takes effect at once in every process.

mod envelope;
mod kms;

pub use kms::Kms;
