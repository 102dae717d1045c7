//! Restoration: what is asked for comes back, what cannot is named.

use jiff::SignedDuration;

use super::desk::{Desk, play};
use super::people::{otto, refusal};
use crate::domain::chunk::{ChunkId, Op};
use crate::domain::ids::RequestKey;
use crate::domain::outcome::Code;
use crate::domain::request::Status;
use crate::domain::restore::{RecordRef, Wanted};
use crate::sim::sources::journal::RecordId;
use crate::state_machine::refusal::Refusal;
use crate::workflow::restore::{RestoreShown, shown};

fn line(n: u32, line: u32) -> RecordRef {
    let chunk = ChunkId {
        dataset: "messages".parse().expect("a slug"),
        generation: 0,
        n,
    };
    RecordRef { chunk, line }
}

async fn result(desk: &Desk, key: &RequestKey, n: u32) -> RestoreShown {
    let shown = shown(&desk.records, &otto(), key.id, n, desk.now()).await;
    shown.expect("it was ordered")
}

/// Every message of Ada's that is not hidden.
fn seen(desk: &Desk) -> usize {
    let items = desk.sources.items("messages");
    items.iter().filter(|item| !item.contains_key("erasure_id")).count()
}

#[test]
fn records_named_one_by_one_come_back_while_the_others_wait() {
    play(async |desk| {
        desk.write("messages", 0..6);
        let key = desk.swept().await;
        let n = desk
            .restore(&key, Wanted::of(&[line(0, 1), line(2, 0)]))
            .await
            .expect("Otto may");
        assert_eq!((n, desk.facts(&key).restoring), (1, Some(1)));
        let sent: Vec<_> = desk.waiting().iter().map(|m| m.chunk.n).collect();
        assert_eq!(sent, [0, 2], "only what is meant");
        let running = result(&desk, &key, n).await;
        assert_eq!((running.state, running.restored), ("running", 0));
        desk.work().await;
        let done = result(&desk, &key, n).await;
        assert_eq!((done.state, done.restored, done.skipped_total), ("done", 2, 0));
        assert_eq!((seen(&desk), desk.facts(&key).restoring), (2, None));
        let counts: Vec<_> = desk
            .chunks(&key)
            .iter()
            .map(|c| (c.op, c.counts.of(Code::Restored)))
            .collect();
        assert_eq!(counts, [(Op::Restore, 1), (Op::Sweep, 0), (Op::Restore, 1)]);
        let order = desk
            .records
            .store
            .inspect(|tables| tables.of(&key).expect("there").restores[&n].clone());
        assert!(order.finished_at.is_some() && order.rev == 1);
        assert_eq!(order.result.restored, 2);
    });
}

#[test]
fn a_second_restoration_has_the_next_number_and_waits_for_the_first() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let key = desk.swept().await;
        assert_eq!(
            desk.restore(&key, Wanted::of(&[line(0, 0)])).await.expect("Otto may"),
            1
        );
        assert!(matches!(
            refusal(desk.restore(&key, Wanted::of(&[line(0, 1)])).await),
            Refusal::RestoreRunning
        ));
        desk.work().await;
        assert_eq!(
            desk.restore(&key, Wanted::of(&[line(0, 1)])).await.expect("Otto may"),
            2
        );
        desk.work().await;
        assert_eq!(
            (
                seen(&desk),
                result(&desk, &key, 1).await.restored,
                result(&desk, &key, 2).await.restored
            ),
            (2, 1, 1)
        );
    });
}

#[test]
fn a_record_that_is_none_is_refused() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.swept().await;
        for none in [line(0, 2), line(1, 1), line(9, 0)] {
            let refused = refusal(desk.restore(&key, Wanted::of(&[line(0, 0), none])).await);
            assert!(matches!(refused, Refusal::InvalidInput { pointer, .. } if pointer == "/refs"));
        }
        assert!(desk.restore(&key, Wanted::of(&[line(0, 1), line(1, 0)])).await.is_ok());
    });
}

#[test]
fn what_cannot_come_back_is_named_with_the_reason() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let key = desk.swept().await;
        let gone = RecordId {
            container: "messages".to_owned(),
            key: "pk=TENANT#acme#CUSTOMER#ada sk=001".to_owned(),
        };
        assert!(desk.sources.delete_item(&gone));
        let n = desk
            .restore(&key, Wanted::of(&[line(0, 0), line(0, 1)]))
            .await
            .expect("Otto may");
        desk.work().await;
        let done = result(&desk, &key, n).await;
        assert_eq!((done.state, done.restored, done.skipped_total), ("done", 1, 1));
        assert_eq!(done.skipped[0].record, "messages.0.0.1");
        let again = desk
            .restore(&key, Wanted::of(&[line(0, 0), line(1, 0)]))
            .await
            .expect("one is hidden");
        desk.work().await;
        let done = result(&desk, &key, again).await;
        assert_eq!((done.restored, done.skipped_total), (1, 1));
        assert_eq!(done.skipped[0].record, "messages.0.0.0", "it is back already");
    });
}

#[test]
fn after_its_window_nothing_comes_back() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        let until = desk.facts(&key).recover_until.expect("hidden");
        desk.world.advance_to(until);
        assert!(matches!(
            refusal(desk.restore(&key, Wanted::of(&[line(0, 0)])).await),
            Refusal::NothingToRestore
        ));
    });
}

#[test]
fn all_that_a_cancelled_request_hid_comes_back_at_once() {
    play(async |desk| {
        desk.write("messages", 0..8);
        let key = desk.executed().await;
        desk.plan().await;
        desk.work_one().await;
        desk.work_one().await;
        assert!(matches!(
            refusal(desk.restore(&key, Wanted::All).await),
            Refusal::CancelFirst
        ));
        desk.cancel(&key).await.expect("Otto may");
        assert_eq!(seen(&desk), 4);
        let n = desk.restore(&key, Wanted::All).await.expect("Otto may");
        desk.work().await;
        assert_eq!(seen(&desk), 8);
        assert_eq!(result(&desk, &key, n).await.restored, 4);
        desk.pass(&key, desk.now() + SignedDuration::from_hours(1)).await;
        let facts = desk.facts(&key);
        assert_eq!(
            (facts.status, facts.shredded),
            (Status::Cancelled, true),
            "nothing hidden is left"
        );
    });
}

#[test]
fn a_record_that_is_back_already_is_not_brought_back_again() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        let first = desk.restore(&key, Wanted::of(&[line(0, 0)])).await.expect("Otto may");
        desk.work().await;
        assert_eq!(result(&desk, &key, first).await.restored, 1);
        let both = Wanted::of(&[line(0, 0), line(0, 1)]);
        let second = desk.restore(&key, both).await.expect("Otto may");
        desk.work().await;
        let done = result(&desk, &key, second).await;
        assert_eq!((done.restored, done.skipped_total), (1, 1));
        assert_eq!(done.skipped[0].record, "messages.0.0.0");
    });
}

#[test]
fn a_restoration_is_over_as_soon_as_the_last_chunk_it_means_is_done() {
    play(async |desk| {
        desk.write("messages", 0..8);
        let key = desk.swept().await;
        let n = desk.restore(&key, Wanted::of(&[line(0, 0)])).await.expect("Otto may");
        desk.work().await;
        assert_eq!(result(&desk, &key, n).await.state, "done", "chunks come after it");
        assert_eq!(desk.facts(&key).restoring, None);
    });
}

#[test]
fn a_purge_changes_nothing_in_what_a_restoration_says_of_its_chunk() {
    play(async |desk| {
        desk.write("messages", 0..2);
        let key = desk.swept().await;
        desk.restore(&key, Wanted::of(&[line(0, 0)])).await.expect("Otto may");
        desk.work().await;
        let part = desk.chunks(&key).remove(0).restoring;
        assert_eq!(part.as_ref().map(|part| part.restored), Some(1));
        let until = desk.facts(&key).completes_by.expect("approved");
        desk.pass(&key, until + SignedDuration::from_hours(1)).await;
        let purged = desk.chunks(&key).remove(0);
        assert_eq!((purged.op, purged.restoring), (Op::Purge, part));
    });
}
