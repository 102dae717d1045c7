//! The fakes of the queues `plans`, `chunks` and `parts`, with their dead-letter queues.
//!
//! A standard queue as SQS promises it and no better: a message comes at least once, in any order, and again when it
//! was not deleted within its visibility time-out; after ten receives it is dead. A batch can fail for some messages
//! and not for others.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::world::World;
use crate::domain::message::{ChunkMessage, PartMessage, PlanMessage};
use crate::ports::{Fault, Queues};

/// How long a received message stays invisible (`template.yaml`).
const VISIBILITY: SignedDuration = SignedDuration::from_secs(60);
/// The same of `parts`, whose function runs for longer.
const PARTS_VISIBILITY: SignedDuration = SignedDuration::from_secs(960);
/// Receives after which a message is dead (`template.yaml`).
const MAX_RECEIVES: u32 = 10;

/// A message's number.
pub type MessageId = u64;

#[derive(Clone, Debug)]
struct Waiting<M> {
    body: M,
    visible_at: Timestamp,
    receives: u32,
}

/// One queue and its dead letters.
#[derive(Clone, Debug)]
pub struct Queue<M> {
    messages: BTreeMap<MessageId, Waiting<M>>,
    dead: Vec<M>,
    numbered: MessageId,
    visibility: SignedDuration,
}

impl<M> Default for Queue<M> {
    fn default() -> Self {
        Self::hiding_for(VISIBILITY)
    }
}

impl<M> Queue<M> {
    /// An empty queue whose messages are invisible for so long once they were received.
    pub fn hiding_for(visibility: SignedDuration) -> Self {
        Self {
            visibility,
            messages: BTreeMap::new(),
            dead: Vec::new(),
            numbered: 0,
        }
    }
}

impl<M: Clone> Queue<M> {
    /// Puts a message, visible from then on.
    pub fn put(&mut self, body: M, visible_at: Timestamp) {
        self.numbered += 1;
        let receives = 0;
        self.messages.insert(
            self.numbered,
            Waiting {
                body,
                visible_at,
                receives,
            },
        );
    }

    /// Messages that can be received now.
    pub fn visible(&self, now: Timestamp) -> Vec<MessageId> {
        let visible = self.messages.iter().filter(|(_, message)| message.visible_at <= now);
        visible.map(|(id, _)| *id).collect()
    }

    /// When the next message becomes visible.
    pub fn next_at(&self) -> Option<Timestamp> {
        self.messages.values().map(|message| message.visible_at).min()
    }

    /// Receives a message: it is invisible for a while, or dead if it came too often.
    pub fn receive(&mut self, id: MessageId, now: Timestamp) -> Option<M> {
        let message = self.messages.get_mut(&id)?;
        if message.receives >= MAX_RECEIVES {
            let dead = self.messages.remove(&id)?;
            self.dead.push(dead.body);
            return None;
        }
        message.receives += 1;
        message.visible_at = now + self.visibility;
        Some(message.body.clone())
    }

    /// Delivers a message again although it is being handled: at least once is not exactly once.
    pub fn show_again(&mut self, id: MessageId, now: Timestamp) {
        if let Some(message) = self.messages.get_mut(&id) {
            message.visible_at = now;
        }
    }

    /// Deletes a message: it was handled.
    pub fn delete(&mut self, id: MessageId) {
        self.messages.remove(&id);
    }

    /// Takes the dead letters.
    pub fn take_dead(&mut self) -> Vec<M> {
        std::mem::take(&mut self.dead)
    }

    /// Whether there are dead letters.
    pub fn has_dead(&self) -> bool {
        !self.dead.is_empty()
    }

    /// Loses every message, as `PurgeQueue` does.
    pub fn lose_all(&mut self) {
        self.messages.clear();
    }

    /// Every body in the queue, for scans.
    pub fn bodies(&self) -> Vec<M> {
        self.messages.values().map(|message| message.body.clone()).collect()
    }
}

/// The three queues.
#[derive(Clone, Debug)]
pub struct SimQueues {
    world: World,
    /// Queue `plans`.
    pub plans: Rc<RefCell<Queue<PlanMessage>>>,
    /// Queue `chunks`.
    pub chunks: Rc<RefCell<Queue<ChunkMessage>>>,
    /// Queue `parts`.
    pub parts: Rc<RefCell<Queue<PartMessage>>>,
}

impl SimQueues {
    /// Empty queues.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            plans: Rc::default(),
            chunks: Rc::default(),
            parts: Rc::new(RefCell::new(Queue::hiding_for(PARTS_VISIBILITY))),
        }
    }

    async fn send<M: Clone>(
        &self,
        (op, queue): (&'static str, &RefCell<Queue<M>>),
        messages: &[M],
        delay: SignedDuration,
        name: impl Fn(&M) -> String,
    ) -> Vec<Result<(), Fault>> {
        if messages.is_empty() {
            return vec![];
        }
        let put = |message: &M| {
            if self.world.mishap(10) {
                return Err(Fault::transient(op, "this one was not taken"));
            }
            queue.borrow_mut().put(message.clone(), self.world.now() + delay);
            Ok(())
        };
        let what = messages.iter().map(name).collect::<Vec<_>>().join(" ");
        let lost = |_| {
            messages
                .iter()
                .map(|_| Err(Fault::transient(op, "no answer")))
                .collect()
        };
        self.world
            .call(op, what, || messages.iter().map(put).collect(), lost)
            .await
    }
}

impl Queues for SimQueues {
    async fn send_plans(&self, messages: &[PlanMessage]) -> Vec<Result<(), Fault>> {
        let name = |message: &PlanMessage| format!("{}/{}", message.dataset, message.generation);
        self.send(("send plans", &self.plans), messages, SignedDuration::ZERO, name)
            .await
    }

    async fn send_chunks(&self, messages: &[ChunkMessage], delay_seconds: u32) -> Vec<Result<(), Fault>> {
        let delay = SignedDuration::from_secs(i64::from(delay_seconds));
        let name = |message: &ChunkMessage| format!("{}@{}", message.chunk, message.send);
        self.send(("send chunks", &self.chunks), messages, delay, name).await
    }

    async fn send_part(&self, message: &PartMessage, delay_seconds: u32) -> Result<(), Fault> {
        let delay = SignedDuration::from_secs(i64::from(delay_seconds));
        let name = |message: &PartMessage| format!("{}@{}", message.request, message.send);
        let messages = std::slice::from_ref(message);
        let sent = self.send(("send part", &self.parts), messages, delay, name).await;
        sent.into_iter().collect()
    }
}

impl fmt::Display for SimQueues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (plans, chunks) = (self.plans.borrow(), self.chunks.borrow());
        write!(
            f,
            "{} plans, {} chunks, {} parts waiting",
            plans.messages.len(),
            chunks.messages.len(),
            self.parts.borrow().messages.len()
        )
    }
}
