//! Running statements: BatchExecuteStatement, 25 a call, eight calls in flight, each answer inspected.
//!
//! Guarantees: one answer per statement, in order. HTTP 200 says nothing: each entry has its own error. Throttling of a
//! single entry is a fault of the whole, so that the caller slows down. After a fault, or once the gate is shut, no
//! further call is begun, but those in flight are awaited: nothing of ours is still writing when this returns.

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
        let calls: Vec<_> = statements
            .chunks(PER_CALL)
            .map(|batch| self.run_some(operation, batch, gate))
            .collect();
        let answers: Vec<Result<Vec<Option<Answer>>, Fault>> = stream::iter(calls).buffered(IN_FLIGHT).collect().await;
        let answers = answers.into_iter().collect::<Result<Vec<_>, Fault>>()?;
        Ok(answers.into_iter().flatten().collect())
    }

    async fn run_some<W: Watch>(
        &self,
        operation: &'static str,
        batch: &[Statement],
        gate: &Gate<'_, W>,
    ) -> Result<Vec<Option<Answer>>, Fault> {
        if !gate.opens().await {
            return Ok(vec![None; batch.len()]);
        }
        let answers = self.send(operation, batch).await;
        if answers.is_err() {
            gate.shut();
        }
        Ok(answers?.into_iter().map(Some).collect())
    }

    async fn send(&self, operation: &'static str, batch: &[Statement]) -> Result<Vec<Answer>, Fault> {
        let requests = batch
            .iter()
            .cloned()
            .map(Statement::request)
            .collect::<Result<Vec<_>, _>>();
        let requests = requests.map_err(|e| Fault::permanent(operation, "source_refused", e))?;
        let call = self.client.batch_execute_statement().set_statements(Some(requests));
        let answer = call.send().await.map_err(|e| fault::of_sdk(operation, e))?;
        if answer.responses().len() != batch.len() {
            return Err(Fault::transient(operation, "not every statement was answered"));
        }
        answer.responses().iter().map(|entry| judge(operation, entry)).collect()
    }
}

fn judge(operation: &'static str, entry: &BatchStatementResponse) -> Result<Answer, Fault> {
    let Some(error) = entry.error() else {
        return Ok(Answer::Done);
    };
    let code = error.code().map_or("", BatchStatementErrorCodeEnum::as_str);
    match code {
        "ConditionalCheckFailed" => Ok(Answer::ConditionFailed),
        "ItemCollectionSizeLimitExceeded" => Ok(Answer::Refused("item_collection_full")),
        "ValidationError" => Ok(Answer::Refused(refusal(error))),
        _ => Err(fault::of_meaning(
            operation,
            meaning(code),
            format!("a statement answered {code}"),
        )),
    }
}

fn meaning(code: &str) -> Meaning {
    match fault::of_code(code) {
        // A code of tomorrow: nothing is known of it, so nothing may be concluded about the record.
        Meaning::Refused => Meaning::Later,
        meaning => meaning,
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

    fn answered(code: &str, message: &str) -> Result<Answer, Fault> {
        let error = BatchStatementError::builder()
            .code(code.into())
            .message(message)
            .build();
        judge("testing", &BatchStatementResponse::builder().error(error).build())
    }

    #[test]
    fn each_entry_is_judged_by_its_own_error() {
        assert_eq!(
            judge("testing", &BatchStatementResponse::builder().build()).ok(),
            Some(Answer::Done)
        );
        assert_eq!(
            answered("ConditionalCheckFailed", "").ok(),
            Some(Answer::ConditionFailed)
        );
        let large = answered(
            "ValidationError",
            "Item size to update has exceeded the maximum allowed size",
        );
        assert_eq!(large.ok(), Some(Answer::Refused("item_too_large")));
        assert_eq!(
            answered("ValidationError", "x").ok(),
            Some(Answer::Refused("source_refused"))
        );
        for (code, permanent) in [
            ("ThrottlingError", None),
            ("ProvisionedThroughputExceeded", None),
            ("TransactionConflict", None),
            ("SomethingNew", None),
            ("AccessDenied", Some("access_denied")),
            ("ResourceNotFound", Some("source_gone")),
        ] {
            let found = match answered(code, "").expect_err(code) {
                Fault::Transient { .. } => None,
                Fault::Permanent { code, .. } => Some(code),
            };
            assert_eq!(found, permanent, "{code}");
        }
    }
}
