//! The clock rules of a request: due date, grace end, completion date. Pure functions of instants and the policy.
//!
//! A month is a month of the UTC calendar: the same day of a later month at the same time of day, or that month's last
//! day where it has no such day. Summer time moves nothing, since instants are UTC.
//!
//! Sources: GDPR Art. 12(3) (one month from receipt, two more when extended), the brief's 30-day grace period.
//! Where next: `state_machine::request` applies these at submit and approve.

use jiff::Timestamp;

use super::policy::Policy;

/// What an approval fixes about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Execution is refused before this instant.
    pub grace_ends_at: Timestamp,
    /// When the last record will be purged if an operator executes at the grace period's end.
    pub completes_by: Timestamp,
    /// Whether `completes_by` is after the due date.
    pub misses_due: bool,
}

/// The schedule of a request approved at `approved_at` and due at `due_at`; `waits_for_ttl` says whether a dataset in
/// scope lets TTL delete its records, for which the purge waits `TtlSlack`.
pub fn schedule(policy: &Policy, approved_at: Timestamp, due_at: Timestamp, waits_for_ttl: bool) -> Schedule {
    let full_grace = policy.grace_period.after(approved_at);
    let grace_ends_at = if policy.clamp_grace_to_deadline {
        let before_recovery = policy.recovery_window.before(due_at);
        let latest = if has_slack(policy, waits_for_ttl) {
            policy.ttl_slack.before(before_recovery)
        } else {
            before_recovery
        };
        full_grace.min(latest).max(approved_at)
    } else {
        full_grace
    };
    let completes_by = purge_due(policy, grace_ends_at, waits_for_ttl);
    Schedule {
        grace_ends_at,
        completes_by,
        misses_due: completes_by > due_at,
    }
}

/// When records swept at `swept_at` are purged: at the window's end, later by `TtlSlack` where TTL does the deleting.
/// A zero window waits for nothing.
pub fn purge_due(policy: &Policy, swept_at: Timestamp, waits_for_ttl: bool) -> Timestamp {
    let window_end = policy.recovery_window.after(swept_at);
    if has_slack(policy, waits_for_ttl) {
        policy.ttl_slack.after(window_end)
    } else {
        window_end
    }
}

/// Whether the purge waits `TtlSlack`: the clamp and the purge must agree on it.
fn has_slack(policy: &Policy, waits_for_ttl: bool) -> bool {
    waits_for_ttl && !policy.recovery_window.is_zero()
}

/// When three quarters of the time from receipt to the due date are over: operators are told that it is due soon.
pub fn due_soon_at(received_at: Timestamp, due_at: Timestamp) -> Timestamp {
    let quarter = due_at.duration_since(received_at) / 4;
    due_at.checked_sub(quarter).unwrap_or(due_at)
}

/// What a swept item's TTL attribute says, in seconds since 1970: after the window's end by `TtlMargin`.
pub fn expiry(policy: &Policy, now: Timestamp) -> i64 {
    policy.ttl_margin.after(policy.recovery_window.after(now)).as_second()
}

#[cfg(test)]
#[path = "deadline_tests.rs"]
mod tests;
