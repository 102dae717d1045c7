//! The trail: each transition once, in order, each entry holding the hash of the one before. The hashes are computed
//! here anew, from the stored documents and the published rule, so that a mistake of Lethe's own cannot hide itself.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::tables::Rows;

/// What an undisturbed deletion's trail says, word by word.
const STORY: [&str; 13] = [
    "submit",
    "verify",
    "approve",
    "grace_over",
    "execute",
    "start",
    "planned",
    "swept",
    "purge",
    "verify_absence",
    "verified_absent",
    "complete",
    "shred",
];

/// The end of a sweep.
const SWEPT: &str = "swept";
/// What sends a job back to its sweep.
const RETRY: &str = "retry";

/// What operators are told besides.
const WINDOW_ENDED: &str = "window_ended";

/// What of the trail is not as it must be.
pub(super) fn check(rows: &Rows) -> Vec<String> {
    let mut broken = vec![];
    let mut before = "0".repeat(64);
    for (seq, entry) in (1_u64..).zip(&rows.entries) {
        let doc = &entry.doc;
        let right = doc["seq"] == seq && doc["prev"] == before.as_str() && doc["hash"] == hash(doc).as_str();
        if !right {
            broken.push(format!("the trail breaks at entry {seq}: {doc}"));
        }
        before = doc["hash"].as_str().unwrap_or_default().to_owned();
    }
    let (last, head) = (
        rows.entries.len().to_string(),
        (
            rows.request.attribute("audit_seq"),
            rows.request.attribute("audit_hash"),
        ),
    );
    if head != (last.as_str(), before.as_str()) {
        broken.push(format!(
            "the request's head is {head:?}, the trail ends at {last} with {before}"
        ));
    }
    let done = rows
        .entries
        .iter()
        .filter(|entry| entry.doc["outcome"]["result"] == "done");
    let mut actions: Vec<_> = done.filter_map(|entry| entry.doc["action"].as_str()).collect();
    let sweeps = actions.iter().filter(|action| **action == SWEPT).count();
    let swept = actions.iter().position(|action| *action == SWEPT);
    let retry = actions.iter().rposition(|action| *action == RETRY);
    if let (Some(swept), Some(retry)) = (swept, retry.filter(|retry| Some(*retry) > swept)) {
        // What failed is swept again, and everything after it comes again too.
        actions.drain(swept..=retry);
    }
    // The last record's window may end before the first purge begins or after it; each sweep may move it.
    let windows = actions.extract_if(.., |action| *action == WINDOW_ENDED).count();
    if windows > sweeps {
        broken.push(format!(
            "operators were told {windows} times that the window ended, of {sweeps} sweeps"
        ));
    }
    if actions != STORY {
        broken.push(format!(
            "each transition once, in order, would be {STORY:?}; the trail says {actions:?}"
        ));
    }
    broken
}

/// SHA-256 over the domain and the canonical JSON of all but the hash itself. Keys are ASCII and numbers are whole, so
/// sorted keys without spaces are canonical.
fn hash(entry: &Value) -> String {
    let mut body = entry.clone();
    if let Some(fields) = body.as_object_mut() {
        fields.remove("hash");
    }
    let mut sum = Sha256::new();
    sum.update(b"lethe/audit/1\n");
    sum.update(canonical(&body));
    hex::encode(sum.finalize())
}

fn canonical(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<_> = fields
                .into_iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), canonical(value)))
                .collect();
            format!("{{{}}}", fields.join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(",")),
        plain => plain.to_string(),
    }
}
