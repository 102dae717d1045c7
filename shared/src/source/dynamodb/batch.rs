//! Running statements: BatchExecuteStatement, 25 a call, eight calls in flight, each answer inspected.
//!
//! Guarantees: one answer per statement, in order. HTTP 200 says nothing: each entry has its own error. An entry that was
//! throttled or not answered is tried again by itself, after a pause and more slowly, so that what was done is not asked
//! for twice; the SDK tries nothing again. When the pacer gives up, that is a fault of the whole. After a fault, or once
//! the gate is shut, no further call is begun, but those in flight are awaited: nothing of ours is still writing when
//! this returns.

use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::types::{BatchStatementError, BatchStatementErrorCodeEnum, BatchStatementResponse};
use futures::StreamExt as _;
use futures::stream;

use super::Tables;
use super::statement::Statement;
use crate::ports::{Always, Fault, Watch};
use crate::source::fault::{self, Meaning};
use crate::source::gate::Gate;

const PER_CALL: usize = 25;
const IN_FLIGHT: usize = 8;

/// Why a statement is to be tried again.
const THROTTLED: &str = "a statement was throttled";
const FAILED: &str = "a statement failed for now";
const SILENT: &str = "not every statement was answered";

/// What was heard of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    Answer(Answer),
    /// Nothing was asked.
    NotBegun,
    /// It may or may not be done: to be tried again.
    Later(&'static str),
}

/// What became of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    /// The item is not as the statement demands, or there is none.
    ConditionFailed,
    /// The item cannot be written so; the code of the failure.
    Refused(&'static str),
}

impl Tables {
    /// Runs the statements, to the last one.
    pub(super) async fn run(&self, operation: &'static str, statements: Vec<Statement>) -> Result<Vec<Answer>, Fault> {
        let answers = self.run_while(operation, statements, &Gate::new(&Always)).await?;
        // Without a fault such a gate stays open: there is an answer to each.
        Ok(answers.into_iter().flatten().collect())
    }

    /// Runs the statements while the gate is open; no answer for one that was not begun.
    pub(super) async fn run_while<W: Watch>(
        &self,
        operation: &'static str,
        statements: Vec<Statement>,
        gate: &Gate<'_, W>,
    ) -> Result<Vec<Option<Answer>>, Fault> {
        let mut answers = vec![None; statements.len()];
        let mut open: Vec<usize> = (0..statements.len()).collect();
        let mut in_flight = IN_FLIGHT;
        loop {
            let ebb = AtomicBool::new(false);
            let calls: Vec<_> = open
                .chunks(PER_CALL)
                .map(|which| self.run_some(operation, &statements, which, (gate, &ebb)))
                .collect();
            let heard: Vec<Result<Vec<Heard>, Fault>> = stream::iter(calls).buffered(in_flight).collect().await;
            let heard = heard.into_iter().collect::<Result<Vec<_>, Fault>>()?;
            let mut trouble = None;
            let mut again = Vec::new();
            for (at, heard) in open.into_iter().zip(heard.into_iter().flatten()) {
                match heard {
                    Heard::Answer(answer) => answers[at] = Some(answer),
                    Heard::NotBegun => again.push(at),
                    Heard::Later(why) => {
                        trouble = Some(why);
                        again.push(at);
                    }
                }
            }
            let Some(why) = trouble else { return Ok(answers) };
            // Who stops does not wait: what was not answered is looked at.
            if gate.is_shut() {
                return Ok(answers);
            }
            if !self.pacer.slow_down().await {
                return Err(Fault::transient(operation, why));
            }
            (open, in_flight) = (again, 1);
        }
    }

    /// One call, if the gate is open and nothing was throttled in this round.
    async fn run_some<W: Watch>(
        &self,
        operation: &'static str,
        statements: &[Statement],
        which: &[usize],
        (gate, ebb): (&Gate<'_, W>, &AtomicBool),
    ) -> Result<Vec<Heard>, Fault> {
        self.pacer.turn(which.len()).await;
        if ebb.load(Ordering::Relaxed) || !gate.opens().await {
            return Ok(vec![Heard::NotBegun; which.len()]);
        }
        let heard = self.send(operation, statements, which).await;
        match &heard {
            Ok(heard) => {
                let later = heard.iter().any(|one| matches!(one, Heard::Later(_)));
                ebb.fetch_or(later, Ordering::Relaxed);
            }
            Err(_) => gate.shut(),
        }
        heard
    }

    async fn send(
        &self,
        operation: &'static str,
        statements: &[Statement],
        which: &[usize],
    ) -> Result<Vec<Heard>, Fault> {
        let requests = which.iter().map(|at| statements[*at].clone().request());
        let requests = requests.collect::<Result<Vec<_>, _>>();
        let requests = requests.map_err(|e| Fault::permanent(operation, "source_refused", e))?;
        let call = self.once.batch_execute_statement().set_statements(Some(requests));
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let meaning = fault::meaning_of(&error);
                self.pacer.heard(meaning, which.len());
                return match meaning {
                    Meaning::Throttled | Meaning::Later => Ok(vec![Heard::Later(FAILED); which.len()]),
                    Meaning::Denied | Meaning::Gone | Meaning::Refused => Err(fault::of_sdk(operation, error)),
                };
            }
        };
        if answer.responses().len() != which.len() {
            self.pacer.heard(Meaning::Later, which.len());
            return Ok(vec![Heard::Later(SILENT); which.len()]);
        }
        let heard = answer.responses().iter().map(|entry| judge(operation, entry));
        let heard = heard.collect::<Result<Vec<_>, Fault>>()?;
        self.note(&heard);
        Ok(heard)
    }

    fn note(&self, heard: &[Heard]) {
        let is = |wanted: fn(&Heard) -> bool| heard.iter().filter(|one| wanted(one)).count();
        self.pacer.settled(is(|one| matches!(one, Heard::Answer(_))));
        self.pacer
            .heard(Meaning::Throttled, is(|one| matches!(one, Heard::Later(THROTTLED))));
        if heard.contains(&Heard::Later(FAILED)) {
            self.pacer.heard(Meaning::Later, 1);
        }
    }
}

fn judge(operation: &'static str, entry: &BatchStatementResponse) -> Result<Heard, Fault> {
    let Some(error) = entry.error() else {
        return Ok(Heard::Answer(Answer::Done));
    };
    let code = error.code().map_or("", BatchStatementErrorCodeEnum::as_str);
    match code {
        "ConditionalCheckFailed" => return Ok(Heard::Answer(Answer::ConditionFailed)),
        "ItemCollectionSizeLimitExceeded" => return Ok(Heard::Answer(Answer::Refused("item_collection_full"))),
        "ValidationError" => return Ok(Heard::Answer(Answer::Refused(refusal(error)))),
        _ => {}
    }
    match fault::of_code(code) {
        Meaning::Throttled => Ok(Heard::Later(THROTTLED)),
        // A code of tomorrow: nothing is known of it, so nothing may be concluded about the record.
        Meaning::Later | Meaning::Refused => Ok(Heard::Later(FAILED)),
        meaning @ (Meaning::Denied | Meaning::Gone) => Err(fault::of_meaning(
            operation,
            meaning,
            format!("a statement answered {code}"),
        )),
    }
}

/// Marks need some hundred bytes: an item of just 400 KB has no room for them, and only the message says so.
fn refusal(error: &BatchStatementError) -> &'static str {
    match error.message() {
        Some(message) if message.contains("size") => "item_too_large",
        _ => "source_refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: &str, message: &str) -> Result<Heard, Fault> {
        let error = BatchStatementError::builder()
            .code(code.into())
            .message(message)
            .build();
        judge("testing", &BatchStatementResponse::builder().error(error).build())
    }

    #[test]
    fn each_entry_is_judged_by_its_own_error() {
        let done = judge("testing", &BatchStatementResponse::builder().build());
        assert_eq!(done.ok(), Some(Heard::Answer(Answer::Done)));
        for (code, message, answer) in [
            ("ConditionalCheckFailed", "", Answer::ConditionFailed),
            (
                "ValidationError",
                "Item size to update has exceeded the maximum allowed size",
                Answer::Refused("item_too_large"),
            ),
            ("ValidationError", "x", Answer::Refused("source_refused")),
        ] {
            assert_eq!(answered(code, message).ok(), Some(Heard::Answer(answer)), "{code}");
        }
        for (code, why) in [
            ("ThrottlingError", THROTTLED),
            ("ProvisionedThroughputExceeded", THROTTLED),
            ("TransactionConflict", FAILED),
            ("SomethingNew", FAILED),
        ] {
            assert_eq!(answered(code, "").ok(), Some(Heard::Later(why)), "{code}");
        }
        for (code, permanent) in [("AccessDenied", "access_denied"), ("ResourceNotFound", "source_gone")] {
            let fault = answered(code, "").expect_err(code);
            assert!(
                matches!(fault, Fault::Permanent { code, .. } if code == permanent),
                "{code}"
            );
        }
    }
}
