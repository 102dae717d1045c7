//! Tables of dates: what the calendar does to a request's deadlines.

use super::super::period::Period;
use super::super::policy::PolicyFile;
use super::*;

fn policy(clamp: bool) -> Policy {
    let yaml = format!("v: 1\ndefaults: {{ClampGraceToDeadline: {clamp}}}\n");
    let file = PolicyFile::parse(&yaml, false).expect("valid");
    file.policy_of(&"acme".parse().expect("slug")).expect("resolves")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

/// Instants of a table are written without seconds.
fn minute(text: &str) -> Timestamp {
    at(&format!("{text}:00Z"))
}

fn period(text: &str) -> Period {
    text.parse().expect("a period")
}

#[test]
fn a_month_from_receipt() {
    for (received, due, why) in [
        ("2026-04-10T09:30", "2026-05-10T09:30", "the same day of the next month"),
        (
            "2026-01-31T10:00",
            "2026-02-28T10:00",
            "the last day where there is no such day",
        ),
        ("2028-01-31T10:00", "2028-02-29T10:00", "of a leap year"),
        ("2028-01-30T10:00", "2028-02-29T10:00", "also the day before"),
        ("2100-01-29T10:00", "2100-02-28T10:00", "2100 is no leap year"),
        ("2028-02-29T10:00", "2028-03-29T10:00", "from a leap day"),
        (
            "2026-02-28T10:00",
            "2026-03-28T10:00",
            "the last day of a month is no day of its own",
        ),
        ("2026-03-31T23:59", "2026-04-30T23:59", "31 to 30 days"),
        ("2026-12-31T00:00", "2027-01-31T00:00", "over the new year"),
        (
            "2026-03-01T00:30",
            "2026-04-01T00:30",
            "summer time begins in Europe on 29 March",
        ),
        ("2026-10-10T22:30", "2026-11-10T22:30", "and ends on 25 October"),
        (
            "2026-11-01T03:30",
            "2026-12-01T03:30",
            "still October in New York: the calendar is that of UTC",
        ),
    ] {
        assert_eq!(period("P1M").after(minute(received)), minute(due), "{received}: {why}");
    }
}

#[test]
fn two_months_more_count_from_the_due_date() {
    for (due, extended) in [
        ("2026-05-10T09:30", "2026-07-10T09:30"),
        ("2026-12-31T10:00", "2027-02-28T10:00"),
        ("2027-12-31T10:00", "2028-02-29T10:00"),
        // Received on 31 January: the day that February had not does not come back.
        ("2026-02-28T10:00", "2026-04-28T10:00"),
    ] {
        assert_eq!(period("P2M").after(minute(due)), minute(extended), "{due}");
    }
}

#[test]
fn three_quarters_of_the_time() {
    for (received, due, soon) in [
        ("2026-03-01T00:00", "2026-04-01T00:00", "2026-03-24T06:00"),
        ("2026-02-01T00:00", "2026-03-01T00:00", "2026-02-22T00:00"),
        ("2028-02-01T00:00", "2028-03-01T00:00", "2028-02-22T18:00"),
        ("2026-03-01T00:00", "2026-06-01T00:00", "2026-05-09T00:00"),
        ("2026-03-01T00:00", "2026-03-01T00:00", "2026-03-01T00:00"),
    ] {
        assert_eq!(
            due_soon_at(minute(received), minute(due)),
            minute(soon),
            "{received} to {due}"
        );
    }
}

#[test]
fn what_an_approval_fixes() {
    let (keep, clamp) = (false, true);
    for (rule, approved, due, ttl, grace_ends, completes, misses) in [
        // The literal thirty days miss a month, and the request says so.
        (
            keep,
            "2026-03-02T00:00",
            "2026-04-01T00:00",
            true,
            "2026-04-01T00:00",
            "2026-04-10T00:00",
            true,
        ),
        (
            keep,
            "2026-03-02T00:00",
            "2026-04-01T00:00",
            false,
            "2026-04-01T00:00",
            "2026-04-08T00:00",
            true,
        ),
        // Thirty days are days, not a month: over February they end in March.
        (
            keep,
            "2028-02-01T12:00",
            "2028-03-31T00:00",
            false,
            "2028-03-02T12:00",
            "2028-03-09T12:00",
            false,
        ),
        // Done at the due date itself is in time.
        (
            keep,
            "2026-03-02T00:00",
            "2026-04-10T00:00",
            true,
            "2026-04-01T00:00",
            "2026-04-10T00:00",
            false,
        ),
        // The clamp leaves room for the window, and for TTL where it deletes.
        (
            clamp,
            "2026-03-02T00:00",
            "2026-04-01T00:00",
            true,
            "2026-03-23T00:00",
            "2026-04-01T00:00",
            false,
        ),
        (
            clamp,
            "2026-03-02T00:00",
            "2026-04-01T00:00",
            false,
            "2026-03-25T00:00",
            "2026-04-01T00:00",
            false,
        ),
        // It reaches back over the end of a short month.
        (
            clamp,
            "2026-02-10T08:00",
            "2026-03-04T08:00",
            true,
            "2026-02-23T08:00",
            "2026-03-04T08:00",
            false,
        ),
        // It never makes the grace period longer.
        (
            clamp,
            "2026-03-02T00:00",
            "2026-06-01T00:00",
            true,
            "2026-04-01T00:00",
            "2026-04-10T00:00",
            false,
        ),
        // Approved late: executable at once, never earlier.
        (
            clamp,
            "2026-03-31T00:00",
            "2026-04-01T00:00",
            true,
            "2026-03-31T00:00",
            "2026-04-09T00:00",
            true,
        ),
        (
            clamp,
            "2026-05-01T00:00",
            "2026-04-01T00:00",
            true,
            "2026-05-01T00:00",
            "2026-05-10T00:00",
            true,
        ),
    ] {
        let expected = Schedule {
            grace_ends_at: minute(grace_ends),
            completes_by: minute(completes),
            misses_due: misses,
        };
        let schedule = schedule(&policy(rule), minute(approved), minute(due), ttl);
        assert_eq!(schedule, expected, "approved {approved}, due {due}, clamp {rule}");
    }
}

#[test]
fn a_zero_window_waits_for_no_ttl_so_the_clamp_leaves_it_no_room() {
    let yaml = "v: 1\ndefaults: {ClampGraceToDeadline: true, RecoveryWindow: PT0S, destroy_at_once: true}\n";
    let file = PolicyFile::parse(yaml, false).expect("valid");
    let at_once = file.policy_of(&"acme".parse().expect("slug")).expect("resolves");
    let s = schedule(&at_once, at("2026-03-20T00:00:00Z"), at("2026-04-01T00:00:00Z"), true);
    assert_eq!(s.grace_ends_at, at("2026-04-01T00:00:00Z"));
    assert!(!s.misses_due);
}

#[test]
fn what_is_hidden_expires_a_margin_after_its_window() {
    let yaml = "v: 1\ndefaults: {ClampGraceToDeadline: false, RecoveryWindow: P7D, TtlMargin: P2D, TtlSlack: P5D}\n";
    let file = PolicyFile::parse(yaml, false).expect("valid");
    let policy = file.policy_of(&"acme".parse().expect("slug")).expect("resolves");
    let expires_at = minute("2026-05-10T12:00").as_second();
    assert_eq!(expiry(&policy, minute("2026-05-01T12:00")), expires_at);
}
