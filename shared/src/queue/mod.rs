//! The queues, in SQS. A message is a hint (rows are the truth), yet none is lost silently: every entry of a batch is
//! answered for on its own, in the order it was given.
//!
//! `MessageGroupId` is the tenant: on a standard queue that makes SQS share consumers fairly between tenants, so one
//! tenant's large job does not starve another's small one.

use std::fmt::Debug;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry as Entry;
use serde::Serialize;

use crate::domain::ids::Tenant;
use crate::domain::message::{ChunkMessage, PartMessage, PlanMessage};
use crate::ports::{Fault, Queues};
use crate::sdk_fault::fault;

/// Entries SQS takes at once.
const BATCH: usize = 10;
/// The longest delay SQS knows.
const DELAY_MAX_SECONDS: u32 = 900;

/// SQS's own codes and ours.
const CODES: [(&str, &str); 2] = [
    ("AWS.SimpleQueueService.NonExistentQueue", "queue_gone"),
    ("QueueDoesNotExist", "queue_gone"),
];

/// Sends work to SQS.
#[derive(Clone, Debug)]
pub struct SqsQueues {
    client: Client,
    plans_url: Option<Arc<str>>,
    chunks_url: Option<Arc<str>>,
    parts_url: Option<Arc<str>>,
}

/// The queues' addresses; a function that may not send to one leaves it out.
#[derive(Clone, Debug, Default)]
pub struct Urls {
    /// Of `plans`.
    pub plans: Option<String>,
    /// Of `chunks`.
    pub chunks: Option<String>,
    /// Of `parts`.
    pub parts: Option<String>,
}

impl SqsQueues {
    /// Sends to these queues.
    pub fn new(client: Client, urls: Urls) -> Self {
        Self {
            client,
            plans_url: urls.plans.map(Arc::from),
            chunks_url: urls.chunks.map(Arc::from),
            parts_url: urls.parts.map(Arc::from),
        }
    }

    async fn send<M: Serialize>(
        &self,
        to: Target<'_>,
        messages: &[M],
        tenant: impl Fn(&M) -> &Tenant,
    ) -> Vec<Result<(), Fault>> {
        let Some(url) = to.url else {
            let refuse = |_: &M| {
                Err(Fault::permanent(
                    to.operation,
                    "not_configured",
                    "no address of this queue",
                ))
            };
            return messages.iter().map(refuse).collect();
        };
        let mut results = Vec::with_capacity(messages.len());
        for batch in messages.chunks(BATCH) {
            let entries = batch
                .iter()
                .enumerate()
                .map(|(n, m)| entry(n, m, tenant(m), to.delay_seconds));
            let answer = match entries.collect::<Result<Vec<_>, _>>() {
                Ok(entries) => {
                    let call = self
                        .client
                        .send_message_batch()
                        .queue_url(url)
                        .set_entries(Some(entries));
                    call.send().await.map_err(|error| fault(to.operation, error, &CODES))
                }
                Err(unwritable) => Err(Fault::permanent(to.operation, "unwritable", unwritable)),
            };
            match answer {
                Ok(answer) => results.extend(per_entry(to.operation, batch.len(), &answer)),
                Err(whole) => results.extend(for_each_of(batch.len(), to.operation, whole)),
            }
        }
        results
    }
}

/// Where a call sends, and how it is called in a fault.
#[derive(Clone, Copy)]
struct Target<'a> {
    url: Option<&'a str>,
    delay_seconds: u32,
    operation: &'static str,
}

impl Queues for SqsQueues {
    async fn send_plans(&self, messages: &[PlanMessage]) -> Vec<Result<(), Fault>> {
        let to = Target {
            url: self.plans_url.as_deref(),
            delay_seconds: 0,
            operation: "send plan messages",
        };
        self.send(to, messages, |message| &message.request.tenant).await
    }

    async fn send_chunks(&self, messages: &[ChunkMessage], delay_seconds: u32) -> Vec<Result<(), Fault>> {
        let to = Target {
            url: self.chunks_url.as_deref(),
            delay_seconds: delay_seconds.min(DELAY_MAX_SECONDS),
            operation: "send chunk messages",
        };
        self.send(to, messages, |message| &message.request.tenant).await
    }

    async fn send_part(&self, message: &PartMessage, delay_seconds: u32) -> Result<(), Fault> {
        let to = Target {
            url: self.parts_url.as_deref(),
            delay_seconds: delay_seconds.min(DELAY_MAX_SECONDS),
            operation: "send part message",
        };
        let messages = std::slice::from_ref(message);
        let sent = self.send(to, messages, |message| &message.request.tenant).await;
        sent.into_iter().collect()
    }
}

fn entry<M: Serialize>(
    n: usize,
    message: &M,
    tenant: &Tenant,
    delay_seconds: u32,
) -> Result<Entry, crate::ports::BoxError> {
    Ok(Entry::builder()
        .id(n.to_string())
        .message_body(serde_json::to_string(message)?)
        .message_group_id(tenant.as_str())
        .delay_seconds(i32::try_from(delay_seconds)?)
        .build()?)
}

/// What became of each entry; one that SQS does not mention was not taken.
fn per_entry(operation: &'static str, sent: usize, answer: &SendMessageBatchOutput) -> Vec<Result<(), Fault>> {
    let of = |n: usize| {
        let id = n.to_string();
        if answer.successful().iter().any(|one| one.id() == id) {
            return Ok(());
        }
        match answer.failed().iter().find(|one| one.id() == id) {
            Some(one) if one.sender_fault() => Err(Fault::permanent(operation, "queue_refused", one.code().to_owned())),
            Some(one) => Err(Fault::transient(operation, one.code().to_owned())),
            None => Err(Fault::transient(operation, "SQS did not answer for this entry")),
        }
    };
    (0..sent).map(of).collect()
}

/// One fault of a whole call, told for each of its entries with one shared source.
fn for_each_of(entries: usize, operation: &'static str, whole: Fault) -> Vec<Result<(), Fault>> {
    let code = match &whole {
        Fault::Transient { .. } => None,
        Fault::Permanent { code, .. } => Some(*code),
    };
    let whole = Arc::new(whole);
    let one = |_| match code {
        None => Err(Fault::transient(operation, WholeCall(Arc::clone(&whole)))),
        Some(code) => Err(Fault::permanent(operation, code, WholeCall(Arc::clone(&whole)))),
    };
    (0..entries).map(one).collect()
}

/// The call all entries were part of failed.
#[derive(Debug, thiserror::Error)]
#[error("the whole batch was not sent")]
struct WholeCall(#[source] Arc<Fault>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{RequestId, RequestKey};
    use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};

    fn plan() -> PlanMessage {
        PlanMessage {
            v: 1,
            request: RequestKey {
                tenant: "acme".parse().expect("slug"),
                id: RequestId::from_parts(0, 1),
            },
            dataset: "messages".parse().expect("slug"),
            generation: 1,
        }
    }

    #[test]
    fn an_entry_is_fair_delayed_and_readable() {
        let entry = entry(3, &plan(), &plan().request.tenant, 5).expect("an entry");
        assert_eq!((entry.id(), entry.message_group_id()), ("3", Some("acme")));
        assert_eq!(entry.delay_seconds(), Some(5));
        assert_eq!(
            serde_json::from_str::<PlanMessage>(entry.message_body()).expect("json"),
            plan()
        );
    }

    #[test]
    fn every_entry_is_answered_for_in_order() {
        let taken = |id: &str| {
            let entry = SendMessageBatchResultEntry::builder()
                .id(id)
                .message_id("m")
                .md5_of_message_body("x");
            entry.build().expect("complete")
        };
        let failed = |id: &str, sender: bool| {
            let entry = BatchResultErrorEntry::builder()
                .id(id)
                .sender_fault(sender)
                .code("Code");
            entry.build().expect("complete")
        };
        let answer = SendMessageBatchOutput::builder()
            .successful(taken("2"))
            .successful(taken("0"))
            .failed(failed("3", false))
            .failed(failed("1", true))
            .build()
            .expect("complete");
        let results = per_entry("send", 5, &answer);
        assert!(results[0].is_ok() && results[2].is_ok());
        assert!(matches!(
            results[1],
            Err(Fault::Permanent {
                code: "queue_refused",
                ..
            })
        ));
        assert!(matches!(results[3], Err(Fault::Transient { .. })));
        assert!(
            matches!(results[4], Err(Fault::Transient { .. })),
            "silence is no success"
        );
    }

    #[test]
    fn a_failed_call_fails_each_entry_the_same_way() {
        let whole = Fault::permanent("send", "access_denied", "why");
        let results = for_each_of(3, "send", whole);
        assert_eq!(results.len(), 3);
        for result in results {
            assert!(matches!(
                result,
                Err(Fault::Permanent {
                    code: "access_denied",
                    ..
                })
            ));
        }
    }
}
