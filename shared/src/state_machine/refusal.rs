//! Why not: every refusal a caller can get, with a stable code.
//!
//! Codes are part of the HTTP contract; a client branches on them. [`Refusal::is_recorded`] says which are audited: a
//! caller who may act on the request and is told no by a rule leaves a trace; a malformed call does not.

use serde::{Deserialize, Serialize};

use crate::domain::job::{JobStatus, Phase};
use crate::domain::request::Status;

/// A caller is told no. The text names the remedy and shows nothing internal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Refusal {
    /// The input is not what the contract says.
    #[error("{detail}")]
    InvalidInput {
        /// JSON pointer to the place, empty for the whole body.
        pointer: String,
        /// What is expected.
        detail: String,
    },
    /// The token is no id token.
    #[error("an id token is required; this is another kind of token")]
    WrongToken,
    /// The token names no tenant.
    #[error("the token names no tenant")]
    NoTenant,
    /// Only operators may do this.
    #[error("only an operator may do this")]
    OperatorOnly,
    /// No such thing for this caller.
    #[error("there is no such resource")]
    NotFound,
    /// No such method on this resource; those there are, as the header `Allow` lists them.
    #[error("this method is not offered here; offered: {0}")]
    MethodNotAllowed(String),
    /// The body is over 64 KiB.
    #[error("the body is larger than 64 KiB")]
    TooLarge,
    /// `If-Match` is stale.
    #[error("the request has changed since it was read; read it again")]
    StaleVersion,
    /// The command does not exist in this status.
    #[error("{command} is not possible while the request is {status}")]
    NotInThisStatus {
        /// The command's word.
        command: String,
        /// The status.
        status: Status,
    },
    /// The command does not exist for a job in this phase or state.
    #[error("{command} is not possible while the job is {job} and its phase is {phase}")]
    NotInThisPhase {
        /// The command's word.
        command: String,
        /// The job's status.
        job: JobStatus,
        /// Its phase.
        phase: Phase,
    },
    /// It is paused.
    #[error("the job is paused already; resume it to go on")]
    AlreadyPaused,
    /// It is not paused.
    #[error("the job is not paused")]
    NotPaused,
    /// Cancelling is under way.
    #[error("the request is being cancelled already; read it again until its account is settled")]
    AlreadyCancelling,
    /// Everything is purged: nothing can be stopped.
    #[error("no record is left that could be kept; the request completes by itself")]
    NothingToCancel,
    /// All records of a running request are to come back.
    #[error("the request is still at work; cancel it first, then restore all")]
    CancelFirst,
    /// No record that is meant is restorable.
    #[error("none of these records can be restored: they are not swept, or their window is over")]
    NothingToRestore,
    /// An earlier restoration is not finished.
    #[error("an earlier restoration of this request is under way; try again when it is done")]
    RestoreRunning,
    /// Nothing failed that could be done again.
    #[error("nothing of this remains to be done again; a record that may have been restored can only be resolved")]
    NothingToRetry,
    /// The finding is not open.
    #[error("this finding is closed, or is being tried again; read the findings")]
    FindingClosed,
    /// More chunks than one transaction takes.
    #[error("too many records are concerned to be resolved at once; stop what writes them and retry")]
    TooMuchToResolve,
    /// The subject may not verify their own identity.
    #[error("the subject of a request cannot review it")]
    OwnRequest,
    /// Two people are needed.
    #[error("a second operator must do this: {0}")]
    TwoPersonRule(String),
    /// No policy was ever applied.
    #[error("no policy has been applied; run `lethe policy apply`")]
    NoPolicy,
    /// No data map was ever applied.
    #[error("no data map has been applied; run `lethe data-map apply`")]
    NoDataMap,
    /// The grace period still runs.
    #[error("the grace period ends at {0}")]
    GracePeriodRunning(jiff::Timestamp),
    /// The typed phrase differs.
    #[error("the confirmation must be exactly the phrase, letter by letter")]
    ConfirmationMismatch,
    /// The preview is too old, of another version, or no longer true.
    #[error("the preview is no longer true; look at a new one")]
    PreviewStale,
    /// A legal hold covers part of the scope.
    #[error("a legal hold covers part of the scope")]
    LegalHold,
    /// The due date was moved before.
    #[error("the due date was extended once; it cannot be extended again")]
    AlreadyExtended,
    /// The due date has passed.
    #[error("the request was due at {0}; a due date is extended before it passes")]
    ExtensionTooLate(jiff::Timestamp),
    /// Later than `ExtendBy` allows.
    #[error("the policy allows an extension to {0} at the latest")]
    ExtensionTooFar(jiff::Timestamp),
    /// The hold does not stand any more.
    #[error("the hold was released before; place another one if the data must be kept")]
    AlreadyReleased,
    /// An export of the subject is running.
    #[error("an export of the same subject is running")]
    ExportRunning,
    /// The package is not written yet.
    #[error("the package is not ready yet; the request says when it is")]
    ExportNotReady,
    /// The package's time is over.
    #[error("the package has expired; ask for a new export")]
    ExportExpired,
    /// An operator took the package back.
    #[error("the package was revoked by an operator; ask them, or for a new export")]
    ExportRevoked,
    /// Whoever fetches a package must have signed in lately.
    #[error("sign in again: a package is handed to nobody who signed in more than 900 seconds ago (max_age)")]
    ReauthenticationRequired,
    /// An open request of the same kind, subject and category exists.
    #[error("an open request for the same data exists")]
    DuplicateRequest,
    /// The idempotency key was used for another body.
    #[error("this Idempotency-Key was used with a different body")]
    IdempotencyKeyReused,
    /// Too many callers at once; the state changed under us repeatedly.
    #[error("somebody else is changing this request; try again")]
    Busy,
}

impl Refusal {
    /// The stable code of the contract.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidInput { .. } => "invalid_input",
            Self::WrongToken => "wrong_token",
            Self::NoTenant => "no_tenant",
            Self::OperatorOnly => "operator_only",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed(_) => "method_not_allowed",
            Self::TooLarge => "body_too_large",
            Self::StaleVersion => "stale_version",
            Self::NotInThisStatus { .. } => "not_in_this_status",
            Self::NotInThisPhase { .. } => "not_in_this_phase",
            Self::AlreadyPaused => "already_paused",
            Self::NotPaused => "not_paused",
            Self::AlreadyCancelling => "already_cancelling",
            Self::NothingToCancel => "nothing_to_cancel",
            Self::CancelFirst => "cancel_first",
            Self::NothingToRestore => "nothing_to_restore",
            Self::RestoreRunning => "restore_running",
            Self::NothingToRetry => "nothing_to_retry",
            Self::FindingClosed => "finding_closed",
            Self::TooMuchToResolve => "too_much_to_resolve",
            Self::OwnRequest => "own_request",
            Self::TwoPersonRule(_) => "two_person_rule",
            Self::NoPolicy => "no_policy",
            Self::NoDataMap => "no_data_map",
            Self::GracePeriodRunning(_) => "grace_period_running",
            Self::ConfirmationMismatch => "confirmation_mismatch",
            Self::PreviewStale => "preview_stale",
            Self::LegalHold => "legal_hold",
            Self::AlreadyReleased => "already_released",
            Self::AlreadyExtended => "already_extended",
            Self::ExtensionTooLate(_) => "extension_too_late",
            Self::ExtensionTooFar(_) => "extension_too_far",
            Self::ExportRunning => "export_running",
            Self::ExportNotReady => "export_not_ready",
            Self::ExportExpired => "export_expired",
            Self::ExportRevoked => "export_revoked",
            Self::ReauthenticationRequired => "reauthentication_required",
            Self::DuplicateRequest => "duplicate_request",
            Self::IdempotencyKeyReused => "idempotency_key_reused",
            Self::Busy => "busy",
        }
    }

    /// The HTTP status of the contract.
    pub fn http_status(&self) -> u16 {
        match self {
            Self::InvalidInput { .. } | Self::TooLarge => 400,
            Self::WrongToken | Self::ReauthenticationRequired => 401,
            Self::NoTenant | Self::OperatorOnly => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed(_) => 405,
            Self::ExportExpired | Self::ExportRevoked => 410,
            Self::StaleVersion => 412,
            Self::IdempotencyKeyReused => 422,
            Self::NotInThisStatus { .. }
            | Self::NotInThisPhase { .. }
            | Self::AlreadyPaused
            | Self::NotPaused
            | Self::AlreadyCancelling
            | Self::NothingToCancel
            | Self::CancelFirst
            | Self::NothingToRestore
            | Self::RestoreRunning
            | Self::NothingToRetry
            | Self::FindingClosed
            | Self::TooMuchToResolve
            | Self::OwnRequest
            | Self::TwoPersonRule(_)
            | Self::NoPolicy
            | Self::NoDataMap
            | Self::GracePeriodRunning(_)
            | Self::ConfirmationMismatch
            | Self::PreviewStale
            | Self::LegalHold
            | Self::AlreadyReleased
            | Self::AlreadyExtended
            | Self::ExtensionTooLate(_)
            | Self::ExtensionTooFar(_)
            | Self::ExportRunning
            | Self::ExportNotReady
            | Self::DuplicateRequest
            | Self::Busy => 409,
        }
    }

    /// Whether the refusal of a command on a request goes to its trail: every rule that said no (409, 410), but `busy`,
    /// and whoever reached for a package without having signed in lately.
    pub fn is_recorded(&self) -> bool {
        let by_a_rule = matches!(self.http_status(), 409 | 410) || *self == Self::ReauthenticationRequired;
        by_a_rule && !matches!(self, Self::Busy)
    }
}
