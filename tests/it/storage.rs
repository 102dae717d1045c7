//! The store's adapter where it differs from its fake: answers that get lost on the way to a real endpoint.
//!
//! What both must do is in [`super::conformance::store`]. Each test makes three tables of its own on the stack's
//! endpoint, so that tests run side by side and see nothing of each other. `storage/lossy.rs` stands between the store
//! and the endpoint where answers must get lost.

mod history;
mod lossy;
mod lost_answers;
pub(crate) mod tables;
