//! What was seen to pass: messages sent, and for each item of a table when it was marked and when it was deleted.
//!
//! A statement counts when the service itself answered that it was done, whether or not the function ever heard so. The
//! keys are kept as hashes: a run of a million records fits in memory, and no list of them lies about.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::call::Call;

/// Stands for a table and a primary key.
type Key = [u8; 16];

/// One message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// By which function.
    pub function: &'static str,
    /// To which queue.
    pub queue: String,
    /// Its body.
    pub body: String,
}

/// How often something was done to an item, and when first.
#[derive(Debug, Clone, Copy)]
struct Done {
    times: u32,
    first: Instant,
}

/// What one trial's calls did.
#[derive(Debug, Default)]
pub struct Witness(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    sent: Vec<Sent>,
    marked: HashMap<Key, Done>,
    deleted: HashMap<Key, Done>,
    last_mark: Option<Instant>,
    asked: Vec<Asked>,
}

/// Statements that were asked for in one call.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// When.
    pub at: Instant,
    /// How many.
    pub statements: usize,
    /// Whether the call never reached the service.
    pub refused: bool,
}

impl Witness {
    /// Takes in a call before it is passed on or refused.
    pub(super) fn heard(&self, call: &Call, refused: bool) {
        if call.operation == "BatchExecuteStatement" {
            let (at, statements) = (Instant::now(), call.entries());
            self.seen().asked.push(Asked {
                at,
                statements,
                refused,
            });
        }
    }

    /// Takes in a call that the service answered well; `begun` is when it was passed on.
    pub(super) fn saw(&self, call: &Call, answer: &[u8], begun: Instant) {
        match call.operation.as_str() {
            "SendMessageBatch" => self.saw_messages(call),
            "BatchExecuteStatement" => self.saw_statements(call, answer, begun),
            _ => {}
        }
    }

    fn saw_messages(&self, call: &Call) {
        let asked: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entries = asked["Entries"].as_array().into_iter().flatten();
        let sent = entries.map(|entry| Sent {
            function: call.function,
            queue: text(&asked["QueueUrl"]),
            body: text(&entry["MessageBody"]),
        });
        self.seen().sent.extend(sent);
    }

    fn saw_statements(&self, call: &Call, answer: &[u8], begun: Instant) {
        let asked: Value = serde_json::from_slice(&call.body).unwrap_or_default();
        let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
        let pairs = asked["Statements"]
            .as_array()
            .into_iter()
            .flatten()
            .zip(answer["Responses"].as_array().into_iter().flatten());
        let mut seen = self.seen();
        let heard = Instant::now();
        for (statement, _) in pairs.filter(|(_, response)| response["Error"].is_null()) {
            let text = statement["Statement"].as_str().unwrap_or_default();
            let Some(key) = key(text, &statement["Parameters"]) else {
                continue;
            };
            let all = if text.starts_with("UPDATE") {
                seen.last_mark = Some(heard);
                &mut seen.marked
            } else {
                &mut seen.deleted
            };
            all.entry(key)
                .and_modify(|done| done.times += 1)
                .or_insert(Done { times: 1, first: begun });
        }
    }

    /// Every message sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.seen().sent.clone()
    }

    /// Every batch of statements that was asked for.
    pub fn asked(&self) -> Vec<Asked> {
        self.seen().asked.clone()
    }

    /// When the service answered the last write that marked an item.
    pub fn last_mark(&self) -> Option<Instant> {
        self.seen().last_mark
    }

    /// How many items were marked, and how many deleted by us (TTL may have been faster).
    pub fn items(&self) -> (usize, usize) {
        let seen = self.seen();
        (seen.marked.len(), seen.deleted.len())
    }

    /// What must never be seen: an item marked twice, deleted without a mark, or deleted less than `window` after it. To
    /// delete twice is no offence: what is gone already is answered as done.
    pub fn offences(&self, window: Duration) -> Vec<String> {
        let seen = self.seen();
        let twice = seen.marked.values().filter(|done| done.times > 1).count();
        let unmarked = seen
            .deleted
            .keys()
            .filter(|key| !seen.marked.contains_key(*key))
            .count();
        let early = seen.deleted.iter().filter(|(key, gone)| {
            let marked = seen.marked.get(*key);
            marked.is_some_and(|marked| gone.first.saturating_duration_since(marked.first) < window)
        });
        let early = early.count();
        let count = |n: usize, what: &str| (n > 0).then(|| format!("{n} items {what}"));
        [
            count(twice, "marked more than once"),
            count(unmarked, "deleted that were never marked"),
            count(early, "deleted before their window's end"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The item a statement is about: its table and the two values after `WHERE`. Reads are nobody's doing.
fn key(text: &str, parameters: &Value) -> Option<Key> {
    let (head, _) = text.split_once(" WHERE ")?;
    let (verb, rest) = head.split_once('"')?;
    if !matches!(verb.trim(), "UPDATE" | "DELETE FROM") {
        return None;
    }
    let table = rest.split('"').next()?;
    let before = head.matches('?').count();
    let (pk, sk) = (parameters.get(before)?, parameters.get(before + 1)?);
    let hash = Sha256::digest(format!("{table}\n{pk}\n{sk}"));
    hash[..16].try_into().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn saw(witness: &Witness, verb: &str, sk: &str, error: Value, at: Instant) {
        let (text, parameters) = match verb {
            "UPDATE" => (
                "UPDATE \"t\" SET \"m\" = ? WHERE \"pk\" = ? AND \"sk\" = ?",
                json!([{"S": "x"}, {"S": "p"}, {"S": sk}]),
            ),
            _ => (
                "DELETE FROM \"t\" WHERE \"pk\" = ? AND \"sk\" = ? AND \"m\" = ?",
                json!([{"S": "p"}, {"S": sk}, {"S": "x"}]),
            ),
        };
        let call = Call {
            function: "ExecutionFunction",
            service: "dynamodb".to_owned(),
            operation: "BatchExecuteStatement".to_owned(),
            target: "/".to_owned(),
            body: json!({ "Statements": [{ "Statement": text, "Parameters": parameters }] })
                .to_string()
                .into(),
        };
        let answer = json!({ "Responses": [{ "Error": error }] });
        witness.saw(&call, answer.to_string().as_bytes(), at);
    }

    #[test]
    fn a_window_that_was_kept_is_no_offence() {
        let (witness, start) = (Witness::default(), Instant::now());
        saw(&witness, "UPDATE", "a", Value::Null, start);
        saw(
            &witness,
            "UPDATE",
            "a",
            json!({ "Code": "ConditionalCheckFailed" }),
            start,
        );
        saw(&witness, "DELETE", "a", Value::Null, start + Duration::from_secs(3));
        assert_eq!(witness.items(), (1, 1));
        assert_eq!(witness.offences(Duration::from_secs(3)), Vec::<String>::new());
    }

    #[test]
    fn every_offence_is_told() {
        let (witness, start) = (Witness::default(), Instant::now());
        saw(&witness, "UPDATE", "a", Value::Null, start);
        saw(&witness, "UPDATE", "a", Value::Null, start);
        saw(&witness, "DELETE", "a", Value::Null, start + Duration::from_secs(2));
        saw(&witness, "DELETE", "b", Value::Null, start);
        let offences = witness.offences(Duration::from_secs(3));
        assert_eq!(offences.len(), 3, "{offences:?}");
    }
}
