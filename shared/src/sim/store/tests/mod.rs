//! What the conformance suite does not reach: contention, lost answers, forgotten tokens, lag, late TTL, the stream.

mod support;

use jiff::SignedDuration;

use self::support::{Fated, after, commit, due, fated, next, row, someone, submission, world};
use crate::domain::outbox::Mail;
use crate::knobs::{Guard, REAL_SIZES, Turned};
use crate::ports::{
    Commit, Committed, Companion, Conflict, Fault, Idempotency, KeyName, Keys, Outbox, RequestRow, Requests, WrappedKey,
};
use crate::sim::{Calm, Fate, alone};

#[test]
fn a_lost_answer_is_found_by_reading_back_and_a_lost_reading_is_not_made_up() {
    let (w, store) = world(fated([(1, Fate::FailAfter)]));
    assert_eq!(commit(&w, &store, &submission()).expect("read back"), Committed::Done);
    assert_eq!(w.calls(), 2);
    let (w, store) = world(fated([(1, Fate::FailAfter), (2, Fate::FailBefore)]));
    assert!(matches!(
        commit(&w, &store, &submission()),
        Err(Fault::Transient { .. })
    ));
    assert!(store.inspect(|tables| tables.rows().next().is_some()), "it was written");
    let (w, store) = world(fated([(1, Fate::FailBefore)]));
    assert!(matches!(
        commit(&w, &store, &submission()),
        Err(Fault::Transient { .. })
    ));
    assert_eq!(store.snapshot().rows().count(), 0);
}

#[test]
fn a_transaction_that_meets_another_is_refused_as_moved_and_writes_nothing() {
    let bad_day = Fated {
        calls: vec![],
        bad_day: true,
    };
    let (w, store) = world(bad_day);
    let moved = Committed::Conflict(Conflict::Moved);
    assert_eq!(commit(&w, &store, &submission()).expect("an answer"), moved);
    assert_eq!(store.snapshot().rows().count(), 0);
}

#[test]
fn a_transaction_is_remembered_for_ten_minutes_and_no_longer() {
    let (w, store) = world(Calm);
    let name = KeyName::Staff(row().facts.tenant);
    let with_key = |commit: Commit| Commit {
        companions: vec![Companion::PutKey(name.clone(), WrappedKey(vec![1]))],
        ..commit
    };
    let first = with_key(submission());
    commit(&w, &store, &first).expect("written");
    let second = next(&first.row, "verify");
    commit(&w, &store, &second).expect("written");
    w.advance_to(after(590));
    assert_eq!(commit(&w, &store, &first).expect("by its token"), Committed::Done);
    w.advance_to(after(700));
    let moved = Committed::Conflict(Conflict::Moved);
    assert_eq!(commit(&w, &store, &first).expect("by its conditions"), moved);
    let there = store.snapshot().rows().next().cloned();
    assert_eq!(there, Some(second.row), "the first has no effect either time");
}

#[test]
fn an_index_lags_behind_the_rows_and_catches_up() {
    let (w, store) = world(Calm);
    commit(&w, &store, &submission()).expect("written");
    assert_eq!(store.next_due(), Some(after(60)));
    assert_eq!(due(&w, &store, after(60)), [], "not shown yet");
    w.advance_to(after(6));
    assert_eq!(due(&w, &store, after(60)), [row().key()]);
    assert_eq!(due(&w, &store, after(59)), []);
}

#[test]
fn an_index_never_goes_back_and_shows_the_last_write_within_five_seconds() {
    let bad_day = Fated {
        calls: vec![],
        bad_day: true,
    };
    let (w, store) = world(bad_day);
    let mut seen = vec![];
    for second in 1..=40 {
        let moved = RequestRow {
            wake_at: Some(after(second)),
            ..row()
        };
        let visible_at = store.arrival().visible_at;
        store.inner.borrow_mut().put_request(moved, visible_at);
        w.advance_to(w.now() + SignedDuration::from_millis(200));
        seen.extend(
            store
                .inner
                .borrow_mut()
                .indexes
                .shown(w.now())
                .filter_map(|(_, row)| row.wake_at),
        );
    }
    assert!(seen.is_sorted() && seen.last() < Some(&after(40)), "{seen:?}");
    w.advance_to(w.now() + SignedDuration::from_secs(5));
    let last = store
        .inner
        .borrow_mut()
        .indexes
        .shown(w.now())
        .find_map(|(_, row)| row.wake_at);
    assert_eq!(last, Some(after(40)));
}

#[test]
fn ttl_is_never_early_and_two_days_late_at_most() {
    let (w, store) = world(Calm);
    let key = Idempotency {
        caller_ref: someone(),
        key_hash: "ab".repeat(32),
        body_ref: someone(),
        request: row().facts.id,
        expires_at: after(86_400),
    };
    let mut submission = submission();
    submission.companions = vec![Companion::Remember(key.clone())];
    commit(&w, &store, &submission).expect("written");
    let remembered = || {
        let (store, key) = (store.clone(), key.clone());
        alone(&w, async move {
            store
                .remembered(&row().facts.tenant, &key.caller_ref, &key.key_hash)
                .await
        })
        .expect("it ends")
        .expect("an answer")
    };
    w.advance_to(after(86_400));
    assert_eq!(remembered(), Some(key.clone()));
    w.advance_to(after(3 * 86_400 + 1));
    assert_eq!(remembered(), None);
}

#[test]
fn the_stream_tells_each_inserted_mail_once_and_no_change_of_one() {
    let (w, store) = world(Calm);
    let first = submission();
    commit(&w, &store, &first).expect("written");
    commit(&w, &store, &next(&first.row, "verify")).expect("written");
    assert!(store.has_inserted_mails());
    let key = first.row.key();
    assert_eq!(store.take_inserted_mails(), [(key.clone(), 1), (key.clone(), 2)]);
    let sending = Mail {
        rev: 1,
        ..first.mails[0].clone()
    };
    let clone = store.clone();
    alone(&w, async move { clone.swap_mail(&key, 0, &sending).await })
        .expect("it ends")
        .expect("an answer");
    assert!(!store.has_inserted_mails());
}

#[test]
fn a_guard_taken_out_lets_a_second_decision_overwrite_the_first() {
    let (w, store) = world(Calm);
    let first = submission();
    commit(&w, &store, &first).expect("written");
    let (approve, reject) = (next(&first.row, "approve"), next(&first.row, "reject"));
    commit(&w, &store, &approve).expect("written");
    let moved = Committed::Conflict(Conflict::Moved);
    assert_eq!(commit(&w, &store, &reject).expect("an answer"), moved);
    let _knobs = Turned::to(REAL_SIZES, Some(Guard::RequestUnchanged));
    assert_eq!(commit(&w, &store, &reject).expect("an answer"), Committed::Done);
    let of = store.snapshot().of(&first.row.key()).cloned().expect("there");
    assert_eq!(of.entries[&2], reject.entries[0]);
}

#[test]
fn two_actions_on_one_row_are_no_transaction() {
    let (w, store) = world(Calm);
    let mut twice = submission();
    twice.mails.push(twice.mails[0].clone());
    let fault = commit(&w, &store, &twice).expect_err("refused");
    assert!(matches!(fault, Fault::Permanent { code: "invalid", .. }), "{fault}");
}

#[test]
fn a_dump_shows_every_row_and_nothing_sealed_is_hidden_from_it() {
    let (w, store) = world(Calm);
    let mut full = submission();
    let name = KeyName::Person(full.row.facts.tenant.clone(), full.row.facts.id);
    full.companions = vec![Companion::PutKey(name.clone(), WrappedKey(b"wrapped".to_vec()))];
    commit(&w, &store, &full).expect("written");
    let dump = store.dump();
    for what in ["sealed person", "sealed staff", "wrapped", "\"submit\"", "\"received\""] {
        assert!(dump.contains(what), "{what} is not in {dump}");
    }
    let other = store.clone();
    let kept = alone(&w, async move { other.wrapped(&name).await }).expect("it ends");
    assert_eq!(kept.expect("an answer"), Some(WrappedKey(b"wrapped".to_vec())));
}
