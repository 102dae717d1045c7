//! The ledger: every record by what Lethe's own manifests and outcome objects say of it, against the journal.
//!
//! A key is shredded and objects are deleted in the end, so the fakes keep both for this check alone.

use std::collections::{BTreeMap, BTreeSet};

use shared::domain::chunk::{Chunk, ChunkState, Op};
use shared::domain::manifest::{Line, Scalar, decode};
use shared::domain::outcome::{Code, Counts, LineOutcome};
use shared::domain::request::Status;
use shared::ports::{DataKey, KeyName, Sealed, Sealer as _};
use shared::sim::sources::journal::{Effect, RecordId, What, Who};
use shared::workflow::account::outcome_aad;
use shared::workflow::plan::segment_aad;

use super::Case;
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
        return Ok(vec![LineOutcome::plain(Code::Untouched); chunk.lines as usize]);
    };
    let objects = stack.outside.manifests.ever();
    let object = objects.get(name).ok_or("its outcome was never stored")?;
    let sealer = &stack.outside.records.sealer;
    let plain = sealer
        .unseal(key, &outcome_aad(&case.facts, name), &Sealed(object.clone()))
        .map_err(|e| e.to_string())?;
    serde_json::from_slice(&plain).map_err(|e| e.to_string())
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
    let left = case.facts.status == Status::Cancelled && chunk.op == Op::Sweep;
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
        let touched = of_it.iter().filter(by_us).any(|effect| is_mark(&effect.what));
        let gone = of_it.iter().any(|effect| is_end(&effect.what));
        match outcome.code {
            // An object that the application had hidden itself is not hidden again.
            Code::Purged if !touched && (undisturbed || is_item(line)) => {
                complain(format!("{record} is called purged and was never marked"))
            }
            Code::Purged if undisturbed && !gone => complain(format!("{record} is called purged and is there")),
            Code::AlreadyAbsent if touched && undisturbed => {
                complain(format!("{record} is called absent although we marked it"));
            }
            Code::Untouched | Code::ArrivedLater if touched && case.facts.status.is_terminal() => {
                complain(format!(
                    "{record} is called {} although we marked it",
                    outcome.code.as_str()
                ));
            }
            _ => {}
        }
    }
}

fn is_item(line: &Line) -> bool {
    matches!(line, Line::Item { .. })
}

fn is_mark(what: &What) -> bool {
    matches!(what, What::Marked { .. } | What::Conjured | What::Hidden { .. })
}

fn is_end(what: &What) -> bool {
    matches!(what, What::Destroyed | What::VersionDestroyed { .. })
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
