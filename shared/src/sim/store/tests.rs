//! What the conformance suite does not reach: contention, lost answers, forgotten tokens, lag, late TTL, the stream.

use jiff::{SignedDuration, Timestamp};

use super::SimStore;
use crate::audit::{ActorStamp, EntryBody, Head, Outcome};
use crate::domain::actor::Role;
use crate::domain::ids::{Ref, RefKey, RequestId, RequestKey};
use crate::domain::outbox::{Mail, Occasion};
use crate::domain::request::{Facts, Kind, Status};
use crate::knobs::{Guard, REAL_SIZES, Turned};
use crate::ports::{
    Commit, Committed, Companion, Conflict, Expect, Fault, Idempotency, KeyName, Keys, Outbox, RequestRow, Requests,
    Sealed, WrappedKey,
};
use crate::sim::world::Call;
use crate::sim::{Calm, Dice, Fate, Fates, World, alone};

fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

fn world(fates: impl Fates + 'static) -> (World, SimStore) {
    let world = World::new(1, start(), fates);
    let store = SimStore::new(&world);
    (world, store)
}

fn someone() -> Ref {
    Ref::new(&RefKey::new(vec![1; 32]), "subject", "ada")
}

fn row() -> RequestRow {
    let facts = serde_json::json!({
        "v": 1, "id": RequestId::from_parts(1_795_262_400_000, 7), "tenant": "acme", "kind": Kind::Deletion,
        "status": Status::Pending, "version": 1, "subject_ref": someone(), "requester_ref": someone(),
        "on_behalf": false, "scope": ["messages"], "descriptions": {}, "submitted_at": start(), "received_at": start(),
        "due_at": after(2_592_000), "misses_due": false, "grace_over_told": false, "datasets": [], "account": {},
        "shredded": false,
    });
    RequestRow {
        facts: serde_json::from_value::<Facts>(facts).expect("facts"),
        person: Sealed(b"sealed person".to_vec()),
        staff: Sealed(b"sealed staff".to_vec()),
        head: Head::default(),
        refusals: None,
        mails: 0,
        wake_at: Some(after(60)),
    }
}

fn step(before: &RequestRow, expect: Expect, action: &str) -> Commit {
    let mut row = before.clone();
    let body = EntryBody {
        v: 1,
        tenant: row.facts.tenant.clone(),
        request: row.facts.id,
        seq: 0,
        at: start(),
        actor: ActorStamp {
            role: Role::System,
            actor_ref: None,
        },
        action: action.to_owned(),
        outcome: Outcome::Done,
        status: row.facts.status.to_string(),
        details: Default::default(),
        sealed_person: None,
        sealed_staff: None,
        repeated: None,
        prev: String::new(),
    };
    let (entry, head) = before.head.append(body);
    row.head = head;
    row.facts.version += 1;
    row.mails += 1;
    let mails = vec![Mail::owed(row.mails, Occasion::Received, start())];
    Commit {
        expect,
        row,
        entries: vec![entry],
        mails,
        companions: vec![],
    }
}

fn submission() -> Commit {
    step(&row(), Expect::New, "submit")
}

fn next(before: &RequestRow, action: &str) -> Commit {
    let expect = Expect::Unchanged {
        version: before.facts.version,
        audit_seq: before.head.seq,
    };
    step(before, expect, action)
}

fn commit(world: &World, store: &SimStore, commit: &Commit) -> Result<Committed, Fault> {
    let (store, commit) = (store.clone(), commit.clone());
    alone(world, async move { store.commit(&commit).await }).expect("it ends")
}

fn due(world: &World, store: &SimStore, now: Timestamp) -> Vec<RequestKey> {
    let (store, shard) = (store.clone(), row().facts.id.shard());
    alone(world, async move { store.due(shard, now, 10).await })
        .expect("it ends")
        .expect("an answer")
}

/// These calls, by number, meet these fates; a mishap whenever one is possible, if it is a bad day.
struct Fated {
    calls: Vec<(u64, Fate)>,
    bad_day: bool,
}

impl Fates for Fated {
    fn fate(&mut self, call: &Call<'_>, _: &mut Dice) -> Fate {
        let fated = self.calls.iter().find(|(n, _)| *n == call.n);
        fated.map_or(Fate::Pass, |(_, fate)| *fate)
    }

    fn mishap(&mut self, _: Timestamp, _: u32, _: &mut Dice) -> bool {
        self.bad_day
    }
}

fn fated(calls: impl Into<Vec<(u64, Fate)>>) -> Fated {
    Fated {
        calls: calls.into(),
        bad_day: false,
    }
}

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
    for bad_day in [false, true] {
        let (w, store) = world(Calm);
        commit(&w, &store, &submission()).expect("written");
        assert_eq!(store.next_due(), Some(after(60)));
        assert_eq!(due(&w, &store, after(60)), [], "not shown yet");
        w.advance_to(after(6));
        assert_eq!(
            due(&w, &store, after(60)),
            [row().key()],
            "shown within five seconds, {bad_day}"
        );
        assert_eq!(due(&w, &store, after(59)), []);
    }
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
