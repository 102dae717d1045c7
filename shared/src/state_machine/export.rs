//! An export's own edges: it starts by itself once approved, its package is written, handed over, and goes.
//!
//! Guarantees: nobody but the owner or an operator who signed in a short while ago is handed a link, and none is made
//! before the trail says so; a package that expired or was revoked is never handed out again; personal fields are
//! shredded only when nothing of the package is stored any more.
//!
//! ```text
//! building -> available -> expired | revoked -> purged
//!     +------- cancelled ------------------------^
//! ```

use jiff::{SignedDuration, Timestamp};

use super::command::{Event, Redemption, Start};
use super::notice;
use super::refusal::Refusal;
use super::request::{not_blank, operator, step};
use super::transition::{Effect, Record, Transition};
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::job::{Job, JobStatus};
use crate::domain::outbox::Occasion;
use crate::domain::package::{Package, PackageState};
use crate::domain::personal::Personal;
use crate::domain::request::{Facts, Kind, Status, SubjectRequest};

/// How long ago somebody may have signed in who is handed a package.
pub const MAX_AGE: SignedDuration = SignedDuration::from_mins(15);

/// An approved export begins: nobody has to do more.
pub(super) fn start(request: &SubjectRequest, input: Start, now: Timestamp) -> Option<Transition> {
    if request.facts.kind != Kind::Export {
        return None;
    }
    let mut next = step(request, Status::InProgress);
    let record = Record::new(Actor::system(), "start").detail("data_map_digest", input.data_map.digest.clone());
    let facts = &mut next.facts;
    facts.executed_at = Some(now);
    facts.job = Some(Job {
        status: JobStatus::Running,
        started_at: Some(now),
        ..Job::queued()
    });
    facts.data_map = Some(input.data_map);
    facts.datasets = input.datasets;
    facts.package = Some(Package::building());
    Some(Transition {
        next,
        audit: vec![record],
        effects: vec![Effect::Plan],
    })
}

/// The last part is written: from now on it can be fetched.
pub(super) fn packaged(facts: &mut Facts, parts: u32, bytes: u64, now: Timestamp) {
    let expiry = facts.policy.as_ref().map(|policy| policy.export_expiry);
    if let Some(package) = &mut facts.package {
        package.state = PackageState::Available;
        package.parts = parts;
        package.bytes = bytes;
        package.available_at = Some(now);
        package.expires_at = expiry.map(|expiry| expiry.after(now));
    }
}

/// Somebody fetches a part. Not a transition: status and version stay, only the count and the trail grow.
pub(super) fn redeem(
    request: &SubjectRequest,
    by: &Caller,
    input: &Redemption,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    let package = handed_out(request, by, input, now)?;
    if !(1..=package.parts).contains(&input.part) {
        return Err(Refusal::InvalidInput {
            pointer: "/part".to_owned(),
            detail: format!("a part from 1 to {}", package.parts),
        });
    }
    let mut next = request.clone();
    if let Some(package) = &mut next.facts.package {
        package.accesses += 1;
    }
    let role = if by.is_operator { Role::Operator } else { Role::Subject };
    let record = Record::new(by.actor(role), "redeem")
        .detail("part", input.part)
        .personal("ip", Some(&by.ip));
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

/// The package, if this caller may have it now.
fn handed_out<'a>(
    request: &'a SubjectRequest,
    by: &Caller,
    input: &Redemption,
    now: Timestamp,
) -> Result<&'a Package, Refusal> {
    let facts = &request.facts;
    let is_owner = by.subject_ref == facts.subject_ref;
    if facts.kind != Kind::Export || !(is_owner || by.is_operator) {
        return Err(Refusal::NotFound);
    }
    // Two clocks may have a say: one that is a little ahead signs in in the future.
    let fresh = input.signed_in_at.is_some_and(|at| now.duration_since(at) <= MAX_AGE);
    if !fresh {
        return Err(Refusal::ReauthenticationRequired);
    }
    available(facts, now)
}

/// The package, if there is one to be had.
fn available(facts: &Facts, now: Timestamp) -> Result<&Package, Refusal> {
    let package = facts.package.as_ref().ok_or(Refusal::ExportNotReady)?;
    let over = package.expires_at.is_none_or(|end| now >= end);
    match package.state {
        PackageState::Building => Err(Refusal::ExportNotReady),
        PackageState::Available if !over => Ok(package),
        PackageState::Available | PackageState::Expired => Err(Refusal::ExportExpired),
        PackageState::Revoked => Err(Refusal::ExportRevoked),
        PackageState::Purged if over => Err(Refusal::ExportExpired),
        PackageState::Purged => Err(Refusal::ExportRevoked),
    }
}

/// An operator takes the package back: nobody is handed a link from now on, and supervision deletes it.
pub(super) fn revoke(
    request: &SubjectRequest,
    by: &Caller,
    reason: &Personal,
    now: Timestamp,
) -> Result<Transition, Refusal> {
    operator(by)?;
    not_blank(reason, "/reason")?;
    if request.facts.kind != Kind::Export {
        return Err(Refusal::NotFound);
    }
    available(&request.facts, now)?;
    let mut next = step(request, request.facts.status);
    state(&mut next, PackageState::Revoked);
    let record = Record::new(by.actor(Role::Operator), "revoke").personal("reason", Some(reason));
    Ok(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

/// The subject is told once that the package goes soon.
pub(super) fn expiring(request: &SubjectRequest) -> Transition {
    let mut next = request.clone();
    let mut record = Record::new(Actor::system(), "expiring");
    if let Some(package) = &mut next.facts.package {
        package.expiring_told = true;
        record = record.detail("expires_at", package.expires_at.map(|end| end.to_string()));
    }
    notice::tell(next, record, Occasion::Expiring)
}

/// The package's time is over.
pub(super) fn expired(request: &SubjectRequest, now: Timestamp) -> Option<Transition> {
    let package = request.facts.package.as_ref()?;
    let over = package.expires_at.is_some_and(|end| now >= end);
    if package.state != PackageState::Available || !over {
        return None;
    }
    let mut next = step(request, request.facts.status);
    state(&mut next, PackageState::Expired);
    Some(Transition {
        next,
        audit: vec![Record::new(Actor::system(), "expire")],
        effects: vec![],
    })
}

/// Nothing of the package is stored any more: the time of the personal fields is over too.
pub(super) fn purged(request: &SubjectRequest, now: Timestamp) -> Option<Transition> {
    let package = request.facts.package.as_ref()?;
    if !matches!(package.state, PackageState::Expired | PackageState::Revoked) {
        return None;
    }
    let mut next = step(request, request.facts.status);
    state(&mut next, PackageState::Purged);
    let record = Record::new(Actor::system(), "package_purged").detail("accesses", package.accesses);
    next.facts.shred_at = next.facts.closed_at.max(Some(now));
    Some(Transition {
        next,
        audit: vec![record],
        effects: vec![],
    })
}

/// What is to happen to the package of a request that is over.
pub fn due(facts: &Facts, now: Timestamp) -> Option<Event> {
    let package = facts.package.as_ref().filter(|_| facts.status == Status::Completed)?;
    match package.state {
        PackageState::Available if package.expires_at.is_some_and(|end| now >= end) => Some(Event::PackageExpired),
        PackageState::Expired | PackageState::Revoked => Some(Event::PackagePurged),
        PackageState::Building | PackageState::Available | PackageState::Purged => None,
    }
}

/// When something is to happen to it next; at once if it should have.
pub(super) fn next_at(facts: &Facts, now: Timestamp) -> Option<Timestamp> {
    let package = facts.package.as_ref()?;
    match package.state {
        PackageState::Available => package.expires_at,
        PackageState::Expired | PackageState::Revoked => Some(now),
        PackageState::Building | PackageState::Purged => None,
    }
}

fn state(next: &mut SubjectRequest, state: PackageState) {
    if let Some(package) = &mut next.facts.package {
        package.state = state;
    }
}
