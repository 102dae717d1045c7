//! An export's own edges: who is handed a package and when, what becomes of it.

use super::support::{
    alice, as_export, bob, day, give, in_phase, in_status, later, redeem, revoke, start, subject, with_package,
};
use crate::domain::job::{JobStatus, Phase};
use crate::domain::outbox::Occasion;
use crate::domain::package::PackageState;
use crate::domain::request::{Status, SubjectRequest};
use crate::state_machine::command::Event;
use crate::state_machine::export::due;
use crate::state_machine::notice;
use crate::state_machine::refusal::Refusal;
use crate::state_machine::request::observe;
use crate::state_machine::transition::Effect;
use crate::state_machine::watch::{Purges, wake_at};

/// Available from day 39 to day 50.
fn available() -> SubjectRequest {
    with_package(in_status(Status::Completed), PackageState::Available, day(50))
}

fn in_state(state: PackageState) -> SubjectRequest {
    with_package(in_status(Status::Completed), state, day(50))
}

#[test]
fn the_owner_and_operators_are_handed_a_part_and_nobody_else() {
    let request = available();
    for by in [subject(), alice()] {
        let handed = give(&request, &by, redeem(1, day(40)), day(40)).expect("they may");
        assert_eq!(handed.next.facts.package.map(|package| package.accesses), Some(1));
        assert_eq!(handed.next.facts.version, request.facts.version, "no transition");
        assert_eq!(handed.audit[0].action, "redeem");
    }
    let mut stranger = subject();
    stranger.subject_ref = alice().subject_ref;
    let refused = give(&request, &stranger, redeem(1, day(40)), day(40));
    assert_eq!(refused, Err(Refusal::NotFound));
}

#[test]
fn who_signed_in_more_than_15_minutes_ago_signs_in_again() {
    let request = available();
    let minutes = |minutes: i64| later(day(40), minutes * 60_000);
    assert!(give(&request, &subject(), redeem(1, day(40)), minutes(15)).is_ok());
    let refused = give(&request, &subject(), redeem(1, day(40)), later(minutes(15), 1));
    assert_eq!(refused, Err(Refusal::ReauthenticationRequired));
}

#[test]
fn each_state_of_a_package_has_its_answer() {
    let answer = |request: &SubjectRequest, now| give(request, &subject(), redeem(1, now), now).err();
    assert_eq!(answer(&available(), later(day(50), -1)), None);
    assert_eq!(
        answer(&available(), day(50)),
        Some(Refusal::ExportExpired),
        "to the instant"
    );
    let states = [
        (PackageState::Building, Refusal::ExportNotReady),
        (PackageState::Expired, Refusal::ExportExpired),
        (PackageState::Revoked, Refusal::ExportRevoked),
        (PackageState::Purged, Refusal::ExportRevoked),
    ];
    for (state, refusal) in states {
        assert_eq!(answer(&in_state(state), day(40)), Some(refusal), "{state:?}");
    }
    assert_eq!(
        answer(&in_state(PackageState::Purged), day(60)),
        Some(Refusal::ExportExpired)
    );
    for part in [0, 2] {
        let refused = give(&available(), &subject(), redeem(part, day(40)), day(40));
        assert!(matches!(refused, Err(Refusal::InvalidInput { .. })), "{part}");
    }
}

#[test]
fn only_an_operator_takes_a_package_back_and_only_one_that_is_there() {
    assert_eq!(
        give(&available(), &subject(), revoke(), day(40)),
        Err(Refusal::OperatorOnly)
    );
    let revoked = give(&available(), &bob(), revoke(), day(40)).expect("Bob may").next;
    assert_eq!(
        revoked.facts.package.as_ref().map(|package| package.state),
        Some(PackageState::Revoked)
    );
    assert_eq!(give(&revoked, &bob(), revoke(), day(41)), Err(Refusal::ExportRevoked));
    assert_eq!(due(&revoked.facts, day(41)), Some(Event::PackagePurged));
    let deletion = in_status(Status::Completed);
    assert_eq!(give(&deletion, &bob(), revoke(), day(40)), Err(Refusal::NotFound));
}

#[test]
fn a_package_is_announced_a_day_before_it_goes_and_goes_at_its_instant() {
    let request = available();
    assert!(observe(&request, Event::Expiring, later(day(49), -1)).is_none());
    let told = observe(&request, Event::Expiring, day(49)).expect("a day before");
    assert_eq!(told.effects, [Effect::Mail(Occasion::Expiring)]);
    assert!(observe(&told.next, Event::Expiring, day(49)).is_none(), "once");
    assert_eq!(due(&request.facts, later(day(50), -1)), None);
    assert_eq!(due(&request.facts, day(50)), Some(Event::PackageExpired));
    assert!(observe(&request, Event::PackageExpired, later(day(50), -1)).is_none());
    let expired = observe(&request, Event::PackageExpired, day(50))
        .expect("its time is over")
        .next;
    let purged = observe(&expired, Event::PackagePurged, day(50))
        .expect("nothing is left")
        .next;
    assert_eq!(purged.facts.shred_at, expired.facts.closed_at.max(Some(day(50))));
    assert!(observe(&purged, Event::PackagePurged, day(51)).is_none());
}

#[test]
fn an_export_starts_by_itself_and_a_deletion_never_does() {
    let approved = in_status(Status::Approved);
    assert!(observe(&approved, Event::Started(start()), day(2)).is_none());
    let started = observe(&as_export(approved), Event::Started(start()), day(2)).expect("it starts");
    assert_eq!(started.effects, [Effect::Plan]);
    let facts = started.next.facts;
    assert_eq!((facts.status, facts.executed_at), (Status::InProgress, Some(day(2))));
    let job = facts.job.expect("a job");
    assert_eq!((job.status, job.started_at), (JobStatus::Running, Some(day(2))));
    assert_eq!(facts.package.map(|package| package.state), Some(PackageState::Building));
}

#[test]
fn an_export_hides_nothing_and_a_deletion_is_never_packed() {
    let deletion = in_phase(Phase::Sweeping);
    let swept = Event::Swept {
        recover_until: None,
        findings: 0,
        showing: [].into(),
    };
    assert_eq!(observe(&as_export(deletion.clone()), swept, day(41)), None);
    assert_eq!(observe(&deletion, Event::Copied, day(41)), None);
    assert!(observe(&as_export(deletion), Event::Copied, day(41)).is_some());
}

#[test]
fn what_has_not_been_handed_over_or_goes_within_a_day_is_not_announced() {
    let announced = |request: &SubjectRequest| notice::due(&request.facts, day(49)) == Some(Event::Expiring);
    assert!(announced(&available()));
    let mut closing = available();
    closing.facts.status = Status::InProgress;
    assert!(!announced(&closing), "the letter that it is there comes first");
    let mut short = available();
    short.facts.package.as_mut().expect("a package").available_at = Some(day(49));
    assert!(!announced(&short));
}

#[test]
fn an_approved_export_that_nobody_started_is_looked_at_soon() {
    let looked_at = |request: &SubjectRequest| wake_at(&request.facts, false, Purges::default(), day(3));
    let export = as_export(in_status(Status::Approved));
    assert_eq!(looked_at(&export), Some(later(day(3), 120_000)));
    let later_on = looked_at(&in_status(Status::Approved)).expect("a notice is due one day");
    assert!(later_on > day(3) + jiff::SignedDuration::from_hours(1));
}
