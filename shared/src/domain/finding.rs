//! A finding: something a person must look at — what, where, why, and what to do.
//!
//! One finding per chunk and code, with a count; the records themselves are lines of the chunk, not repeated here.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chunk::ChunkId;

/// A finding's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Format version, 1.
    pub v: u32,
    /// Which chunk.
    pub chunk: ChunkId,
    /// Stable code: what went wrong.
    pub code: String,
    /// How many records.
    pub count: u64,
    /// The line numbers concerned, at most 500 (a chunk).
    pub lines: Vec<u32>,
    /// When it was first seen.
    pub first_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
}

/// The code of a plan that holds far more records than the preview said. Of a whole job, no chunk has it.
pub const DIFFERS: &str = "differs_from_preview";

/// What an operator reads about a code.
pub struct Explanation {
    /// What happened.
    pub text: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// The sentence and the remedy of a code.
pub fn explain(code: &str) -> Explanation {
    let (text, remedy) = match code {
        "parked" => (
            "The chunk was tried five times and never completed.",
            "Look at the execution function's log for this chunk and repair the cause. Keep the request: this version cannot retry.",
        ),
        "restore_unclear" => (
            "A restoration broke off five times; these records lost their marks, or were written anew meanwhile.",
            "Look whether each is as it should be. Lethe leaves them alone from now on.",
        ),
        "access_denied" => (
            "Lethe's role may not write to the source.",
            "Run `lethe data-map apply` again and check the key policy of the source's KMS key. Keep the request: this version cannot retry.",
        ),
        "source_gone" => (
            "The table or bucket does not exist any more.",
            "Restore it. Keep the request: this version cannot retry.",
        ),
        "leftover" => (
            "Records were still found after three verifications.",
            "Find out what keeps writing them and stop it. Keep the request: this version cannot retry.",
        ),
        "marked_by_other" => (
            "The record carries the mark of another request.",
            "Wait until that request is completed. Keep this one: this version cannot retry.",
        ),
        "retention_unreadable" => (
            "The record must be kept for a time, but the date this time counts from is missing or cannot be read. It was kept.",
            "Correct the date in the record, or the attribute or its format in the data map. Keep the request: this version cannot retry.",
        ),
        DIFFERS => (
            "The plan holds far more records than the preview that was executed: over 5 % and over 100 more. Nothing was hidden; the job is paused.",
            "Find out where they come from: records written since, or a data map that finds somebody else's. If all of them are meant, resume the job; if not, cancel it.",
        ),
        "object_locked" => (
            "Object Lock protects the object.",
            "Wait for the lock to end, or record the ground for keeping it.",
        ),
        _ => (
            "The source refused the operation on these records.",
            "Look up the code in the source's documentation and repair. Keep the request: this version cannot retry.",
        ),
    };
    Explanation { text, remedy }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_has_a_sentence_and_a_remedy_of_its_own() {
        let codes = [
            "parked",
            "access_denied",
            "source_gone",
            "leftover",
            "marked_by_other",
            "object_locked",
            "restore_unclear",
            "retention_unreadable",
            DIFFERS,
            "something else",
        ];
        let texts: BTreeSet<_> = codes.iter().map(|code| explain(code).text).collect();
        let remedies: BTreeSet<_> = codes.iter().map(|code| explain(code).remedy).collect();
        assert_eq!((texts.len(), remedies.len()), (codes.len(), codes.len()));
    }
}
