//! The nouns. Pure: no async, no SDK, no clock, no randomness; instants and ids come in as arguments.

pub mod actor;
pub mod chunk;
pub mod data_map;
pub mod deadline;
pub mod finding;
pub mod hold;
pub mod ids;
pub mod job;
pub mod manifest;
pub mod message;
pub mod month;
pub mod object_keys;
pub mod outbox;
pub mod outcome;
pub mod period;
pub mod personal;
pub mod policy;
pub mod request;
pub mod restore;
pub mod retention;
pub mod search;
pub mod written_at;
