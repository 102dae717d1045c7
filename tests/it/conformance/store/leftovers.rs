//! What decisions look at and leave behind: trail, findings, previews, progress, wrapped keys.

use shared::audit;
use shared::domain::chunk::{Chunk, ChunkState};
use shared::domain::finding::{About, Finding};
use shared::domain::job::Plan;
use shared::domain::outcome::{Code, Counts};
use shared::ports::{
    Commit, Committed, Companion, Conflict, Fault, KeyName, Keys, Preview, Progress, Requests, Sample, Work, WrappedKey,
};

use super::ground::{Ground, done};
use super::samples::{acme, at, chunk, id, key, plan, step, submission};

pub(super) async fn the_trail_is_read_in_order_by_parts_and_verifies(ground: impl Ground) {
    let mut commit = submission(1);
    for n in 1..=12 {
        done(&ground, &commit).await;
        commit = step(&commit.row, "phase", at(n));
    }
    let head = ground
        .store()
        .request(&key(1))
        .await
        .expect("read")
        .expect("there")
        .head;
    let whole = ground.store().trail(&key(1), 0, 100).await.expect("read");
    audit::verify(&whole, &head).expect("an unbroken chain");
    assert_eq!(whole.len(), 12);
    let part = ground.store().trail(&key(1), 8, 3).await.expect("read");
    assert_eq!(part, whole[8..11], "after the eighth, at most three");
    assert_eq!(ground.store().trail(&key(1), 12, 5).await.expect("read"), []);
    assert_eq!(ground.store().trail(&key(2), 0, 5).await.expect("read"), []);
}

pub(super) async fn a_finding_is_one_row_and_remembers_when_it_was_first_seen(ground: impl Ground) {
    let finding = |code: &str, second, count| Finding {
        count,
        lines: vec![1, 2],
        ..Finding::new(chunk(3).id, code, at(second))
    };
    let store = ground.store();
    for one in [
        finding("parked", 1, 5),
        finding("access_denied", 2, 1),
        finding("parked", 9, 7),
    ] {
        store.put_finding(&key(1), &one).await.expect("put");
    }
    let refreshed = Finding {
        first_at: at(1),
        ..finding("parked", 9, 7)
    };
    let found = store.findings(&key(1)).await.expect("read");
    assert_eq!(found, [finding("access_denied", 2, 1), refreshed]);
}

pub(super) async fn what_a_later_worker_found_is_not_overwritten_by_an_earlier_one(ground: impl Ground) {
    let found = |epoch, count| Finding {
        epoch,
        count,
        ..Finding::new(chunk(3).id, "parked", at(1))
    };
    let of_plan = Finding {
        about: About::Plan,
        ..found(0, 0)
    };
    let store = ground.store();
    for one in [found(4, 4), found(3, 3), of_plan.clone()] {
        store.put_finding(&key(1), &one).await.expect("put");
    }
    assert_eq!(
        store.findings(&key(1)).await.expect("read"),
        [found(4, 4), of_plan.clone()]
    );
    store.put_finding(&key(1), &found(5, 5)).await.expect("put");
    assert_eq!(store.findings(&key(1)).await.expect("read"), [found(5, 5), of_plan]);
}

pub(super) async fn a_resolution_settles_chunk_and_finding_with_its_entry(ground: impl Ground) {
    let submitted = Commit {
        companions: vec![Companion::PutPlan(plan())],
        ..submission(1)
    };
    done(&ground, &submitted).await;
    let (store, found) = (ground.store(), Finding::new(chunk(3).id, "parked", at(1)));
    store.put_finding(&key(1), &found).await.expect("put");
    let planned = Plan {
        rev: plan().rev + 1,
        ..plan()
    };
    assert!(
        store
            .commit_page(&key(1), &plan(), &planned, &[chunk(3)])
            .await
            .expect("written")
    );
    let settled = Chunk {
        rev: chunk(3).rev + 1,
        state: ChunkState::Done,
        ..chunk(3)
    };
    let closed = Finding {
        resolved_at: Some(at(9)),
        ..found.clone()
    };
    let row = store.request(&key(1)).await.expect("read").expect("there");
    let resolve = |before_rev| {
        let chunk = Box::new(settled.clone());
        let companions = vec![
            Companion::SettleChunk { before_rev, chunk },
            Companion::ResolveFinding(closed.clone()),
        ];
        Commit {
            companions,
            ..step(&row, "resolve", at(9))
        }
    };
    let moved = store.commit(&resolve(7)).await.expect("an answer");
    assert_eq!(moved, Committed::Conflict(Conflict::Moved), "somebody is at work on it");
    assert_eq!(
        store.findings(&key(1)).await.expect("read"),
        std::slice::from_ref(&found),
        "all or nothing"
    );
    done(&ground, &resolve(chunk(3).rev)).await;
    assert_eq!(store.chunk(&key(1), &settled.id).await.expect("read"), Some(settled));
    store.put_finding(&key(1), &found).await.expect("put");
    assert_eq!(
        store.findings(&key(1)).await.expect("read"),
        [closed],
        "a late worker does not open it again"
    );
}

pub(super) async fn a_preview_is_found_by_its_digest_and_by_nothing_else(ground: impl Ground) {
    let preview = Preview {
        digest: "ab".repeat(32),
        expires_at: at(900),
        total: 41,
        at_least: true,
    };
    let store = ground.store();
    store.keep_preview(&key(1), &preview).await.expect("kept");
    assert_eq!(
        store.preview(&key(1), &preview.digest).await.expect("read"),
        Some(preview.clone())
    );
    assert_eq!(store.preview(&key(2), &preview.digest).await.expect("read"), None);
    for stranger in ["", "#", &"x".repeat(70_000), &"AB".repeat(32)] {
        assert_eq!(store.preview(&key(1), stranger).await.expect("no fault"), None);
    }
    let odd = Preview {
        digest: "no digest".into(),
        ..preview
    };
    let fault = store.keep_preview(&key(1), &odd).await;
    assert!(matches!(fault, Err(Fault::Permanent { code: "invalid", .. })));
}

pub(super) async fn the_cached_recount_is_the_last_writers(ground: impl Ground) {
    let progress = |percent| Progress {
        v: 1,
        at: at(1),
        version: 7,
        plan_complete: true,
        planned: 10,
        counts: Counts::all(Code::Swept, 10),
        samples: vec![Sample {
            at: at(1),
            processed: 10,
        }],
        pace: vec![],
        percent,
    };
    assert_eq!(ground.store().progress(&key(1)).await.expect("read"), None);
    for percent in [1, 2] {
        ground
            .store()
            .put_progress(&key(1), &progress(percent))
            .await
            .expect("put");
    }
    assert_eq!(ground.store().progress(&key(1)).await.expect("read"), Some(progress(2)));
}

pub(super) async fn of_several_writers_of_a_data_key_the_first_wins(ground: impl Ground) {
    let name = KeyName::Staff(acme());
    let offers: Vec<_> = (0..6).map(|n| WrappedKey(vec![n; 184])).collect();
    let kept = futures::future::try_join_all(offers.iter().map(|offer| ground.store().keep_key(&name, offer))).await;
    let kept = kept.expect("kept");
    let there = ground.store().wrapped(&name).await.expect("read").expect("there");
    assert!(offers.contains(&there) && kept.iter().all(|answer| *answer == there));
    assert_eq!(
        ground
            .store()
            .wrapped(&KeyName::Person(acme(), id(1)))
            .await
            .expect("read"),
        None
    );
}
