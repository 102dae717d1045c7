//! The one write that moves a request: whole or not at all, and every refusal by its name.

use jiff::Timestamp;
use shared::domain::outbox::Occasion;
use shared::domain::request::Status;
use shared::ports::{
    Commit, Committed, Conflict, Expect, Fault, KeyName, Keys, Outbox, RefusalTally, Requests, Work, WrappedKey,
};

use super::ground::{Ground, assert_nothing_of, conflict, done};
use super::samples::{acme, at, full, id, idempotency, key, plan, someone, step, submission};

pub(super) async fn a_new_request_is_written_whole(ground: impl Ground) {
    let commit = full(1);
    done(&ground, &commit).await;
    let store = ground.store();
    assert_eq!(store.request(&key(1)).await.expect("read"), Some(commit.row.clone()));
    assert_eq!(store.trail(&key(1), 0, 100).await.expect("read"), commit.entries);
    assert_eq!(store.mails(&key(1)).await.expect("read"), commit.mails);
    assert_eq!(store.plans(&key(1)).await.expect("read"), [plan()]);
    let remembered = store
        .remembered(&acme(), &someone("ada"), &"ab".repeat(32))
        .await
        .expect("read");
    assert_eq!(remembered, Some(idempotency(1, at(0))));
    let wrapped = store.wrapped(&KeyName::Person(acme(), id(1))).await.expect("read");
    assert_eq!(wrapped, Some(WrappedKey(vec![7; 184])));
}

pub(super) async fn a_commit_sent_twice_is_written_once_and_another_of_that_id_is_refused(ground: impl Ground) {
    done(&ground, &full(1)).await;
    done(&ground, &full(1)).await;
    let mut other = submission(1);
    other.row.facts.subject_ref = someone("bob");
    assert_eq!(conflict(&ground, &other).await, Conflict::Moved);
}

pub(super) async fn a_commit_is_recognised_by_its_row_when_its_token_is_forgotten(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    let verify = step(&base.row, "verify", at(10));
    done(&ground, &verify).await;
    // Another wake-up makes another transaction, and so another token, of the same decision.
    let mut again = verify.clone();
    again.row.wake_at = None;
    done(&ground, &again).await;
    assert_eq!(ground.store().request(&key(1)).await.expect("read"), Some(verify.row));
}

pub(super) async fn of_two_decisions_on_one_state_the_second_moves_nothing(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    let mut approve = step(&base.row, "approve", at(10));
    approve.row.facts.status = Status::Approved;
    let mut reject = step(&base.row, "reject", at(11));
    reject.row.facts.status = Status::Rejected;
    done(&ground, &approve).await;
    assert_eq!(conflict(&ground, &reject).await, Conflict::Moved);
    let store = ground.store();
    assert_eq!(store.request(&key(1)).await.expect("read"), Some(approve.row.clone()));
    assert_eq!(store.trail(&key(1), 1, 100).await.expect("read"), approve.entries);
    assert_eq!(
        store.mail(&key(1), 2).await.expect("read").as_ref(),
        approve.mails.first()
    );
}

pub(super) async fn of_many_decisions_at_once_no_two_hold(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    let rivals: Vec<_> = (0..8).map(|n| step(&base.row, "approve", at(10 + n))).collect();
    let answers = futures::future::try_join_all(rivals.iter().map(|rival| ground.store().commit(rival))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers
        .expect("answers")
        .into_iter()
        .partition(|answer| *answer == Committed::Done);
    let moved = Committed::Conflict(Conflict::Moved);
    assert!(
        won.len() <= 1 && lost.iter().all(|answer| *answer == moved),
        "{won:?}, {lost:?}"
    );
    // DynamoDB may cancel all of them for one another's sake; then one that comes alone holds.
    if won.is_empty() {
        done(&ground, &rivals[0]).await;
    }
    let there = ground.store().request(&key(1)).await.expect("read");
    assert!(rivals.iter().any(|rival| there.as_ref() == Some(&rival.row)));
}

pub(super) async fn an_entry_alone_moves_the_condition_too(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    let mut refusal = step(&base.row, "execute", at(10));
    refusal.row.facts.version = base.row.facts.version;
    done(&ground, &refusal).await;
    assert_eq!(
        conflict(&ground, &step(&base.row, "approve", at(11))).await,
        Conflict::Moved
    );
}

pub(super) async fn repeated_refusals_are_counted_without_an_entry(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    for repeated in 1..=3 {
        let mut row = base.row.clone();
        row.refusals = Some(RefusalTally {
            actor_ref: someone("ada"),
            code: "preview_stale".into(),
            since: at(5),
            repeated,
        });
        let expect = Expect::Unchanged {
            version: row.facts.version,
            audit_seq: row.head.seq,
        };
        let tally = Commit {
            expect,
            row,
            entries: vec![],
            mails: vec![],
            companions: vec![],
        };
        done(&ground, &tally).await;
        assert_eq!(ground.store().request(&key(1)).await.expect("read"), Some(tally.row));
    }
}

pub(super) async fn a_commit_that_dynamodb_can_never_take_is_a_permanent_fault_and_writes_nothing(ground: impl Ground) {
    let mut commit = submission(1);
    commit.mails = (1..=100)
        .map(|n| shared::domain::outbox::Mail::owed(n, Occasion::Received, at(0)))
        .collect();
    let fault = ground.store().commit(&commit).await.expect_err("102 actions");
    assert!(
        matches!(
            fault,
            Fault::Permanent {
                code: "too_many_actions",
                ..
            }
        ),
        "{fault}"
    );
    assert_nothing_of(&ground, 1).await;
}

pub(super) async fn a_wake_up_is_kept_to_the_millisecond_and_never_early(ground: impl Ground) {
    let mut commit = submission(1);
    commit.row.wake_at = Some("2090-01-31T12:00:01.0000001Z".parse().expect("an instant"));
    done(&ground, &commit).await;
    let up: Option<Timestamp> = "2090-01-31T12:00:01.001Z".parse().ok();
    let there = ground.store().request(&key(1)).await.expect("read").expect("there");
    assert_eq!(there.wake_at, up);
    let next = "2090-01-31T12:00:02.9999Z".parse().ok();
    assert!(ground.store().rewake(&there, next).await.expect("moved"));
    let there = ground.store().request(&key(1)).await.expect("read").expect("there");
    assert_eq!(there.wake_at, Some(at(3)));
}

pub(super) async fn two_actions_on_one_row_are_a_permanent_fault_and_write_nothing(ground: impl Ground) {
    let mut commit = submission(1);
    commit.mails.push(commit.mails[0].clone());
    let fault = ground.store().commit(&commit).await.expect_err("no transaction");
    assert!(matches!(fault, Fault::Permanent { .. }), "{fault}");
    assert_nothing_of(&ground, 1).await;
}

pub(super) async fn an_old_commit_sent_again_never_undoes_a_newer_one(ground: impl Ground) {
    let base = submission(1);
    done(&ground, &base).await;
    let verify = step(&base.row, "verify", at(10));
    done(&ground, &verify).await;
    // By its token it was done; without it, it would be refused. Either is true, and neither writes.
    let again = ground.store().commit(&base).await.expect("an answer");
    assert!([Committed::Done, Committed::Conflict(Conflict::Moved)].contains(&again));
    assert_eq!(ground.store().request(&key(1)).await.expect("read"), Some(verify.row));
    assert_eq!(ground.store().trail(&key(1), 1, 9).await.expect("read"), verify.entries);
}
