//! What a commit leaves behind: the instant a request waits for, the numbers of its mails, what is sealed in the trail.

use futures::future::join;
use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, play, play_seeded};
use super::people::{olga, verification};
use crate::domain::chunk::ChunkId;
use crate::domain::ids::RequestKey;
use crate::state_machine::watch::PATIENCE_SECONDS;
use crate::workflow::account::outcome_aad;
use crate::workflow::plan::segment_aad;
use crate::workflow::records::row_aad;
use crate::workflow::trail::{EntryShown, trail};

fn patience(since: Timestamp) -> Timestamp {
    since + SignedDuration::from_secs(PATIENCE_SECONDS)
}

async fn verified(desk: &Desk, key: &RequestKey) -> Timestamp {
    let now = desk.now();
    desk.order(&olga(), key, verification()).await.expect("Olga may");
    now
}

#[test]
fn a_request_is_looked_at_soon_as_long_as_a_mail_of_its_may_be_owed() {
    play(async |desk| {
        let submitted_at = desk.now();
        let key = desk.submitted().await;
        assert_eq!(desk.row(&key).wake_at, Some(patience(submitted_at)));
        let verified_at = verified(&desk, &key).await;
        assert_eq!(
            desk.row(&key).wake_at,
            Some(patience(verified_at)),
            "the verification owes none, and the submission's may be unsent"
        );
    });
}

#[test]
fn a_request_that_waits_for_nothing_is_not_woken_by_what_owes_nothing() {
    play(async |desk| {
        let key = desk.submitted().await;
        let long_after = desk.facts(&key).due_at + SignedDuration::from_hours(24);
        desk.pass(&key, long_after).await;
        assert_eq!(desk.row(&key).wake_at, None, "its people were told that it is overdue");
        verified(&desk, &key).await;
        assert_eq!(desk.row(&key).wake_at, None);
    });
}

#[test]
fn mails_are_numbered_from_one_on_and_the_row_says_how_many() {
    play(async |desk| {
        let key = desk.approved_for(&["conversations"]).await;
        let numbers: Vec<_> = desk
            .mails(&key)
            .iter()
            .map(|mail| (mail.n, mail.occasion.as_str()))
            .collect();
        assert_eq!(numbers, [(1, "received"), (2, "approved")]);
        assert_eq!(desk.row(&key).mails, 2);
    });
}

#[test]
fn an_entry_seals_what_is_personal_and_nothing_where_nothing_is() {
    play(async |desk| {
        desk.write("messages", 0..1);
        let key = desk.swept().await;
        let shown = trail(&desk.records, &olga(), key.id).await.expect("Olga may");
        let personal: Vec<_> = shown
            .iter()
            .map(|entry| match entry {
                EntryShown::Full(entry) => {
                    let personal = entry.personal.iter().flatten().map(|(name, _)| name.as_str());
                    (
                        entry.action.as_str(),
                        personal.collect::<Vec<_>>(),
                        entry.actor.id.is_some(),
                    )
                }
                EntryShown::HashOnly { .. } => panic!("staff see everything"),
            })
            .collect();
        assert_eq!(
            personal,
            [
                ("submit", vec!["ip", "reason"], false),
                ("verify", vec!["method"], true),
                ("approve", vec![], true),
                ("execute", vec![], true),
                ("start", vec![], false),
                ("planned", vec![], false),
                ("swept", vec![], false),
            ]
        );
        let sealed: Vec<_> = desk
            .entries(&key)
            .iter()
            .map(|e| e.body.sealed_person.is_some())
            .collect();
        assert_eq!(sealed, [true, true, false, false, false, false, false]);
    });
}

#[test]
fn what_is_sealed_opens_in_its_own_place_alone() {
    play(async |desk| {
        let (one, two) = (desk.submitted().await, desk.submitted_for(&["profile"]).await);
        assert_ne!(row_aad(&one, "person"), row_aad(&two, "person"));
        assert_ne!(row_aad(&one, "person"), row_aad(&one, "staff"));
        let (facts, others) = (desk.facts(&one), desk.facts(&two));
        assert_ne!(outcome_aad(&facts, "o"), outcome_aad(&facts, "p"));
        assert_ne!(outcome_aad(&facts, "o"), outcome_aad(&others, "o"));
        let chunk = |n| ChunkId {
            dataset: "messages".parse().expect("a slug"),
            generation: 0,
            n,
        };
        assert_ne!(segment_aad(&facts, &chunk(0)), segment_aad(&facts, &chunk(1)));
        assert_ne!(segment_aad(&facts, &chunk(0)), segment_aad(&others, &chunk(0)));
    });
}

#[test]
fn two_who_need_the_tenants_first_staff_key_get_the_same() {
    for seed in 0..20 {
        play_seeded(seed, async |desk| {
            let (records, tenant) = (&desk.records, olga().tenant);
            let (one, two) = join(records.staff_key(&tenant), records.staff_key(&tenant)).await;
            let (one, two) = (one.expect("a key"), two.expect("a key"));
            let sealed = records.seal_json(&one, "place", &7).expect("sealed");
            assert_eq!(records.unseal_json::<i32>(&two, "place", &sealed).expect("opens"), 7);
        });
    }
}
