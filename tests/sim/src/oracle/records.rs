//! Records: nothing outside the scope is touched, nothing is destroyed early, nothing in scope is left.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::domain::request::{Kind, Status};
use shared::sim::sources::journal::{Effect, Record, RecordId, What, Who};

use super::{Before, Case};
use crate::scenario::{ANOTHER, HELD, Held, Meanwhile, owner};
use crate::stack::Stack;

/// When each record was hidden last.
type Hidden = BTreeMap<RecordId, Timestamp>;

/// Three clocks have a say, of whoever executed, swept and purged; some objects are dated in whole seconds.
pub(super) const TOLERANCE: SignedDuration = SignedDuration::from_secs(3 * 300 + 10);

pub(super) fn check(stack: &Stack, cases: &[Case], before: &Before, wrong: &mut Vec<String>) {
    let journal = stack.outside.sources.journal();
    let mut hidden_at = Hidden::new();
    let mut restored = BTreeSet::new();
    for effect in &journal {
        if let Err(why) = allowed(cases, &hidden_at, effect) {
            wrong.push(format!("{} at {}: {why} ({:?})", effect.record, effect.at, effect.what));
        }
        if matches!(effect.what, What::Marked { .. } | What::Hidden { .. } | What::Taken(_)) {
            let before = hidden_at.insert(effect.record.clone(), effect.at);
            // What the application wrote since is another content: by clocks that differ it may still be the request's.
            let anew = effect.written > before;
            if restored.remove(&effect.record) && !anew && !is_late(&effect.what) {
                wrong.push(format!("{} was brought back and hidden again", effect.record));
            }
        }
        if matches!(effect.what, What::Restored | What::Uncovered { .. } | What::PutBack) {
            restored.insert(effect.record.clone());
        }
    }
    let after = stack.outside.sources.snapshot();
    for (record, content) in &before.0 {
        if owner(record).is_none() && after.get(record) != Some(content) {
            wrong.push(format!("{record} belongs to nobody who asked, and changed"));
        }
    }
    if stack.meanwhile() == Meanwhile::Nothing {
        check_restored(&restored, before, &after, wrong);
    }
    let erased = |case: &&Case| case.facts.status == Status::Completed && case.facts.kind == Kind::Deletion;
    for case in cases.iter().filter(erased) {
        let Some(executed_at) = case.executed_at() else {
            continue;
        };
        let left = after
            .iter()
            .filter(|(record, _)| case.covers(record) && !restored.contains(*record));
        // What a hold kept from a sweep stays; a verification may sweep under one, too.
        let left = left.filter(|(record, _)| !(case.life.held != Held::Never && is_held(record)));
        let by_hand = super::ledger::resolved(stack, case);
        let left = left.filter(|(record, _)| !by_hand.contains(*record));
        // What came back after the last look, in the middle of the subject's other request, nobody looks for any more.
        let late = stack
            .imported_at()
            .filter(|at| *at + TOLERANCE > looked_at(stack, case));
        let left = left.filter(|(record, _)| late.is_none() || !record.key.ends_with("imported"));
        // Clocks differ: what seems older than the execution may have been written after the last look, too.
        let changes = stack.meanwhile() == Meanwhile::Changes;
        let looked = looked_at(stack, case) - TOLERANCE;
        let left = left.filter(|(_, content)| !changes || is_older(content, looked));
        for (record, _) in left.filter(|(_, content)| is_older(content, executed_at)) {
            wrong.push(format!("{record} is left of {}", case.life.subject));
        }
    }
}

/// Whether a zombie's call to S3 did it: nobody can know of that, and nothing keeps S3 from taking it.
pub(super) fn is_late(what: &What) -> bool {
    matches!(what, What::Hidden { late: true, .. })
}

/// When the verification that found nothing began.
fn looked_at(stack: &Stack, case: &Case) -> Timestamp {
    let entries = stack.outside.entries(&case.facts.key());
    let looks = entries.iter().filter(|entry| entry.body.action == "verify_absence");
    looks.map(|entry| entry.body.at).max().unwrap_or(Timestamp::MAX)
}

pub(super) fn is_held(record: &RecordId) -> bool {
    owner(record).is_some_and(|owner| HELD.contains(&owner.category))
}

/// What was brought back is as it was before anything happened, to the byte.
fn check_restored(
    restored: &BTreeSet<RecordId>,
    before: &Before,
    after: &BTreeMap<RecordId, Record>,
    wrong: &mut Vec<String>,
) {
    for record in restored {
        if after.get(record) != before.0.get(record) {
            wrong.push(format!("{record} was brought back otherwise than it was"));
        }
    }
}

/// Whether an effect was ours to have.
fn allowed(cases: &[Case], hidden: &Hidden, effect: &Effect) -> Result<(), String> {
    let Who::Request(id) = effect.who else {
        return allowed_to_ttl(cases, hidden, effect);
    };
    let case = cases
        .iter()
        .find(|case| case.id() == id)
        .ok_or("by a request nobody made")?;
    if !case.covers(&effect.record) {
        return Err(format!("outside the scope of {}", case.life.subject));
    }
    // Markers go with the version they hide: plans list versions.
    let marker = matches!(effect.what, What::MarkerDestroyed { .. });
    if !effect.planned && !marker {
        return Err("never planned".to_owned());
    }
    let executed_at = case.executed_at().ok_or("its request was never executed")?;
    let newer = effect
        .written
        .is_some_and(|written| written > executed_at + SignedDuration::from_secs(1));
    match &effect.what {
        What::Conjured => Err("written anew by its mark".to_owned()),
        What::Marked { .. } | What::Taken(_) if newer => Err(format!("written after the execution at {executed_at}")),
        What::Marked { .. } | What::Taken(_) if effect.mark.is_some() => {
            Err(format!("carried the mark {:?}", effect.mark))
        }
        What::PutBack if !hidden.contains_key(&effect.record) => Err("put there without having been taken".to_owned()),
        What::Marked { .. } | What::Hidden { .. } | What::Taken(_) | What::PutBack => Ok(()),
        What::Destroyed if effect.mark.as_deref() != Some(id.to_string().as_str()) => {
            Err(format!("destroyed with the mark {:?}", effect.mark))
        }
        What::VersionDestroyed { visible: true, .. } => Err("a version in use was destroyed".to_owned()),
        What::VersionDestroyed { .. } if newer => Err("a version newer than the execution was destroyed".to_owned()),
        What::MarkerDestroyed { of: Some(other), .. } if *other != id => Err("another's marker".to_owned()),
        What::Destroyed | What::VersionDestroyed { .. } => in_time(case, hidden, effect),
        What::Restored | What::Stripped if effect.mark.as_deref() != Some(id.to_string().as_str()) => {
            Err(format!("undone with the mark {:?}", effect.mark))
        }
        // After a worker died a marker is told to be ours by its place alone: S3 keeps no name with it.
        What::Uncovered { of: None, .. } if case.swept_again => Ok(()),
        What::Uncovered { of, .. } if *of != Some(id) => Err("a marker of another's hand was removed".to_owned()),
        What::MarkerDestroyed { .. } | What::Restored | What::Stripped | What::Uncovered { .. } => Ok(()),
    }
}

/// TTL destroys what we marked, after the window, and what the application gave a TTL of its own.
fn allowed_to_ttl(cases: &[Case], hidden: &Hidden, effect: &Effect) -> Result<(), String> {
    let Some(mark) = &effect.mark else { return Ok(()) };
    let case = cases.iter().find(|case| case.id().to_string() == *mark);
    in_time(case.ok_or("marked by a request nobody made")?, hidden, effect)
}

/// Not before the record's own recovery window is over.
fn in_time(case: &Case, hidden: &Hidden, effect: &Effect) -> Result<(), String> {
    let window = case.facts.policy.as_ref().ok_or("without a policy")?.recovery_window;
    let hidden_at = hidden.get(&effect.record).copied();
    // What the application had hidden itself is not hidden again: its window begins with the sweep.
    let theirs = matches!(effect.what, What::VersionDestroyed { visible: false, .. });
    let swept_at = hidden_at
        .or(case.executed_at().filter(|_| theirs))
        .ok_or("destroyed without having been hidden")?;
    let end = window.after(swept_at);
    if effect.at + TOLERANCE < end {
        return Err(format!("destroyed before its window's end at {end}"));
    }
    Ok(())
}

/// Whether anything of a record is from before the execution.
pub(super) fn is_older(content: &Record, executed_at: Timestamp) -> bool {
    match content {
        Record::Item(attributes) => {
            let another = attributes.get("erasure_id").is_some_and(|mark| mark.contains(ANOTHER));
            !another && crate::scenario::written(attributes).is_some_and(|at| at <= executed_at)
        }
        Record::Object(versions) => versions
            .iter()
            .any(|version| version.body.is_some() && version.made <= executed_at),
    }
}
