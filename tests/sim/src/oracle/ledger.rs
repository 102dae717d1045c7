//! The ledger: every record by what Lethe's own manifests and outcome objects say of it, against the journal.
//!
//! A key is shredded and objects are deleted in the end, so the fakes keep both for this check alone.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::chunk::{Chunk, ChunkState, Op};
use shared::domain::manifest::{Line, Scalar, decode};
use shared::domain::outcome::{Code, Counts, LineOutcome};
use shared::domain::request::Status;
use shared::ports::{DataKey, KeyName, Sealed, Sealer as _};
use shared::sim::sources::journal::{Effect, Record, RecordId, What, Who};
use shared::workflow::account::outcome_aad;
use shared::workflow::plan::segment_aad;

use super::Case;
use super::records::is_late;
use crate::scenario::{Meanwhile, Ttl};
use crate::stack::Stack;

pub(super) fn check(stack: &Stack, case: &Case, wrong: &mut Vec<String>) {
    let outside = &stack.outside;
    let name = KeyName::Person(case.facts.tenant.clone(), case.id());
    let Some(key) = outside.records.sealer.minted(&name) else {
        return;
    };
    let journal = outside.sources.journal();
    let mut by_record = BTreeMap::<&RecordId, Vec<&Effect>>::new();
    for effect in &journal {
        by_record.entry(&effect.record).or_default().push(effect);
    }
    let mut seen = BTreeMap::<u8, BTreeSet<String>>::new();
    for chunk in outside.chunks(&case.facts.key()) {
        let mut complain = |what: String| wrong.push(format!("{} {}: {what}", case.life.subject, chunk.id));
        let lines = match lines(stack, case, &chunk, &key) {
            Ok(lines) => lines,
            Err(why) => {
                complain(why);
                continue;
            }
        };
        for line in &lines {
            if !seen.entry(chunk.id.generation).or_default().insert(name_of(line)) {
                complain("a record is planned twice in one generation".to_owned());
            }
        }
        match outcomes(stack, case, &chunk, &key) {
            Ok(outcomes) => compare(stack, case, (&chunk, &lines, &outcomes), &by_record, &mut complain),
            Err(why) => complain(why),
        }
    }
}

fn lines(stack: &Stack, case: &Case, chunk: &Chunk, key: &DataKey) -> Result<Vec<Line>, String> {
    let objects = stack.outside.manifests.ever();
    let object = objects
        .get(&chunk.manifest.object)
        .ok_or("its manifest was never stored")?;
    let from = usize::try_from(chunk.manifest.offset).map_err(|e| e.to_string())?;
    let to = from + usize::try_from(chunk.manifest.length).map_err(|e| e.to_string())?;
    let sealed = Sealed(object.get(from..to).ok_or("its manifest is too short")?.to_vec());
    let sealer = &stack.outside.records.sealer;
    let plain = sealer
        .unseal(key, &segment_aad(&case.facts, &chunk.id), &sealed)
        .map_err(|e| e.to_string())?;
    decode(&plain).map_err(|e| e.to_string())
}

fn outcomes(stack: &Stack, case: &Case, chunk: &Chunk, key: &DataKey) -> Result<Vec<LineOutcome>, String> {
    let Some(name) = &chunk.outcome else {
        let by_hand = chunk.by_hand.clone().unwrap_or_default();
        let untouched = by_hand.read(LineOutcome::plain(Code::Untouched));
        return Ok(vec![untouched; chunk.lines as usize]);
    };
    let objects = stack.outside.manifests.ever();
    let object = objects.get(name).ok_or("its outcome was never stored")?;
    let sealer = &stack.outside.records.sealer;
    let plain = sealer
        .unseal(key, &outcome_aad(&case.facts, name), &Sealed(object.clone()))
        .map_err(|e| e.to_string())?;
    let stored: Vec<LineOutcome> = serde_json::from_slice(&plain).map_err(|e| e.to_string())?;
    let by_hand = chunk.by_hand.clone().unwrap_or_default();
    Ok(stored.into_iter().map(|line| by_hand.read(line)).collect())
}

/// The records that operators dealt with by hand.
pub(super) fn resolved(stack: &Stack, case: &Case) -> BTreeSet<RecordId> {
    let name = KeyName::Person(case.facts.tenant.clone(), case.id());
    let Some(key) = stack.outside.records.sealer.minted(&name) else {
        return BTreeSet::new();
    };
    let mut records = BTreeSet::new();
    for chunk in stack.outside.chunks(&case.facts.key()) {
        let (lines, outcomes) = (lines(stack, case, &chunk, &key), outcomes(stack, case, &chunk, &key));
        let (Ok(lines), Ok(outcomes)) = (lines, outcomes) else {
            continue;
        };
        let by_hand = lines
            .iter()
            .zip(outcomes)
            .filter(|(_, line)| line.code == Code::Resolved);
        records.extend(by_hand.map(|(line, _)| record_of(&chunk, line)));
    }
    records
}

/// What the chunk says of each line, against what happened to it.
fn compare(
    stack: &Stack,
    case: &Case,
    (chunk, lines, outcomes): (&Chunk, &[Line], &[LineOutcome]),
    journal: &BTreeMap<&RecordId, Vec<&Effect>>,
    complain: &mut impl FnMut(String),
) {
    if outcomes.len() != lines.len() || lines.len() != chunk.lines as usize {
        complain(format!("{} lines, {} outcomes", lines.len(), outcomes.len()));
    }
    if Counts::of_lines(outcomes) != chunk.counts {
        complain(format!(
            "outcomes {:?}, counts {:?}",
            Counts::of_lines(outcomes),
            chunk.counts
        ));
    }
    // What a cancellation left untouched waits for ever, also if somebody looked at it too late.
    let left = case.facts.status == Status::Cancelled && matches!(chunk.op, Op::Sweep | Op::Copy);
    if case.facts.status.is_terminal() && chunk.state != ChunkState::Done && !left {
        complain(format!(
            "is {:?} although the request is {}",
            chunk.state, case.facts.status
        ));
    }
    let undisturbed = stack.meanwhile() == Meanwhile::Nothing && stack.ttl() == Ttl::OnTime;
    for (line, outcome) in lines.iter().zip(outcomes) {
        let record = record_of(chunk, line);
        let of_it = journal.get(&record).map(Vec::as_slice).unwrap_or_default();
        let by_us = |effect: &&&Effect| effect.who == Who::Request(case.id());
        let marks = of_it.iter().filter(by_us).filter(|effect| is_mark(&effect.what));
        let touched = marks.clone().count() > 0;
        let touched_in_time = marks.clone().any(|mark| !is_late(&mark.what));
        let gone = of_it.iter().any(|effect| is_end(&effect.what));
        match outcome.code {
            // An object that the application had hidden itself is not hidden again.
            // Nor is one of the vault's that the application deleted between its copy and its deletion.
            Code::Purged if !touched && (undisturbed || (is_item(line) && !is_vaults(chunk))) => {
                complain(format!("{record} is called purged and was never marked"))
            }
            Code::Purged if undisturbed && !gone => complain(format!("{record} is called purged and is there")),
            // Given up without a look, it may have expired before somebody had it tried again.
            Code::AlreadyAbsent if touched && undisturbed && chunk.retried == 0 => {
                complain(format!("{record} is called absent although we marked it"));
            }
            // Written anew after a worker marked it and died, it did arrive later: nothing tells of the mark.
            Code::ArrivedLater if stack.meanwhile() == Meanwhile::Changes && !is_marked(stack, case, &record) => {}
            Code::Untouched | Code::ArrivedLater if touched_in_time && case.facts.status.is_terminal() => {
                complain(format!(
                    "{record} is called {} although we marked it",
                    outcome.code.as_str()
                ));
            }
            _ => {}
        }
    }
}

/// Whether the item carries the request's mark now.
fn is_marked(stack: &Stack, case: &Case, record: &RecordId) -> bool {
    let mark = case.id().to_string();
    match stack.outside.sources.snapshot().get(record) {
        Some(Record::Item(attributes)) => attributes.values().any(|value| value.contains(&mark)),
        Some(Record::Object(_)) | None => false,
    }
}

fn is_vaults(chunk: &Chunk) -> bool {
    chunk.id.dataset.as_str() == "notes"
}

fn is_item(line: &Line) -> bool {
    matches!(line, Line::Item { .. })
}

fn is_mark(what: &What) -> bool {
    matches!(
        what,
        What::Marked { .. } | What::Conjured | What::Hidden { .. } | What::Taken(_)
    )
}

fn is_end(what: &What) -> bool {
    matches!(what, What::Destroyed | What::VersionDestroyed { .. } | What::Taken(_))
}

/// The record a line of a chunk is about, as the journal names it.
fn record_of(chunk: &Chunk, line: &Line) -> RecordId {
    let container = match chunk.id.dataset.as_str() {
        "attachments" => "files",
        other => other,
    };
    RecordId {
        container: container.to_owned(),
        key: name_of(line),
    }
}

fn name_of(line: &Line) -> String {
    match line {
        Line::Object { key, .. } => key.clone(),
        Line::Item { key, .. } => {
            let part = |(name, value): (&String, &Scalar)| {
                let (Scalar::S(text) | Scalar::N(text) | Scalar::B(text)) = value;
                format!("{name}={text}")
            };
            key.iter().map(part).collect::<Vec<_>>().join(" ")
        }
    }
}
