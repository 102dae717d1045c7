//! Preview and execution: what an operator executes is what they looked at, and they looked at it just now.

use futures::future::join;
use jiff::SignedDuration;

use super::desk::{Desk, play, play_seeded};
use super::people::{ada, approval, deletion, export, for_ada, held_head, olga, otto, refusal, verification};
use crate::domain::ids::RequestKey;
use crate::domain::personal::Personal;
use crate::domain::request::Status;
use crate::state_machine::command::CONFIRMATION;
use crate::state_machine::refusal::Refusal;
use crate::workflow::execute::{Typed, execute};
use crate::workflow::order::Wish;
use crate::workflow::preview::{PreviewShown, preview};
use crate::workflow::submit::NewRequest;

/// Approved, and its grace period over.
async fn ripe(desk: &Desk) -> RequestKey {
    desk.write("messages", 0..3);
    desk.write("profiles", 0..2);
    let key = desk.approved_for(&["conversations", "profile"]).await;
    desk.world.advance_to(desk.facts(&key).grace_ends_at.expect("approved"));
    key
}

fn hold(desk: &Desk, category: &str, version: u64) {
    let head = held_head(version, &[category]);
    let ada = ada();
    desk.records.store.put_holds(&ada.tenant, &ada.subject_ref, head);
}

async fn look(desk: &Desk, key: &RequestKey) -> PreviewShown {
    let otto = otto();
    let looks = preview(&desk.records, &desk.config, &desk.sources, &otto, key.id, desk.now());
    let shown = Box::pin(looks).await;
    shown.expect("operators may look")
}

#[test]
fn a_preview_counts_what_there_is_by_dataset() {
    play(async |desk| {
        let key = ripe(&desk).await;
        hold(&desk, "profile", 1);
        let now = desk.now();
        let shown = look(&desk, &key).await;
        let counted: Vec<_> = shown
            .datasets
            .iter()
            .map(|d| (d.dataset.as_str(), d.records, d.at_least))
            .collect();
        assert_eq!(counted, [("messages", 3, false), ("profiles", 2, false)]);
        assert_eq!((shown.total, shown.at_least), (5, false));
        assert_eq!(shown.expires_at, now + SignedDuration::from_mins(15));
        let holds: Vec<_> = shown.holds.iter().map(|category| category.as_str()).collect();
        assert_eq!(holds, ["profile"]);
        assert_eq!(
            (shown.data_map, shown.recovery_window),
            ("map-1".repeat(4), "P7D".to_owned())
        );
        hold(&desk, "other", 2);
        assert!(look(&desk, &key).await.holds.is_empty(), "not in its scope");
    });
}

#[test]
fn a_preview_is_good_for_a_quarter_of_an_hour() {
    play(async |desk| {
        let key = ripe(&desk).await;
        let shown = look(&desk, &key).await;
        desk.world.advance_to(shown.expires_at);
        let late = desk.execute(&otto(), &key, shown.digest).await;
        assert!(matches!(refusal(late), Refusal::PreviewStale));
        let shown = look(&desk, &key).await;
        desk.world.advance_to(shown.expires_at - SignedDuration::from_mins(1));
        desk.execute(&otto(), &key, shown.digest)
            .await
            .expect("a minute is left");
    });
}

#[test]
fn what_was_looked_at_is_what_is_executed() {
    play(async |desk| {
        let key = ripe(&desk).await;
        let unseen = desk.execute(&otto(), &key, "0".repeat(64)).await;
        assert!(matches!(refusal(unseen), Refusal::PreviewStale));
        let digest = desk.previewed(&otto(), &key).await;
        hold(&desk, "other", 1);
        let held_since = desk.execute(&otto(), &key, digest).await;
        assert!(matches!(refusal(held_since), Refusal::PreviewStale));
        let digest = desk.previewed(&otto(), &key).await;
        desk.execute(&otto(), &key, digest)
            .await
            .expect("with the hold in view");
        let facts = desk.facts(&key);
        assert_eq!(facts.status, Status::InProgress);
        let pin = facts.data_map.expect("pinned");
        assert_eq!((pin.version.as_str(), pin.digest), ("map-1", "map-1".repeat(4)));
        let pins: Vec<_> = facts
            .datasets
            .iter()
            .map(|d| (d.id.as_str(), d.waits_for_ttl))
            .collect();
        assert_eq!(pins, [("messages", true), ("profiles", false)]);
        assert_eq!(
            desk.queues.plans.borrow().bodies().len(),
            2,
            "and its planners are called"
        );
    });
}

#[test]
fn a_plan_that_finds_far_more_than_the_preview_hides_nothing_before_a_person_looked() {
    play(async |desk| {
        let key = ripe(&desk).await;
        let digest = desk.previewed(&otto(), &key).await;
        desk.execute(&otto(), &key, digest).await.expect("Otto may");
        desk.write("messages", 100..301);
        desk.plan().await;
        let job = desk.facts(&key).job.expect("a job");
        assert!(job.paused && desk.waiting().is_empty());
        assert_eq!(job.differs.map(|found| found.more), Some(201));
        let shown = desk.shown(&key).await.remove(0);
        assert_eq!((shown.n.as_str(), shown.count), ("differs_from_preview", 201));
    });
}

#[test]
fn a_request_that_moved_since_must_be_looked_at_again() {
    play(async |desk| {
        let key = desk.approved_for(&["conversations"]).await;
        let digest = desk.previewed(&otto(), &key).await;
        let wish = Wish::Extend {
            reason: Personal::new("many records"),
            until: None,
        };
        desk.order(&olga(), &key, wish).await.expect("Olga may");
        desk.world.advance_to(desk.facts(&key).grace_ends_at.expect("approved"));
        assert!(matches!(
            refusal(desk.execute(&otto(), &key, digest).await),
            Refusal::PreviewStale
        ));
    });
}

#[test]
fn a_held_category_is_not_executed() {
    play(async |desk| {
        let key = ripe(&desk).await;
        hold(&desk, "profile", 1);
        let digest = desk.previewed(&otto(), &key).await;
        assert!(matches!(
            refusal(desk.execute(&otto(), &key, digest).await),
            Refusal::LegalHold
        ));
    });
}

#[test]
fn only_a_version_that_is_there_is_executed_and_only_once() {
    play(async |desk| {
        let key = ripe(&desk).await;
        let typed = Typed {
            confirmation: CONFIRMATION.to_owned(),
            preview_digest: desk.previewed(&otto(), &key).await,
        };
        let ask = async |if_match| {
            let (records, config, target) = (&desk.records, &desk.config, (key.id, if_match));
            execute(
                records,
                config,
                &desk.queues,
                &otto(),
                target,
                typed.clone(),
                desk.now(),
            )
            .await
        };
        let version = desk.facts(&key).version;
        assert!(matches!(refusal(ask(Some(version + 1)).await), Refusal::StaleVersion));
        ask(Some(version)).await.expect("Otto may");
        assert!(matches!(refusal(ask(None).await), Refusal::NotInThisStatus { .. }));
        assert_eq!(desk.facts(&key).version, version + 1);
    });
}

#[test]
fn of_two_who_execute_at_once_one_is_told_that_it_runs() {
    for seed in 0..10 {
        play_seeded(seed, async |desk| {
            let key = ripe(&desk).await;
            let digest = desk.previewed(&otto(), &key).await;
            let ask = async |later| {
                let (records, config, now) = (&desk.records, &desk.config, desk.now() + later);
                let typed = Typed {
                    confirmation: CONFIRMATION.to_owned(),
                    preview_digest: digest.clone(),
                };
                Box::pin(execute(
                    records,
                    config,
                    &desk.queues,
                    &otto(),
                    (key.id, None),
                    typed,
                    now,
                ))
                .await
            };
            let (one, two) = join(ask(SignedDuration::ZERO), ask(SignedDuration::from_millis(1))).await;
            let late = if one.is_ok() { two } else { one };
            assert!(matches!(refusal(late), Refusal::NotInThisStatus { .. }));
            let executions = desk.entries(&key).iter().filter(|e| e.body.action == "execute").count();
            assert_eq!(executions, 2, "one done, one refused");
        });
    }
}

#[test]
fn an_approved_export_of_the_subject_stops_a_deletion_of_whatever_else() {
    play(async |desk| {
        let key = ripe(&desk).await;
        let other = desk.submit(&ada(), export(&["drafts"])).await.expect("taken");
        desk.order(&olga(), &other, verification()).await.expect("Olga may");
        desk.order(&olga(), &other, approval()).await.expect("Olga may");
        let digest = desk.previewed(&otto(), &key).await;
        let running = refusal(desk.execute(&otto(), &key, digest).await);
        assert_eq!(running, Refusal::ExportRunning);
        desk.order(&ada(), &other, Wish::Withdraw { reason: None })
            .await
            .expect("Ada may");
        let digest = desk.previewed(&otto(), &key).await;
        desk.execute(&otto(), &key, digest)
            .await
            .expect("nothing runs any more");
    });
}

#[test]
fn an_export_that_nobody_has_approved_stops_only_the_deletion_that_is_to_follow_it() {
    play(async |desk| {
        let free = ripe(&desk).await;
        let first = desk.submit(&ada(), export(&["conversations"])).await.expect("taken");
        let digest = desk.previewed(&otto(), &free).await;
        desk.execute(&otto(), &free, digest).await.expect("it may never be");
        let input = NewRequest {
            after_export: Some(first.id),
            ..for_ada(deletion(&["drafts"]))
        };
        let key = desk.submit(&otto(), input).await.expect("taken");
        for wish in [verification(), approval()] {
            desk.order(&olga(), &key, wish).await.expect("Olga may");
        }
        desk.world.advance_to(desk.facts(&key).grace_ends_at.expect("approved"));
        let digest = desk.previewed(&otto(), &key).await;
        let early = refusal(desk.execute(&otto(), &key, digest).await);
        assert_eq!(early, Refusal::ExportRunning);
        let reason = Personal::new("not needed");
        desk.order(&olga(), &first, Wish::Reject { reason })
            .await
            .expect("Olga may");
        let digest = desk.previewed(&otto(), &key).await;
        desk.execute(&otto(), &key, digest).await.expect("the export has ended");
    });
}
