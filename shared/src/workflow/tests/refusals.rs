//! Refusals in a request's trail: who was refused what, and repeats only counted.

use jiff::SignedDuration;

use super::desk::{Desk, play};
use super::people::{ada, approval, olga, otto, passport, refusal};
use crate::audit::{Outcome, verify};
use crate::domain::actor::Role;
use crate::domain::ids::RequestKey;
use crate::domain::personal::Personal;
use crate::ports::RefusalTally;
use crate::state_machine::refusal::Refusal;
use crate::workflow::order::Wish;

/// Approved before it was verified.
async fn too_early(desk: &Desk, by: &crate::domain::actor::Caller, key: &RequestKey) {
    let refused = refusal(desk.order(by, key, approval()).await);
    assert!(matches!(refused, Refusal::NotInThisStatus { .. }), "{refused}");
}

fn tally(desk: &Desk, key: &RequestKey) -> Option<RefusalTally> {
    desk.row(key).refusals
}

fn repeated(desk: &Desk, key: &RequestKey) -> Vec<Option<u64>> {
    let entries = desk.entries(key);
    verify(&entries, &desk.row(key).head).expect("an unbroken chain");
    entries.into_iter().map(|entry| entry.body.repeated).collect()
}

#[test]
fn repeats_within_a_minute_are_counted_and_the_next_entry_tells_how_many() {
    play(async |desk| {
        let key = desk.submitted().await;
        for _ in 0..4 {
            too_early(&desk, &olga(), &key).await;
        }
        assert_eq!(desk.entries(&key).len(), 2, "the submission and the first refusal");
        assert_eq!(tally(&desk, &key).expect("a count").repeated, 3);
        too_early(&desk, &otto(), &key).await;
        assert_eq!(repeated(&desk, &key), [None, None, Some(3)]);
        too_early(&desk, &olga(), &key).await;
        assert_eq!(repeated(&desk, &key), [None, None, Some(3), None], "it is told once");
    });
}

#[test]
fn another_refusal_and_the_same_a_minute_later_are_entries_of_their_own() {
    play(async |desk| {
        let key = desk.submitted().await;
        too_early(&desk, &olga(), &key).await;
        desk.wait(SignedDuration::from_secs(61));
        too_early(&desk, &olga(), &key).await;
        assert_eq!(repeated(&desk, &key), [None, None, None]);
        let wish = Wish::Extend {
            reason: Personal::new("until then"),
            until: Some(desk.facts(&key).due_at + SignedDuration::from_hours(24 * 365)),
        };
        let refused = refusal(desk.order(&olga(), &key, wish).await);
        assert!(matches!(refused, Refusal::ExtensionTooFar(_)), "{refused}");
        assert_eq!(repeated(&desk, &key), [None, None, None, None]);
    });
}

#[test]
fn what_a_command_does_begins_with_the_count_of_what_was_refused_before() {
    play(async |desk| {
        let key = desk.submitted().await;
        for _ in 0..3 {
            too_early(&desk, &olga(), &key).await;
        }
        let wish = Wish::Approve {
            note: None,
            verification: Some(passport()),
        };
        desk.order(&olga(), &key, wish)
            .await
            .expect("verified and approved in one");
        assert_eq!(repeated(&desk, &key), [None, None, Some(2), None]);
        assert_eq!(tally(&desk, &key), None, "whoever is refused next is in the trail");
    });
}

#[test]
fn an_entry_says_who_was_refused_what_as_what_and_only_rules_that_said_no_are_entered() {
    play(async |desk| {
        let key = desk.approved_for(&["conversations"]).await;
        let before = desk.entries(&key).len();
        let wish = || Wish::Reject {
            reason: Personal::new("too late"),
        };
        for by in [olga(), otto()] {
            refusal(desk.order(&by, &key, wish()).await);
        }
        let entries = desk.entries(&key).split_off(before);
        for (entry, by) in entries.iter().zip([olga(), otto()]) {
            let code = "not_in_this_status".to_owned();
            assert_eq!(entry.body.outcome, Outcome::Refused { code });
            assert_eq!(entry.body.actor.actor_ref, Some(by.actor_ref));
            assert_eq!(
                (entry.body.actor.role, entry.body.action.as_str()),
                (Role::Operator, "reject")
            );
            assert!(entry.body.sealed_staff.is_some() && entry.body.sealed_person.is_none());
        }
        assert_eq!(entries.len(), 2);
        let key = desk.submitted_for(&["profile"]).await;
        let refused = refusal(desk.order(&ada(), &key, wish()).await);
        assert!(matches!(refused, Refusal::OperatorOnly), "{refused}");
        assert_eq!(desk.entries(&key).len(), 1, "who may not even ask is not entered");
    });
}
