//! placeholder
pub mod letter;
