//! The commit: the one place that writes a status. Row, version, audit entries and outbox in one transaction.
//!
//! Guarantees: what a [`Transition`] says is written whole or not at all; every entry is sealed, then chained; whatever
//! a transition owes (mails, plans, a released scope, a shredded key) is in the same transaction.

use jiff::Timestamp;

use super::records::{Loaded, OpenKeys, Records, row_aad};
use super::{found, gate};
use crate::audit::{ActorStamp, Entry, EntryBody, Head, Outcome, entry_aad};
use crate::domain::actor::Actor;
use crate::domain::hold::HoldHead;
use crate::domain::ids::DatasetId;
use crate::domain::job::Plan;
use crate::domain::outbox::Mail;
use crate::domain::package::Assembly;
use crate::domain::request::SubjectRequest;
use crate::ports::{
    Commit, Committed, Companion, Expect, Fault, KeyName, Keys, RefusalTally, RequestRow, Requests, Sealed, Sealer,
};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::transition::{Effect, Record, Transition};
use crate::state_machine::watch::{Purges, wake_at};

/// What a commit needs besides the transition.
#[derive(Clone, Debug, Default)]
pub struct Circumstances {
    /// The subject's holds as they were read before deciding.
    pub holds: HoldHead,
    /// When the next purge is due, for the wake-up.
    pub purge_due: Option<Timestamp>,
    /// Rows of the use case's own.
    pub companions: Vec<Companion>,
}

/// What the commit starts from: a loaded request, or the keys of a new one.
pub enum Before<'a> {
    /// It exists.
    Loaded(&'a Loaded),
    /// It is being submitted.
    New(&'a OpenKeys),
}

impl Before<'_> {
    fn keys(&self) -> &OpenKeys {
        match self {
            Self::Loaded(loaded) => &loaded.keys,
            Self::New(keys) => keys,
        }
    }

    fn row(&self) -> Option<&RequestRow> {
        match self {
            Self::Loaded(loaded) => Some(&loaded.row),
            Self::New(_) => None,
        }
    }
}

impl<S: Requests + Keys, K: Sealer> Records<S, K> {
    /// Writes a transition. A `Conflict` wrote nothing: load and decide again.
    pub async fn commit(
        &self,
        before: Before<'_>,
        transition: &Transition,
        mut circumstances: Circumstances,
        now: Timestamp,
    ) -> Result<Committed, Fault> {
        let hid = before.row().map(|row| &row.facts);
        let moved = gate::follow(&self.store, hid, &transition.next).await?;
        circumstances.companions.extend(moved);
        let commit = self.draft(&before, transition, circumstances, now)?;
        self.store.commit(&commit).await
    }

    fn draft(
        &self,
        before: &Before<'_>,
        transition: &Transition,
        circumstances: Circumstances,
        now: Timestamp,
    ) -> Result<Commit, Fault> {
        let old = before.row();
        let mut facts = transition.next.facts.clone();
        let found = found::follow(old.map(|row| &row.facts), &mut facts);
        let chained = self.chain(before, transition, now)?;
        let mails = mails(transition, old.map_or(0, |row| row.mails), now);
        let mail_owed = !mails.is_empty() || old.is_some_and(|row| row.wake_at.is_some());
        // Whatever a transition starts is not idle: supervision finds out when it is.
        let purges = Purges {
            due: circumstances.purge_due,
            idle: false,
            held: false,
        };
        let (person, staff) = self.seal_fields(before, &transition.next)?;
        let wake_at = wake_at(&facts, mail_owed, purges, now);
        let row = RequestRow {
            facts,
            person,
            staff,
            head: chained.1,
            refusals: None,
            mails: old.map_or(0, |row| row.mails) + u32::try_from(mails.len()).unwrap_or(u32::MAX),
            wake_at,
        };
        let mut companions = circumstances.companions;
        companions.extend(found);
        companions.extend(
            transition
                .effects
                .iter()
                .flat_map(|e| owed(*e, &transition.next, &circumstances.holds, now)),
        );
        Ok(Commit {
            expect: expect(old),
            row,
            entries: chained.0,
            mails,
            companions,
        })
    }

    /// Writes that a rule said no: an entry, or for the same caller and code within a minute only a count.
    pub async fn record_refusal(
        &self,
        loaded: &Loaded,
        actor: Actor,
        action: &'static str,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<Committed, Fault> {
        self.record_refused(loaded, Record::new(actor, action), refusal, now)
            .await
    }

    /// The same of an attempt about which there is more to say.
    pub async fn record_refused(
        &self,
        loaded: &Loaded,
        record: Record,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Result<Committed, Fault> {
        let mut row = loaded.row.clone();
        let actor_ref = record.actor.actor_ref.clone();
        let tally = row.refusals.as_ref().zip(actor_ref.as_ref());
        let mut entries = vec![];
        match tally.and_then(|(tally, actor_ref)| tally.again(actor_ref, refusal.code(), now)) {
            Some(tally) => row.refusals = Some(tally),
            None => {
                let outcome = Outcome::Refused {
                    code: refusal.code().to_owned(),
                };
                let draft = Draft {
                    request: &loaded.request,
                    outcome,
                    repeated: repeated(&row),
                    now,
                };
                let (entry, head) = self.entry(&row.head, &loaded.keys, &record, draft)?;
                row.head = head;
                row.refusals = actor_ref.map(|actor_ref| RefusalTally::first(&actor_ref, refusal.code(), now));
                entries.push(entry);
            }
        }
        let commit = Commit {
            expect: expect(Some(&loaded.row)),
            row,
            entries,
            mails: vec![],
            companions: vec![],
        };
        self.store.commit(&commit).await
    }

    fn chain(&self, before: &Before<'_>, transition: &Transition, now: Timestamp) -> Result<(Vec<Entry>, Head), Fault> {
        let mut head = before.row().map(|row| row.head.clone()).unwrap_or_default();
        let mut repeated = before.row().and_then(repeated);
        let mut entries = vec![];
        for record in &transition.audit {
            let draft = Draft {
                request: &transition.next,
                outcome: Outcome::Done,
                repeated: repeated.take(),
                now,
            };
            let (entry, next) = self.entry(&head, before.keys(), record, draft)?;
            head = next;
            entries.push(entry);
        }
        Ok((entries, head))
    }

    fn entry(&self, head: &Head, keys: &OpenKeys, record: &Record, draft: Draft<'_>) -> Result<(Entry, Head), Fault> {
        let facts = &draft.request.facts;
        let seq = head.seq + 1;
        let sealed_person = match &keys.person {
            Some(key) if !record.personal.is_empty() => {
                Some(self.seal_text(key, &entry_aad(facts.id, seq, "person"), &record.personal)?)
            }
            _ => None,
        };
        let sealed_staff = match &record.actor.staff {
            Some(staff) => Some(self.seal_text(&keys.staff, &entry_aad(facts.id, seq, "staff"), staff)?),
            None => None,
        };
        let details = record
            .details
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        Ok(head.append(EntryBody {
            v: 1,
            tenant: facts.tenant.clone(),
            request: Some(facts.id),
            seq,
            at: draft.now,
            actor: ActorStamp {
                role: record.actor.role,
                actor_ref: record.actor.actor_ref.clone(),
            },
            action: record.action.to_owned(),
            outcome: draft.outcome,
            status: Some(facts.status.to_string()),
            details,
            sealed_person,
            sealed_staff,
            repeated: draft.repeated,
            prev: String::new(),
        }))
    }

    /// Seals the fields that can still be read; fields that cannot keep their ciphertext.
    fn seal_fields(&self, before: &Before<'_>, next: &SubjectRequest) -> Result<(Sealed, Sealed), Fault> {
        let key = next.facts.key();
        let keys = before.keys();
        let kept = |field: fn(&RequestRow) -> &Sealed| before.row().map_or(Sealed(vec![]), |row| field(row).clone());
        let person = match (next.person.known(), &keys.person) {
            (Some(fields), Some(data_key)) => self.seal_json(data_key, &row_aad(&key, "person"), fields)?,
            _ => kept(|row| &row.person),
        };
        let staff = match next.staff.known() {
            Some(fields) => self.seal_json(&keys.staff, &row_aad(&key, "staff"), fields)?,
            None => kept(|row| &row.staff),
        };
        Ok((person, staff))
    }
}

/// What an entry says besides its record.
struct Draft<'a> {
    request: &'a SubjectRequest,
    outcome: Outcome,
    repeated: Option<u64>,
    now: Timestamp,
}

fn repeated(row: &RequestRow) -> Option<u64> {
    row.refusals.as_ref().map(|tally| tally.repeated).filter(|n| *n > 0)
}

fn expect(old: Option<&RequestRow>) -> Expect {
    match old {
        None => Expect::New,
        Some(row) => Expect::Unchanged {
            version: row.facts.version,
            audit_seq: row.head.seq,
        },
    }
}

fn mails(transition: &Transition, numbered: u32, now: Timestamp) -> Vec<Mail> {
    let occasions = transition.effects.iter().filter_map(|effect| match effect {
        // A regulator's export is nobody else's business.
        Effect::Mail(occasion) => (!transition.next.facts.silent || occasion.to_operators()).then_some(*occasion),
        Effect::ReleaseScope
        | Effect::CheckHolds
        | Effect::ClosePlans
        | Effect::Plan
        | Effect::Dispatch
        | Effect::Assemble
        | Effect::Shred => None,
    });
    (numbered + 1..)
        .zip(occasions)
        .map(|(n, occasion)| Mail::owed(n, occasion, now))
        .collect()
}

/// The rows an effect puts into the transaction.
fn owed(effect: Effect, next: &SubjectRequest, holds: &HoldHead, now: Timestamp) -> Vec<Companion> {
    let facts = &next.facts;
    match effect {
        Effect::ReleaseScope => {
            let release = |category: &_| Companion::ReleaseScope {
                subject_ref: facts.subject_ref.clone(),
                kind: facts.kind,
                category: Clone::clone(category),
            };
            facts.scope.iter().map(release).collect()
        }
        Effect::CheckHolds => {
            vec![Companion::CheckHolds {
                subject_ref: facts.subject_ref.clone(),
                version: holds.version,
            }]
        }
        Effect::Plan => {
            let generation = facts.job.as_ref().map_or(0, |job| job.generation);
            facts
                .datasets
                .iter()
                .map(|pin| Companion::PutPlan(new_plan(pin.id.clone(), generation, now)))
                .collect()
        }
        Effect::Shred => {
            let vaults = facts.datasets.iter().filter(|pin| pin.in_vault);
            let vaults = vaults.map(|pin| KeyName::Vault(facts.tenant.clone(), facts.id, pin.id.clone()));
            let person = KeyName::Person(facts.tenant.clone(), facts.id);
            std::iter::once(person).chain(vaults).map(Companion::DropKey).collect()
        }
        Effect::Assemble => vec![Companion::PutAssembly(Assembly::ordered(now))],
        // Plans are closed as they were read: the use case that counted them says which.
        Effect::Mail(_) | Effect::ClosePlans | Effect::Dispatch => vec![],
    }
}

fn new_plan(dataset: DatasetId, generation: u8, now: Timestamp) -> Plan {
    Plan {
        v: 1,
        dataset,
        generation,
        cursor: None,
        complete: false,
        chunks: 0,
        planned: 0,
        arrived_later: 0,
        by_hand: false,
        rev: 0,
        touched_at: now,
    }
}
