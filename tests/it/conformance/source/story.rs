//! One story: what an application and two requests do at random, and the telling of it.

use std::collections::BTreeMap;

use shared::domain::manifest::Line;
use shared::domain::outcome::{Code, LineOutcome};
use shared::sim::Dice;

use super::ground::{Bed, Item, MINE, OTHER, item, n, s, text};

/// The cutoff, in seconds.
const CUTOFF: i64 = 1_767_225_600;

/// A story so far: what was planned, what was answered, and every line told.
pub(super) struct Story {
    pub(super) dice: Dice,
    lines: Vec<Line>,
    outcomes: Vec<LineOutcome>,
    names: BTreeMap<String, String>,
    pub(super) told: Vec<String>,
}

impl Story {
    /// A story that has not begun.
    pub(super) fn of(seed: u64) -> Self {
        Self {
            dice: Dice::of(seed),
            lines: vec![],
            outcomes: vec![],
            names: BTreeMap::new(),
            told: vec![],
        }
    }

    fn pick<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.dice.below(among.len())]
    }

    /// Ids differ from side to side; what they name does not.
    fn name(&mut self, id: &str) -> String {
        let next = format!("#{}", self.names.len());
        self.names.entry(id.to_owned()).or_insert(next).clone()
    }

    fn line(&mut self, line: &Line) -> String {
        match line {
            Line::Item { key, ttl, written, .. } => {
                let known = [ttl, written].map(|value| value.as_ref().map(text));
                format!("{} {known:?}", text(&key["sk"]))
            }
            Line::Object {
                key,
                version,
                was_deleted,
                ..
            } => format!("{key} {} {was_deleted}", self.name(version)),
        }
    }

    /// Tells an order's outcomes; those of a sweep are kept for the purge.
    fn outcomes(&mut self, what: &str, outcomes: Vec<LineOutcome>, kept: bool) {
        for outcome in &outcomes {
            // The detail of a swept object is its marker's id.
            let is_id = self.names.contains_key(outcome.detail.as_deref().unwrap_or_default())
                || (outcome.detail.is_some() && outcome.code == Code::Swept);
            let detail = outcome.detail.clone();
            let detail = detail.map(|detail| if is_id { self.name(&detail) } else { detail });
            self.told.push(format!("{what}: {:?} {detail:?}", outcome.code));
        }
        if kept {
            self.outcomes = outcomes;
        }
    }

    /// One order of Lethe's, at random.
    pub(super) async fn order<B: Bed>(&mut self, bed: &B) {
        let desk = bed.desk();
        let step = if self.lines.is_empty() { 0 } else { self.dice.below(11) };
        match step {
            0 => {
                let limit = self.pick(&[1, 2, 1000]);
                let (lines, later, _) = desk.plan_by(limit).await;
                let told: Vec<String> = lines.iter().map(|line| self.line(line)).collect();
                self.told.push(format!("plan by {limit}: {told:?}, {later} later"));
                (self.lines, self.outcomes) = (lines, vec![]);
            }
            1 | 2 => {
                let who = self.pick(&[MINE, MINE, MINE, OTHER]);
                let outcomes = desk.sweep_as(&self.lines, who).await;
                self.outcomes(&format!("sweep by {who}"), outcomes, who == MINE);
            }
            3 => {
                let outcomes = desk.inspect(&self.lines).await;
                self.outcomes("inspect", outcomes, false);
            }
            4 if self.outcomes.len() == self.lines.len() => {
                let outcomes = desk.strip(&self.lines, &self.outcomes).await;
                self.outcomes("strip", outcomes, false);
            }
            5 | 6 if self.outcomes.len() == self.lines.len() => {
                let chosen = self.pick(&[None, Some(&[0_u32, 2][..])]);
                let outcomes = desk.restore(&self.lines, &self.outcomes, chosen).await;
                self.outcomes(&format!("restore {chosen:?}"), outcomes, false);
            }
            7..=9 if self.outcomes.len() == self.lines.len() => {
                let outcomes = desk.purge(&self.lines, &self.outcomes).await;
                self.outcomes("purge", outcomes, false);
            }
            _ => self.told.push(format!("{} counted", desk.counted().await)),
        }
    }

    /// One act of the application on an item.
    pub(super) async fn act_on_item<B: Bed>(&mut self, bed: &B) {
        let sort = self.pick(&["a", "b", "c", "d"]);
        if self.dice.chance(200) {
            if bed.items().await.contains_key(sort) {
                bed.delete(sort).await;
            }
            return;
        }
        let mut item = item(s(sort));
        item.insert("tenant".into(), s(self.pick(&["acme", "acme", "acme", "globex"])));
        let at = self.pick(&[Some(CUTOFF - 1), Some(CUTOFF), Some(CUTOFF + 1), None]);
        item.extend(at.map(|at| ("at".to_owned(), n(at))));
        let ttl = self.pick(&[None, Some(3_000_000_000), Some(3_100_000_000)]);
        item.extend(ttl.map(|ttl| ("expires_at".to_owned(), n(ttl))));
        bed.put(item).await;
    }

    /// One act of the application on an object.
    pub(super) async fn act_on_object<B: Bed>(&mut self, bed: &B) {
        let key = self.pick(&["acme/7/a", "acme/7/b", "acme/7/c", "acme/70/d"]);
        if self.dice.chance(300) {
            bed.hide(key).await;
        } else {
            bed.write(key, &format!("text {}", self.told.len())).await;
        }
    }

    /// Tells the whole table.
    pub(super) async fn tell_items<B: Bed>(&mut self, bed: &B) {
        let attributes = |item: &Item| -> Vec<String> {
            item.iter()
                .map(|(name, value)| format!("{name}={}", text(value)))
                .collect()
        };
        for item in bed.items().await.values() {
            self.told.push(format!("  {:?}", attributes(item)));
        }
    }

    /// Tells the subjects' part of the bucket.
    pub(super) async fn tell_versions<B: Bed>(&mut self, bed: &B) {
        for (key, ids) in bed.versions().await {
            if key.starts_with("acme/") {
                let ids: Vec<String> = ids.iter().map(|id| self.name(id.trim_start_matches('-'))).collect();
                self.told.push(format!("  {key} {ids:?}"));
            }
        }
    }
}
