//! What makes functions run: queues, the schedule, the stream, people, TTL and the application itself.
//!
//! Guarantee: everything is offered to the scheduler, which picks; nothing here decides an order.

mod people;

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use shared::domain::finding::State;
use shared::domain::ids::{RequestId, RequestKey};
use shared::domain::job::{JobStatus, Phase, Tally};
use shared::domain::outbox::Mail;
use shared::domain::outcome::Code;
use shared::domain::request::{Facts, Kind, Status};
use shared::sim::queues::MessageId;
use shared::sim::{Deadline, Environment, Event, TaskId, World};
use shared::workflow::work_chunk::Invocation;

use super::{Clock, Outside, PACKAGING_TIMEOUT, TIMEOUT};
use crate::oracle::{gate, package};
use crate::people::{may_repair, tenant};
use crate::scenario::{FORBIDDEN, IMPORT, Life, Meanwhile, Scenario, Ttl};

/// Invocations of one function at a time (`MaximumConcurrency`).
const CONCURRENCY: usize = 4;
/// The schedule's rate.
const ROUND: SignedDuration = SignedDuration::from_secs(60);

/// A right that is missing is given back after this long, if no operator of a failed job did it before.
const UNNOTICED: SignedDuration = SignedDuration::from_mins(15);

/// How the surroundings behave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habits {
    /// Thousandths of deliveries that come a second time although the first is being handled.
    pub doubles: u32,
    /// Thousandths of invocations whose sandbox is frozen and wakes long after its deadline.
    pub zombies: u32,
    /// A function's clock is off by up to this many seconds, either way.
    pub skew_seconds: i64,
    /// Deeds of meddlers in the run.
    pub meddling: u32,
    /// Times somebody looks at a request.
    pub looks: u32,
    /// Times all messages of a queue are lost.
    pub losses: u32,
    /// Every message is delivered a second time after it was handled, every deed is done twice.
    pub twice: bool,
}

/// One request's people.
#[derive(Debug)]
struct Case {
    life: Life,
    id: Rc<RefCell<Option<RequestId>>>,
    next_at: Timestamp,
    task: Option<TaskId>,
    paused_before: bool,
}

/// Something that could happen now.
#[derive(Clone, Debug)]
enum Possible {
    Plan(MessageId),
    Chunk(MessageId),
    Part(MessageId),
    DeadPlan,
    DeadChunk,
    DeadPart,
    Mail,
    Round,
    Person(usize),
    Meddle,
    Look,
    Lose,
    Expire(usize),
    Write,
    Forbid,
    Allow,
}

/// Where a source stands that somebody takes a right away from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forbidden {
    NotYet,
    Until(Timestamp),
    Over,
}

impl Forbidden {
    fn ends_at(self) -> Option<Timestamp> {
        match self {
            Self::Until(at) => Some(at),
            Self::NotYet | Self::Over => None,
        }
    }
}

/// The stack with everything that makes it run.
#[derive(Debug)]
pub struct Stack {
    /// The fakes.
    pub outside: Outside,
    scenario: Scenario,
    habits: Habits,
    cases: Vec<Case>,
    planning: Vec<TaskId>,
    execution: Vec<TaskId>,
    packaging: Vec<TaskId>,
    stream: VecDeque<(RequestKey, u32)>,
    last_round: Timestamp,
    meddling_at: Timestamp,
    lost_at: Timestamp,
    looked_at: Timestamp,
    writes: Vec<Timestamp>,
    forbidden: Forbidden,
    invocations: u32,
    doubled: BTreeSet<String>,
    possible: Vec<Possible>,
    hid: gate::Hid,
    packages: package::Seen,
    /// Transactions that both were looked at after.
    watched: u64,
}

impl Stack {
    /// A stack before anything happened.
    pub fn new(world: &World, scenario: &Scenario, habits: Habits) -> Self {
        let outside = Outside::new(world, scenario);
        let now = world.now();
        let case = |life: &Life| Case {
            life: life.clone(),
            id: Rc::default(),
            next_at: now,
            task: None,
            paused_before: false,
        };
        let cases = scenario.lives.iter().map(case).collect();
        Self {
            outside,
            scenario: scenario.clone(),
            habits,
            cases,
            planning: vec![],
            execution: vec![],
            packaging: vec![],
            stream: VecDeque::new(),
            last_round: now,
            meddling_at: now,
            lost_at: now,
            looked_at: now,
            writes: vec![],
            forbidden: Forbidden::NotYet,
            invocations: 0,
            doubled: BTreeSet::new(),
            possible: vec![],
            hid: gate::Hid::new(),
            packages: package::Seen::new(),
            watched: 0,
        }
    }

    /// The requests that were made, with their lives.
    pub fn requests(&self) -> Vec<(Life, Option<Facts>)> {
        let facts = |case: &Case| self.facts(case);
        self.cases.iter().map(|case| (case.life.clone(), facts(case))).collect()
    }

    /// Whether a job may fail for good: because of a poisoned chunk, or of data that changes under it.
    pub fn may_fail(&self) -> bool {
        self.scenario.poison || self.meanwhile() == Meanwhile::Changes
    }

    /// What happens to the data.
    pub fn meanwhile(&self) -> Meanwhile {
        self.scenario.meanwhile
    }

    /// When the application put back records of long ago; none if it never did.
    pub fn imported_at(&self) -> Option<Timestamp> {
        self.writes.get(IMPORT - 1).copied()
    }

    /// When TTL deletes.
    pub fn ttl(&self) -> Ttl {
        self.scenario.ttl
    }

    /// Mails whose hand-over did not end as it should, so that a second one is right; none if clocks are off, when a
    /// lease may seem to be over.
    pub fn unclear_hand_overs(&self) -> Option<usize> {
        let troubled = |event: &&Event| {
            let ended = event.n == 0 || event.what.contains("<-");
            event.by.starts_with("notification") && ended
        };
        let log = self.outside.world.log();
        (self.habits.skew_seconds == 0).then(|| log.iter().filter(troubled).count())
    }

    fn facts(&self, case: &Case) -> Option<Facts> {
        let id = (*case.id.borrow())?;
        let key = RequestKey { tenant: tenant(), id };
        self.outside.row(&key).map(|row| row.facts)
    }

    /// Whether nothing is owed any more: every request is shredded, or waits for a person.
    fn is_at_rest(&self) -> bool {
        let settled = self.outside.are_holds_settled();
        settled
            && self
                .cases
                .iter()
                .all(|case| self.facts(case).is_some_and(|facts| self.is_over(&facts)))
    }

    /// Whether nothing more happens to a request without a person.
    fn is_over(&self, facts: &Facts) -> bool {
        let told = || self.outside.mails(&facts.key()).iter().all(Mail::is_settled);
        (facts.shredded || (self.waits_for_a_person(facts) && !self.may_repair(facts))) && told()
    }

    /// Whether operators go on with a failed job: something of it is open. A chunk that kills its workers is beyond them.
    pub fn may_repair(&self, facts: &Facts) -> bool {
        let failed = facts.job.as_ref().filter(|job| may_repair(job));
        let Some(job) = failed.filter(|_| facts.status == Status::InProgress && !self.scenario.poison) else {
            return false;
        };
        let key = facts.key();
        let (plans, chunks) = (self.outside.plans(&key), self.outside.chunks(&key));
        let mut findings = self.outside.findings(&key).into_iter();
        findings.any(|finding| finding.state(job, &plans, &chunks) == State::Open)
    }

    /// Whether a failed job has done everything that it can do without a repair.
    fn waits_for_a_person(&self, facts: &Facts) -> bool {
        let failed = facts.job.as_ref().filter(|job| job.status == JobStatus::Failed);
        let Some(job) = failed.filter(|_| facts.status == Status::InProgress) else {
            return false;
        };
        let tally = Tally::recount(
            &self.outside.plans(&facts.key()),
            &self.outside.chunks(&facts.key()),
            job.generation,
        );
        let purged = tally.unfinished_chunks() == 0 && tally.counts.of(Code::Swept) == tally.unpurged;
        let open = tally.parked > 0 || tally.unsettled() > 0;
        match job.phase {
            // With nothing open a retry succeeded, and the job goes on by itself.
            Phase::Purging => purged && open,
            Phase::Planning | Phase::Verifying => true,
            // What cannot be copied or packed waits where it is.
            Phase::Sweeping if facts.kind == Kind::Export => tally.unfinished_chunks() == 0 && open,
            Phase::Packaging => true,
            Phase::Sweeping | Phase::Recovering | Phase::Closing => false,
        }
    }

    /// After each transaction, not only in the end: the gate is right, and so is a package that became available.
    fn watch(&mut self) {
        let written = self.outside.records.store.transactions();
        if std::mem::replace(&mut self.watched, written) == written {
            return;
        }
        let (mut hid, mut packages) = (std::mem::take(&mut self.hid), std::mem::take(&mut self.packages));
        for (life, facts) in self.requests() {
            let Some(facts) = facts else { continue };
            let gate = gate::complaint(self, &mut hid, (&life, &facts));
            let gate = gate.filter(|wrong| !self.outside.complaints.borrow().contains(wrong));
            let package = package::complaint(self, &mut packages, (&life, &facts));
            for wrong in gate.into_iter().chain(package) {
                self.outside.complain(wrong);
            }
        }
        (self.hid, self.packages) = (hid, packages);
    }

    /// Whether nobody else asks for anything of this life's subject.
    pub fn is_alone(&self, life: &Life) -> bool {
        self.scenario
            .lives
            .iter()
            .filter(|other| other.subject == life.subject)
            .count()
            == 1
    }

    fn clock(&self) -> Clock {
        let skew = self.habits.skew_seconds;
        let skew = self.outside.world.roll(|dice| dice.between(-skew, skew));
        Clock {
            world: self.outside.world.clone(),
            skew: SignedDuration::from_secs(skew),
        }
    }

    /// When the time of an invocation that begins now is over.
    fn deadline(&self) -> Deadline {
        self.deadline_after(TIMEOUT)
    }

    fn deadline_after(&self, timeout: SignedDuration) -> Deadline {
        Deadline {
            at: self.outside.world.now() + timeout,
            frozen: self.outside.world.mishap(self.habits.zombies),
        }
    }

    fn invocation(&mut self, deadline: Timestamp) -> Invocation {
        self.invocations += 1;
        let id = format!("invocation {}", self.invocations);
        Invocation { id, deadline }
    }

    fn possible_deliveries(&mut self, now: Timestamp) {
        let world = &self.outside.world;
        self.planning.retain(|task| world.is_running(*task));
        self.execution.retain(|task| world.is_running(*task));
        self.packaging.retain(|task| world.is_running(*task));
        let parts = self.outside.queues.parts.borrow();
        if self.packaging.len() < CONCURRENCY {
            self.possible.extend(parts.visible(now).into_iter().map(Possible::Part));
        }
        self.possible.extend(parts.has_dead().then_some(Possible::DeadPart));
        let (plans, chunks) = (self.outside.queues.plans.borrow(), self.outside.queues.chunks.borrow());
        if self.planning.len() < CONCURRENCY {
            self.possible.extend(plans.visible(now).into_iter().map(Possible::Plan));
        }
        if self.execution.len() < CONCURRENCY {
            self.possible
                .extend(chunks.visible(now).into_iter().map(Possible::Chunk));
        }
        self.possible.extend(plans.has_dead().then_some(Possible::DeadPlan));
        self.possible.extend(chunks.has_dead().then_some(Possible::DeadChunk));
    }

    fn deliver_plan(&mut self, id: MessageId) {
        let now = self.outside.world.now();
        let Some(message) = self.outside.queues.plans.borrow_mut().receive(id, now) else {
            return;
        };
        if self.is_first(format!("{message:?}")) {
            self.outside.queues.plans.borrow_mut().put(message.clone(), now);
        } else if self.outside.world.mishap(self.habits.doubles) {
            self.outside.queues.plans.borrow_mut().show_again(id, now);
        }
        let (deadline, clock) = (self.deadline(), self.clock());
        let task = self.outside.clone().planning(id, message, clock, deadline.at);
        self.planning
            .push(self.outside.world.spawn("planning", Some(deadline), task));
    }

    fn deliver_chunk(&mut self, id: MessageId) {
        let now = self.outside.world.now();
        let Some(message) = self.outside.queues.chunks.borrow_mut().receive(id, now) else {
            return;
        };
        if self.is_first(format!("{message:?}")) {
            self.outside.queues.chunks.borrow_mut().put(message.clone(), now);
        } else if self.outside.world.mishap(self.habits.doubles) {
            self.outside.queues.chunks.borrow_mut().show_again(id, now);
        }
        let poisoned = self.scenario.poison && message.chunk.dataset.as_str() == "messages" && message.chunk.n == 0;
        let (deadline, clock) = (self.deadline(), self.clock());
        let task = self
            .outside
            .clone()
            .execution(id, message, clock, self.invocation(deadline.at));
        let label = if poisoned { "poisoned" } else { "execution" };
        self.execution
            .push(self.outside.world.spawn(label, Some(deadline), task));
    }

    fn deliver_part(&mut self, id: MessageId) {
        let now = self.outside.world.now();
        let Some(message) = self.outside.queues.parts.borrow_mut().receive(id, now) else {
            return;
        };
        if self.is_first(format!("{message:?}")) {
            self.outside.queues.parts.borrow_mut().put(message.clone(), now);
        } else if self.outside.world.mishap(self.habits.doubles) {
            self.outside.queues.parts.borrow_mut().show_again(id, now);
        }
        let (deadline, clock) = (self.deadline_after(PACKAGING_TIMEOUT), self.clock());
        let task = self
            .outside
            .clone()
            .packaging(id, message, clock, self.invocation(deadline.at));
        self.packaging
            .push(self.outside.world.spawn("packaging", Some(deadline), task));
    }

    /// Whether everything is done twice and this is the first time.
    fn is_first(&mut self, delivery: String) -> bool {
        self.habits.twice && self.doubled.insert(delivery)
    }

    fn deliver_dead(&mut self) {
        let plans = self.outside.queues.plans.borrow_mut().take_dead();
        let chunks = self.outside.queues.chunks.borrow_mut().take_dead();
        let parts = self.outside.queues.parts.borrow_mut().take_dead();
        let plans = plans.into_iter().map(|message| message.request);
        let parts = parts.into_iter().map(|message| message.request);
        let others = chunks.into_iter().map(|message| message.request).chain(parts);
        for key in plans.chain(others) {
            let task = self.outside.clone().dead_letter(key, self.clock());
            self.outside.world.spawn("supervision", Some(self.deadline()), task);
        }
    }

    fn deliver_mail(&mut self) {
        let Some((key, n)) = self.stream.pop_front() else {
            return;
        };
        if self.is_first(format!("{key} {n}")) || self.outside.world.mishap(self.habits.doubles) {
            self.stream.push_back((key.clone(), n));
        }
        let task = self.outside.clone().notification(
            key,
            n,
            self.clock(),
            self.invocation(self.outside.world.now() + TIMEOUT),
        );
        self.outside.world.spawn("notification", Some(self.deadline()), task);
    }

    fn round(&mut self) {
        self.last_round = self.outside.world.now();
        let task = self.outside.clone().supervision(self.clock());
        self.outside.world.spawn("supervision", Some(self.deadline()), task);
    }

    fn lose(&mut self) {
        self.habits.losses -= 1;
        self.lost_at = self.outside.world.now() + SignedDuration::from_hours(20);
        self.outside.world.note("queues", "every message is lost");
        self.outside.queues.plans.borrow_mut().lose_all();
        self.outside.queues.chunks.borrow_mut().lose_all();
        self.outside.queues.parts.borrow_mut().lose_all();
    }

    /// Whether the application writes now: once a job plans, sweeps, waits, and so on.
    fn may_write(&self) -> bool {
        let phase = |case: &Case| self.facts(case).and_then(|facts| facts.job.map(|job| job.phase));
        let reached = match self.cases.first().and_then(phase) {
            None => 0,
            Some(Phase::Planning) => 1,
            Some(Phase::Sweeping) => 3,
            Some(Phase::Recovering | Phase::Purging) => 5,
            Some(Phase::Verifying | Phase::Packaging | Phase::Closing) => 6,
        };
        self.scenario.meanwhile == Meanwhile::Changes && self.writes.len() < reached
    }

    /// Whether somebody takes a right away now, once: in the middle of the sweep.
    fn may_forbid(&self) -> bool {
        let sweeping = |facts: &Facts| facts.job.as_ref().is_some_and(|job| job.phase == Phase::Sweeping);
        let facts = self.cases.first().and_then(|case| self.facts(case));
        self.scenario.forbidden && self.forbidden == Forbidden::NotYet && facts.as_ref().is_some_and(sweeping)
    }

    /// The instant of the next round that would find anything.
    fn round_at(&self) -> Option<Timestamp> {
        let due = self.outside.records.store.next_due()?;
        Some(due.max(self.last_round + ROUND))
    }

    /// Items that TTL deletes now. Late means: not before Lethe's own purge, so there is nothing left to delete.
    fn expiries(&self, now: Timestamp) -> usize {
        match self.scenario.ttl {
            Ttl::OnTime => self.outside.sources.expired(now),
            Ttl::Late => 0,
        }
    }
}

impl Environment for Stack {
    fn possible(&mut self, now: Timestamp) -> usize {
        self.possible.clear();
        self.watch();
        self.stream.extend(self.outside.records.store.take_inserted_mails());
        self.possible_deliveries(now);
        self.possible
            .extend((!self.stream.is_empty()).then_some(Possible::Mail));
        // One among them, so that a thousand items that expire do not crowd out everything else.
        let expired = self.expiries(now);
        let which = (expired > 0).then(|| self.outside.world.roll(|dice| dice.below(expired)));
        self.possible.extend(which.map(Possible::Expire));
        if self.is_at_rest() {
            return self.possible.len();
        }
        let due = |which: &usize| self.person_at(&self.cases[*which]).is_some_and(|at| at <= now);
        let people: Vec<_> = (0..self.cases.len()).filter(due).collect();
        self.possible.extend(people.into_iter().map(Possible::Person));
        let round = self.round_at().is_some_and(|at| at <= now);
        self.possible.extend(round.then_some(Possible::Round));
        let meddles = self.habits.meddling > 0 && self.meddling_at <= now;
        self.possible.extend(meddles.then_some(Possible::Meddle));
        let looks = self.habits.looks > 0 && self.looked_at <= now;
        self.possible.extend(looks.then_some(Possible::Look));
        let loses = self.habits.losses > 0 && self.lost_at <= now;
        self.possible.extend(loses.then_some(Possible::Lose));
        self.possible.extend(self.may_write().then_some(Possible::Write));
        self.possible.extend(self.may_forbid().then_some(Possible::Forbid));
        let noticed = self.forbidden.ends_at().is_some_and(|at| at <= now);
        self.possible.extend(noticed.then_some(Possible::Allow));
        self.possible.len()
    }

    fn happen(&mut self, which: usize) {
        match self.possible[which].clone() {
            Possible::Plan(id) => self.deliver_plan(id),
            Possible::Chunk(id) => self.deliver_chunk(id),
            Possible::Part(id) => self.deliver_part(id),
            Possible::DeadPlan | Possible::DeadChunk | Possible::DeadPart => self.deliver_dead(),
            Possible::Mail => self.deliver_mail(),
            Possible::Round => self.round(),
            Possible::Person(which) => self.person(which),
            Possible::Meddle => self.meddle(),
            Possible::Look => self.look(),
            Possible::Lose => self.lose(),
            Possible::Expire(which) => self.outside.sources.expire_one(which),
            Possible::Forbid => {
                self.forbidden = Forbidden::Until(self.outside.world.now() + UNNOTICED);
                self.outside.world.note("sources", "somebody takes a right away");
                self.outside.sources.break_down(FORBIDDEN, "access_denied");
            }
            Possible::Allow => {
                self.forbidden = Forbidden::Over;
                self.outside.sources.repair(FORBIDDEN);
            }
            Possible::Write => {
                self.writes.push(self.outside.world.now());
                crate::scenario::write(
                    &self.outside.sources,
                    &self.scenario.lives[0],
                    self.writes.len(),
                    self.outside.world.now(),
                );
            }
        }
    }

    fn next_at(&mut self) -> Option<Timestamp> {
        let now = self.outside.world.now();
        let mut next = vec![
            self.outside.queues.plans.borrow().next_at(),
            self.outside.queues.chunks.borrow().next_at(),
            self.outside.queues.parts.borrow().next_at(),
            self.outside.sources.next_expiry(now),
        ];
        if !self.is_at_rest() {
            next.push(self.round_at());
            next.push(self.forbidden.ends_at());
            next.extend(self.cases.iter().map(|case| self.person_at(case)));
            next.push((self.habits.meddling > 0).then_some(self.meddling_at));
            next.push((self.habits.looks > 0).then_some(self.looked_at));
            next.push((self.habits.losses > 0).then_some(self.lost_at));
        }
        next.into_iter().flatten().filter(|at| *at > now).min()
    }
}
