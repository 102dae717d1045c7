//! People among what makes functions run: whoever wants a life to end in some way, the legal department, meddlers, and
//! those who only look.

use jiff::{SignedDuration, Timestamp};
use shared::domain::ids::RequestId;
use shared::domain::request::{Facts, Kind, Status};

use super::{Case, Stack};
use crate::people::{Deed, carry_out, extends, next_deed, next_hold};
use crate::readers::look;
use crate::scenario::{Aim, Held};

/// A person looks again after this long.
const PATIENCE: SignedDuration = SignedDuration::from_secs(45);

/// An operator executes this long after the grace period, when all operators were told; meddlers do not wait.
const UNHURRIED: SignedDuration = SignedDuration::from_mins(10);

impl Stack {
    pub(super) fn person(&mut self, which: usize) {
        let now = self.outside.world.now();
        let facts = self.facts(&self.cases[which]);
        let life = &self.cases[which].life;
        let hold = next_hold(life, facts.as_ref(), &self.outside.holds(&life.subject), now);
        if let Some((deed, _)) = hold.filter(|(_, from)| *from <= now) {
            self.cases[which].next_at = now + self.soon();
            self.act(which, deed);
            if self.habits.twice {
                self.act(which, deed);
            }
            return;
        }
        let case = &mut self.cases[which];
        case.paused_before |= facts
            .as_ref()
            .and_then(|facts| facts.job.as_ref())
            .is_some_and(|job| job.paused);
        let deed = next_deed(case.life.aim, facts.as_ref(), case.paused_before, now);
        let case = &self.cases[which];
        if let Some(deed) = self.worth_it(facts.as_ref(), deed) {
            // Who means to step in stays at the screen: at any moment of the job.
            let hurry = deed == Deed::Execute && (case.life.aim != Aim::Erase || case.life.held == Held::Midway);
            self.cases[which].next_at = now + if hurry { self.soon() } else { PATIENCE };
            self.act(which, deed);
            if self.habits.twice {
                self.act(which, deed);
            }
        }
    }

    /// At any moment of a job.
    fn soon(&self) -> SignedDuration {
        SignedDuration::from_millis(self.outside.world.roll(|dice| dice.between(0, 4_000)))
    }

    fn act(&mut self, which: usize, deed: Deed) {
        let case = &self.cases[which];
        let (outside, life, known, clock) = (self.outside.clone(), case.life.clone(), case.id.clone(), self.clock());
        let fresh = outside.world.roll(|dice| u128::from_be_bytes(dice.bytes()));
        let task = async move {
            let now = clock.now();
            let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
            let ids = (*known.borrow(), RequestId::from_parts(milliseconds, fresh));
            match Box::pin(carry_out(&outside, &life, ids, deed, now)).await {
                Ok(Some(id)) => *known.borrow_mut() = Some(id),
                Ok(None) => {}
                Err(failure) => outside.world.note("person", format!("{deed:?}: {failure}")),
            }
        };
        let task = self.outside.world.spawn(deed.function(), Some(self.deadline()), task);
        self.cases[which].task = Some(task);
    }

    pub(super) fn meddle(&mut self) {
        self.habits.meddling -= 1;
        let (which, deed, hours, waits) = self.outside.world.roll(|dice| {
            let deed = Deed::MEDDLING[dice.below(Deed::MEDDLING.len())];
            (
                dice.below(self.cases.len()),
                deed,
                dice.between(1, 300),
                dice.chance(400),
            )
        });
        // Many wait for the moment in which most is possible: the grace period is over, and nobody has executed yet.
        let opens = self.facts(&self.cases[which]).and_then(|facts| facts.grace_ends_at);
        let opens = opens
            .map(|end| end + UNHURRIED / 2)
            .filter(|at| waits && *at > self.outside.world.now());
        let later = self.outside.world.now() + SignedDuration::from_hours(hours);
        self.meddling_at = opens.unwrap_or(later);
        if self.cases[which].id.borrow().is_some() {
            self.act(which, deed);
        }
    }

    /// Somebody looks at a request, and will again: soon while it runs, or days later.
    pub(super) fn look(&mut self) {
        self.habits.looks -= 1;
        let (which, seconds) = self.outside.world.roll(|dice| {
            let seconds = [2, 30, 86_400 * 4][dice.below(3)];
            (dice.below(self.cases.len()), dice.between(1, seconds))
        });
        self.looked_at = self.outside.world.now() + SignedDuration::from_secs(seconds);
        let Some(id) = *self.cases[which].id.borrow() else {
            return;
        };
        let (outside, subject, clock) = (
            self.outside.clone(),
            self.cases[which].life.subject.clone(),
            self.clock(),
        );
        let task = async move {
            if let Err(failure) = Box::pin(look(&outside, &subject, id, clock.now())).await {
                outside.world.note("reader", failure);
            }
        };
        self.outside.world.spawn("submission", Some(self.deadline()), task);
    }

    /// When somebody would do something: nothing to do before the grace period ends, nothing after.
    pub(super) fn person_at(&self, case: &Case) -> Option<Timestamp> {
        let facts = self.facts(case);
        let at = case.next_at;
        let holds = self.outside.holds(&case.life.subject);
        let hold = next_hold(&case.life, facts.as_ref(), &holds, at).map(|(_, from)| from.max(at));
        let deed = self.deed_at(case, facts.as_ref());
        [hold, deed].into_iter().flatten().min()
    }

    fn deed_at(&self, case: &Case, facts: Option<&Facts>) -> Option<Timestamp> {
        let at = case.next_at;
        match facts {
            Some(facts)
                if facts.status == Status::Approved
                    && case.life.aim != Aim::Withdraw
                    && !extends(case.life.aim, facts) =>
            {
                facts.grace_ends_at.map(|end| at.max(end + UNHURRIED))
            }
            facts => {
                let deed = next_deed(case.life.aim, facts, case.paused_before, at);
                self.worth_it(facts, deed).map(|_| at)
            }
        }
    }

    /// Nobody repairs what nothing is open of. An export that cannot be repaired is cancelled: a deletion may wait for it.
    fn worth_it(&self, facts: Option<&Facts>, deed: Option<Deed>) -> Option<Deed> {
        let repairable = facts.is_some_and(|facts| self.may_repair(facts));
        if deed.is_some_and(|deed| deed != Deed::Repair || repairable) {
            return deed;
        }
        let stuck = |facts: &&Facts| facts.kind == Kind::Export && self.waits_for_a_person(facts) && !repairable;
        facts.filter(stuck).map(|_| Deed::Cancel)
    }
}
