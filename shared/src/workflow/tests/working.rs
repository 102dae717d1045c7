//! A worker and a chunk: leases, accounts, what is sent next, and what a source that fails leads to.

use jiff::SignedDuration;

use super::desk::{Desk, dataset, play, play_under};
use super::people::ada;
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::ids::RequestKey;
use crate::domain::job::{JobStatus, Phase};
use crate::domain::message::ChunkMessage;
use crate::domain::outcome::{Code, Counts};
use crate::sim::sources::journal::RecordId;
use crate::workflow::operate::sweep_order;
use crate::workflow::work_chunk::Worked;

fn chunk(desk: &Desk, key: &RequestKey, n: u32) -> Chunk {
    let chunks = desk.chunks(key);
    chunks.into_iter().find(|chunk| chunk.id.n == n).expect("there is one")
}

fn message(n: u32) -> RecordId {
    let (container, key) = ("messages".to_owned(), format!("pk=TENANT#acme#CUSTOMER#ada sk={n:03}"));
    RecordId { container, key }
}

#[test]
fn a_chunk_is_leased_swept_and_accounted_for() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let before = chunk(&desk, &key, 0);
        assert_eq!((before.state, before.send, before.epoch), (ChunkState::Ready, 1, 0));
        assert_eq!(desk.work_one().await, Some(Worked::Done));
        let after = chunk(&desk, &key, 0);
        assert_eq!((after.state, after.epoch, after.attempts), (ChunkState::Done, 1, 1));
        assert_eq!((after.lease_until, after.counts.of(Code::Swept)), (None, 2));
        assert!(after.swept_at.is_some() && after.outcome.is_some());
        let expiry = desk
            .sources
            .items("messages")
            .iter()
            .all(|item| item.contains_key("expires_at"));
        assert!(expiry, "TTL deletes what nobody restores");
    });
}

#[test]
fn without_a_window_nothing_is_left_to_ttl() {
    play_under(", RecoveryWindow: PT0S, destroy_at_once: true", async |desk| {
        desk.planned(2).await;
        desk.work_one().await;
        let items = desk.sources.items("messages");
        assert!(items.iter().all(|item| item.contains_key("erasure_id")));
        assert!(!items.is_empty() && items.iter().all(|item| !item.contains_key("expires_at")));
    });
}

#[test]
fn the_first_to_sweep_a_record_takes_no_mark_for_its_own() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let (facts, messages) = (desk.facts(&key), dataset("messages"));
        let again = |epoch, generation| {
            let mut row = chunk(&desk, &key, 0);
            (row.epoch, row.id.generation) = (epoch, generation);
            let order = sweep_order(&facts, &messages, (&row, &[]), desk.now());
            order.expect("executed").again
        };
        assert!(!again(1, 0));
        assert!(again(2, 0), "somebody died over it");
        assert!(again(1, 1), "a verification found it");
    });
}

#[test]
fn a_worker_has_its_deadline_and_ten_seconds() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let deadline = desk.now() + SignedDuration::from_secs(30);
        desk.work().await;
        let until = desk.records.store.inspect(|tables| {
            let rows = &tables.of(&key).expect("there").replaced;
            rows.iter().find_map(|(_, row)| row.lease_until)
        });
        assert_eq!(until, Some(deadline + SignedDuration::from_secs(10)));
    });
}

#[test]
fn a_message_that_is_handled_again_changes_nothing() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let message = desk.waiting().remove(0);
        desk.work().await;
        let after = desk.chunks(&key);
        assert_eq!(desk.handle(&message).await, Worked::Dropped);
        let mut nobodys = message.clone();
        nobodys.chunk.n = 99;
        assert_eq!(desk.handle(&nobodys).await, Worked::Dropped);
        assert_eq!(desk.chunks(&key), after);
    });
}

#[test]
fn the_chunk_after_the_window_is_sent_when_one_is_done() {
    play(async |desk| {
        let key = desk.planned(10).await;
        let sent = |key| desk.chunks(key).iter().map(|c| c.send).collect::<Vec<_>>();
        assert_eq!(sent(&key), [1, 1, 0, 0, 0], "a window of two");
        desk.work_one().await;
        assert_eq!(sent(&key), [1, 1, 1, 0, 0]);
        desk.work_one().await;
        assert_eq!(sent(&key), [1, 1, 1, 1, 0]);
        assert_eq!(desk.phase(&key), Phase::Sweeping);
        desk.work().await;
        assert_eq!(
            desk.phase(&key),
            Phase::Recovering,
            "the last one looks whether all is done"
        );
    });
}

#[test]
fn a_throttled_source_is_asked_again_later_and_the_attempt_does_not_count() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.sources.break_down("messages", "access_denied");
        assert_eq!(desk.work_one().await, Some(Worked::Postponed));
        let after = chunk(&desk, &key, 0);
        assert_eq!((after.state, after.send, after.attempts), (ChunkState::Ready, 2, 1));
        assert_eq!(after.trouble.as_deref(), Some("access_denied"));
        assert_eq!(desk.work_one().await, None, "not at once");
        desk.wait(SignedDuration::from_secs(5));
        desk.sources.repair("messages");
        assert_eq!(desk.work_one().await, Some(Worked::Done));
        assert_eq!(chunk(&desk, &key, 0).trouble, None);
    });
}

#[test]
fn a_chunk_that_fails_five_times_is_parked_and_its_siblings_go_on() {
    play(async |desk| {
        desk.write("messages", 0..2);
        desk.write("profiles", 0..4);
        let key = desk.executed_for(&["conversations", "profile"]).await;
        desk.plan().await;
        desk.sources.break_down("messages", "access_denied");
        for _ in 0..8 {
            desk.work().await;
            desk.wait(SignedDuration::from_secs(5));
        }
        let parked = chunk(&desk, &key, 0);
        assert_eq!(
            (parked.id.dataset.as_str(), parked.state),
            ("messages", ChunkState::Parked)
        );
        assert_eq!((parked.attempts, parked.counts.of(Code::Untouched)), (6, 2));
        let findings = desk.findings(&key);
        assert_eq!(findings.len(), 1);
        assert_eq!((findings[0].code.as_str(), findings[0].count), ("access_denied", 2));
        assert_eq!((&findings[0].chunk, findings[0].lines.len()), (&parked.id, 0));
        let siblings = desk.chunks(&key).into_iter().filter(|c| c.id != parked.id);
        assert!(siblings.into_iter().all(|c| c.state == ChunkState::Done));
        let job = desk.facts(&key).job.expect("a job");
        assert_eq!(
            (job.phase, job.status, job.findings),
            (Phase::Recovering, JobStatus::Failed, 1)
        );
    });
}

#[test]
fn a_worker_that_died_five_times_is_followed_by_an_inspection() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let message = desk.waiting().remove(0);
        let mut row = chunk(&desk, &key, 0);
        // Five workers leased it and died.
        let before = row.rev;
        (row.attempts, row.epoch, row.rev, row.state) = (5, 5, before + 1, ChunkState::Leased);
        let store = &desk.records.store;
        assert!(
            crate::ports::Work::swap_chunk(store, &key, before, &row)
                .await
                .expect("written")
        );
        assert_eq!(desk.handle(&message).await, Worked::Parked);
        let parked = chunk(&desk, &key, 0);
        assert_eq!(
            (parked.state, parked.counts.of(Code::Untouched)),
            (ChunkState::Parked, 2)
        );
        let findings = desk.findings(&key);
        assert_eq!(
            (findings.len(), findings[0].code.as_str(), findings[0].count),
            (1, "parked", 2)
        );
        assert_eq!(
            desk.phase(&key),
            Phase::Purging,
            "nothing was hidden that could be restored"
        );
    });
}

#[test]
fn a_record_that_cannot_be_hidden_is_a_finding_with_its_line() {
    play(async |desk| {
        desk.write("messages", 0..4);
        desk.sources.lock(&message(1), "object_locked");
        desk.sources.lock(&message(3), "access_denied");
        let key = desk.swept().await;
        let found: Vec<_> = desk
            .findings(&key)
            .into_iter()
            .map(|f| (f.chunk.n, f.code, f.count, f.lines))
            .collect();
        assert_eq!(
            found,
            [
                (0, "object_locked".to_owned(), 1, vec![1]),
                (1, "access_denied".to_owned(), 1, vec![1])
            ]
        );
        for done in desk.chunks(&key) {
            assert_eq!(
                (done.state, done.counts.of(Code::Failed), done.counts.of(Code::Swept)),
                (ChunkState::Done, 1, 1)
            );
            assert!(!done.left_armed, "what was never hidden has no expiry of ours");
        }
        assert_eq!(desk.facts(&key).job.expect("a job").findings, 2);
    });
}

#[test]
fn a_manifest_that_is_not_the_planned_one_is_not_worked_on() {
    play(async |desk| {
        let key = desk.planned(2).await;
        let slice = chunk(&desk, &key, 0).manifest;
        let end = usize::try_from(slice.offset + slice.length).expect("small");
        let mut object = desk.manifests.objects().remove(&slice.object).expect("it is there");
        object[end - 1] ^= 1;
        crate::ports::Manifests::put(&desk.manifests, &slice.object, object)
            .await
            .expect("put");
        for _ in 0..7 {
            desk.work().await;
            desk.wait(SignedDuration::from_secs(5));
        }
        let parked = chunk(&desk, &key, 0);
        assert_eq!(
            (parked.state, parked.trouble.as_deref()),
            (ChunkState::Parked, Some("corrupt"))
        );
        assert_eq!((parked.counts.of(Code::Untouched), parked.outcome), (2, None));
        let finding = desk.findings(&key).remove(0);
        assert_eq!((finding.code.as_str(), finding.count), ("corrupt", 2));
        let hidden = desk
            .sources
            .items("messages")
            .iter()
            .any(|item| item.contains_key("erasure_id"));
        assert!(!hidden, "nothing was touched");
    });
}

#[test]
fn a_purge_destroys_what_the_sweep_hid_and_nothing_that_was_written_since() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.swept().await;
        let (ada, now) = (ada(), desk.now());
        let whose = (&ada.tenant, &ada.subject_id);
        desk.sources
            .put_item(&dataset("messages"), whose, "000", "written anew", now);
        let until = desk.facts(&key).completes_by.expect("approved");
        desk.pass(&key, until + SignedDuration::from_hours(1)).await;
        let chunks = desk.chunks(&key);
        assert!(chunks.iter().all(|c| (c.op, c.state) == (Op::Purge, ChunkState::Done)));
        assert!(
            chunks.iter().all(|c| !c.left_armed),
            "nothing of ours is left to expire"
        );
        assert_eq!(chunks[0].counts.of(Code::Recreated), 1);
        assert_eq!(chunks.iter().map(|c| c.counts.of(Code::Purged)).sum::<u64>(), 2);
        assert_eq!(desk.sources.items("messages").len(), 1);
    });
}

#[test]
fn records_can_be_restored_as_long_as_the_window_of_those_that_are_hidden() {
    play(async |desk| {
        let key = desk.planned(4).await;
        for n in [2, 3] {
            assert!(desk.sources.delete_item(&message(n)));
        }
        desk.work_one().await;
        desk.wait(SignedDuration::from_hours(1));
        desk.work().await;
        let facts = desk.facts(&key);
        let hidden = chunk(&desk, &key, 0).swept_at.expect("swept");
        let window = facts.policy.expect("fixed").recovery_window;
        assert_eq!(
            facts.recover_until,
            Some(window.after(hidden)),
            "the other chunk's were gone"
        );
    });
}

/// Five workers leased the chunk and died.
pub(super) async fn five_died(desk: &Desk, key: &RequestKey, n: u32, change: impl FnOnce(&mut Chunk)) -> ChunkMessage {
    let before = chunk(desk, key, n);
    let mut row = Chunk {
        state: ChunkState::Leased,
        attempts: 5,
        epoch: before.epoch + 5,
        lease_until: Some(desk.now()),
        rev: before.rev + 1,
        ..before.clone()
    };
    change(&mut row);
    let store = &desk.records.store;
    let written = crate::ports::Work::swap_chunk(store, key, before.rev, &row).await;
    assert!(written.expect("written"));
    crate::workflow::dispatch::message(key, &row)
}

#[test]
fn an_inspection_finds_what_the_dead_had_hidden() {
    play(async |desk| {
        let key = desk.planned(4).await;
        desk.work_one().await;
        let message = five_died(&desk, &key, 0, |row| {
            row.counts = Counts::all(Code::Untouched, 2);
            row.outcome = None;
        });
        assert_eq!(desk.handle(&message.await).await, Worked::Parked);
        let parked = chunk(&desk, &key, 0);
        assert_eq!((parked.state, parked.counts.of(Code::Swept)), (ChunkState::Parked, 2));
    });
}

#[test]
fn a_purge_whose_workers_died_is_given_up_and_destroys_nothing_more() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.work().await;
        let message = five_died(&desk, &key, 0, |row| row.op = Op::Purge).await;
        assert_eq!(desk.handle(&message).await, Worked::Parked);
        let parked = chunk(&desk, &key, 0);
        assert_eq!((parked.state, parked.counts.of(Code::Swept)), (ChunkState::Parked, 2));
        assert_eq!(desk.sources.items("messages").len(), 2);
    });
}

#[test]
fn a_restoration_whose_workers_died_leaves_what_it_may_have_brought_back_to_a_person() {
    play(async |desk| {
        let key = desk.planned(2).await;
        desk.work().await;
        let (ada, now) = (ada(), desk.now());
        let whose = (&ada.tenant, &ada.subject_id);
        desk.sources
            .put_item(&dataset("messages"), whose, "000", "without a mark", now);
        let message = five_died(&desk, &key, 0, |row| row.op = Op::Restore).await;
        assert_eq!(desk.handle(&message).await, Worked::Parked);
        let parked = chunk(&desk, &key, 0);
        assert_eq!((parked.counts.of(Code::Failed), parked.counts.of(Code::Swept)), (1, 1));
        let codes: Vec<_> = desk.findings(&key).into_iter().map(|f| (f.code, f.lines)).collect();
        assert!(codes.contains(&("restore_unclear".to_owned(), vec![0])), "{codes:?}");
    });
}
