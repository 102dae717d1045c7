//! Plans and chunks: what is to be done and how far it is.
//!
//! Guarantees: a page of a plan is whole or not at all (its chunks and the plan's cursor are one transaction), and of
//! two planners one wins; every change of a chunk is a compare-and-set on `rev`. Chunks are spread over eight
//! partitions, so that one request's workers do not share one partition's throughput. Where next:
//! `state_machine::chunk` for what may follow what.

use futures::future::try_join_all;
use serde::Serialize;

use super::Storage;
use super::calls::settled;
use super::condition::Condition;
use super::item::{Item, Reader, Row, key_item};
use super::keys;
use super::transaction::{Guard, Sent, Transaction, Why};
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::ids::{DatasetId, RequestKey};
use crate::domain::job::Plan;
use crate::domain::package::Assembly;
use crate::domain::restore::Restore;
use crate::ports::{Fault, Work};

/// Chunks that fit into a page's transaction beside the plan's row.
const MAX_CHUNKS: usize = 99;

impl Work for Storage {
    async fn plans(&self, key: &RequestKey) -> Result<Vec<Plan>, Fault> {
        const OPERATION: &str = "read plans";
        let rows = self.rows(keys::request_partition(key), keys::PLANS, OPERATION).await?;
        let plans: Result<Vec<Plan>, Fault> = rows
            .iter()
            .map(|row| Reader::new(row, OPERATION)?.json("doc"))
            .collect();
        let mut plans = plans?;
        plans.sort_by(|a, b| (&a.dataset, a.generation).cmp(&(&b.dataset, b.generation)));
        Ok(plans)
    }

    async fn plan(&self, key: &RequestKey, dataset: &DatasetId, generation: u8) -> Result<Option<Plan>, Fault> {
        const OPERATION: &str = "read plan";
        let row = key_item(keys::plan(key, dataset, generation));
        let item = self.get(&self.tables.requests, row, OPERATION).await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }

    async fn commit_page(
        &self,
        key: &RequestKey,
        before: &Plan,
        after: &Plan,
        chunks: &[Chunk],
    ) -> Result<bool, Fault> {
        const OPERATION: &str = "commit page";
        if chunks.len() > MAX_CHUNKS {
            let why = format!("{} chunks; a page has at most {MAX_CHUNKS}", chunks.len());
            return Err(Fault::permanent(OPERATION, "too_many_actions", why));
        }
        let requests = &self.tables.requests;
        let mut transaction = Transaction::new(OPERATION);
        transaction.put(
            Guard::Plan,
            requests,
            plan_item(key, after),
            &Condition::number_is("rev", before.rev),
        )?;
        for chunk in chunks {
            transaction.put(Guard::Chunk, requests, chunk_item(key, chunk), &Condition::absent())?;
        }
        let answer = self
            .transact(transaction)
            .await
            .and_then(|sent| page_answer(sent, OPERATION));
        settled(answer, async {
            let there = self.plan(key, &after.dataset, after.generation).await?;
            Ok(there.as_ref() == Some(after))
        })
        .await
    }

    async fn chunk(&self, key: &RequestKey, id: &ChunkId) -> Result<Option<Chunk>, Fault> {
        const OPERATION: &str = "read chunk";
        let row = key_item(keys::chunk(key, id));
        let item = self.get(&self.tables.requests, row, OPERATION).await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }

    async fn chunks(&self, key: &RequestKey) -> Result<Vec<Chunk>, Fault> {
        const OPERATION: &str = "read chunks";
        let partitions = (0..keys::CHUNK_SHARDS).map(|shard| keys::chunk_partition(key, shard));
        let reads = partitions.map(|pk| self.rows(pk, keys::CHUNKS, OPERATION));
        let rows = try_join_all(reads).await?;
        let chunks = rows
            .iter()
            .flatten()
            .map(|row| Reader::new(row, OPERATION)?.json("doc"));
        let mut chunks = chunks.collect::<Result<Vec<Chunk>, Fault>>()?;
        chunks.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(chunks)
    }

    async fn swap_chunk(&self, key: &RequestKey, before_rev: u64, after: &Chunk) -> Result<bool, Fault> {
        let on = Condition::number_is("rev", before_rev);
        let put = self.put_if(&self.tables.requests, chunk_item(key, after), &on, "write chunk");
        settled(put.await, async {
            Ok(self.chunk(key, &after.id).await?.as_ref() == Some(after))
        })
        .await
    }

    async fn restore(&self, key: &RequestKey, n: u32) -> Result<Option<Restore>, Fault> {
        const OPERATION: &str = "read restoration";
        let row = key_item(keys::restore(key, n));
        let item = self.get(&self.tables.requests, row, OPERATION).await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }

    async fn assembly(&self, key: &RequestKey) -> Result<Option<Assembly>, Fault> {
        const OPERATION: &str = "read package";
        let row = key_item(keys::assembly(key));
        let item = self.get(&self.tables.requests, row, OPERATION).await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }

    async fn swap_assembly(&self, key: &RequestKey, before_rev: u64, after: &Assembly) -> Result<bool, Fault> {
        let on = Condition::number_is("rev", before_rev);
        let put = self.put_if(&self.tables.requests, assembly_item(key, after), &on, "write package");
        settled(put.await, async {
            Ok(self.assembly(key).await?.as_ref() == Some(after))
        })
        .await
    }
}

/// A package's row as an item.
pub(super) fn assembly_item(key: &RequestKey, assembly: &Assembly) -> Item {
    Row::new(keys::assembly(key))
        .number("rev", assembly.rev)
        .json("doc", assembly)
        .into_item()
}

/// Whether a page was written. A planner that lost finds the plan moved; contention leaves open who wins, so it is
/// tried again; a chunk that is there although its plan never moved contradicts the plan.
fn page_answer(sent: Sent, operation: &'static str) -> Result<bool, Fault> {
    let refused = match sent {
        Sent::Written => return Ok(true),
        Sent::Repeated => return Ok(false),
        Sent::Refused(refused) => refused,
    };
    if refused.contains(&(Guard::Plan, Why::Condition)) {
        return Ok(false);
    }
    // Told of the plan itself or not: while another transaction is at work, a chunk may be there that it just put.
    if refused.iter().any(|(_, why)| *why == Why::Contention) {
        return Err(Fault::transient(operation, "another transaction has the plan in hand"));
    }
    Err(Fault::corrupt(
        operation,
        "a chunk is there that its plan does not count",
    ))
}

/// A plan as an item.
pub(super) fn plan_item(key: &RequestKey, plan: &Plan) -> Item {
    Row::new(keys::plan(key, &plan.dataset, plan.generation))
        .number("rev", plan.rev)
        .number("chunks", plan.chunks)
        .number("planned", plan.planned)
        .text("state", if plan.complete { "complete" } else { "open" })
        .json("doc", plan)
        .into_item()
}

/// A restoration as an item.
pub(super) fn restore_item(key: &RequestKey, restore: &Restore) -> Item {
    Row::new(keys::restore(key, restore.n))
        .number("rev", restore.rev)
        .json("doc", restore)
        .into_item()
}

/// A chunk as an item. Besides `rev` the plain attributes are for people who look at the table.
pub(super) fn chunk_item(key: &RequestKey, chunk: &Chunk) -> Item {
    Row::new(keys::chunk(key, &chunk.id))
        .number("rev", chunk.rev)
        .text("op", chunk.op.as_str())
        .text("state", word(&chunk.state))
        .number("epoch", chunk.epoch)
        .number("send", chunk.send)
        .number("lines", chunk.lines)
        .maybe_text("lease_until", chunk.lease_until.map(|at| at.to_string()))
        .maybe_text("swept_at", chunk.swept_at.map(|at| at.to_string()))
        .maybe_text("outcome", chunk.outcome.clone())
        .json("doc", chunk)
        .into_item()
}

/// The word a plain enum has in JSON.
pub(super) fn word(value: &impl Serialize) -> String {
    let json = serde_json::to_value(value).expect("a plain enum");
    json.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
#[path = "work_tests.rs"]
mod tests;
