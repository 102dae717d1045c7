//! What became of a record: one code per line of a manifest, and the counts of them.
//!
//! Guarantees: [`Counts`] of a chunk always sum to its lines. Counting is by goal state: a line says what is true of
//! the record now, not which call happened to make it so, so a repeated attempt never counts twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A record's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// Nothing was done to it yet.
    Untouched,
    /// Hidden and restorable.
    Swept,
    /// Gone from the source.
    Purged,
    /// It was gone before we came.
    AlreadyAbsent,
    /// Its subject or application wrote it anew; the new one is not ours to touch.
    Recreated,
    /// Written after the execution; out of scope.
    ArrivedLater,
    /// Brought back by an operator.
    Restored,
    /// Copied into an export package.
    Exported,
    /// Kept on a stated ground.
    Exempt,
    /// Could not be processed; a finding says why.
    Failed,
    /// A finding was closed by an operator with evidence.
    Resolved,
}

impl Code {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Untouched,
        Self::Swept,
        Self::Purged,
        Self::AlreadyAbsent,
        Self::Recreated,
        Self::ArrivedLater,
        Self::Restored,
        Self::Exported,
        Self::Exempt,
        Self::Failed,
        Self::Resolved,
    ];

    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Untouched => "untouched",
            Self::Swept => "swept",
            Self::Purged => "purged",
            Self::AlreadyAbsent => "already_absent",
            Self::Recreated => "recreated",
            Self::ArrivedLater => "arrived_later",
            Self::Restored => "restored",
            Self::Exported => "exported",
            Self::Exempt => "exempt",
            Self::Failed => "failed",
            Self::Resolved => "resolved",
        }
    }
}

/// One line of an outcome object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineOutcome {
    /// What is true of the record.
    #[serde(rename = "c")]
    pub code: Code,
    /// Ground of an exemption, code of a failure, why a record could not be restored, or the id of the delete marker
    /// we put.
    #[serde(rename = "d", default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl LineOutcome {
    /// A code that needs no detail.
    pub fn plain(code: Code) -> Self {
        Self { code, detail: None }
    }

    /// A code with its ground or reason, e.g. `recreated(overwritten)`.
    pub fn because(code: Code, reason: &str) -> Self {
        Self {
            code,
            detail: Some(reason.to_owned()),
        }
    }

    /// A failure by its stable code, e.g. `access_denied`.
    pub fn failed(code: &str) -> Self {
        Self::because(Code::Failed, code)
    }
}

/// How many records are in which state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counts(BTreeMap<Code, u64>);

impl Counts {
    /// Counts of `lines` records in one state.
    pub fn all(code: Code, lines: u64) -> Self {
        Self(BTreeMap::from([(code, lines)]))
    }

    /// Counts of the lines of one outcome object.
    pub fn of_lines(lines: &[LineOutcome]) -> Self {
        let mut counts = Self::default();
        for line in lines {
            *counts.0.entry(line.code).or_default() += 1;
        }
        counts
    }

    /// Records in one state.
    pub fn of(&self, code: Code) -> u64 {
        self.0.get(&code).copied().unwrap_or(0)
    }

    /// All records.
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (code, n) in &other.0 {
            *self.0.entry(*code).or_default() += n;
        }
    }

    /// Records that sweeping (or a later step) has dealt with.
    pub fn processed(&self) -> u64 {
        self.total() - self.of(Code::Untouched)
    }

    /// Records that still exist on purpose: they make a result partial.
    pub fn kept(&self) -> u64 {
        [Code::Exempt, Code::Restored, Code::Resolved]
            .into_iter()
            .map(|code| self.of(code))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_conserve_lines() {
        let lines = [
            LineOutcome::plain(Code::Swept),
            LineOutcome::failed("x"),
            LineOutcome::plain(Code::Swept),
        ];
        let mut counts = Counts::of_lines(&lines);
        assert_eq!(
            (counts.of(Code::Swept), counts.of(Code::Failed), counts.total()),
            (2, 1, 3)
        );
        counts.add(&Counts::all(Code::Untouched, 7));
        assert_eq!((counts.total(), counts.processed()), (10, 3));
    }

    #[test]
    fn every_code_is_written_as_its_word() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).expect("json"), code.as_str());
        }
    }
}
