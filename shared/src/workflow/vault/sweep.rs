//! Sweep and inspection in vault mode: what is there is copied, sealed and only then deleted; what is gone is looked up
//! among the copies of earlier attempts.
//!
//! Guarantees: an item that changes between copy and deletion is copied again, and after [`ROUNDS`] copies left alone and
//! flagged. What an item had gained by the time it was deleted is kept at once.

use std::collections::BTreeMap;

use super::{GROUP_BYTES, Shelf, judge};
use crate::domain::chunk::Chunk;
use crate::domain::manifest::Line;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::request::Facts;
use crate::domain::retention;
use crate::domain::vault::{CHANGED, UNVERIFIABLE, VaultCopy, size};
use crate::ports::{
    Config, Fault, Items, ItemsOrder, Keys, Manifests, Queues, Requests, Sealer, Sources, SweepOrder, Taken, Vault,
    Watch, Whole, Work,
};
use crate::workflow::bench::Bench;

/// Copies of one item in one lease before it counts as changing all the time.
const ROUNDS: u32 = 3;

/// A sweep under way.
struct Sweeping<'a, 'o, K, V> {
    order: &'a SweepOrder<'o>,
    shelf: Shelf<'a, K, V>,
    lines: Vec<&'a Line>,
    /// The lines' numbers within the chunk: by them copies are found again, whichever lines an order is about.
    numbers: &'a [usize],
    /// Lines still to be copied.
    open: Vec<usize>,
    /// How often a line was copied in vain.
    tries: BTreeMap<usize, u32>,
    outcomes: Vec<LineOutcome>,
}

impl<S, K, C, M, Q, D, V> Bench<S, K, C, M, Q, D, V>
where
    S: Requests + Keys + Work,
    K: Sealer,
    C: Config,
    M: Manifests,
    Q: Queues,
    D: Sources + Items,
    V: Vault,
{
    /// Takes the lines' items out of their table, while that is wanted.
    pub(in crate::workflow) async fn sweep_into_vault(
        &self,
        (sources, facts, row): (&D, &Facts, &Chunk),
        (order, numbers): (&SweepOrder<'_>, &[usize]),
        watch: &impl Watch,
    ) -> Result<Vec<LineOutcome>, Fault> {
        let mut sweeping = Sweeping::begin((order, numbers), self.shelf(facts, row).await?);
        while !sweeping.open.is_empty() && watch.wanted().await {
            let copies = self.copy_group(sources, &mut sweeping).await?;
            if copies.is_empty() {
                continue;
            }
            let group = sweeping.shelf.put(&copies).await?;
            self.take(sources, &mut sweeping, (copies, &group), watch).await?;
        }
        let Sweeping {
            shelf, mut outcomes, ..
        } = sweeping;
        if order.again {
            self.look_at_earlier((order, numbers), &shelf, &mut outcomes).await?;
        }
        Ok(outcomes)
    }

    /// What earlier attempts left; changes nothing.
    pub(in crate::workflow) async fn inspect_with_vault(
        &self,
        (facts, row): (&Facts, &Chunk),
        (order, numbers): (&SweepOrder<'_>, &[usize]),
    ) -> Result<Vec<LineOutcome>, Fault> {
        let shelf = self.shelf(facts, row).await?;
        let mut outcomes = vec![LineOutcome::plain(Code::Untouched); order.lines.len()];
        self.look_at_earlier((order, numbers), &shelf, &mut outcomes).await?;
        Ok(outcomes)
    }

    /// Reads open lines until a group is full; settles those that are not to be taken.
    async fn copy_group(&self, sources: &D, sweeping: &mut Sweeping<'_, '_, K, V>) -> Result<Vec<VaultCopy>, Fault> {
        let (mut copies, mut bytes) = (Vec::new(), 0);
        while bytes < GROUP_BYTES && !sweeping.open.is_empty() {
            let (dataset, lines) = (sweeping.order.dataset, &sweeping.lines);
            for (at, whole) in self.read_some(sources, dataset, lines, &mut sweeping.open).await? {
                let Whole::There(item) = whole else {
                    sweeping.outcomes[at] = LineOutcome::plain(Code::AlreadyAbsent);
                    continue;
                };
                if let Some(outcome) = judge::judge(sweeping.order, sweeping.lines[at], &item) {
                    sweeping.outcomes[at] = outcome;
                    continue;
                }
                bytes += size(&item);
                let line = u32::try_from(sweeping.numbers[at]).unwrap_or(u32::MAX);
                copies.push(VaultCopy { line, item });
            }
        }
        Ok(copies)
    }

    /// Deletes what was copied, and keeps at once what an item had gained meanwhile.
    async fn take(
        &self,
        sources: &D,
        sweeping: &mut Sweeping<'_, '_, K, V>,
        (copies, group): (Vec<VaultCopy>, &str),
        watch: &impl Watch,
    ) -> Result<(), Fault> {
        let (lines, items): (Vec<u32>, Vec<_>) = copies.into_iter().map(|copy| (copy.line, copy.item)).unzip();
        let order = ItemsOrder {
            dataset: sweeping.order.dataset,
            request: sweeping.order.request,
            items: &items,
        };
        let taken = sources.take(order, watch).await?;
        drop(items);
        let mut gained = Vec::new();
        for (line, taken) in lines.into_iter().zip(taken) {
            match taken {
                Some(Taken::GoneWithMore(item)) => gained.push(VaultCopy { line, item }),
                Some(taken) => sweeping.settle(sweeping.place_of(line), &taken, group),
                None => {}
            }
        }
        if gained.is_empty() {
            return Ok(());
        }
        let group = sweeping.shelf.put(&gained).await?;
        for copy in gained {
            let at = sweeping.place_of(copy.line);
            sweeping.outcomes[at] = swept(&group);
        }
        Ok(())
    }

    /// What is not settled, or not there, may be the work of an earlier attempt.
    async fn look_at_earlier(
        &self,
        (order, numbers): (&SweepOrder<'_>, &[usize]),
        shelf: &Shelf<'_, K, V>,
        outcomes: &mut [LineOutcome],
    ) -> Result<(), Fault> {
        if outcomes.iter().any(|outcome| outcome.code == Code::Untouched) {
            let found = self.sources.inspect(order.clone()).await?;
            for (outcome, found) in outcomes.iter_mut().zip(found) {
                if outcome.code == Code::Untouched && found.code == Code::AlreadyAbsent {
                    *outcome = found;
                }
            }
        }
        let absent = (0..outcomes.len()).filter(|at| outcomes[*at].code == Code::AlreadyAbsent);
        let found = shelf.find(&absent.map(|at| numbers[at]).collect::<Vec<_>>()).await?;
        for (outcome, number) in outcomes.iter_mut().zip(numbers) {
            if let Some(group) = found.get(number) {
                *outcome = swept(group);
            }
        }
        Ok(())
    }
}

impl<'a, 'o, K, V> Sweeping<'a, 'o, K, V> {
    /// Nothing is reached yet; what the plan knows to be kept is settled.
    fn begin((order, numbers): (&'a SweepOrder<'o>, &'a [usize]), shelf: Shelf<'a, K, V>) -> Self {
        let mut outcomes = vec![LineOutcome::plain(Code::Untouched); order.lines.len()];
        let mut open = Vec::new();
        for (at, line) in order.lines.iter().enumerate() {
            match retention::kept(order.dataset.retain.as_ref(), line, order.cutoff) {
                Some(outcome) => outcomes[at] = outcome,
                None => open.push(at),
            }
        }
        Self {
            order,
            shelf,
            lines: order.lines.iter().collect(),
            numbers,
            open,
            tries: BTreeMap::new(),
            outcomes,
        }
    }

    /// Where a line of the chunk stands in this order.
    fn place_of(&self, number: u32) -> usize {
        let place = self.numbers.iter().position(|at| *at == number as usize);
        place.expect("copies are made of the order's lines alone")
    }

    /// What became of a line whose copy is in `group`.
    fn settle(&mut self, at: usize, taken: &Taken, group: &str) {
        self.outcomes[at] = match taken {
            // Not there: our own deletion, whose answer was lost, or the application's in the same moment. Both are
            // restorable, and both are purged.
            Taken::Gone | Taken::GoneWithMore(_) | Taken::Absent => swept(group),
            Taken::Changed => {
                let tries = self.tries.entry(at).or_default();
                *tries += 1;
                if *tries < ROUNDS {
                    self.open.push(at);
                    LineOutcome::plain(Code::Untouched)
                } else {
                    LineOutcome::failed(CHANGED)
                }
            }
            Taken::Unverifiable => LineOutcome::failed(UNVERIFIABLE),
            Taken::Refused(code) => LineOutcome::failed(code),
        };
    }
}

/// Swept, and in which group its copy is.
fn swept(group: &str) -> LineOutcome {
    LineOutcome::because(Code::Swept, group)
}
