//! The store against a real DynamoDB interface: what a commit promises, how lists page, who wins a race.
//!
//! Each test makes three tables of its own on the stack's endpoint, so that tests run side by side and see nothing
//! of each other. `storage/lossy.rs` stands between the store and the endpoint where answers must get lost.

mod commits;
mod leftovers;
mod lists;
mod lossy;
mod lost_answers;
mod samples;
mod tables;
mod work;
