//! Worlds, requests and fates for the fake's own tests.

use jiff::{SignedDuration, Timestamp};

use super::super::SimStore;
use crate::audit::{ActorStamp, EntryBody, Head, Outcome};
use crate::domain::actor::Role;
use crate::domain::ids::{Ref, RefKey, RequestId, RequestKey};
use crate::domain::outbox::{Mail, Occasion};
use crate::domain::request::{Facts, Kind, Status};
use crate::ports::{Commit, Committed, Expect, Fault, RequestRow, Requests, Sealed};
use crate::sim::world::Call;
use crate::sim::{Dice, Fate, Fates, World, alone};

pub(super) fn start() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().expect("an instant")
}

pub(super) fn after(seconds: i64) -> Timestamp {
    start() + SignedDuration::from_secs(seconds)
}

pub(super) fn world(fates: impl Fates + 'static) -> (World, SimStore) {
    let world = World::new(1, start(), fates);
    let store = SimStore::new(&world);
    (world, store)
}

pub(super) fn someone() -> Ref {
    Ref::new(&RefKey::new(vec![1; 32]), "subject", "ada")
}

pub(super) fn row() -> RequestRow {
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

pub(super) fn step(before: &RequestRow, expect: Expect, action: &str) -> Commit {
    let mut row = before.clone();
    let body = EntryBody {
        v: 1,
        tenant: row.facts.tenant.clone(),
        request: Some(row.facts.id),
        seq: 0,
        at: start(),
        actor: ActorStamp {
            role: Role::System,
            actor_ref: None,
        },
        action: action.to_owned(),
        outcome: Outcome::Done,
        status: Some(row.facts.status.to_string()),
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

pub(super) fn submission() -> Commit {
    step(&row(), Expect::New, "submit")
}

pub(super) fn next(before: &RequestRow, action: &str) -> Commit {
    let expect = Expect::Unchanged {
        version: before.facts.version,
        audit_seq: before.head.seq,
    };
    step(before, expect, action)
}

pub(super) fn commit(world: &World, store: &SimStore, commit: &Commit) -> Result<Committed, Fault> {
    let (store, commit) = (store.clone(), commit.clone());
    alone(world, async move { store.commit(&commit).await }).expect("it ends")
}

pub(super) fn due(world: &World, store: &SimStore, now: Timestamp) -> Vec<RequestKey> {
    let (store, shard) = (store.clone(), row().facts.id.shard());
    alone(world, async move { store.due(shard, now, 10).await })
        .expect("it ends")
        .expect("an answer")
}

/// These calls, by number, meet these fates; a mishap whenever one is possible, if it is a bad day.
pub(super) struct Fated {
    pub(super) calls: Vec<(u64, Fate)>,
    pub(super) bad_day: bool,
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

pub(super) fn fated(calls: impl Into<Vec<(u64, Fate)>>) -> Fated {
    Fated {
        calls: calls.into(),
        bad_day: false,
    }
}
