//! Notes: entries of no request, appended to the tenant's trail of the month.
//!
//! Guarantees: an entry and the end of its chain are written together, each on the condition that nobody else appended
//! meanwhile; personal facts are sealed under the tenant's staff key, which is kept as long as the trail. A use case
//! that has rows of its own (a legal hold) takes [`Records::draft_note`] and writes the note with them. Where next:
//! `workflow::commit` for the entries of a request, `workflow::tenant_trail` for reading both.

use jiff::Timestamp;

use super::failure::Failure;
use super::records::Records;
use crate::audit::{ActorStamp, EntryBody, Outcome, entry_aad};
use crate::domain::actor::Caller;
use crate::domain::ids::Tenant;
use crate::domain::month::Month;
use crate::domain::period::Period;
use crate::ports::{Config, DataKey, Fault, Keys, MonthHead, Note, Notes, RefusalTally, Requests, Sealer};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::transition::Record;

/// Tries to append before the call is given up: a tenant's people do not do so many things at one moment.
const TRIES: u32 = 8;

/// How long a tenant's entries are kept: `AuditRetention`, or its default while no policy was applied.
pub async fn audit_retention(config: &impl Config, tenant: &Tenant) -> Result<Period, Failure> {
    let policy = config.policy().await?;
    let fixed = policy.and_then(|pinned| pinned.value.policy_of(tenant).ok());
    let default = || "P7Y".parse().expect("seven years are a period");
    Ok(fixed.map_or_else(default, |policy| policy.audit_retention))
}

/// What an append is made of, besides the head.
#[derive(Clone, Debug)]
pub struct NoteDraft<'a> {
    /// Whose trail.
    pub tenant: &'a Tenant,
    /// Who did what.
    pub record: &'a Record,
    /// How it went.
    pub outcome: Outcome,
    /// How long it is kept.
    pub retention: Period,
    /// When it was done.
    pub now: Timestamp,
}

impl<S: Requests + Keys + Notes, K: Sealer> Records<S, K> {
    /// Appends an entry of no request.
    pub async fn note(&self, draft: &NoteDraft<'_>) -> Result<(), Fault> {
        let staff_key = self.staff_key(draft.tenant).await?;
        self.append(draft, |head| self.draft_note(head, &staff_key, draft))
            .await
    }

    /// Writes that a rule said no to what has no request yet: an entry, or for the same caller and code within a minute
    /// only a count, which the next entry carries.
    pub async fn note_refusal(
        &self,
        caller: &Caller,
        record: Record,
        refusal: &Refusal,
        retention: Period,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let code = refusal.code();
        let draft = NoteDraft {
            tenant: &caller.tenant,
            record: &record,
            outcome: Outcome::Refused { code: code.to_owned() },
            retention,
            now,
        };
        let staff_key = self.staff_key(draft.tenant).await?;
        self.append(&draft, |head| {
            let again = head
                .refusals
                .as_ref()
                .and_then(|tally| tally.again(&caller.actor_ref, code, now));
            if let Some(tally) = again {
                return Ok(counted(head, tally, &draft));
            }
            let mut note = self.draft_note(head, &staff_key, &draft)?;
            note.head.refusals = Some(RefusalTally::first(&caller.actor_ref, code, now));
            Ok(note)
        })
        .await
    }

    /// The note that appends an entry to a chain that ends with `head`.
    pub fn draft_note(&self, head: &MonthHead, staff_key: &DataKey, draft: &NoteDraft<'_>) -> Result<Note, Fault> {
        let (month, record, seq) = (Month::of(draft.now), draft.record, head.head.seq + 1);
        let aad = |field| entry_aad(month, seq, field);
        let personal = (!record.personal.is_empty()).then_some(&record.personal);
        let sealed_person = personal.map(|facts| self.seal_text(staff_key, &aad("person"), facts));
        let staff = record.actor.staff.as_ref();
        let sealed_staff = staff.map(|staff| self.seal_text(staff_key, &aad("staff"), staff));
        let details = record.details.iter();
        let repeated = head.refusals.as_ref().map(|tally| tally.repeated).filter(|n| *n > 0);
        let (entry, end) = head.head.append(EntryBody {
            v: 1,
            tenant: draft.tenant.clone(),
            request: None,
            seq,
            at: draft.now,
            actor: ActorStamp {
                role: record.actor.role,
                actor_ref: record.actor.actor_ref.clone(),
            },
            action: record.action.to_owned(),
            outcome: draft.outcome.clone(),
            status: None,
            details: details
                .map(|(name, value)| ((*name).to_owned(), value.clone()))
                .collect(),
            sealed_person: sealed_person.transpose()?,
            sealed_staff: sealed_staff.transpose()?,
            repeated,
            prev: String::new(),
        });
        let head = MonthHead {
            head: end,
            refusals: None,
            rev: head.rev + 1,
        };
        Ok(Note {
            tenant: draft.tenant.clone(),
            month,
            head,
            entry: Some(entry),
            kept_until: draft.retention.after(draft.now),
        })
    }

    async fn append(
        &self,
        draft: &NoteDraft<'_>,
        decide: impl Fn(&MonthHead) -> Result<Note, Fault>,
    ) -> Result<(), Fault> {
        for _ in 0..TRIES {
            let head = self.store.month_head(draft.tenant, Month::of(draft.now)).await?;
            if self.store.append(&decide(&head)?).await? {
                return Ok(());
            }
        }
        Err(Fault::transient("append a note", "others append at the same time"))
    }
}

fn counted(head: &MonthHead, tally: RefusalTally, draft: &NoteDraft<'_>) -> Note {
    let head = MonthHead {
        head: head.head.clone(),
        refusals: Some(tally),
        rev: head.rev + 1,
    };
    Note {
        tenant: draft.tenant.clone(),
        month: Month::of(draft.now),
        head,
        entry: None,
        kept_until: draft.retention.after(draft.now),
    }
}

#[cfg(test)]
#[cfg(feature = "sim")]
#[path = "note_tests.rs"]
mod tests;
