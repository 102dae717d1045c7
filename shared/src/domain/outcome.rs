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

/// The ground of a record that a legal hold keeps.
pub const LEGAL_HOLD: &str = "legal_hold";

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

/// How many records are in which state, and on which ground how many of them are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    #[serde(flatten)]
    codes: BTreeMap<Code, u64>,
    /// Of the exempt ones. Counts from before grounds were counted have none of theirs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    grounds: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts of `lines` records in one state.
    pub fn all(code: Code, lines: u64) -> Self {
        Self {
            codes: BTreeMap::from([(code, lines)]),
            grounds: BTreeMap::new(),
        }
    }

    /// Counts of the lines of one outcome object.
    pub fn of_lines(lines: &[LineOutcome]) -> Self {
        let mut counts = Self::default();
        for line in lines {
            *counts.codes.entry(line.code).or_default() += 1;
            if let (Code::Exempt, Some(ground)) = (line.code, &line.detail) {
                *counts.grounds.entry(ground.clone()).or_default() += 1;
            }
        }
        counts
    }

    /// Records in one state.
    pub fn of(&self, code: Code) -> u64 {
        self.codes.get(&code).copied().unwrap_or(0)
    }

    /// Exempt records by their ground: [`LEGAL_HOLD`], or the words of a retention in the data map.
    pub fn grounds(&self) -> &BTreeMap<String, u64> {
        &self.grounds
    }

    /// All records.
    pub fn total(&self) -> u64 {
        self.codes.values().sum()
    }

    /// Records moved from one state to another, at most as many as there are.
    #[must_use]
    pub fn moved(mut self, from: Code, to: Code, records: u64) -> Self {
        let there = self.codes.get_mut(&from);
        let moved = there.map_or(0, |there| {
            let moved = records.min(*there);
            *there -= moved;
            moved
        });
        self.codes.retain(|_, n| *n > 0);
        *self.codes.entry(to).or_default() += moved;
        self
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        for (code, n) in &other.codes {
            *self.codes.entry(*code).or_default() += n;
        }
        for (ground, n) in &other.grounds {
            *self.grounds.entry(ground.clone()).or_default() += n;
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
    fn what_is_kept_is_counted_by_its_ground() {
        let lines = [
            LineOutcome::because(Code::Exempt, LEGAL_HOLD),
            LineOutcome::because(Code::Exempt, "Tax law"),
            LineOutcome::because(Code::Recreated, "overwritten"),
            LineOutcome::because(Code::Exempt, "Tax law"),
        ];
        let mut counts = Counts::of_lines(&lines);
        counts.add(&counts.clone());
        let grounds: Vec<_> = counts
            .grounds()
            .iter()
            .map(|(ground, n)| (ground.as_str(), *n))
            .collect();
        assert_eq!(grounds, [("Tax law", 4), (LEGAL_HOLD, 2)]);
        assert_eq!((counts.of(Code::Exempt), counts.total()), (6, 8));
    }

    #[test]
    fn counts_are_written_by_their_codes_and_those_of_before_the_grounds_are_read() {
        let counts = Counts::of_lines(&[
            LineOutcome::because(Code::Exempt, "Tax law"),
            LineOutcome::plain(Code::Purged),
        ]);
        let written = serde_json::json!({"exempt": 1, "purged": 1, "grounds": {"Tax law": 1}});
        assert_eq!(serde_json::to_value(&counts).expect("JSON"), written);
        assert_eq!(serde_json::from_value::<Counts>(written).expect("counts"), counts);
        let before: Counts = serde_json::from_value(serde_json::json!({"exempt": 1, "swept": 2})).expect("counts");
        assert_eq!((before.total(), before.grounds().len()), (3, 0));
        let plain = serde_json::to_value(Counts::all(Code::Swept, 2)).expect("JSON");
        assert_eq!(plain, serde_json::json!({"swept": 2}));
    }

    #[test]
    fn every_code_is_written_as_its_word() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).expect("json"), code.as_str());
        }
    }
}
