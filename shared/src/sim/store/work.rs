//! The port [`Work`]: plans and chunks.

use super::action::{Action, Protects};
use super::transaction::{Sent, Why};
use super::{SimStore, settled};
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::ids::{DatasetId, RequestKey};
use crate::domain::job::Plan;
use crate::domain::package::Assembly;
use crate::domain::restore::Restore;
use crate::knobs::Guard;
use crate::ports::{Fault, Work};

/// Chunks that fit into a page's transaction beside the plan's row.
const MAX_CHUNKS: usize = 99;

impl Work for SimStore {
    async fn plans(&self, key: &RequestKey) -> Result<Vec<Plan>, Fault> {
        self.of(key, "read plans", |of| of.plans.values().cloned().collect())
            .await
    }

    async fn plan(&self, key: &RequestKey, dataset: &DatasetId, generation: u8) -> Result<Option<Plan>, Fault> {
        let id = (dataset.clone(), generation);
        self.of(key, "read plan", |of| of.plans.get(&id).cloned()).await
    }

    async fn commit_page(
        &self,
        key: &RequestKey,
        before: &Plan,
        after: &Plan,
        chunks: &[Chunk],
    ) -> Result<bool, Fault> {
        const OP: &str = "commit page";
        if chunks.len() > MAX_CHUNKS {
            let why = format!("{} chunks; a page has at most {MAX_CHUNKS}", chunks.len());
            return Err(Fault::permanent(OP, "too_many_actions", why));
        }
        let mut actions = vec![Action::Plan(before.rev, after.clone())];
        actions.extend(chunks.iter().cloned().map(Box::new).map(Action::Chunk));
        let sent = self.transact(OP, key, actions).await;
        settled(sent.and_then(|sent| page_answer(sent, OP)), async {
            let there = self.plan(key, &after.dataset, after.generation).await?;
            Ok(there.as_ref() == Some(after))
        })
        .await
    }

    async fn chunk(&self, key: &RequestKey, id: &ChunkId) -> Result<Option<Chunk>, Fault> {
        self.of(key, "read chunk", |of| of.chunks.get(id).cloned()).await
    }

    async fn chunks(&self, key: &RequestKey) -> Result<Vec<Chunk>, Fault> {
        self.of(key, "read chunks", |of| of.chunks.values().cloned().collect())
            .await
    }

    async fn swap_chunk(&self, key: &RequestKey, before_rev: u64, after: &Chunk) -> Result<bool, Fault> {
        let what = format!("{key} {} to {:?}", after.id, after.state);
        let swap = self.write("write chunk", what, |tables| {
            let of = tables.of_mut(key);
            let is_same = of.chunks.get(&after.id).is_some_and(|was| was.rev == before_rev);
            let may = is_same || !Guard::ChunkRevision.stands();
            if may && let Some(was) = of.chunks.insert(after.id.clone(), after.clone()) {
                of.replaced.push((was, after.clone()));
            }
            may
        });
        settled(swap.await, async {
            Ok(self.chunk(key, &after.id).await?.as_ref() == Some(after))
        })
        .await
    }

    async fn restore(&self, key: &RequestKey, n: u32) -> Result<Option<Restore>, Fault> {
        self.of(key, "read restoration", |of| of.restores.get(&n).cloned())
            .await
    }

    async fn assembly(&self, key: &RequestKey) -> Result<Option<Assembly>, Fault> {
        self.of(key, "read package", |of| of.assembly.clone()).await
    }

    async fn swap_assembly(&self, key: &RequestKey, before_rev: u64, after: &Assembly) -> Result<bool, Fault> {
        let what = format!("{key} {} parts", after.parts.len());
        let swap = self.write("write package", what, |tables| {
            let of = tables.of_mut(key);
            let may = of.assembly.as_ref().is_some_and(|was| was.rev == before_rev);
            if may {
                of.assembly = Some(after.clone());
            }
            may
        });
        settled(swap.await, async {
            Ok(self.assembly(key).await?.as_ref() == Some(after))
        })
        .await
    }
}

/// Whether a page was written: a planner that lost finds the plan moved, contention leaves open who wins.
fn page_answer(sent: Sent, op: &'static str) -> Result<bool, Fault> {
    let Sent::Refused(refused) = sent else {
        return Ok(true);
    };
    if refused.contains(&(Protects::Plan, Why::Condition)) {
        return Ok(false);
    }
    // Told of the plan itself or not: while another transaction is at work, a chunk may be there that it just put.
    if refused.iter().any(|(_, why)| *why == Why::Contention) {
        return Err(Fault::transient(op, "another transaction has the plan in hand"));
    }
    Err(Fault::corrupt(op, "a chunk is there that its plan does not count"))
}
