//! The desk: every fake of the outside, and the machines that work at it when a test says so.
//!
//! Nothing happens by itself: messages wait in their queues and mails in the outbox until they are handled, and time
//! passes only by what calls take, and by [`Desk::wait`]. Chunks hold two records, pages two chunks, windows two.

use jiff::{SignedDuration, Timestamp};

use crate::audit::Entry;
use crate::domain::chunk::Chunk;
use crate::domain::data_map::{DataMap, Dataset};
use crate::domain::finding::Finding;
use crate::domain::ids::RequestKey;
use crate::domain::job::{Phase, Plan};
use crate::domain::message::ChunkMessage;
use crate::domain::outbox::Mail;
use crate::domain::package::Assembly;
use crate::domain::personal::Personal;
use crate::domain::policy::PolicyFile;
use crate::domain::request::Facts;
use crate::knobs::{Sizes, Turned};
use crate::ports::{Letter, Pinned, RequestRow};
use crate::sim::blobs::{SimConfig, SimManifests};
use crate::sim::exports::SimExports;
use crate::sim::mailer::SimMailer;
use crate::sim::queues::SimQueues;
use crate::sim::sealer::SimSealer;
use crate::sim::sources::SimSources;
use crate::sim::store::SimStore;
use crate::sim::store::tables::OfRequest;
use crate::sim::vault::SimVault;
use crate::sim::{Calm, Fates, World, alone};
use crate::state_machine::watch::PATIENCE_SECONDS;
use crate::workflow::bench::Bench;
use crate::workflow::export::{Packaging, Packed};
use crate::workflow::notify::{Delivered, deliver};
use crate::workflow::plan::Planned;
use crate::workflow::records::{Loaded, Records};
use crate::workflow::supervise::Supervisor;
use crate::workflow::work_chunk::{Invocation, Worked};

/// Chunks of two records, two chunks a page, a window of two.
const SMALL: Sizes = Sizes {
    chunk_records: 2,
    window: 2,
    page_chunks: 2,
};
/// Two rounds of supervision: what stands still longer is pushed.
pub(super) const PATIENCE: SignedDuration = SignedDuration::from_secs(PATIENCE_SECONDS);
/// Less than anything here takes.
pub(super) const MOMENT: SignedDuration = SignedDuration::from_secs(1);
/// How long an invocation may take.
const TIMEOUT: SignedDuration = SignedDuration::from_secs(30);

/// Every fake. Clones share them.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) world: World,
    pub(super) records: Records<SimStore, SimSealer>,
    pub(super) config: SimConfig,
    pub(super) manifests: SimManifests,
    pub(super) queues: SimQueues,
    pub(super) sources: SimSources,
    pub(super) vault: SimVault,
    pub(super) exports: SimExports,
    pub(super) mailer: SimMailer,
}

/// Plays a story at an empty desk, in a world where every call succeeds.
pub(super) fn play<F: Future<Output = ()> + 'static>(story: impl FnOnce(Desk) -> F) {
    play_seeded(1, story);
}

/// Plays a story in which the seed decides who of several is faster.
pub(super) fn play_seeded<F: Future<Output = ()> + 'static>(seed: u64, story: impl FnOnce(Desk) -> F) {
    play_with((seed, ""), Calm, story);
}

/// Plays a story under a policy with these periods besides the product's own.
pub(super) fn play_under<F: Future<Output = ()> + 'static>(periods: &str, story: impl FnOnce(Desk) -> F) {
    play_with((1, periods), Calm, story);
}

/// Plays a story under another fate, or with other periods than the product's own.
pub(super) fn play_with<F: Future<Output = ()> + 'static>(
    (seed, periods): (u64, &str),
    fates: impl Fates + 'static,
    story: impl FnOnce(Desk) -> F,
) {
    let _turned = Turned::to(SMALL, None);
    let world = World::new(seed, "2026-03-02T08:00:00Z".parse().expect("an instant"), fates);
    let desk = Desk::new(&world, periods);
    assert!(alone(&world, story(desk)).is_some(), "the story ends");
}

/// The data map of every story.
pub(super) fn data_map() -> DataMap {
    DataMap::parse(include_str!("data-map.yaml")).expect("a data map")
}

/// One of its datasets.
pub(super) fn dataset(id: &str) -> Dataset {
    let id = id.parse().expect("a slug");
    data_map().dataset(&id).expect("one of them").clone()
}

fn pinned<T>(version: &str, value: T) -> Pinned<T> {
    Pinned {
        version: version.to_owned(),
        digest: version.repeat(4),
        value,
    }
}

impl Desk {
    fn new(world: &World, periods: &str) -> Self {
        let yaml = format!("v: 1\ndefaults: {{ClampGraceToDeadline: false{periods}}}\n");
        let policy = PolicyFile::parse(&yaml, true).expect("a policy");
        let desk = Self {
            world: world.clone(),
            records: Records {
                store: SimStore::new(world),
                sealer: SimSealer::new(world),
            },
            config: SimConfig::new(world, pinned("policy-1", policy), vec![pinned("map-1", data_map())]),
            manifests: SimManifests::new(world),
            queues: SimQueues::new(world),
            sources: SimSources::new(world),
            vault: SimVault::new(world),
            exports: SimExports::new(world),
            mailer: SimMailer::new(world),
        };
        desk.sources.host(&data_map());
        desk
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Lets time pass.
    pub(super) fn wait(&self, time: SignedDuration) {
        self.world.advance_to(self.now() + time);
    }

    pub(super) fn bench(&self) -> Bench<SimStore, SimSealer, SimConfig, SimManifests, SimQueues, SimSources, SimVault> {
        Bench {
            records: self.records.clone(),
            config: self.config.clone(),
            manifests: self.manifests.clone(),
            queues: self.queues.clone(),
            sources: self.sources.clone(),
            vault: self.vault.clone(),
        }
    }

    /// Handles every message of queue `plans`, and what they lead to there.
    pub(super) async fn plan(&self) -> Vec<Planned> {
        let mut planned = vec![];
        loop {
            let visible = self.queues.plans.borrow().visible(self.now());
            let Some(id) = visible.into_iter().next() else {
                return planned;
            };
            let message = self.queues.plans.borrow_mut().receive(id, self.now());
            let message = message.expect("it was received once");
            let stop_at = self.now() + TIMEOUT;
            let done = Box::pin(self.bench().plan(&message, || self.now(), stop_at)).await;
            planned.push(done.expect("it is planned"));
            self.queues.plans.borrow_mut().delete(id);
        }
    }

    /// Messages of queue `chunks` that can be received now.
    pub(super) fn waiting(&self) -> Vec<ChunkMessage> {
        self.queues.chunks.borrow().bodies()
    }

    /// Handles the first message of queue `chunks`; none if there is none to be received now.
    pub(super) async fn work_one(&self) -> Option<Worked> {
        let id = self.queues.chunks.borrow().visible(self.now()).into_iter().next()?;
        let message = self.queues.chunks.borrow_mut().receive(id, self.now())?;
        let worked = self.handle(&message).await;
        self.queues.chunks.borrow_mut().delete(id);
        Some(worked)
    }

    /// Handles every message of queue `chunks`, and what they lead to there.
    pub(super) async fn work(&self) -> Vec<Worked> {
        let mut worked = vec![];
        while let Some(one) = self.work_one().await {
            worked.push(one);
        }
        worked
    }

    /// Handles one message as a worker would.
    pub(super) async fn handle(&self, message: &ChunkMessage) -> Worked {
        let invocation = Invocation {
            id: format!("invocation-{}", self.world.calls()),
            deadline: self.now() + TIMEOUT,
        };
        let worked = Box::pin(self.bench().work(message, || self.now(), &invocation)).await;
        worked.expect("it is worked on")
    }

    /// Plans and works until no message is left that can be received now.
    pub(super) async fn toil(&self) {
        while !self.plan().await.is_empty() || !self.work().await.is_empty() {}
    }

    /// Handles the first message of queue `parts`; none if there is none to be received now.
    pub(super) async fn package_one(&self, max_part_bytes: u64) -> Option<Packed> {
        let id = self.queues.parts.borrow().visible(self.now()).into_iter().next()?;
        let message = self.queues.parts.borrow_mut().receive(id, self.now())?;
        let invocation = Invocation {
            id: format!("invocation-{}", self.world.calls()),
            deadline: self.now() + SignedDuration::from_mins(15),
        };
        let packaging = Packaging {
            bench: self.bench(),
            exports: self.exports.clone(),
            max_part_bytes,
            version: "1.0.0",
        };
        let packed = Box::pin(packaging.package(&message, || self.now(), &invocation)).await;
        self.queues.parts.borrow_mut().delete(id);
        Some(packed.expect("it is packed"))
    }

    /// Delivers the mails that were put since the last call.
    pub(super) async fn post(&self) -> Vec<Delivered> {
        let mut delivered = vec![];
        for (key, n) in self.records.store.take_inserted_mails() {
            delivered.push(self.deliver(&key, n).await);
        }
        delivered
    }

    /// Delivers one mail.
    pub(super) async fn deliver(&self, key: &RequestKey, n: u32) -> Delivered {
        let holder = format!("invocation-{}", self.world.calls());
        let delivered = Box::pin(deliver(
            &self.records,
            &self.mailer,
            (key, n, &holder),
            letter,
            self.now(),
        ))
        .await;
        delivered.expect("nothing fails")
    }

    /// Supervision looks at one request.
    pub(super) async fn tend(&self, key: &RequestKey) -> u32 {
        let pushed = Box::pin(self.supervisor().tend(key, self.now())).await;
        pushed.expect("it is tended").total()
    }

    /// The same, not before a moment.
    pub(super) async fn tend_at(&self, key: &RequestKey, at: Timestamp) -> u32 {
        self.world.advance_to(at);
        let pushed = Box::pin(self.supervisor().tend(key, at)).await;
        pushed.expect("it is tended").total()
    }

    pub(super) fn supervisor(
        &self,
    ) -> Supervisor<'_, SimStore, SimSealer, SimConfig, SimManifests, SimQueues, SimVault, SimExports> {
        Supervisor {
            records: &self.records,
            config: &self.config,
            manifests: &self.manifests,
            vault: &self.vault,
            exports: &self.exports,
            queues: &self.queues,
        }
    }

    /// Everything that machines do, until a moment: each instant that the request waits for, one after the other.
    pub(super) async fn pass(&self, key: &RequestKey, until: Timestamp) {
        loop {
            self.toil().await;
            self.post().await;
            let due = self.row(key).wake_at.filter(|at| *at <= until);
            let Some(at) = due else { break };
            self.world.advance_to(at);
            self.tend(key).await;
        }
        self.world.advance_to(until);
    }
}

/// Looking at rows, without a call.
impl Desk {
    pub(super) fn row(&self, key: &RequestKey) -> RequestRow {
        self.of(key, |of| of.request.clone()).expect("there is one")
    }

    pub(super) fn facts(&self, key: &RequestKey) -> Facts {
        self.row(key).facts
    }

    pub(super) fn phase(&self, key: &RequestKey) -> Phase {
        self.facts(key).job.expect("it was executed").phase
    }

    pub(super) fn chunks(&self, key: &RequestKey) -> Vec<Chunk> {
        self.of(key, |of| of.chunks.values().cloned().collect())
    }

    pub(super) fn plans(&self, key: &RequestKey) -> Vec<Plan> {
        self.of(key, |of| of.plans.values().cloned().collect())
    }

    pub(super) fn entries(&self, key: &RequestKey) -> Vec<Entry> {
        self.of(key, |of| of.entries.values().cloned().collect())
    }

    pub(super) fn mails(&self, key: &RequestKey) -> Vec<Mail> {
        self.of(key, |of| of.mails.values().cloned().collect())
    }

    pub(super) fn assembly(&self, key: &RequestKey) -> Option<Assembly> {
        self.of(key, |of| of.assembly.clone())
    }

    pub(super) fn findings(&self, key: &RequestKey) -> Vec<Finding> {
        self.of(key, |of| of.findings.values().cloned().collect())
    }

    fn of<T: Default>(&self, key: &RequestKey, look: impl FnOnce(&OfRequest) -> T) -> T {
        let store = &self.records.store;
        store.inspect(|tables| tables.of(key).map(look).unwrap_or_default())
    }
}

/// To whoever can be told; the occasion is all it says.
fn letter(mail: &Mail, loaded: &Loaded) -> Option<Letter> {
    let person = loaded.request.person.known();
    let to = if mail.occasion.to_operators() {
        Personal::new("operators@example.com")
    } else {
        person?.subject.email.clone()?
    };
    let text = Personal::new(mail.occasion.as_str());
    Some(Letter {
        to,
        subject: mail.occasion.as_str().to_owned(),
        html: text.clone(),
        text,
        request: loaded.request.facts.id.to_string(),
        occasion: mail.occasion.as_str(),
    })
}
