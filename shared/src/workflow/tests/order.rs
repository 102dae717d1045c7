//! Commands on a request: versions, holds, the tenant's policy, and two people at once.

use futures::future::join;
use jiff::SignedDuration;

use super::desk::{play, play_seeded, play_under};
use super::people::{ada, approval, held_head, olga, otto, refusal, verification};
use crate::domain::personal::Personal;
use crate::domain::request::Status;
use crate::state_machine::refusal::Refusal;
use crate::workflow::access::View;
use crate::workflow::order::{Wish, order};

fn rejection() -> Wish {
    Wish::Reject {
        reason: Personal::new("not hers"),
    }
}

#[test]
fn a_command_on_another_version_than_was_read_is_refused() {
    play(async |desk| {
        let key = desk.submitted().await;
        let version = desk.facts(&key).version;
        let ask = async |if_match| {
            let (records, config, target) = (&desk.records, &desk.config, (key.id, if_match));
            order(records, config, &olga(), target, verification(), desk.now()).await
        };
        for other in [version - 1, version + 1] {
            assert!(matches!(refusal(ask(Some(other)).await), Refusal::StaleVersion));
        }
        let (after, view) = ask(Some(version)).await.expect("it is the version that is there");
        assert_eq!((after.request.facts.status, view), (Status::Verified, View::Staff));
    });
}

#[test]
fn of_two_who_read_the_same_version_one_decides_and_the_other_is_told() {
    for seed in 0..20 {
        play_seeded(seed, async |desk| {
            let key = desk.submitted().await;
            let version = desk.facts(&key).version;
            let (olga, otto) = (olga(), otto());
            let ask = async |by, wish| {
                let (records, config, target) = (&desk.records, &desk.config, (key.id, Some(version)));
                Box::pin(order(records, config, by, target, wish, desk.now())).await
            };
            let (one, two) = join(ask(&olga, verification()), ask(&otto, rejection())).await;
            let late = if one.is_ok() { two } else { one };
            assert!(matches!(refusal(late), Refusal::StaleVersion));
            assert_eq!(desk.facts(&key).version, version + 1);
        });
    }
}

#[test]
fn who_names_no_version_decides_on_what_is_there_in_the_end() {
    for seed in 0..20 {
        play_seeded(seed, async |desk| {
            let key = desk.submitted().await;
            let withdrawal = Wish::Withdraw { reason: None };
            let (olga, ada) = (olga(), ada());
            let (_, withdrawn) = join(
                desk.order(&olga, &key, verification()),
                desk.order(&ada, &key, withdrawal),
            )
            .await;
            withdrawn.expect("a request can be withdrawn before and after its verification");
            assert_eq!(desk.facts(&key).status, Status::Cancelled);
        });
    }
}

#[test]
fn a_held_category_is_not_approved() {
    play(async |desk| {
        let key = desk.submitted().await;
        desk.order(&olga(), &key, verification()).await.expect("Olga may");
        let held = |category: &str| held_head(1, &[category]);
        let store = &desk.records.store;
        store.put_holds(&key.tenant, &ada().subject_ref, held("conversations"));
        assert!(matches!(
            refusal(desk.order(&olga(), &key, approval()).await),
            Refusal::LegalHold
        ));
        store.put_holds(&key.tenant, &ada().subject_ref, held("profile"));
        desk.order(&olga(), &key, approval())
            .await
            .expect("another category is held");
    });
}

#[test]
fn an_approval_fixes_the_tenants_policy_and_whether_ttl_must_be_waited_for() {
    play(async |desk| {
        let end = async |category| {
            let key = desk.approved_for(&[category]).await;
            let facts = desk.facts(&key);
            let policy = facts.policy.expect("fixed");
            assert_eq!(facts.policy_version.as_deref(), Some("policy-1"));
            let window_ends = policy.recovery_window.after(facts.grace_ends_at.expect("fixed"));
            (facts.completes_by.expect("fixed"), window_ends, policy.ttl_slack)
        };
        let (by_ttl, window_ends, slack) = end("conversations").await;
        assert_eq!(by_ttl, slack.after(window_ends));
        let (by_lethe, window_ends, _) = end("profile").await;
        assert_eq!(by_lethe, window_ends);
    });
}

#[test]
fn a_request_that_ends_early_is_kept_as_long_as_the_tenants_policy_says() {
    play_under(", RequestRetention: P30D", async |desk| {
        let withdrawal = Wish::Withdraw {
            reason: Some(Personal::new("she called")),
        };
        for (category, wish) in [("conversations", rejection()), ("profile", withdrawal)] {
            let key = desk.submitted_for(&[category]).await;
            desk.order(&olga(), &key, wish).await.expect("Olga may");
            let facts = desk.facts(&key);
            let month = SignedDuration::from_hours(24 * 30);
            assert_eq!(facts.shred_at, facts.closed_at.map(|at| at + month), "{category}");
        }
    });
}

#[test]
fn a_due_date_is_extended_as_far_as_the_tenants_policy_says() {
    play_under(", ExtendBy: P10D", async |desk| {
        let key = desk.submitted().await;
        let was = desk.facts(&key).due_at;
        let wish = Wish::Extend {
            reason: Personal::new("many records"),
            until: None,
        };
        desk.order(&olga(), &key, wish).await.expect("Olga may");
        assert_eq!(desk.facts(&key).due_at, was + SignedDuration::from_hours(240));
    });
}

#[test]
fn a_due_date_moved_to_the_moment_of_completion_is_kept() {
    play(async |desk| {
        let key = desk.approved_for(&["conversations"]).await;
        let facts = desk.facts(&key);
        assert!(facts.misses_due, "the windows are longer than a month");
        let wish = Wish::Extend {
            reason: Personal::new("the windows are long"),
            until: facts.completes_by,
        };
        desk.order(&olga(), &key, wish).await.expect("Olga may");
        assert!(!desk.facts(&key).misses_due);
    });
}

#[test]
fn a_refusal_that_is_noted_meanwhile_makes_no_version_stale() {
    for seed in 0..20 {
        play_seeded(seed, async |desk| {
            let key = desk.submitted().await;
            let target = (key.id, Some(desk.facts(&key).version));
            let far = desk.facts(&key).due_at + SignedDuration::from_hours(24 * 365);
            let too_far = Wish::Extend {
                reason: Personal::new("until then"),
                until: Some(far),
            };
            let (olga, otto) = (olga(), otto());
            let verified = order(&desk.records, &desk.config, &olga, target, verification(), desk.now());
            let (verified, refused) = join(Box::pin(verified), desk.order(&otto, &key, too_far)).await;
            assert!(matches!(refusal(refused), Refusal::ExtensionTooFar(_)));
            verified.expect("it is the version that was read");
        });
    }
}
