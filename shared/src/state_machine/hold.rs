//! Legal holds: who may place and release them, and when one is settled.
//!
//! Guarantee: a hold is settled only when nothing it covers can go any more by what was begun or armed before it was
//! placed. Where next: `workflow::hold`.

use jiff::Timestamp;

use super::refusal::Refusal;
use super::request::not_blank;
use super::transition::Record;
use crate::domain::actor::{Caller, Role};
use crate::domain::chunk::{Chunk, ChunkState, Op};
use crate::domain::hold::{Hold, HoldFields};
use crate::domain::ids::{Category, HoldId, Ref, SubjectId};
use crate::domain::outcome::Code;
use crate::domain::period::Period;
use crate::domain::personal::Personal;

/// A hold that is not settled is looked at again after this long, at the earliest.
const SOON_SECONDS: i64 = 60;
/// And at the latest.
const SELDOM_SECONDS: i64 = 6 * 3_600;

/// What somebody wants held, well-formed.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Whose data.
    pub subject: SubjectId,
    /// Stands for it.
    pub subject_ref: Ref,
    /// Categories, without repeats, known to the data map.
    pub scope: Vec<Category>,
    /// Why.
    pub reason: Personal,
}

/// A hold as it will be, and what the trail says.
#[derive(Clone, Debug)]
pub struct Decided {
    /// Without what is personal.
    pub hold: Hold,
    /// What is.
    pub fields: HoldFields,
    /// For the tenant's trail.
    pub record: Record,
}

/// Decides a placement.
pub fn place(by: &Caller, id: HoldId, input: Placement, now: Timestamp) -> Result<Decided, Refusal> {
    check(by, &input.reason)?;
    if input.scope.is_empty() {
        return Err(Refusal::InvalidInput {
            pointer: "/scope".to_owned(),
            detail: "choose at least one category".to_owned(),
        });
    }
    let hold = Hold {
        v: 1,
        id,
        tenant: by.tenant.clone(),
        subject_ref: input.subject_ref,
        scope: input.scope,
        placed_at: now,
        settled_at: None,
        released_at: None,
        rev: 1,
    };
    let record = record(by, "place_hold", &hold, &input.reason);
    let subject = Personal::new(input.subject.expose());
    let fields = HoldFields {
        subject: input.subject,
        reason: input.reason,
        placed_by: by.staff(),
        release_reason: None,
        released_by: None,
    };
    let record = record.personal("subject", Some(&subject));
    Ok(Decided { hold, fields, record })
}

/// Decides a release.
pub fn release(
    by: &Caller,
    hold: &Hold,
    fields: &HoldFields,
    reason: Personal,
    now: Timestamp,
) -> Result<Decided, Refusal> {
    check(by, &reason)?;
    if hold.released_at.is_some() {
        return Err(Refusal::AlreadyReleased);
    }
    let record = record(by, "release_hold", hold, &reason);
    let fields = HoldFields {
        release_reason: Some(reason),
        released_by: Some(by.staff()),
        ..fields.clone()
    };
    let hold = Hold {
        released_at: Some(now),
        settled_at: None,
        rev: hold.rev + 1,
        ..hold.clone()
    };
    Ok(Decided { hold, fields, record })
}

fn check(by: &Caller, reason: &Personal) -> Result<(), Refusal> {
    if !by.is_operator {
        return Err(Refusal::OperatorOnly);
    }
    not_blank(reason, "/reason")
}

fn record(by: &Caller, action: &'static str, hold: &Hold, reason: &Personal) -> Record {
    let scope: Vec<_> = hold.scope.iter().map(Category::as_str).collect();
    Record::new(by.actor(Role::Operator), action)
        .detail("hold", hold.id.to_string())
        .detail("scope", scope)
        .personal("reason", Some(reason))
}

/// Whether records of a held chunk may still go: somebody who read no hold is at work on it, or an expiry is armed
/// that the source's own TTL acts on. A sweep that nobody has begun is not: whoever leases it reads the hold first. Nor
/// is one of a cancelled request: it was settled when nobody had begun, and whoever leased it since has left it.
pub fn may_still_go(chunk: &Chunk, cancelled: bool, expires: bool) -> bool {
    let waits = chunk.state == ChunkState::Ready && chunk.op == Op::Sweep;
    if chunk.state == ChunkState::Leased {
        return true;
    }
    if !expires || (waits && cancelled) {
        return false;
    }
    let unseen = chunk.is_unseen() || was_given_up(chunk);
    let stripped = chunk.op == Op::Strip && chunk.state == ChunkState::Done;
    unseen || chunk.left_armed || (chunk.counts.of(Code::Swept) > 0 && !stripped)
}

/// Five workers of its sweep died, and nobody could even look at what they had marked.
fn was_given_up(chunk: &Chunk) -> bool {
    chunk.state == ChunkState::Parked && chunk.op == Op::Sweep && chunk.outcome.is_none()
}

/// When a hold that is not settled yet is looked at again: soon at first, then as long after as it has taken so far, at
/// most six hours.
pub fn look_again_at(hold: &Hold, now: Timestamp) -> Timestamp {
    let since = hold.released_at.unwrap_or(hold.placed_at);
    let so_far = now.duration_since(since).as_secs();
    Period::seconds(so_far.clamp(SOON_SECONDS, SELDOM_SECONDS)).after(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chunk::{ChunkId, ManifestSlice};
    use crate::domain::outcome::Counts;

    fn chunk(op: Op, state: ChunkState, epoch: u32, swept: u64) -> Chunk {
        let id = ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 0,
            n: 0,
        };
        let counts = if swept > 0 {
            Counts::all(Code::Swept, 2)
        } else {
            Counts::all(Code::Untouched, 2)
        };
        Chunk {
            op,
            state,
            epoch,
            counts,
            ..Chunk::planned(id, 2, ManifestSlice::nowhere(), Timestamp::UNIX_EPOCH)
        }
    }

    #[test]
    fn what_a_cancellation_left_waiting_is_safe_and_what_it_left_at_work_is_not() {
        let given_back = chunk(Op::Sweep, ChunkState::Ready, 1, 0);
        assert!(may_still_go(&given_back, false, true) && !may_still_go(&given_back, true, true));
        assert!(may_still_go(&chunk(Op::Sweep, ChunkState::Leased, 2, 0), true, true));
        assert!(may_still_go(&chunk(Op::Sweep, ChunkState::Done, 1, 2), true, true));
    }

    #[test]
    fn an_expiry_that_could_not_be_removed_stays_armed_although_its_chunk_is_done() {
        let done = chunk(Op::Strip, ChunkState::Done, 2, 2);
        let armed = Chunk {
            left_armed: true,
            ..done.clone()
        };
        assert!(!may_still_go(&done, false, true) && may_still_go(&armed, false, true));
        assert!(!may_still_go(&armed, false, false), "no TTL acts there");
    }

    #[test]
    fn a_hold_that_takes_long_to_settle_is_looked_at_less_often() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let hold = Hold {
            v: 1,
            id: HoldId::from_parts(1, 1),
            tenant: "acme".parse().expect("slug"),
            subject_ref: Ref::new(&crate::domain::ids::RefKey::new(vec![1; 32]), "subject", "ada"),
            scope: vec![],
            placed_at: at(0),
            settled_at: None,
            released_at: None,
            rev: 1,
        };
        let looks = [1, 60, 300, 21_600, 99_999].map(|now| look_again_at(&hold, at(now)).as_second());
        assert_eq!(looks, [61, 120, 600, 43_200, 121_599]);
        let released = Hold {
            released_at: Some(at(99_990)),
            ..hold
        };
        assert_eq!(
            look_again_at(&released, at(99_999)),
            at(100_059),
            "its release begins anew"
        );
    }

    #[test]
    fn a_hold_is_settled_when_no_expiry_is_armed_and_nobody_is_at_work() {
        use ChunkState::{Done, Leased, Parked, Ready};
        // (operation, state, leases so far, swept records) -> may it still go where TTL deletes, and where it does not
        for (op, state, epoch, swept, with_ttl, without) in [
            (Op::Sweep, Ready, 0, 0, false, false),
            (Op::Sweep, Ready, 1, 0, true, false),
            (Op::Sweep, Leased, 1, 0, true, true),
            (Op::Sweep, Done, 1, 2, true, false),
            (Op::Sweep, Done, 1, 0, false, false),
            (Op::Sweep, Parked, 6, 2, true, false),
            (Op::Sweep, Parked, 6, 0, true, false),
            (Op::Purge, Ready, 1, 2, true, false),
            (Op::Purge, Leased, 2, 2, true, true),
            (Op::Strip, Ready, 1, 2, true, false),
            (Op::Strip, Leased, 2, 2, true, true),
            (Op::Strip, Done, 2, 2, false, false),
            (Op::Strip, Parked, 7, 2, true, false),
            (Op::Restore, Done, 2, 2, true, false),
            (Op::Restore, Done, 2, 0, false, false),
        ] {
            let chunk = chunk(op, state, epoch, swept);
            let found = (may_still_go(&chunk, false, true), may_still_go(&chunk, false, false));
            assert_eq!(
                found,
                (with_ttl, without),
                "{op:?} {state:?} epoch {epoch} swept {swept}"
            );
        }
    }
}
