//! Why a use case did not do what was asked: the caller's doing, or the outside's.

use crate::ports::Fault;
use crate::state_machine::refusal::Refusal;

/// A refusal is told to the caller as it is; a fault is logged and shown only as "unavailable".
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The caller's: a rule said no, or the input is wrong.
    #[error(transparent)]
    Refusal(#[from] Refusal),
    /// The outside's.
    #[error(transparent)]
    Fault(#[from] Fault),
}
