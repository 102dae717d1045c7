//! Planning: page through one dataset and commit its chunks, until the dataset is done or the time is short.
//!
//! Guarantees: the manifest is stored before the rows that name it; chunks and cursor move in one transaction, so a
//! crash leaves no half page and a second planner that comes too late writes nothing. Before its first page a planner
//! looks whether the source is as the data map has it. Verification is the same work on the next generation, with the
//! same cutoff.

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::advance::{advance, open_findings};
use super::bench::Bench;
use super::commit::{Before, Circumstances};
use super::expected::Expected;
use super::failure::Failure;
use super::operate::arms_ttl;
use super::records::Loaded;
use crate::domain::chunk::{Chunk, ChunkId, ManifestSlice, Op};
use crate::domain::data_map::{DataMap, Dataset};
use crate::domain::finding::{About, Finding};
use crate::domain::ids::SubjectId;
use crate::domain::job::{JobStatus, Phase, Plan};
use crate::domain::manifest::{Line, encode};
use crate::domain::message::PlanMessage;
use crate::domain::object_keys;
use crate::domain::request::{Facts, Kind, Status};
use crate::knobs::sizes;
use crate::ports::{Config, DataKey, Fault, Keys, Manifests, PageOrder, Queues, Requests, Sealer, Sources, Work};
use crate::state_machine::command::Event;
use crate::state_machine::request::observe;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Planned {
    /// The dataset's plan is complete.
    Complete,
    /// A continuation was sent.
    Continued,
    /// The message was old, or another planner is at it.
    Dropped,
    /// The source cannot be enumerated; a finding says why, and the job has failed.
    Failed,
}

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources,
{
    /// Handles one message. `clock` tells the time; `stop_at` is when a continuation is sent instead of the next page.
    pub async fn plan(
        &self,
        message: &PlanMessage,
        clock: impl Fn() -> Timestamp,
        stop_at: Timestamp,
    ) -> Result<Planned, Failure> {
        let mut expected = None;
        loop {
            let Some(loaded) = self.current(message, &clock).await? else {
                return Ok(Planned::Dropped);
            };
            let key = &message.request;
            let plan = self
                .records
                .store
                .plan(key, &message.dataset, message.generation)
                .await?;
            let Some(plan) = plan else { return Ok(Planned::Dropped) };
            if !plan.complete {
                if clock() >= stop_at {
                    self.continue_later(message).await?;
                    return Ok(Planned::Continued);
                }
                match self.next_page(&loaded, &plan, &mut expected, clock()).await {
                    Ok(true) => continue,
                    Ok(false) => return Ok(Planned::Dropped),
                    Err(Failure::Fault(Fault::Permanent { code, .. })) => {
                        self.fail(&loaded, &plan, code, clock()).await?;
                        return Ok(Planned::Failed);
                    }
                    Err(failure) => return Err(failure),
                }
            }
            advance(&self.records, &self.queues, key, clock()).await?;
            return Ok(Planned::Complete);
        }
    }

    /// The request, if this message's generation is still being planned. The first planner starts the job.
    async fn current(&self, message: &PlanMessage, clock: impl Fn() -> Timestamp) -> Result<Option<Loaded>, Fault> {
        let Some(loaded) = self.records.load(&message.request).await? else {
            return Ok(None);
        };
        let facts = &loaded.request.facts;
        let Some(job) = facts.job.as_ref().filter(|_| facts.status == Status::InProgress) else {
            return Ok(None);
        };
        let planning = matches!(job.phase, Phase::Planning | Phase::Verifying);
        if !planning || job.generation != message.generation || job.cancel_requested {
            return Ok(None);
        }
        if job.status == JobStatus::Queued {
            let now = clock();
            if let Some(transition) = observe(&loaded.request, Event::JobBegan, now) {
                // Whether this planner or a sibling wins the race, the job has begun.
                self.records
                    .commit(Before::Loaded(&loaded), &transition, Circumstances::default(), now)
                    .await?;
                return self.records.load(&message.request).await;
            }
        }
        Ok(Some(loaded))
    }

    /// Somebody must repair something before this dataset can be enumerated: a finding, and the job fails.
    async fn fail(&self, loaded: &Loaded, plan: &Plan, code: &'static str, now: Timestamp) -> Result<(), Failure> {
        let key = loaded.row.key();
        let chunk = ChunkId {
            dataset: plan.dataset.clone(),
            generation: plan.generation,
            n: 0,
        };
        let finding = Finding {
            about: About::Plan,
            ..Finding::new(chunk, code, now)
        };
        self.records.store.put_finding(&key, &finding).await?;
        let Some(job) = &loaded.request.facts.job else {
            return Ok(());
        };
        let (plans, chunks) = (
            self.records.store.plans(&key).await?,
            self.records.store.chunks(&key).await?,
        );
        let open = open_findings(&self.records.store, &key, (job, &plans, &chunks)).await?;
        let findings = open.len() as u64;
        if let Some(transition) = observe(&loaded.request, Event::JobFailed { findings }, now) {
            self.records
                .commit(Before::Loaded(loaded), &transition, Circumstances::default(), now)
                .await?;
        }
        Ok(())
    }

    async fn continue_later(&self, message: &PlanMessage) -> Result<(), Fault> {
        self.queues
            .send_plans(std::slice::from_ref(message))
            .await
            .into_iter()
            .collect()
    }

    /// The next page, without what a verification is to find; that is read once, after a look at the source. Before the
    /// first plan nothing was kept.
    async fn next_page(
        &self,
        loaded: &Loaded,
        plan: &Plan,
        expected: &mut Option<Expected>,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let known = match expected.take() {
            Some(known) => known,
            None => self.begin(loaded, plan).await?,
        };
        self.page(loaded, plan, expected.insert(known), now).await
    }

    /// What a planner wants to know first. A verification does not care for TTL: what it still finds is to be destroyed
    /// in any case, and is not kept from being found.
    async fn begin(&self, loaded: &Loaded, plan: &Plan) -> Result<Expected, Failure> {
        let facts = &loaded.request.facts;
        let dataset = self.dataset(facts, plan).await?;
        let is_first = plan.generation == 0;
        self.sources
            .check(&dataset, is_first && expires(facts, &dataset))
            .await?;
        if is_first {
            return Ok(Expected::default());
        }
        self.expected(loaded, &plan.dataset).await
    }

    /// Enumerates and commits one page; `false`: another planner was faster.
    async fn page(&self, loaded: &Loaded, plan: &Plan, expected: &Expected, now: Timestamp) -> Result<bool, Failure> {
        let facts = &loaded.request.facts;
        let data_key = loaded.keys.person.as_ref().ok_or_else(|| gone("its key is shredded"))?;
        let dataset = self.dataset(facts, plan).await?;
        let subject = subject(loaded)?;
        let cursor_aad = format!(
            "requests|{}|PLAN|{}|{}|cursor",
            facts.key(),
            plan.dataset,
            plan.generation
        );
        let cursor: Option<String> = match &plan.cursor {
            Some(sealed) => Some(self.records.unseal_text(data_key, &cursor_aad, sealed)?),
            None => None,
        };
        let order = PageOrder {
            dataset: &dataset,
            tenant: &facts.tenant,
            subject: &subject,
            request: facts.id,
            hidden_too: facts.kind == Kind::Export,
            cutoff: facts.executed_at.ok_or_else(|| gone("it was never executed"))?,
            cursor: cursor.as_deref(),
            limit: sizes().page_chunks * sizes().chunk_records,
        };
        let mut page = self.sources.page(order).await?;
        page.lines.retain(|line| !expected.holds(line));
        let chunks = self.store_chunks(facts, plan, data_key, &page.lines, now).await?;
        let mut after = plan.clone();
        after.cursor = match &page.next {
            Some(next) => Some(self.records.seal_text(data_key, &cursor_aad, next)?),
            None => None,
        };
        after.complete = page.next.is_none();
        after.chunks += u32::try_from(chunks.len()).unwrap_or(u32::MAX);
        after.planned += page.lines.len() as u64;
        after.arrived_later += page.arrived_later;
        after.rev += 1;
        after.touched_at = now;
        Ok(self
            .records
            .store
            .commit_page(&facts.key(), plan, &after, &chunks)
            .await?)
    }

    async fn dataset(&self, facts: &Facts, plan: &Plan) -> Result<Dataset, Failure> {
        pinned_dataset(&self.config, facts, &plan.dataset).await
    }

    /// Seals the page's lines chunk by chunk into one manifest object; answers the rows that name its segments.
    async fn store_chunks(
        &self,
        facts: &Facts,
        plan: &Plan,
        data_key: &DataKey,
        lines: &[Line],
        now: Timestamp,
    ) -> Result<Vec<Chunk>, Failure> {
        if lines.is_empty() {
            return Ok(vec![]);
        }
        let op = match facts.kind {
            Kind::Deletion => Op::Sweep,
            Kind::Export => Op::Copy,
        };
        let mut object = Vec::new();
        let mut slices = Vec::new();
        for (i, part) in lines.chunks(sizes().chunk_records).enumerate() {
            let n = plan.chunks + u32::try_from(i).unwrap_or(u32::MAX);
            let id = ChunkId {
                dataset: plan.dataset.clone(),
                generation: plan.generation,
                n,
            };
            let plain = encode(part).map_err(|e| Fault::corrupt("manifest", e))?;
            let sealed = self.records.sealer.seal(data_key, &segment_aad(facts, &id), &plain).0;
            let sha256 = hex::encode(Sha256::digest(&sealed));
            slices.push((id, part.len(), object.len(), sealed.len(), sha256));
            object.extend_from_slice(&sealed);
        }
        let name = object_keys::manifest(&facts.key(), &hex::encode(Sha256::digest(&object)));
        self.manifests.put(&name, object).await?;
        Ok(slices
            .into_iter()
            .map(|(id, lines, offset, length, sha256)| {
                let (offset, length) = (offset as u64, length as u64);
                let slice = ManifestSlice {
                    object: name.clone(),
                    offset,
                    length,
                    sha256,
                };
                let chunk = Chunk::planned(id, u32::try_from(lines).unwrap_or(u32::MAX), slice, now);
                Chunk { op, ..chunk }
            })
            .collect())
    }
}

/// Whether a sweep of this dataset sets a TTL.
fn expires(facts: &Facts, dataset: &Dataset) -> bool {
    let policy = facts.policy.as_ref();
    facts.kind == Kind::Deletion && policy.is_some_and(|policy| arms_ttl(policy, dataset))
}

/// The dataset as the request pinned it.
pub async fn pinned_dataset(
    config: &impl Config,
    facts: &Facts,
    dataset: &crate::domain::ids::DatasetId,
) -> Result<Dataset, Failure> {
    let map = pinned_map(config, facts).await?;
    Ok(map
        .dataset(dataset)
        .cloned()
        .ok_or_else(|| gone("its data map has no such dataset"))?)
}

/// The data map as the request pinned it.
pub async fn pinned_map(config: &impl Config, facts: &Facts) -> Result<DataMap, Failure> {
    let pin = facts.data_map.as_ref().ok_or_else(|| gone("it pins no data map"))?;
    let map = config
        .data_map(Some(&pin.version))
        .await?
        .ok_or_else(|| gone("its data map is gone"))?;
    Ok(map.value)
}

/// What a manifest segment is bound to.
pub fn segment_aad(facts: &Facts, id: &ChunkId) -> String {
    format!("manifest|{}|{id}", facts.key())
}

fn subject(loaded: &Loaded) -> Result<SubjectId, Fault> {
    let person = loaded
        .request
        .person
        .known()
        .ok_or_else(|| gone("its personal fields are shredded"))?;
    SubjectId::try_from(person.subject.id.expose().to_owned()).map_err(|e| Fault::corrupt("plan", e))
}

fn gone(why: &'static str) -> Fault {
    Fault::permanent("plan", "request_unreadable", why)
}
