//! The edges of a function: where it is configured, what it may read of the world, how it is called, what it may say.
//!
//! | file | what |
//! |---|---|
//! | [`settings`] | the environment, typed; a missing variable names itself |
//! | [`clock`] | the one place that reads the clock and makes ids |
//! | [`adapters`] | the one place that picks adapters |
//! | [`aws`] | SDK clients, made once |
//! | [`telemetry`] | JSON log lines that hold no personal data |
//! | [`http`] | one HTTP call in, one answer or problem out |
//! | [`sqs`] | queue messages one by one, partial batch answers |
//!
//! A function's `main.rs` calls [`telemetry::init`], reads its settings, builds its adapters, and runs
//! [`http::run`] or [`sqs::run`] with one handler.

pub mod adapters;
pub mod aws;
pub mod clock;
pub mod http;
pub mod settings;
pub mod sqs;
pub mod telemetry;

/// Why a function could not start or an invocation failed.
pub use lambda_runtime::Error as Failed;
