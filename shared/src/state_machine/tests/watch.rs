//! As long as anything is owed there is an instant at which supervision looks again.

use super::rows::{failed, running};
use super::support::{cut_short, day, in_phase, in_status, later};
use crate::domain::job::{Job, Phase};
use crate::domain::request::{Facts, Notice, Status, Told};
use crate::state_machine::notice;
use crate::state_machine::watch::{PATIENCE_SECONDS, Purges, wake_at};

fn soon() -> jiff::Timestamp {
    later(day(50), PATIENCE_SECONDS * 1_000)
}

/// Operators were told of every date: what wakes now is something else.
fn quiet(facts: Facts) -> Facts {
    let told = Told {
        due_soon: true,
        overdue: true,
        window_ended: true,
    };
    Facts { told, ..facts }
}

/// When supervision looks again, without mails and purges, on day 50.
fn wakes(facts: &Facts) -> Option<jiff::Timestamp> {
    wake_at(facts, false, Purges::default(), day(50))
}

#[test]
fn a_mail_that_is_owed_wakes_in_every_status() {
    for status in Status::ALL {
        let facts = quiet(in_status(status).facts);
        let at = wake_at(&facts, true, Purges::default(), day(50)).expect("an instant");
        assert!(at <= soon(), "{status}");
    }
}

#[test]
fn what_waits_for_a_person_does_not_wake() {
    assert_eq!(wakes(&quiet(in_status(Status::Pending).facts)), None);
    assert_eq!(wakes(&quiet(in_status(Status::Verified).facts)), None);
    let mut told = quiet(in_status(Status::Approved).facts);
    told.grace_over_told = true;
    assert_eq!(wakes(&told), None);
}

#[test]
fn the_end_of_the_grace_period_wakes() {
    assert_eq!(wakes(&quiet(in_status(Status::Approved).facts)), Some(day(32)));
}

#[test]
fn a_date_that_operators_must_be_told_of_wakes_in_every_open_status() {
    for status in Status::ALL.into_iter().filter(|status| !status.is_terminal()) {
        let mut facts = in_status(status).facts;
        // A job that works is looked at anyway; one that failed for good waits for a person.
        facts.job = facts.job.map(|_| failed(Phase::Planning, 1));
        let wakes = |now| wake_at(&facts, false, Purges::default(), now);
        assert_eq!(wakes(day(5)), notice::next_at(&facts, day(5)), "{status}");
        assert_eq!(
            wakes(day(5)),
            Some(later(day(23), 6 * 3_600_000)),
            "{status}: of 31 days"
        );
        let soon_told = Told {
            due_soon: true,
            ..Told::default()
        };
        let facts = Facts {
            told: soon_told,
            grace_over_told: true,
            ..facts
        };
        assert_eq!(
            wake_at(&facts, false, due(day(90)), day(31)),
            Some(day(31)),
            "{status}: due"
        );
    }
}

#[test]
fn the_end_of_the_recovery_window_wakes() {
    let mut facts = in_phase(Phase::Recovering).facts;
    facts.told.overdue = true;
    facts.recover_until = Some(day(60));
    let idle = Purges {
        idle: true,
        ..due(day(70))
    };
    assert_eq!(wake_at(&facts, false, idle, day(50)), Some(day(60)));
}

#[test]
fn work_in_any_phase_wakes_soon() {
    for phase in [
        Phase::Planning,
        Phase::Sweeping,
        Phase::Purging,
        Phase::Verifying,
        Phase::Closing,
    ] {
        let queued = Job { phase, ..Job::queued() };
        for job in [queued, running(phase, 1)] {
            let mut facts = quiet(in_phase(phase).facts);
            facts.job = Some(job);
            let at = wakes(&facts).expect("an instant");
            assert!(day(50) < at && at <= soon(), "{phase:?}");
        }
    }
}

#[test]
fn a_failed_job_purges_what_it_can_and_then_waits_for_a_person() {
    let wakes = |phase, purges| {
        let mut facts = quiet(in_phase(phase).facts);
        facts.job = Some(failed(phase, 1));
        wake_at(&facts, false, purges, day(50))
    };
    let idle = Purges {
        idle: true,
        ..Purges::default()
    };
    assert_eq!(wakes(Phase::Planning, idle), None);
    assert_eq!(wakes(Phase::Verifying, idle), None);
    assert_eq!(wakes(Phase::Purging, idle), None);
    assert_eq!(wakes(Phase::Recovering, idle), Some(soon()), "the purge is to begin");
    assert_eq!(
        wakes(
            Phase::Purging,
            Purges {
                idle: true,
                ..due(day(90))
            }
        ),
        Some(day(90))
    );
    assert_eq!(
        wakes(Phase::Purging, Purges::default()),
        Some(soon()),
        "somebody is at work"
    );
}

/// Purges with the next one due then.
fn due(at: jiff::Timestamp) -> Purges {
    Purges {
        due: Some(at),
        ..Purges::default()
    }
}

#[test]
fn purging_wakes_when_the_next_window_ends() {
    let facts = quiet(in_phase(Phase::Purging).facts);
    let at = |purges| wake_at(&facts, false, purges, day(50));
    assert_eq!(at(due(later(day(50), 1))), Some(later(day(50), 1)));
    assert_eq!(at(due(day(90))), Some(soon()), "never later than lost work is pushed");
}

#[test]
fn purging_sleeps_until_the_next_window_ends_when_nobody_is_at_work() {
    let facts = quiet(in_phase(Phase::Purging).facts);
    let idle = |purges| wake_at(&facts, false, Purges { idle: true, ..purges }, day(50));
    assert_eq!(idle(due(day(90))), Some(day(90)));
    assert_eq!(
        idle(Purges::default()),
        Some(soon()),
        "with nothing left the next phase is due"
    );
}

#[test]
fn recovering_wakes_when_the_first_purge_is_due() {
    let facts = quiet(in_phase(Phase::Recovering).facts);
    let idle = Purges {
        idle: true,
        ..due(day(90))
    };
    assert_eq!(wake_at(&facts, false, idle, day(50)), Some(day(90)));
    assert_eq!(
        wake_at(&facts, false, due(day(90)), day(50)),
        Some(soon()),
        "expiries are being removed"
    );
    assert_eq!(
        wake_at(&facts, true, idle, day(50)),
        Some(soon()),
        "a mail does not wait for it"
    );
    assert_eq!(
        wakes(&facts),
        Some(soon()),
        "with nothing left to purge the next phase is due"
    );
}

#[test]
fn what_is_closed_wakes_until_it_is_shredded() {
    for status in [Status::Completed, Status::Rejected, Status::Cancelled] {
        let mut facts = quiet(in_status(status).facts);
        facts.notice = Some(Notice::Sent);
        assert!(facts.shred_at.is_some() && wakes(&facts) == facts.shred_at, "{status}");
        facts.shredded = true;
        assert_eq!(wakes(&facts), None, "{status}");
    }
}

#[test]
fn what_a_hold_keeps_is_looked_at_now_and_then() {
    let tomorrow = Some(day(51));
    let held = Purges {
        idle: true,
        held: true,
        due: None,
    };
    for phase in [Phase::Recovering, Phase::Purging] {
        let facts = quiet(in_phase(phase).facts);
        let at = |purges| wake_at(&facts, false, purges, day(50));
        assert_eq!(at(held), tomorrow);
        let sooner = later(day(50), 1);
        let due = Some(sooner);
        assert_eq!(
            at(Purges { due, ..held }),
            due,
            "what it does not cover is purged in time"
        );
    }
}

#[test]
fn a_cancellation_that_is_not_settled_and_a_restoration_wake_soon() {
    let mut stopping = quiet(in_phase(Phase::Recovering).facts);
    let idle = Purges {
        idle: true,
        ..due(day(90))
    };
    let at = |facts: &Facts| wake_at(facts, false, idle, day(50));
    stopping.job.as_mut().expect("a job").cancel_requested = true;
    assert_eq!(at(&stopping), Some(soon()));
    let mut restoring = quiet(in_phase(Phase::Recovering).facts);
    restoring.restoring = Some(1);
    assert_eq!(at(&restoring), Some(soon()));
    let mut cancelled = quiet(cut_short().facts);
    cancelled.notice = Some(Notice::Sent);
    cancelled.restoring = Some(1);
    assert_eq!(at(&cancelled), Some(soon()));
}

#[test]
fn what_a_cancellation_left_wakes_when_it_is_due_and_never_falls_silent() {
    let mut facts = quiet(cut_short().facts);
    facts.notice = Some(Notice::Sent);
    let at = |purges| wake_at(&facts, false, purges, day(50));
    let idle = |due| Purges {
        due,
        idle: true,
        held: false,
    };
    let (before, after, past) = (later(day(50), 1), day(90), day(49));
    assert_eq!(at(idle(Some(before))), Some(before));
    assert_eq!(at(idle(Some(after))), Some(after));
    assert_eq!(at(idle(Some(past))), Some(day(50)), "an instant in the past is now");
    assert_eq!(at(idle(None)), Some(day(51)));
    assert_eq!(at(Purges::default()), Some(soon()), "somebody is at work");
}

#[test]
fn a_letter_whose_end_is_not_written_down_wakes() {
    let mut rejected = quiet(in_status(Status::Rejected).facts);
    rejected.notice = Some(Notice::Pending);
    assert_eq!(wakes(&rejected), Some(soon()));
    rejected.notice = Some(Notice::Sent);
    assert_eq!(wakes(&rejected), rejected.shred_at);
}

#[test]
fn what_a_cancellation_left_hidden_wakes_when_it_is_due_and_soon_while_somebody_is_at_work() {
    let mut facts = quiet(in_phase(Phase::Recovering).facts);
    facts.status = Status::Cancelled;
    let at = |purges| wake_at(&facts, false, purges, day(50));
    let idle = |held| Purges {
        idle: true,
        held,
        ..due(day(90))
    };
    assert_eq!(at(idle(false)), Some(day(90)));
    assert_eq!(at(idle(true)), Some(day(51)), "what is held may be due before");
    assert_eq!(at(due(day(90))), Some(soon()));
}
