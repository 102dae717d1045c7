//! A finding: something a person must look at — what, where, why, and what to do.
//!
//! One finding per chunk and code, with a count; the records themselves are lines of the chunk, whose keys are sealed in
//! its manifest and not repeated here.
//!
//! Guarantee: whether a finding is open is read from the rows it is about, never from a mark that somebody could
//! forget to clear: a chunk's finding is open as long as it tells of the chunk's newest account. So a retry that
//! succeeds closes what it repaired by accounting for it. Where next: `state_machine::repair` for retry and resolve.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, ChunkId};
use super::job::{Job, Phase, Plan};
use super::vault::UNVERIFIABLE;

/// What a finding is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum About {
    /// A chunk, or some of its records.
    #[default]
    Chunk,
    /// A dataset that could not be enumerated.
    Plan,
    /// What the last verification still found in a dataset.
    Leftover,
    /// A package that could not be written.
    Package,
}

/// A finding's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Format version, 1.
    pub v: u32,
    /// What it is about.
    #[serde(default)]
    pub about: About,
    /// Which chunk; of a dataset, its first.
    pub chunk: ChunkId,
    /// Stable code: what went wrong.
    pub code: String,
    /// How many records.
    pub count: u64,
    /// The line numbers concerned, at most 500 (a chunk); none: all that are not accounted for.
    pub lines: Vec<u32>,
    /// Leases in which it was tried.
    #[serde(default)]
    pub attempts: u32,
    /// The epoch of the worker that found it: an earlier one does not overwrite it.
    #[serde(default)]
    pub epoch: u32,
    /// When it was first seen.
    pub first_at: Timestamp,
    /// When it was last seen.
    pub last_at: Timestamp,
    /// When an operator closed it with evidence; a newer failure opens it again.
    #[serde(default)]
    pub resolved_at: Option<Timestamp>,
}

/// Whether anybody must still do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// A person must look.
    Open,
    /// Being tried again.
    Retrying,
    /// A later attempt did not find it any more.
    Repaired,
    /// An operator closed it with evidence.
    Resolved,
}

impl Finding {
    /// A finding of a whole chunk or dataset, seen for the first time.
    pub fn new(chunk: ChunkId, code: &str, now: Timestamp) -> Self {
        Self {
            v: 1,
            about: About::Chunk,
            chunk,
            code: code.to_owned(),
            count: 0,
            lines: vec![],
            attempts: 0,
            epoch: 0,
            first_at: now,
            last_at: now,
            resolved_at: None,
        }
    }

    /// Whether what was found by `newer` replaces this: nothing that an earlier worker saw, and what an operator closed
    /// only by what happened since.
    pub fn gives_way_to(&self, newer: &Self) -> bool {
        newer.epoch > self.epoch || (newer.epoch == self.epoch && self.resolved_at.is_none())
    }

    /// Where it stands, by the rows it is about.
    pub fn state(&self, job: &Job, plans: &[Plan], chunks: &[Chunk]) -> State {
        let resolved = if self.resolved_at.is_some() {
            State::Resolved
        } else {
            State::Repaired
        };
        let open = |retried: bool| if retried { State::Retrying } else { State::Open };
        match self.about {
            _ if self.resolved_at.is_some() => resolved,
            About::Chunk => match chunks.iter().find(|chunk| chunk.id == self.chunk) {
                Some(chunk) if chunk.accounted == self.epoch => {
                    let latest = job.retry.as_ref().is_some_and(|retry| retry.n == chunk.retried);
                    open(latest && !chunk.is_settled())
                }
                Some(_) | None => resolved,
            },
            About::Plan => match plans.iter().find(|plan| self.is_of(plan)) {
                Some(plan) if !plan.complete && plan.generation == job.generation => open(job.is_running()),
                Some(_) | None => resolved,
            },
            About::Leftover if self.chunk.generation == job.generation && job.phase == Phase::Verifying => {
                open(job.is_running())
            }
            About::Leftover => resolved,
            About::Package if job.phase == Phase::Packaging => open(job.is_running()),
            About::Package => resolved,
        }
    }

    /// Whether it is about this plan's dataset and generation.
    pub fn is_of(&self, plan: &Plan) -> bool {
        (&plan.dataset, plan.generation) == (&self.chunk.dataset, self.chunk.generation)
    }

    /// Its name within the request, in routes and in the trail: `messages.0.3.access_denied`.
    pub fn name(&self) -> FindingName<'_> {
        FindingName(self)
    }
}

/// The name of a finding.
#[derive(Clone, Copy, Debug)]
pub struct FindingName<'a>(&'a Finding);

impl fmt::Display for FindingName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { about, chunk, code, .. } = self.0;
        match about {
            About::Chunk => write!(f, "{chunk}.{code}"),
            About::Plan => write!(f, "{}.{}.plan.{code}", chunk.dataset, chunk.generation),
            About::Leftover => write!(f, "{}.{}.all.{code}", chunk.dataset, chunk.generation),
            About::Package => write!(f, "package.{code}"),
        }
    }
}

/// The code of a plan that holds far more records than the preview said. Of a whole job, no chunk has it.
pub const DIFFERS: &str = "differs_from_preview";
/// The code of what is still there after the last verification.
pub const LEFTOVER: &str = "leftover";
/// The code of records of which nobody can say whether a restoration brought them back. A retry leaves them alone.
pub const RESTORE_UNCLEAR: &str = "restore_unclear";

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
            "Look at the execution function's log for this chunk and repair the cause. Then retry.",
        ),
        RESTORE_UNCLEAR => (
            "A restoration broke off five times; these records lost their marks, or were written anew meanwhile.",
            "Look whether each is as it should be, then resolve the finding with what you saw. A retry leaves them alone.",
        ),
        "access_denied" => (
            "Lethe's role may not read or write the source.",
            "Run `lethe data-map apply` again and check the key policy of the source's KMS key. Then retry.",
        ),
        "source_gone" => (
            "The table, its index or the bucket does not exist any more.",
            "Restore it, then retry. If it was deleted on purpose, resolve the finding with the evidence.",
        ),
        "key_differs" => (
            "The table or index does not have the key that the data map names.",
            "Correct the data map and apply it for requests to come. For this one give the table back the key it had, then retry; or resolve the finding with what was done about the dataset.",
        ),
        "ttl_differs" => (
            "The table's TTL is off, or on another attribute than the data map names: what is swept would never expire.",
            "Turn TTL on with the attribute the data map names (a change of it can take an hour), then retry.",
        ),
        LEFTOVER => (
            "Records were still found after three verifications.",
            "Find out what keeps writing them and stop it, then retry: they are swept, and looked for again. If they must stay, resolve the finding with the ground.",
        ),
        "marked_by_other" => (
            "The record carries the mark of another request.",
            "Wait until that request is completed, then retry.",
        ),
        "retention_unreadable" => (
            "The record must be kept for a time, but the date this time counts from is missing or cannot be read. It was kept.",
            "Correct the date in the record, or the attribute or its format in the data map. Then retry.",
        ),
        DIFFERS => (
            "The plan holds far more records than the preview that was executed: over 5 % and over 100 more. Nothing was hidden; the job is paused.",
            "Find out where they come from: records written since, or a data map that finds somebody else's. If all of them are meant, resume the job; if not, cancel it.",
        ),
        UNVERIFIABLE => (
            "The item has more attributes than one condition can compare, so nobody can say that it is deleted as it was copied. It was left in its table.",
            "Name an attribute that the application changes with each write as version_attribute in the data map, or hide this dataset with mode: tombstone, for requests to come. Delete these items by hand, then resolve the finding.",
        ),
        "changed" => (
            "The application changed the record each time between Lethe's look at it and its write. It was left as it is.",
            "Find out what keeps writing the subject's data and stop it, then retry.",
        ),
        "copy_gone" => (
            "A copy is not in the vault any more, so its record cannot come back.",
            "Find out who deleted it: nobody but Lethe may write to the vault's bucket. Restore the record from a backup of its table.",
        ),
        "object_locked" => (
            "Object Lock protects the object.",
            "Wait for the lock to end, then retry; or resolve the finding with the ground for keeping it.",
        ),
        _ => (
            "The source refused the operation on these records.",
            "Look up the code in the source's documentation and repair. Then retry.",
        ),
    };
    Explanation { text, remedy }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::job::JobStatus;

    #[test]
    fn what_is_wrong_with_a_package_is_over_when_nobody_packs_any_more() {
        let finding = Finding {
            v: 1,
            about: About::Package,
            chunk: ChunkId {
                dataset: "messages".parse().expect("a slug"),
                generation: 0,
                n: 0,
            },
            code: "parked".to_owned(),
            count: 0,
            lines: vec![],
            attempts: 5,
            epoch: 5,
            first_at: Timestamp::UNIX_EPOCH,
            last_at: Timestamp::UNIX_EPOCH,
            resolved_at: None,
        };
        let state = |phase, status| {
            let job = Job {
                phase,
                status,
                ..Job::queued()
            };
            finding.state(&job, &[], &[])
        };
        assert_eq!(state(Phase::Packaging, JobStatus::Failed), State::Open);
        assert_eq!(state(Phase::Packaging, JobStatus::Running), State::Retrying);
        assert_eq!(state(Phase::Closing, JobStatus::Failed), State::Repaired);
    }

    #[test]
    fn each_code_has_a_sentence_and_a_remedy_of_its_own() {
        let codes = [
            "parked",
            "access_denied",
            "source_gone",
            "key_differs",
            "ttl_differs",
            LEFTOVER,
            "marked_by_other",
            "object_locked",
            RESTORE_UNCLEAR,
            "retention_unreadable",
            UNVERIFIABLE,
            "changed",
            "copy_gone",
            DIFFERS,
            "something else",
        ];
        let texts: BTreeSet<_> = codes.iter().map(|code| explain(code).text).collect();
        let remedies: BTreeSet<_> = codes.iter().map(|code| explain(code).remedy).collect();
        assert_eq!((texts.len(), remedies.len()), (codes.len(), codes.len()));
    }
}
