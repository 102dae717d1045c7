//! The world: virtual time, the dice, the tasks that run in it, and the gate that every call to the outside passes.
//!
//! A task is one invocation of a function, or one action of a person. It runs until it calls the outside; there it
//! waits for its turn, which the scheduler gives. Between two calls nothing else happens, so the order of the calls is
//! the whole history: each is numbered and logged.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use jiff::{SignedDuration, Timestamp};

use super::dice::Dice;
use super::fate::{Fate, Fates};
use crate::ports::Fault;

/// Calls and answers take a few milliseconds each.
const LATENCY: SignedDuration = SignedDuration::from_millis(5);

/// A task's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

/// A call about to be made.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its number, from 1.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// Who makes it, e.g. `execution`.
    pub by: &'a str,
    /// Which, e.g. `swap chunk`.
    pub op: &'static str,
}

/// Something that happened, for the trace.
#[derive(Clone, Debug)]
pub struct Event {
    /// The call's number; 0 for what is no call.
    pub n: u64,
    /// When.
    pub at: Timestamp,
    /// Who, e.g. `execution#12`.
    pub by: String,
    /// What.
    pub what: String,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>5}  {}  {:<16} {}", self.n, self.at, self.by, self.what)
    }
}

/// When an invocation's time is over.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// When.
    pub at: Timestamp,
    /// Whether it outlives it: a zombie, whose sandbox was frozen. Lambda ends all others.
    pub frozen: bool,
}

struct Task {
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    label: &'static str,
    deadline: Option<Deadline>,
}

impl Task {
    fn ends_at(&self) -> Option<Timestamp> {
        self.deadline
            .filter(|deadline| !deadline.frozen)
            .map(|deadline| deadline.at)
    }
}

struct Turn {
    task: TaskId,
    at: Timestamp,
    waker: Waker,
}

struct Inner {
    now: Timestamp,
    dice: Dice,
    fates: Box<dyn Fates>,
    calls: u64,
    tasks: BTreeMap<TaskId, Task>,
    turns: BTreeMap<u64, Turn>,
    granted: BTreeSet<u64>,
    running: Option<TaskId>,
    doomed: bool,
    numbered: u64,
    log: Vec<Event>,
}

/// The world; shared by all fakes of a run.
#[derive(Clone)]
pub struct World(Rc<RefCell<Inner>>);

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "World at {}", self.now())
    }
}

impl World {
    /// A world at rest.
    pub fn new(seed: u64, now: Timestamp, fates: impl Fates + 'static) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            now,
            dice: Dice::of(seed),
            fates: Box::new(fates),
            calls: 0,
            tasks: BTreeMap::new(),
            turns: BTreeMap::new(),
            granted: BTreeSet::new(),
            running: None,
            doomed: false,
            numbered: 0,
            log: Vec::new(),
        })))
    }

    /// True time; a function's own clock may differ from it.
    pub fn now(&self) -> Timestamp {
        self.0.borrow().now
    }

    /// Lets time pass, never backwards.
    pub fn advance_to(&self, instant: Timestamp) {
        let mut inner = self.0.borrow_mut();
        inner.now = inner.now.max(instant);
    }

    /// Throws the dice.
    pub fn roll<T>(&self, throw: impl FnOnce(&mut Dice) -> T) -> T {
        throw(&mut self.0.borrow_mut().dice)
    }

    /// Whether a fake may do its worst now; see [`Fates::mishap`].
    pub fn mishap(&self, permille: u32) -> bool {
        let mut inner = self.0.borrow_mut();
        let inner = &mut *inner;
        inner.fates.mishap(inner.now, permille, &mut inner.dice)
    }

    /// Calls made so far.
    pub fn calls(&self) -> u64 {
        self.0.borrow().calls
    }

    /// Everything that happened, in order.
    pub fn log(&self) -> Vec<Event> {
        self.0.borrow().log.clone()
    }

    /// Notes something that is no call.
    pub fn note(&self, by: &str, what: impl fmt::Display) {
        let mut inner = self.0.borrow_mut();
        let at = inner.now;
        let (by, what) = (by.to_owned(), what.to_string());
        inner.log.push(Event { n: 0, at, by, what });
    }

    /// Starts a task. It is polled first when its turn comes.
    pub fn spawn(
        &self,
        label: &'static str,
        deadline: Option<Deadline>,
        future: impl Future<Output = ()> + 'static,
    ) -> TaskId {
        let mut inner = self.0.borrow_mut();
        inner.numbered += 1;
        let id = TaskId(inner.numbered);
        let task = Task {
            future: Some(Box::pin(future)),
            label,
            deadline,
        };
        inner.tasks.insert(id, task);
        drop(inner);
        self.poll(id);
        id
    }

    /// Whether who acts now is a zombie: by everybody else's clock its time is over.
    pub fn is_late(&self) -> bool {
        let inner = self.0.borrow();
        let acting = inner.running.and_then(|id| inner.tasks.get(&id));
        acting
            .and_then(|task| task.deadline)
            .is_some_and(|deadline| deadline.at < inner.now)
    }

    /// Whether a task still runs.
    pub fn is_running(&self, task: TaskId) -> bool {
        self.0.borrow().tasks.contains_key(&task)
    }

    /// Ends a task where it stands.
    pub fn kill(&self, task: TaskId, why: &str) {
        let mut inner = self.0.borrow_mut();
        let Some(dead) = inner.tasks.remove(&task) else { return };
        inner.turns.retain(|_, turn| turn.task != task);
        drop(inner);
        self.note(&format!("{}#{}", dead.label, task.0), why);
    }

    /// A call to the outside: waits for its turn, meets its fate, takes effect. `fail` makes the answer of a call
    /// that the service did not take, or whose answer was lost.
    pub async fn call<T>(
        &self,
        op: &'static str,
        what: impl fmt::Display,
        act: impl FnOnce() -> T,
        fail: impl FnOnce(Fault) -> T,
    ) -> T {
        self.turn(SignedDuration::ZERO).await;
        let fate = loop {
            match self.meet(op, &what) {
                Fate::Stall(time) => self.turn(time).await,
                fate => break fate,
            }
        };
        match fate {
            Fate::Pass | Fate::Stall(_) => act(),
            Fate::CrashBefore => self.die().await,
            Fate::CrashAfter => {
                act();
                self.die().await
            }
            Fate::FailBefore => fail(Fault::transient(op, "the service refused for now")),
            Fate::FailAfter => {
                act();
                fail(Fault::transient(op, "the answer was lost"))
            }
        }
    }

    /// Lets time pass for the task that asks; others go on.
    pub(super) async fn pause(&self, time: SignedDuration) {
        self.turn(time).await;
    }

    /// A call whose answer is a result.
    pub async fn try_call<T>(
        &self,
        op: &'static str,
        what: impl fmt::Display,
        act: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.call(op, what, act, Err).await
    }

    fn meet(&self, op: &'static str, what: &impl fmt::Display) -> Fate {
        let mut inner = self.0.borrow_mut();
        let inner = &mut *inner;
        inner.calls += 1;
        inner.now += LATENCY;
        let (label, number) = inner.running.map_or(("nobody", 0), |id| (inner.tasks[&id].label, id.0));
        let call = Call {
            n: inner.calls,
            at: inner.now,
            by: label,
            op,
        };
        let fate = inner.fates.fate(&call, &mut inner.dice);
        let fated = if fate == Fate::Pass {
            String::new()
        } else {
            format!("  <- {fate:?}")
        };
        inner.log.push(Event {
            n: inner.calls,
            at: inner.now,
            by: format!("{label}#{number}"),
            what: format!("{op} {what}{fated}"),
        });
        fate
    }

    async fn die<T>(&self) -> T {
        self.0.borrow_mut().doomed = true;
        std::future::pending().await
    }

    async fn turn(&self, wait: SignedDuration) {
        let number = {
            let mut inner = self.0.borrow_mut();
            inner.numbered += 1;
            inner.numbered
        };
        let at = self.now() + wait;
        Waiting {
            world: self.clone(),
            number,
            at,
        }
        .await;
    }
}

/// A call that waits for its turn.
struct Waiting {
    world: World,
    number: u64,
    at: Timestamp,
}

impl Future for Waiting {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.world.0.borrow_mut();
        if inner.granted.remove(&self.number) {
            return Poll::Ready(());
        }
        let task = inner.running.expect("only a task makes calls");
        let waker = context.waker().clone();
        inner.turns.insert(
            self.number,
            Turn {
                task,
                at: self.at,
                waker,
            },
        );
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        // Dropped with its task, or because a sibling's answer made the call moot.
        if let Ok(mut inner) = self.world.0.try_borrow_mut() {
            inner.turns.remove(&self.number);
            inner.granted.remove(&self.number);
        }
    }
}

/// What the scheduler sees and does.
impl World {
    /// Calls whose turn may come now.
    pub(super) fn ready(&self) -> Vec<u64> {
        let inner = self.0.borrow();
        let ready = inner.turns.iter().filter(|(_, turn)| turn.at <= inner.now);
        ready.map(|(number, _)| *number).collect()
    }

    /// When the next stalled call goes on, or the next deadline passes.
    pub(super) fn next_at(&self) -> Option<Timestamp> {
        let inner = self.0.borrow();
        let turns = inner.turns.values().map(|turn| turn.at);
        turns.chain(inner.tasks.values().filter_map(Task::ends_at)).min()
    }

    /// Gives a waiting call its turn and lets its task run to its next call.
    pub(super) fn grant(&self, number: u64) {
        let mut inner = self.0.borrow_mut();
        let Some(turn) = inner.turns.remove(&number) else {
            return;
        };
        inner.granted.insert(number);
        drop(inner);
        turn.waker.wake();
        self.poll(turn.task);
    }

    /// Ends the invocations whose deadline has passed.
    pub(super) fn end_overdue(&self) {
        let inner = self.0.borrow();
        let overdue = |task: &Task| task.ends_at().is_some_and(|end| end <= inner.now);
        let over: Vec<_> = inner
            .tasks
            .iter()
            .filter(|(_, task)| overdue(task))
            .map(|(id, _)| *id)
            .collect();
        drop(inner);
        for id in over {
            self.kill(id, "ended at its deadline");
        }
    }

    fn poll(&self, id: TaskId) {
        let future = {
            let mut inner = self.0.borrow_mut();
            inner.running = Some(id);
            inner.tasks.get_mut(&id).and_then(|task| task.future.take())
        };
        let Some(mut future) = future else { return };
        let done = future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        let mut inner = self.0.borrow_mut();
        inner.running = None;
        if std::mem::take(&mut inner.doomed) {
            drop(inner);
            self.kill(id, "crashed");
        } else if done {
            inner.tasks.remove(&id);
        } else if let Some(task) = inner.tasks.get_mut(&id) {
            task.future = Some(future);
        }
    }
}
