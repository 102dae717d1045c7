//! The sample application: a small conversation platform with its own stack, data map, policy and made-up customers.
//!
//! Lethe knows nothing of it. It is what `cargo lethe demo` and the tests erase people from, and what they look at
//! afterwards to see whether the right data is gone and all other data is byte for byte what it was.
//!
//! Where to go:
//! - [`population`] makes the customers and streams their records, the same on every machine;
//!   [`messages`], [`profiles`] and [`attachments`] each know the shape and the keys of one dataset;
//! - [`load`] writes records to the stack; [`seed`] does so for anybody's own NDJSON, checked by [`ndjson`] first;
//! - [`reader`] is what the application itself shows, [`inbox`] a page of it, [`gate`] how it asks Lethe whom not to show; [`traces`] is what is physically left of one customer;
//!   [`digest`] fingerprints what everybody else has;
//! - [`stack`] holds the files of this folder: template, data map and policy.

pub mod attachments;
mod bundle;
pub mod digest;
pub mod gate;
pub mod inbox;
pub mod item;
mod line_item;
pub mod load;
pub mod messages;
pub mod ndjson;
pub mod population;
pub mod profiles;
pub mod reader;
pub mod record;
mod scan;
pub mod seed;
pub mod shape;
pub mod stack;
pub mod traces;
mod words;

pub use population::{Counts, Customer, Population};
pub use record::{Body, Dataset, Record};
pub use stack::{Clients, Names};
