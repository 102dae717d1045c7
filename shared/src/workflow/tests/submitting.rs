//! Submissions: once per idempotency key, in the words of the data map, and never two of the same.

use futures::future::join;
use jiff::SignedDuration;

use super::desk::{Desk, play, play_seeded, play_under};
use super::people::{ada, deletion, eve, export, for_ada, olga, refusal};
use crate::audit::Outcome;
use crate::domain::actor::Role;
use crate::domain::month::Month;
use crate::domain::personal::Personal;
use crate::ports::Notes;
use crate::state_machine::refusal::Refusal;
use crate::workflow::submit::NewRequest;

fn keyed(scope: &[&str], key: &str) -> NewRequest {
    NewRequest {
        idempotency_key: Some(key.to_owned()),
        body: Personal::new(scope.join(",")),
        ..deletion(scope)
    }
}

fn day() -> SignedDuration {
    SignedDuration::from_hours(24)
}

#[test]
fn a_repeat_with_the_same_key_is_answered_with_the_same_request() {
    play(async |desk| {
        let first = desk.submit(&ada(), keyed(&["profile"], "k")).await.expect("taken");
        let again = desk.submit(&ada(), keyed(&["profile"], "k")).await.expect("repeated");
        assert_eq!(first, again);
        let other = desk
            .submit(&ada(), keyed(&["conversations"], "l"))
            .await
            .expect("another key");
        let eves = desk
            .submit(&eve(), keyed(&["profile"], "k"))
            .await
            .expect("another caller");
        assert!(first != other && first != eves);
    });
}

#[test]
fn a_key_is_not_good_for_another_body_until_a_day_has_passed() {
    play(async |desk| {
        let first = desk.submit(&ada(), keyed(&["profile"], "k")).await.expect("taken");
        let expires_at = desk.facts(&first).submitted_at + day();
        desk.world.advance_to(expires_at - SignedDuration::from_secs(1));
        let reused = desk.submit(&ada(), keyed(&["conversations"], "k")).await;
        assert!(matches!(refusal(reused), Refusal::IdempotencyKeyReused));
        desk.world.advance_to(expires_at);
        let later = desk
            .submit(&ada(), keyed(&["conversations"], "k"))
            .await
            .expect("it is free again");
        assert_ne!(first, later);
    });
}

#[test]
fn two_at_once_with_one_key_are_one_request() {
    for seed in 0..10 {
        play_seeded(seed, async |desk| {
            let by = ada();
            let ask = || desk.submit(&by, keyed(&["profile"], "k"));
            let (one, two) = join(ask(), ask()).await;
            assert_eq!(one.expect("taken"), two.expect("answered alike"));
        });
    }
}

#[test]
fn a_key_has_1_to_255_characters() {
    play(async |desk| {
        for wrong in [String::new(), "k".repeat(256)] {
            let refused = refusal(desk.submit(&ada(), keyed(&["profile"], &wrong)).await);
            assert!(matches!(refused, Refusal::InvalidInput { .. }), "{refused}");
        }
        let longest = "k".repeat(255);
        desk.submit(&ada(), keyed(&["profile"], &longest))
            .await
            .expect("the longest");
        desk.submit(&ada(), keyed(&["conversations"], "k"))
            .await
            .expect("the shortest");
    });
}

#[test]
fn a_scope_is_made_of_the_data_maps_categories_each_once() {
    play(async |desk| {
        let refused = refusal(desk.submit(&ada(), deletion(&["profile", "horoscopes"])).await);
        assert!(matches!(refused, Refusal::InvalidInput { pointer, .. } if pointer == "/scope/1"));
        let key = desk.submitted_for(&["profile", "conversations", "profile"]).await;
        let facts = desk.facts(&key);
        let scope: Vec<_> = facts.scope.iter().map(|category| category.as_str()).collect();
        assert_eq!(scope, ["profile", "conversations"]);
        let texts: Vec<_> = facts.descriptions.values().map(String::as_str).collect();
        assert_eq!(
            texts,
            ["Messages the customer wrote or received", "The customer's profile"]
        );
    });
}

#[test]
fn the_tenants_policy_says_when_it_is_due() {
    play_under(", DueIn: P12D", async |desk| {
        let key = desk.submitted().await;
        let facts = desk.facts(&key);
        assert_eq!(facts.due_at, facts.submitted_at + day() * 12);
    });
}

/// The role and the code of every refusal in the tenant's trail.
async fn noted(desk: &Desk) -> Vec<(Role, Outcome)> {
    let (tenant, month) = (ada().tenant, Month::of(desk.now()));
    let entries = desk.records.store.notes(&tenant, month, 0, 100).await.expect("read");
    assert!(entries.iter().all(|entry| entry.body.sealed_person.is_none()));
    entries
        .into_iter()
        .map(|entry| (entry.body.actor.role, entry.body.outcome))
        .collect()
}

#[test]
fn a_second_request_for_the_same_is_refused_and_the_refusal_is_in_the_trail() {
    play(async |desk| {
        desk.submitted_for(&["profile", "conversations"]).await;
        let again = desk.submit(&ada(), deletion(&["conversations"])).await;
        assert!(matches!(refusal(again), Refusal::DuplicateRequest));
        let ada = ada();
        let on_behalf = NewRequest {
            subject: Some((ada.subject_id, None, None)),
            ..deletion(&["profile"])
        };
        assert!(matches!(
            refusal(desk.submit(&olga(), on_behalf).await),
            Refusal::DuplicateRequest
        ));
        let code = "duplicate_request".to_owned();
        let refused = Outcome::Refused { code };
        assert_eq!(
            noted(&desk).await,
            [(Role::Subject, refused.clone()), (Role::Operator, refused)]
        );
    });
}

#[test]
fn what_is_not_even_a_request_leaves_no_entry() {
    play(async |desk| {
        refusal(desk.submit(&ada(), deletion(&["horoscopes"])).await);
        refusal(desk.submit(&ada(), deletion(&[])).await);
        assert_eq!(noted(&desk).await, []);
    });
}

#[test]
fn an_operator_who_asks_for_themselves_does_so_as_a_subject() {
    play(async |desk| {
        let key = desk
            .submit(&olga(), deletion(&["profile"]))
            .await
            .expect("her own data");
        assert_eq!(desk.entries(&key)[0].body.actor.role, Role::Subject);
        assert!(matches!(
            refusal(desk.submit(&olga(), deletion(&["profile"])).await),
            Refusal::DuplicateRequest
        ));
        assert_eq!(noted(&desk).await[0].0, Role::Subject);
    });
}

/// Where a submission is wrong.
async fn pointer(desk: &Desk, by: &crate::domain::actor::Caller, input: NewRequest) -> String {
    match refusal(desk.submit(by, input).await) {
        Refusal::InvalidInput { pointer, .. } => pointer,
        other => panic!("{other}"),
    }
}

#[test]
fn a_deletion_waits_for_an_export_of_the_same_subject_if_an_operator_says_so() {
    play(async |desk| {
        let adas = desk.submit(&ada(), export(&["profile"])).await.expect("taken");
        let eves = desk.submit(&eve(), export(&["profile"])).await.expect("taken");
        let deleted = desk.submit(&ada(), deletion(&["conversations"])).await.expect("taken");
        let after = |first: &crate::domain::ids::RequestKey| NewRequest {
            after_export: Some(first.id),
            ..for_ada(deletion(&["profile"]))
        };
        for wrong in [&eves, &deleted] {
            assert_eq!(pointer(&desk, &olga(), after(wrong)).await, "/after_export");
        }
        let own = NewRequest {
            subject: None,
            ..after(&adas)
        };
        assert_eq!(pointer(&desk, &ada(), own).await, "/after_export", "operators only");
        let of_an_export = NewRequest {
            kind: crate::domain::request::Kind::Export,
            scope: vec!["drafts".to_owned()],
            ..after(&adas)
        };
        assert_eq!(pointer(&desk, &olga(), of_an_export).await, "/after_export");
        let key = desk.submit(&olga(), after(&adas)).await.expect("taken");
        assert_eq!(desk.facts(&key).after_export, Some(adas.id));
        let said = desk.entries(&key).remove(0).body.details;
        assert_eq!(said["after_export"], adas.id.to_string());
    });
}

#[test]
fn a_regulators_export_is_no_news_to_the_subject_if_an_operator_says_so() {
    play(async |desk| {
        let quiet = |input| NewRequest {
            notify_subject: Some(false),
            ..input
        };
        let own = quiet(export(&["profile"]));
        assert_eq!(pointer(&desk, &ada(), own).await, "/notify_subject", "operators only");
        let deletion = quiet(for_ada(deletion(&["profile"])));
        assert_eq!(pointer(&desk, &olga(), deletion).await, "/notify_subject");
        let key = desk.submit(&olga(), quiet(for_ada(export(&["profile"])))).await;
        let key = key.expect("taken");
        assert!(desk.facts(&key).silent && desk.mails(&key).is_empty());
        assert_eq!(desk.entries(&key).remove(0).body.details["notify_subject"], false);
        let told = NewRequest {
            notify_subject: Some(true),
            ..for_ada(export(&["conversations"]))
        };
        let key = desk.submit(&olga(), told).await.expect("taken");
        assert!(!desk.facts(&key).silent && desk.mails(&key).len() == 1);
    });
}
