//! The deployed stack in small: the fakes, and each function as one task over them.
//!
//! What a function does with its workflow's answer is repeated here from `functions/*`: they are a few lines each, and
//! bound to the AWS adapters. Where next: `triggers`, what makes them run.

mod look;
mod triggers;

use std::cell::RefCell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use shared::domain::ids::RequestKey;
use shared::domain::message::{ChunkMessage, PartMessage, PlanMessage};
use shared::domain::outbox::Mail;
use shared::domain::personal::Personal;
use shared::ports::Letter;
use shared::sim::World;
use shared::sim::blobs::{SimConfig, SimManifests};
use shared::sim::exports::SimExports;
use shared::sim::mailer::SimMailer;
use shared::sim::queues::{MessageId, SimQueues};
use shared::sim::sealer::SimSealer;
use shared::sim::sources::SimSources;
use shared::sim::store::SimStore;
use shared::sim::vault::SimVault;
use shared::workflow::bench::Bench;
use shared::workflow::export::{Packaging, Packed};
use shared::workflow::notify::deliver;
use shared::workflow::records::{Loaded, Records};
use shared::workflow::supervise::Supervisor;
use shared::workflow::work_chunk::{Invocation, Worked};

pub use triggers::{Habits, Stack};

use crate::dawn;
use crate::readers::Shown;
use crate::scenario::{Scenario, Write, data_map, policy};

/// Lambda ends an invocation after this long (`template.yaml`).
pub const TIMEOUT: SignedDuration = SignedDuration::from_secs(30);
/// The same for `packaging`, which has more to do at a time.
pub const PACKAGING_TIMEOUT: SignedDuration = SignedDuration::from_secs(900);
/// A few records fill a part.
const MAX_PART_BYTES: u64 = 1_000;
/// With less than this left, planning continues in another invocation (`functions/planning`).
const RESERVE: SignedDuration = SignedDuration::from_secs(25);

/// Everything outside the workflows.
#[derive(Clone, Debug)]
pub struct Outside {
    /// Time, chance, tasks.
    pub world: World,
    /// Tables and keys.
    pub records: Records<SimStore, SimSealer>,
    /// Policy and data map.
    pub config: SimConfig,
    /// Manifests and outcome objects.
    pub manifests: SimManifests,
    /// Queues `plans`, `chunks` and `parts`.
    pub queues: SimQueues,
    /// The application's data.
    pub sources: SimSources,
    /// Copies of what was taken out of its table.
    pub vault: SimVault,
    /// Packages.
    pub exports: SimExports,
    /// The mail service.
    pub mailer: SimMailer,
    /// Who writes the letters.
    pub write: Write,
    /// What was shown of each request's progress.
    pub shown: Rc<RefCell<Shown>>,
    /// What a check on the way found wrong.
    pub complaints: Rc<RefCell<Vec<String>>>,
}

impl Outside {
    /// Before anything happened.
    pub fn new(world: &World, scenario: &Scenario) -> Self {
        let outside = Self {
            world: world.clone(),
            records: Records {
                store: SimStore::new(world),
                sealer: SimSealer::new(world),
            },
            config: SimConfig::new(world, policy(scenario.clamp, scenario.hide_early), vec![data_map()]),
            manifests: SimManifests::new(world),
            queues: SimQueues::new(world),
            sources: SimSources::new(world),
            vault: SimVault::new(world),
            exports: SimExports::new(world),
            mailer: SimMailer::new(world),
            write: scenario.write,
            shown: Rc::default(),
            complaints: Rc::default(),
        };
        crate::scenario::seed(&outside.sources, scenario);
        // Objects are as old as their writing: by no clock of a run may they be newer than a request.
        world.advance_to(dawn());
        if scenario.mail_refused {
            for life in &scenario.lives {
                outside
                    .mailer
                    .refuse(&format!("canary-mail-{}@example.com", life.subject));
            }
        }
        outside
    }

    /// Notes something that must not be.
    pub fn complain(&self, what: String) {
        self.world.note("oracle", &what);
        self.complaints.borrow_mut().push(what);
    }

    fn bench(&self) -> Bench<SimStore, SimSealer, SimConfig, SimManifests, SimQueues, SimSources, SimVault> {
        Bench {
            records: self.records.clone(),
            config: self.config.clone(),
            manifests: self.manifests.clone(),
            queues: self.queues.clone(),
            sources: self.sources.clone(),
            vault: self.vault.clone(),
        }
    }

    /// Function `planning`.
    async fn planning(self, id: MessageId, message: PlanMessage, clock: Clock, deadline: Timestamp) {
        let bench = self.bench();
        let planned = Box::pin(bench.plan(&message, clock.tell(), deadline - RESERVE)).await;
        match planned {
            Ok(_) => {
                self.done("delete plan message", || self.queues.plans.borrow_mut().delete(id))
                    .await
            }
            Err(failure) => self.world.note("planning", failure),
        }
    }

    /// Function `execution`.
    async fn execution(self, id: MessageId, message: ChunkMessage, clock: Clock, invocation: Invocation) {
        let old = self.is_old(&message);
        let bench = self.bench();
        let worked = Box::pin(bench.work(&message, clock.tell(), &invocation)).await;
        match worked {
            Ok(Worked::Held) => self.world.note("execution", "held by another worker"),
            Ok(worked) => {
                if old && worked != Worked::Dropped {
                    self.complain(format!("{} was worked on for an old message", message.chunk));
                }
                self.done("delete chunk message", || self.queues.chunks.borrow_mut().delete(id))
                    .await;
            }
            Err(failure) => self.world.note("execution", failure),
        }
    }

    /// Function `packaging`.
    async fn packaging(self, id: MessageId, message: PartMessage, clock: Clock, invocation: Invocation) {
        let packaging = Packaging {
            bench: self.bench(),
            exports: self.exports.clone(),
            max_part_bytes: MAX_PART_BYTES,
            version: "of the simulator",
        };
        let packed = Box::pin(packaging.package(&message, clock.tell(), &invocation)).await;
        match packed {
            Ok(Packed::Held) => self.world.note("packaging", "held by another worker"),
            Ok(_) => {
                self.done("delete part message", || self.queues.parts.borrow_mut().delete(id))
                    .await;
            }
            Err(failure) => self.world.note("packaging", failure),
        }
    }

    /// Whether another message already stands for the chunk: numbers only rise.
    fn is_old(&self, message: &ChunkMessage) -> bool {
        let chunk = self.chunk(&message.request, &message.chunk);
        chunk.is_some_and(|chunk| chunk.send != message.send)
    }

    /// Function `supervision`, on its schedule.
    async fn supervision(self, clock: Clock) {
        if let Err(fault) = Box::pin(self.supervisor().round(clock.now())).await {
            self.world.note("supervision", fault);
        }
    }

    /// Function `supervision`, for a dead letter.
    async fn dead_letter(self, key: RequestKey, clock: Clock) {
        if let Err(failure) = Box::pin(self.supervisor().tend(&key, clock.now())).await {
            self.world.note("supervision", failure);
        }
    }

    fn supervisor(
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

    /// Function `notification`, for one inserted mail.
    async fn notification(self, key: RequestKey, n: u32, clock: Clock, invocation: Invocation) {
        let delivered = deliver(
            &self.records,
            &self.mailer,
            (&key, n, &invocation.id),
            self.write,
            clock.now(),
        )
        .await;
        if let Err(failure) = delivered {
            self.world.note("notification", failure);
        }
    }

    async fn done(&self, op: &'static str, delete: impl FnOnce()) {
        self.world.call(op, "", delete, |_| ()).await;
    }

    /// Objects left in the bucket.
    pub fn left_objects(&self) -> usize {
        self.manifests.objects().len()
    }
}

/// A function's own clock: true time, and how far it is off.
#[derive(Clone, Debug)]
pub struct Clock {
    world: World,
    skew: SignedDuration,
}

impl Clock {
    /// What it shows.
    pub fn now(&self) -> Timestamp {
        self.world.now() + self.skew
    }

    fn tell(&self) -> impl Fn() -> Timestamp + use<> {
        let clock = self.clone();
        move || clock.now()
    }
}

/// A letter with as much personal data as a real one. Operators are told also what they must know after a shredding.
pub fn letter(mail: &Mail, loaded: &Loaded) -> Option<Letter> {
    let id = loaded.request.facts.id;
    let person = loaded.request.person.known();
    let (to, text) = if mail.occasion.to_operators() {
        (Personal::new("operators@example.com"), Personal::default())
    } else {
        (person?.subject.email.clone()?, person?.reason.clone())
    };
    Some(Letter {
        to,
        subject: format!("About request {id}"),
        html: text.clone(),
        text,
        request: id.to_string(),
        occasion: mail.occasion.as_str(),
    })
}
