//! The refusals as the contract has them: each code, its status, and whether the trail keeps it.

use std::collections::BTreeSet;

use super::support::day;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::request::Status;
use crate::state_machine::refusal::Refusal;

/// Every refusal, with its code, its status, and whether it is recorded.
fn table() -> Vec<(Refusal, &'static str, u16, bool)> {
    let text = || "x".to_owned();
    let invalid = Refusal::InvalidInput {
        pointer: text(),
        detail: text(),
    };
    let status = Refusal::NotInThisStatus {
        command: text(),
        status: Status::Pending,
    };
    let phase = Refusal::NotInThisPhase {
        command: text(),
        job: JobStatus::Running,
        phase: Phase::Closing,
    };
    vec![
        (invalid, "invalid_input", 400, false),
        (Refusal::TooLarge, "body_too_large", 400, false),
        (Refusal::WrongToken, "wrong_token", 401, false),
        (Refusal::NoTenant, "no_tenant", 403, false),
        (Refusal::OperatorOnly, "operator_only", 403, false),
        (Refusal::NotFound, "not_found", 404, false),
        (Refusal::MethodNotAllowed(text()), "method_not_allowed", 405, false),
        (Refusal::StaleVersion, "stale_version", 412, false),
        (Refusal::IdempotencyKeyReused, "idempotency_key_reused", 422, false),
        (status, "not_in_this_status", 409, true),
        (Refusal::OwnRequest, "own_request", 409, true),
        (Refusal::TwoPersonRule(text()), "two_person_rule", 409, true),
        (Refusal::NoPolicy, "no_policy", 409, true),
        (Refusal::NoDataMap, "no_data_map", 409, true),
        (Refusal::GracePeriodRunning(day(1)), "grace_period_running", 409, true),
        (Refusal::ConfirmationMismatch, "confirmation_mismatch", 409, true),
        (Refusal::PreviewStale, "preview_stale", 409, true),
        (Refusal::LegalHold, "legal_hold", 409, true),
        (Refusal::AlreadyReleased, "already_released", 409, true),
        (Refusal::ExportRunning, "export_running", 409, true),
        (Refusal::DuplicateRequest, "duplicate_request", 409, true),
        (phase, "not_in_this_phase", 409, true),
        (Refusal::AlreadyExtended, "already_extended", 409, true),
        (Refusal::ExtensionTooLate(day(1)), "extension_too_late", 409, true),
        (Refusal::ExtensionTooFar(day(1)), "extension_too_far", 409, true),
        (Refusal::AlreadyPaused, "already_paused", 409, true),
        (Refusal::NotPaused, "not_paused", 409, true),
        (Refusal::AlreadyCancelling, "already_cancelling", 409, true),
        (Refusal::NothingToCancel, "nothing_to_cancel", 409, true),
        (Refusal::CancelFirst, "cancel_first", 409, true),
        (Refusal::NothingToRestore, "nothing_to_restore", 409, true),
        (Refusal::RestoreRunning, "restore_running", 409, true),
        (Refusal::NothingToRetry, "nothing_to_retry", 409, true),
        (Refusal::FindingClosed, "finding_closed", 409, true),
        (Refusal::TooMuchToResolve, "too_much_to_resolve", 409, true),
        (Refusal::Busy, "busy", 409, false),
    ]
}

#[test]
fn each_refusal_has_a_code_of_its_own_and_the_contracts_status() {
    let table = table();
    for (refusal, code, status, recorded) in &table {
        assert_eq!((refusal.code(), refusal.http_status()), (*code, *status));
        assert_eq!(refusal.is_recorded(), *recorded, "{code}");
        assert!(!refusal.to_string().is_empty(), "{code}");
    }
    let codes: BTreeSet<_> = table.iter().map(|(_, code, ..)| code).collect();
    assert_eq!(codes.len(), table.len());
}
