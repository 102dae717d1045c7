//! Packages: what is handed over is what the sources held, once and whole; and in the end nothing of it is left.
//!
//! A package is looked at in the moment it becomes available: later its records may be gone, and so may it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _};

use shared::domain::object_keys;
use shared::domain::outcome::Code;
use shared::domain::package::{Assembly, PackageState, Part};
use shared::domain::request::{Facts, Kind, Status};
use shared::sim::sources::journal::{RecordId, Who};
use zip::ZipArchive;

use super::Case;
use crate::scenario::{Life, Meanwhile, is_retained, owner};
use crate::stack::Stack;

/// Requests whose package was looked at.
pub type Seen = BTreeSet<shared::domain::ids::RequestId>;

/// What is wrong with a package that has just become available.
pub fn complaint(stack: &Stack, seen: &mut Seen, (life, facts): (&Life, &Facts)) -> Option<String> {
    let package = facts.package.as_ref()?;
    if package.state != PackageState::Available || !seen.insert(facts.id) {
        return None;
    }
    let assembly = stack.outside.assembly(&facts.key())?;
    let told = (package.parts as usize, package.bytes) == (assembly.parts.len(), assembly.bytes());
    let looked = if told {
        look(stack, (life, facts), &assembly)
    } else {
        Err("the request tells of other parts than there are".to_owned())
    };
    looked
        .err()
        .map(|why| format!("the package of {}: {why}", life.subject))
}

fn look(stack: &Stack, (life, facts): (&Life, &Facts), assembly: &Assembly) -> Result<(), String> {
    let objects = stack.outside.exports.objects();
    let (mut records, mut rows, mut files) = (Found::new(), Found::new(), Found::new());
    for part in &assembly.parts {
        let bytes = objects.get(&part.object).ok_or("a part is not in the bucket")?;
        open(part, bytes, (&mut records, &mut rows, &mut files))?;
    }
    let mut gone = assembly.left_out();
    for (dataset, counts) in &facts.account {
        let found = |of: &Found| of.get(dataset.as_str()).map_or(0, Vec::len) as u64;
        let exported = counts.of(Code::Exported);
        // Files may be gone when they are read.
        let missing = exported.checked_sub(found(&records) + found(&files));
        let told = missing.is_some_and(|missing| missing <= gone);
        if !told {
            return Err(format!("{exported} of {dataset} were exported, and others are in it"));
        }
        gone -= missing.unwrap_or(0);
        if found(&rows) != found(&records) {
            return Err(format!("{dataset} has other rows than records"));
        }
    }
    if gone > 0 {
        return Err(format!("{gone} files are called gone, and are not missing"));
    }
    let all: u64 = facts.account.values().map(|counts| counts.of(Code::Exported)).sum();
    let there = theirs(stack, life);
    if stack.meanwhile() == Meanwhile::Nothing && stack.is_alone(life) && all != there {
        return Err(format!("{all} of {there} records are in it"));
    }
    for (dataset, lines) in records.iter().chain(&files) {
        let different: BTreeSet<_> = lines.iter().collect();
        if different.len() < lines.len() {
            return Err(format!("a record of {dataset} is in it twice"));
        }
    }
    Ok(())
}

/// Records that there are of the subject, in scope, the ones that the law keeps from being erased among them.
fn theirs(stack: &Stack, life: &Life) -> u64 {
    let snapshot = stack.outside.sources.snapshot();
    let of = |record: &&RecordId| {
        let retained = life.scope.contains(&"invoices") && is_retained(record, &life.subject);
        let owned =
            owner(record).is_some_and(|owner| owner.subject == life.subject && life.scope.contains(&owner.category));
        retained || owned
    };
    snapshot.keys().filter(of).count() as u64
}

/// What a package holds of each dataset.
type Found = BTreeMap<String, Vec<String>>;

/// One part, as whoever fetched it would open it.
fn open(part: &Part, bytes: &[u8], (records, rows, files): (&mut Found, &mut Found, &mut Found)) -> Result<(), String> {
    let wrong = |why: &dyn std::fmt::Display| format!("part {}: {why}", part.number);
    if bytes.len() as u64 != part.bytes {
        return Err(wrong(&"it has other bytes than its row says"));
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| wrong(&error))?;
    for n in 0..archive.len() {
        let mut entry = archive.by_index(n).map_err(|error| wrong(&error))?;
        let name = entry.name().map_err(|error| wrong(&error))?.into_owned();
        let mut content = vec![];
        entry.read_to_end(&mut content).map_err(|error| wrong(&error))?;
        let Some((folder, file)) = name.split_once('/') else {
            continue;
        };
        let dataset = folder.split_once('-').map_or(folder, |(_, dataset)| dataset).to_owned();
        let lines = || {
            String::from_utf8_lossy(&content)
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        match file {
            "records.ndjson" => records.entry(dataset).or_default().extend(lines()),
            "records.csv" => rows.entry(dataset).or_default().extend(lines().into_iter().skip(1)),
            _ => files.entry(dataset).or_default().push(name),
        }
    }
    Ok(())
}

/// What is left when all is over.
pub(super) fn check(stack: &Stack, cases: &[Case], wrong: &mut Vec<String>) {
    for case in cases.iter().filter(|case| case.facts.kind == Kind::Export) {
        let prefix = object_keys::package(&case.facts.key());
        let mut objects = stack.outside.exports.objects().into_keys();
        let mut unfinished = stack.outside.exports.unfinished().into_iter();
        let is_there = objects.any(|key| key.starts_with(&prefix));
        if case.facts.shredded && (is_there || unfinished.any(|key| key.starts_with(&prefix))) {
            wrong.push(format!("{}: something of the package is left", case.life.subject));
        }
        let completed = case.facts.status == Status::Completed;
        let state = case.facts.package.as_ref().map(|package| package.state);
        if completed && case.facts.shredded && state != Some(PackageState::Purged) {
            wrong.push(format!(
                "{}: shredded with a package that is {state:?}",
                case.life.subject
            ));
        }
    }
    let harmed = stack.outside.sources.journal().into_iter().find(|effect| {
        let by = |id| {
            cases
                .iter()
                .any(|case| case.id() == id && case.facts.kind == Kind::Export)
        };
        matches!(effect.who, Who::Request(id) if by(id))
    });
    wrong.extend(harmed.map(|effect| format!("an export changed {}", effect.record)));
}
