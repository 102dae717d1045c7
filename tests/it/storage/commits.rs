//! The one write that moves a request: whole or not at all, and every refusal by its name.

use aws_sdk_dynamodb::types::AttributeValue;
use shared::domain::outbox::Occasion;
use shared::domain::request::Status;
use shared::ports::{
    Commit, Committed, Companion, Conflict, Expect, Fault, KeyName, Keys, Outbox, RefusalTally, Requests, Work,
    WrappedKey,
};
use shared::storage::keys;

use super::samples::{acme, at, hold_scope, id, idempotency, key, plan, release_scope, someone, step, submission};
use super::tables::{Scratch, scratch};

async fn done(scratch: &Scratch, commit: &Commit) {
    assert_eq!(scratch.store.commit(commit).await.expect("an answer"), Committed::Done);
}

async fn conflict(scratch: &Scratch, commit: &Commit) -> Conflict {
    match scratch.store.commit(commit).await.expect("an answer") {
        Committed::Conflict(conflict) => conflict,
        Committed::Done => panic!("a commit that must not hold was written"),
    }
}

async fn assert_nothing_of(scratch: &Scratch, n: u32) {
    let store = &scratch.store;
    assert_eq!(store.request(&key(n)).await.expect("read"), None);
    assert_eq!(store.trail(&key(n), 0, 100).await.expect("read"), []);
    assert_eq!(store.mails(&key(n)).await.expect("read"), []);
    assert_eq!(store.plans(&key(n)).await.expect("read"), []);
    let person = KeyName::Person(acme(), id(n));
    assert_eq!(store.wrapped(&person).await.expect("read"), None);
}

/// A submission with everything that can come with one.
fn full(n: u32) -> Commit {
    let person = KeyName::Person(acme(), id(n));
    Commit {
        companions: vec![
            hold_scope(),
            Companion::Remember(idempotency(n, at(0))),
            Companion::PutKey(person, WrappedKey(vec![7; 184])),
            Companion::PutPlan(plan()),
        ],
        ..submission(n)
    }
}

#[tokio::test]
async fn a_new_request_is_written_whole() {
    let scratch = scratch().await;
    let commit = full(1);
    done(&scratch, &commit).await;
    let store = &scratch.store;
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

#[tokio::test]
async fn a_commit_sent_twice_is_written_once_and_another_of_that_id_is_refused() {
    let scratch = scratch().await;
    done(&scratch, &full(1)).await;
    done(&scratch, &full(1)).await;
    let mut other = submission(1);
    other.row.facts.subject_ref = someone("bob");
    assert_eq!(conflict(&scratch, &other).await, Conflict::Moved);
}

#[tokio::test]
async fn a_commit_is_recognised_by_its_row_when_its_token_is_forgotten() {
    let scratch = scratch().await;
    let base = submission(1);
    done(&scratch, &base).await;
    let verify = step(&base.row, "verify", at(10));
    done(&scratch, &verify).await;
    // Another wake-up makes another transaction, and so another token, of the same decision.
    let mut again = verify.clone();
    again.row.wake_at = None;
    done(&scratch, &again).await;
    assert_eq!(scratch.store.request(&key(1)).await.expect("read"), Some(verify.row));
}

#[tokio::test]
async fn of_two_decisions_on_one_state_the_second_moves_nothing() {
    let scratch = scratch().await;
    let base = submission(1);
    done(&scratch, &base).await;
    let mut approve = step(&base.row, "approve", at(10));
    approve.row.facts.status = Status::Approved;
    let mut reject = step(&base.row, "reject", at(11));
    reject.row.facts.status = Status::Rejected;
    done(&scratch, &approve).await;
    assert_eq!(conflict(&scratch, &reject).await, Conflict::Moved);
    let store = &scratch.store;
    assert_eq!(store.request(&key(1)).await.expect("read"), Some(approve.row.clone()));
    assert_eq!(store.trail(&key(1), 1, 100).await.expect("read"), approve.entries);
    assert_eq!(
        store.mail(&key(1), 2).await.expect("read").as_ref(),
        approve.mails.first()
    );
}

#[tokio::test]
async fn of_many_decisions_at_once_exactly_one_holds() {
    let scratch = scratch().await;
    let base = submission(1);
    done(&scratch, &base).await;
    let rivals: Vec<_> = (0..8).map(|n| step(&base.row, "approve", at(10 + n))).collect();
    let answers = futures::future::try_join_all(rivals.iter().map(|rival| scratch.store.commit(rival))).await;
    let answers = answers.expect("answers");
    assert_eq!(answers.iter().filter(|answer| **answer == Committed::Done).count(), 1);
    let lost = Committed::Conflict(Conflict::Moved);
    assert_eq!(answers.iter().filter(|answer| **answer == lost).count(), 7);
}

#[tokio::test]
async fn an_entry_alone_moves_the_condition_too() {
    let scratch = scratch().await;
    let base = submission(1);
    done(&scratch, &base).await;
    let mut refusal = step(&base.row, "execute", at(10));
    refusal.row.facts.version = base.row.facts.version;
    done(&scratch, &refusal).await;
    assert_eq!(
        conflict(&scratch, &step(&base.row, "approve", at(11))).await,
        Conflict::Moved
    );
}

#[tokio::test]
async fn repeated_refusals_are_counted_without_an_entry() {
    let scratch = scratch().await;
    let base = submission(1);
    done(&scratch, &base).await;
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
        done(&scratch, &tally).await;
        assert_eq!(scratch.store.request(&key(1)).await.expect("read"), Some(tally.row));
    }
}

#[tokio::test]
async fn a_taken_scope_refuses_a_second_open_request_until_it_is_released() {
    let scratch = scratch().await;
    let first = full(1);
    done(&scratch, &first).await;
    let mut second = full(2);
    second.companions.remove(1);
    assert_eq!(conflict(&scratch, &second).await, Conflict::ScopeTaken);
    assert_nothing_of(&scratch, 2).await;
    let mut withdraw = step(&first.row, "withdraw", at(10));
    withdraw.companions = vec![release_scope()];
    done(&scratch, &withdraw).await;
    done(&scratch, &second).await;
}

#[tokio::test]
async fn nobody_releases_somebody_elses_scope() {
    let scratch = scratch().await;
    done(&scratch, &full(1)).await;
    let other = submission(2);
    done(&scratch, &other).await;
    let mut withdraw = step(&other.row, "withdraw", at(10));
    withdraw.companions = vec![release_scope()];
    let fault = scratch.store.commit(&withdraw).await.expect_err("a contradiction");
    assert!(matches!(fault, Fault::Permanent { code: "corrupt", .. }), "{fault}");
    assert_eq!(scratch.store.request(&key(2)).await.expect("read"), Some(other.row));
}

#[tokio::test]
async fn a_used_idempotency_key_explains_a_taken_scope() {
    let scratch = scratch().await;
    done(&scratch, &full(1)).await;
    assert_eq!(conflict(&scratch, &full(2)).await, Conflict::KeyUsed);
    assert_nothing_of(&scratch, 2).await;
}

#[tokio::test]
async fn an_idempotency_key_past_its_day_is_free_although_its_row_is_there() {
    let scratch = scratch().await;
    let with_key_at = |n, used_at| Commit {
        companions: vec![Companion::Remember(idempotency(n, at(used_at)))],
        ..submission(n)
    };
    done(&scratch, &with_key_at(1, 0)).await;
    assert_eq!(conflict(&scratch, &with_key_at(2, 86_399)).await, Conflict::KeyUsed);
    done(&scratch, &with_key_at(3, 86_400)).await;
    let now = scratch
        .store
        .remembered(&acme(), &someone("ada"), &"ab".repeat(32))
        .await
        .expect("read");
    assert_eq!(now.map(|key| key.request), Some(id(3)));
}

async fn put_hold_head(scratch: &Scratch, version: u64) {
    let head = keys::hold_head(&acme(), &someone("ada"));
    let call = scratch.client.put_item().table_name(&scratch.tables.requests);
    let call = call
        .item("pk", AttributeValue::S(head.pk))
        .item("sk", AttributeValue::S(head.sk));
    let call = call
        .item("v", AttributeValue::N("1".into()))
        .item("version", AttributeValue::N(version.to_string()));
    let call = call.item("categories", AttributeValue::S(r#"["messages"]"#.into()));
    call.send().await.expect("a hold head");
}

#[tokio::test]
async fn holds_that_changed_since_they_were_read_refuse_the_commit() {
    let scratch = scratch().await;
    let base = submission(1);
    done(&scratch, &base).await;
    let approve = |version| {
        let mut approve = step(&base.row, "approve", at(10));
        let subject_ref = someone("ada");
        approve.companions = vec![Companion::CheckHolds { subject_ref, version }];
        approve
    };
    assert_eq!(
        conflict(&scratch, &approve(Some(1))).await,
        Conflict::HoldsChanged,
        "there is none"
    );
    put_hold_head(&scratch, 1).await;
    let head = scratch.store.holds(&acme(), &someone("ada")).await.expect("read");
    assert!(head.version == Some(1) && head.covers(&base.row.facts.scope));
    assert_eq!(
        conflict(&scratch, &approve(None)).await,
        Conflict::HoldsChanged,
        "there is one now"
    );
    put_hold_head(&scratch, 2).await;
    assert_eq!(
        conflict(&scratch, &approve(head.version)).await,
        Conflict::HoldsChanged,
        "it moved"
    );
    assert_eq!(
        scratch.store.request(&key(1)).await.expect("read"),
        Some(base.row.clone())
    );
    done(&scratch, &approve(Some(2))).await;
}

#[tokio::test]
async fn a_shredded_key_is_gone_with_the_commit_that_says_so() {
    let scratch = scratch().await;
    let base = full(1);
    done(&scratch, &base).await;
    let person = KeyName::Person(acme(), id(1));
    let mut shred = step(&base.row, "shred", at(10));
    shred.companions = vec![Companion::DropKey(person.clone())];
    done(&scratch, &shred).await;
    assert_eq!(scratch.store.wrapped(&person).await.expect("read"), None);
}

#[tokio::test]
async fn a_commit_that_dynamodb_can_never_take_is_a_permanent_fault_and_writes_nothing() {
    let scratch = scratch().await;
    let mut commit = submission(1);
    commit.mails = (1..=100)
        .map(|n| shared::domain::outbox::Mail::owed(n, Occasion::Received, at(0)))
        .collect();
    let fault = scratch.store.commit(&commit).await.expect_err("102 actions");
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
    assert_nothing_of(&scratch, 1).await;
}
