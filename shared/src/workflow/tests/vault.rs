//! Vault mode: what is taken out of its table, what comes back, what somebody else does meanwhile.

use jiff::SignedDuration;

use super::desk::{Desk, dataset, play, play_under};
use super::people::{ada, held_head, olga};
use crate::domain::chunk::{ChunkId, ChunkState, Op};
use crate::domain::ids::RequestKey;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::manifest::Scalar;
use crate::domain::object_keys::{vault_chunk, vault_group};
use crate::domain::outcome::Code;
use crate::domain::request::{Completion, Status};
use crate::domain::restore::{RecordRef, Wanted};
use crate::ports::{KeyName, Keys as _, Vault as _};
use crate::sim::sources::Item;
use crate::sim::sources::journal::{RecordId, What};
use crate::workflow::repair::retry;

/// Ada's note with this number.
fn note(n: u32) -> RecordId {
    let (container, key) = ("notes".to_owned(), format!("pk=NOTES#acme#ada sk={n:03}"));
    RecordId { container, key }
}

fn line(n: u32, line: u32) -> RecordRef {
    let chunk = ChunkId {
        dataset: "notes".parse().expect("a slug"),
        generation: 0,
        n,
    };
    RecordRef { chunk, line }
}

fn s(text: &str) -> Scalar {
    Scalar::S(text.to_owned())
}

/// Ada's notes, all taken out of their table as far as they can be.
async fn swept(desk: &Desk) -> RequestKey {
    let key = desk.executed_for(&["notes"]).await;
    desk.toil().await;
    key
}

fn items(desk: &Desk) -> Vec<Item> {
    desk.sources.items("notes")
}

/// Objects that are in the vault.
fn kept(desk: &Desk) -> usize {
    let ever = desk.vault.ever();
    ever.values().filter(|kept| kept.deleted_at.is_none()).count()
}

fn codes(desk: &Desk, key: &RequestKey, code: Code) -> Vec<u64> {
    desk.chunks(key).iter().map(|chunk| chunk.counts.of(code)).collect()
}

#[test]
fn nothing_is_in_the_table_and_each_chunk_has_its_group() {
    play(async |desk| {
        desk.write("notes", 0..5);
        let key = swept(&desk).await;
        assert!(items(&desk).is_empty(), "not even a mark");
        assert_eq!((kept(&desk), codes(&desk, &key, Code::Swept)), (3, vec![2, 2, 1]));
        assert_eq!(desk.phase(&key), Phase::Recovering);
        let pin = &desk.facts(&key).datasets[0];
        assert!(pin.in_vault && !pin.waits_for_ttl);
    });
}

#[test]
fn what_comes_back_is_what_it_was_and_the_rest_waits() {
    play(async |desk| {
        desk.write("notes", 0..4);
        let before = items(&desk);
        let key = swept(&desk).await;
        desk.restore(&key, Wanted::of(&[line(0, 1), line(1, 0)]))
            .await
            .expect("Otto may");
        desk.work().await;
        assert_eq!(items(&desk), before[1..3]);
        assert_eq!(codes(&desk, &key, Code::Swept), [1, 1]);
        assert_eq!(kept(&desk), 2, "what was not asked for is still there");
    });
}

#[test]
fn after_the_window_there_is_neither_item_nor_copy_nor_key() {
    play(async |desk| {
        desk.write("notes", 0..3);
        let key = swept(&desk).await;
        let name = KeyName::Vault(key.tenant.clone(), key.id, "notes".parse().expect("a slug"));
        let over = desk.facts(&key).recover_until.expect("it is swept");
        desk.pass(&key, over - SignedDuration::from_secs(1)).await;
        assert_eq!(kept(&desk), 2, "restorable to the last second");
        assert!(desk.records.store.wrapped(&name).await.expect("read").is_some());
        desk.pass(&key, over + SignedDuration::from_hours(1)).await;
        assert_eq!((kept(&desk), items(&desk).len()), (0, 0));
        let facts = desk.facts(&key);
        assert_eq!(
            (facts.status, facts.result),
            (Status::Completed, Some(Completion::Full))
        );
        assert!(facts.shredded && desk.records.store.wrapped(&name).await.expect("read").is_none());
    });
}

#[test]
fn a_purge_leaves_the_copies_of_a_later_lease_and_the_end_leaves_none() {
    play(async |desk| {
        desk.write("notes", 0..3);
        let key = swept(&desk).await;
        let later = format!("{}{}", vault_chunk(&key, &line(0, 0).chunk), vault_group(99, 0));
        desk.vault.put(&later, vec![1]).await.expect("put");
        let over = desk.facts(&key).recover_until.expect("it is swept");
        desk.pass(&key, over + SignedDuration::from_hours(1)).await;
        let ever = desk.vault.ever();
        let gone = |name: &str| ever[name].deleted_at.expect("nothing is left");
        let purged = ever.keys().filter(|name| **name != later).map(|name| gone(name)).max();
        assert!(purged.is_some_and(|purged| purged < gone(&later)));
    });
}

#[test]
fn what_was_brought_back_leaves_no_copy() {
    play(async |desk| {
        desk.write("notes", 0..2);
        let key = swept(&desk).await;
        desk.restore(&key, Wanted::of(&[line(0, 0), line(0, 1)]))
            .await
            .expect("Otto may");
        desk.work().await;
        assert_eq!(kept(&desk), 1, "as long as the request runs");
        desk.pass(&key, desk.now() + SignedDuration::from_hours(24 * 30)).await;
        assert_eq!(desk.facts(&key).status, Status::Completed);
        assert_eq!((kept(&desk), items(&desk).len()), (0, 2));
    });
}

#[test]
fn without_a_window_the_copies_go_at_once() {
    play_under(", RecoveryWindow: PT0S, destroy_at_once: true", async |desk| {
        desk.write("notes", 0..3);
        let key = swept(&desk).await;
        assert_eq!((kept(&desk), items(&desk).len()), (0, 0));
        assert_eq!(codes(&desk, &key, Code::Purged), [2, 1]);
    });
}

#[test]
fn an_item_that_changes_in_between_is_copied_again() {
    play(async |desk| {
        desk.write("notes", 0..2);
        desk.sources.write_before_take(&note(1), "body", s("changed"));
        let key = swept(&desk).await;
        assert_eq!((items(&desk).len(), kept(&desk)), (0, 2), "a group of its own");
        desk.restore(&key, Wanted::of(&[line(0, 0), line(0, 1)]))
            .await
            .expect("Otto may");
        desk.work().await;
        let bodies: Vec<_> = items(&desk).iter().map(|item| item["body"].clone()).collect();
        assert_eq!(bodies, [s("text"), s("changed")]);
    });
}

#[test]
fn an_item_that_changes_all_the_time_stays_and_is_flagged() {
    play(async |desk| {
        desk.write("notes", 0..2);
        for n in 0..3 {
            desk.sources
                .write_before_take(&note(0), "body", s(&format!("changed {n}")));
        }
        let key = swept(&desk).await;
        assert_eq!(items(&desk).len(), 1);
        assert_eq!(
            (codes(&desk, &key, Code::Failed), codes(&desk, &key, Code::Swept)),
            (vec![1], vec![1])
        );
        assert_eq!(desk.findings(&key)[0].code, "changed");
    });
}

#[test]
fn a_retry_of_some_lines_keeps_each_copy_with_its_line() {
    play(async |desk| {
        desk.write("notes", 0..2);
        let before = items(&desk);
        for n in 0..3 {
            desk.sources
                .write_before_take(&note(1), "body", s(&format!("changed {n}")));
        }
        let key = swept(&desk).await;
        assert_eq!((items(&desk).len(), codes(&desk, &key, Code::Failed)), (1, vec![1]));
        let (records, olga) = (&desk.records, olga());
        let retried = retry(records, &desk.queues, &olga, (key.id, None), None, desk.now());
        Box::pin(retried).await.expect("Olga may");
        desk.toil().await;
        assert_eq!((items(&desk).len(), codes(&desk, &key, Code::Swept)), (0, vec![2]));
        desk.restore(&key, Wanted::of(&[line(0, 0), line(0, 1)]))
            .await
            .expect("Otto may");
        desk.work().await;
        let back = items(&desk);
        assert_eq!(back[0], before[0]);
        assert_eq!((&back[1]["sk"], &back[1]["body"]), (&before[1]["sk"], &s("changed 2")));
    });
}

#[test]
fn what_an_item_gained_in_between_is_kept_too() {
    play(async |desk| {
        desk.write("notes", 0..2);
        desk.sources.write_before_take(&note(0), "gained", s("new"));
        let key = swept(&desk).await;
        assert_eq!((items(&desk).len(), kept(&desk)), (0, 2));
        desk.restore(&key, Wanted::of(&[line(0, 0)])).await.expect("Otto may");
        desk.work().await;
        assert_eq!(items(&desk)[0].get("gained"), Some(&s("new")));
    });
}

#[test]
fn an_item_that_another_requests_mark_reaches_in_between_is_left_to_it() {
    play(async |desk| {
        desk.write("notes", 0..1);
        desk.sources
            .write_before_take(&note(0), "erasure_id", s("dsr_01H0000000000000000000000A"));
        let key = swept(&desk).await;
        assert_eq!(items(&desk).len(), 1);
        assert_eq!(desk.findings(&key)[0].code, "marked_by_other");
    });
}

#[test]
fn an_item_of_too_many_attributes_stays_and_is_flagged() {
    play(async |desk| {
        desk.write("notes", 0..2);
        let mut wide = items(&desk)[0].clone();
        wide.extend((0..150).map(|n| (format!("a{n}"), s("x"))));
        desk.sources
            .put_attributes("notes", wide, desk.now() - SignedDuration::from_hours(9));
        let key = swept(&desk).await;
        assert_eq!(codes(&desk, &key, Code::Failed), [1]);
        let findings = desk.findings(&key);
        assert_eq!(
            (findings[0].code.as_str(), items(&desk).len()),
            ("vault_unverifiable", 1)
        );
    });
}

#[test]
fn what_the_application_wrote_meanwhile_is_not_overwritten() {
    play(async |desk| {
        desk.write("notes", 0..2);
        let key = swept(&desk).await;
        let ada = ada();
        let whose = (&ada.tenant, &ada.subject_id);
        desk.sources
            .put_item(&dataset("notes"), whose, "000", "new", desk.now());
        desk.restore(&key, Wanted::of(&[line(0, 0), line(0, 1)]))
            .await
            .expect("Otto may");
        desk.work().await;
        assert_eq!(items(&desk)[0]["body"], s("new"));
        assert_eq!(
            (codes(&desk, &key, Code::Recreated), codes(&desk, &key, Code::Restored)),
            (vec![1], vec![1])
        );
    });
}

#[test]
fn a_copy_that_somebody_destroyed_is_no_success() {
    play(async |desk| {
        desk.write("notes", 0..2);
        let key = swept(&desk).await;
        desk.vault.lose();
        desk.restore(&key, Wanted::of(&[line(0, 0)])).await.expect("Otto may");
        for _ in 0..8 {
            desk.work().await;
            desk.wait(SignedDuration::from_secs(5));
        }
        let chunk = desk.chunks(&key).remove(0);
        assert_eq!((chunk.op, chunk.state), (Op::Restore, ChunkState::Parked));
        assert_eq!(chunk.counts.of(Code::Restored), 0);
        assert_eq!(desk.findings(&key)[0].code, "copy_gone");
    });
}

#[test]
fn an_item_that_cannot_come_back_stays_in_the_vault() {
    play(async |desk| {
        desk.write("notes", 0..2);
        let key = swept(&desk).await;
        desk.sources.lock(&note(0), "source_refused");
        desk.restore(&key, Wanted::of(&[line(0, 0), line(0, 1)]))
            .await
            .expect("Otto may");
        for _ in 0..8 {
            desk.work().await;
            desk.wait(SignedDuration::from_secs(5));
        }
        let chunk = desk.chunks(&key).remove(0);
        assert_eq!(chunk.state, ChunkState::Parked);
        assert_eq!((chunk.counts.of(Code::Swept), chunk.counts.of(Code::Restored)), (1, 1));
        assert_eq!((items(&desk).len(), kept(&desk)), (1, 1));
    });
}

#[test]
fn a_hold_keeps_what_is_in_the_table_and_what_is_in_the_vault() {
    play(async |desk| {
        desk.write("notes", 0..6);
        let key = desk.executed_for(&["notes"]).await;
        desk.plan().await;
        desk.work_one().await;
        let ada = ada();
        desk.records
            .store
            .put_holds(&ada.tenant, &ada.subject_ref, held_head(1, &["notes"]));
        desk.toil().await;
        assert_eq!((items(&desk).len(), kept(&desk)), (4, 1));
        assert_eq!(codes(&desk, &key, Code::Exempt), [0, 2, 2]);
        desk.pass(&key, desk.now() + SignedDuration::from_hours(24 * 30)).await;
        assert_eq!(kept(&desk), 1, "its window is over, and yet");
        assert_eq!(desk.facts(&key).job.expect("it runs").status, JobStatus::Running);
    });
}

#[test]
fn what_was_cancelled_in_the_middle_is_accounted_for() {
    play(async |desk| {
        desk.write("notes", 0..6);
        let key = desk.executed_for(&["notes"]).await;
        desk.plan().await;
        desk.work_one().await;
        desk.cancel(&key).await.expect("Otto may");
        desk.toil().await;
        assert_eq!(desk.facts(&key).status, Status::Cancelled);
        assert_eq!(
            (items(&desk).len(), codes(&desk, &key, Code::Swept)),
            (4, vec![2, 0, 0])
        );
        desk.restore(&key, Wanted::All).await.expect("Otto may");
        desk.work().await;
        assert_eq!(items(&desk).len(), 6);
    });
}

#[test]
fn an_item_is_never_deleted_before_its_group_is_put() {
    play(async |desk| {
        desk.write("notes", 0..4);
        swept(&desk).await;
        let ever = desk.vault.ever();
        let first = ever.values().map(|kept| kept.put_at).min().expect("there are groups");
        let taken = desk.sources.journal();
        let taken: Vec<_> = taken
            .iter()
            .filter(|effect| matches!(effect.what, What::Taken(_)))
            .collect();
        assert!(taken.len() == 4 && taken.iter().all(|effect| effect.at > first));
    });
}
