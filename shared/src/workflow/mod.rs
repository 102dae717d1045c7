//! One file a use case: load, decide, commit, dispatch.

pub mod failure;
