//! What is to go wrong for whom: the rules of one trial, seeded, counted.
//!
//! A script concerns the calls that speak of its tenant: keys, messages, object names and encryption contexts all name it,
//! so trials run side by side through one proxy. The first rule that picks a call decides; the seed decides what a rate
//! picks, as far as the order of concurrent calls is the same.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::call::Call;
use super::fault::Fault;
use super::witness::Witness;

/// Which calls a rule is for; what is not named is any.
#[derive(Debug, Clone, Default)]
pub struct On {
    /// Of these functions, by their outputs' names; none: of any.
    pub functions: &'static [&'static str],
    /// To this service.
    pub service: Option<&'static str>,
    /// Of this operation.
    pub operation: Option<&'static str>,
    /// Which speak of this.
    pub holding: Option<String>,
}

impl On {
    fn fits(&self, call: &Call) -> bool {
        let same = |wanted: Option<&str>, is: &str| wanted.is_none_or(|wanted| wanted == is);
        (self.functions.is_empty() || self.functions.contains(&call.function))
            && same(self.service, &call.service)
            && same(self.operation, &call.operation)
            && self.holding.as_deref().is_none_or(|word| call.holds(word))
    }
}

/// How often a rule picks a call it is for.
#[derive(Debug, Clone, Copy)]
pub enum When {
    /// So many in a thousand, at random.
    PerThousand(u32),
    /// So many, then no more.
    First(u32),
    /// Until the rule is taken back.
    Always,
    /// Batches beyond so many entries a second.
    Above(f64),
}

/// What is left of a second's entries, for [`When::Above`].
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

#[derive(Debug)]
struct Rule {
    on: On,
    when: When,
    fault: Fault,
    bucket: Option<Bucket>,
}

/// The rules of one trial, and what came of them.
#[derive(Debug)]
pub struct Script {
    inner: Mutex<Inner>,
    /// What passed.
    pub witness: Witness,
}

#[derive(Debug)]
struct Inner {
    words: Vec<String>,
    rng: ChaCha8Rng,
    rules: Vec<Rule>,
    counts: BTreeMap<&'static str, u64>,
    calls: BTreeMap<&'static str, u64>,
}

impl Script {
    /// No rules yet, for the calls of one tenant.
    pub(super) fn new(tenant: &str, seed: u64) -> Self {
        let inner = Inner {
            words: vec![tenant.to_owned()],
            rng: ChaCha8Rng::seed_from_u64(seed),
            rules: vec![],
            counts: BTreeMap::new(),
            calls: BTreeMap::new(),
        };
        Self {
            inner: Mutex::new(inner),
            witness: Witness::default(),
        }
    }

    /// Calls that speak of this concern it as well: a letter does not name its tenant.
    pub fn concerns_also(&self, word: &str) {
        self.inner().words.push(word.to_owned());
    }

    /// From now on this goes wrong too.
    pub fn rule(&self, on: On, when: When, fault: Fault) {
        let bucket = None;
        self.inner().rules.push(Rule {
            on,
            when,
            fault,
            bucket,
        });
    }

    /// From now on nothing goes wrong.
    pub fn calm(&self) {
        self.inner().rules.clear();
    }

    /// How often each fault happened.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.inner().counts.clone()
    }

    /// Calls that concerned this script, broken or not, by function.
    pub fn calls(&self) -> BTreeMap<&'static str, u64> {
        self.inner().calls.clone()
    }

    pub(super) fn concerns(&self, call: &Call) -> bool {
        self.inner().words.iter().any(|word| call.holds(word))
    }

    pub(super) fn judge(&self, call: &Call) -> Option<Fault> {
        let mut inner = self.inner();
        let Inner {
            rng,
            rules,
            counts,
            calls,
            ..
        } = &mut *inner;
        *calls.entry(call.function).or_default() += 1;
        let mut mine = rules
            .iter_mut()
            .filter(|rule| rule.on.fits(call) && rule.fault.fits(call));
        let fault = mine.find_map(|rule| rule.picks(call, rng).then_some(rule.fault))?;
        *counts.entry(fault.name()).or_default() += 1;
        Some(fault)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rule {
    fn picks(&mut self, call: &Call, rng: &mut impl Rng) -> bool {
        match &mut self.when {
            When::PerThousand(rate) => rng.random_range(0..1000) < *rate,
            When::First(0) => false,
            When::First(left) => {
                *left -= 1;
                true
            }
            When::Always => true,
            When::Above(rate) => !Bucket::takes(&mut self.bucket, call.entries(), *rate, Instant::now()),
        }
    }
}

impl Bucket {
    /// Whether so many entries are still within the rate; a second's worth may come at once.
    fn takes(bucket: &mut Option<Self>, entries: usize, rate: f64, now: Instant) -> bool {
        let bucket = bucket.get_or_insert(Self { left: rate, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        (bucket.left, bucket.at) = ((bucket.left + passed * rate).min(rate), now);
        let entries = u32::try_from(entries).map_or(f64::MAX, f64::from);
        let takes = entries <= bucket.left;
        bucket.left -= if takes { entries } else { 0.0 };
        takes
    }
}

/// The scripts of the trials that run; a script goes with its trial.
#[derive(Debug, Default)]
pub(super) struct Scripts(Mutex<Vec<Weak<Script>>>);

impl Scripts {
    pub(super) fn add(&self, script: &Arc<Script>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|one| one.strong_count() > 0);
        all.push(Arc::downgrade(script));
    }

    pub(super) fn for_call(&self, call: &Call) -> Option<Arc<Script>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.iter()
            .filter_map(Weak::upgrade)
            .find(|script| script.concerns(call))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn call(function: &'static str, body: &str) -> Call {
        Call {
            function,
            service: "dynamodb".to_owned(),
            operation: "GetItem".to_owned(),
            target: "/".to_owned(),
            body: body.to_owned().into(),
        }
    }

    #[test]
    fn a_rule_is_for_its_calls_only_and_is_counted() {
        let script = Script::new("acme", 1);
        let on = On {
            functions: &["PlanningFunction"],
            holding: Some("REQUEST".to_owned()),
            ..On::default()
        };
        script.rule(on, When::First(2), Fault::Broken);
        for (function, body, expected) in [
            ("ExecutionFunction", "acme REQUEST", None),
            ("PlanningFunction", "acme PLAN", None),
            ("PlanningFunction", "acme REQUEST", Some(Fault::Broken)),
            ("PlanningFunction", "acme REQUEST", Some(Fault::Broken)),
            ("PlanningFunction", "acme REQUEST", None),
        ] {
            assert_eq!(script.judge(&call(function, body)), expected, "{function} {body}");
        }
        assert_eq!(script.counts()["broken"], 2);
        assert_eq!(
            script.calls(),
            BTreeMap::from([("ExecutionFunction", 1), ("PlanningFunction", 4)])
        );
    }

    #[test]
    fn a_capacity_is_a_seconds_worth_at_once_and_fills_again() {
        let (mut bucket, now) = (None, Instant::now());
        let mut takes = |after_ms: u64| Bucket::takes(&mut bucket, 25, 50.0, now + Duration::from_millis(after_ms));
        assert_eq!([takes(0), takes(0), takes(0)], [true, true, false]);
        assert_eq!([takes(400), takes(500), takes(510)], [false, true, false]);
        assert_eq!([takes(9_000), takes(9_000), takes(9_000)], [true, true, false]);
    }

    #[test]
    fn a_rate_is_about_kept_and_the_same_for_a_seed() {
        let picked = |seed| {
            let script = Script::new("acme", seed);
            script.rule(On::default(), When::PerThousand(100), Fault::Throttled);
            (0..1000)
                .map(|_| script.judge(&call("PlanningFunction", "acme")).is_some())
                .collect::<Vec<_>>()
        };
        let hits = picked(7).into_iter().filter(|hit| *hit).count();
        assert!((60..140).contains(&hits), "{hits}");
        assert_eq!(picked(7), picked(7));
        assert_ne!(picked(7), picked(8));
    }

    #[test]
    fn a_script_concerns_its_tenant_and_goes_with_its_trial() {
        let scripts = Scripts::default();
        let script = Arc::new(Script::new("acme", 1));
        scripts.add(&script);
        assert!(scripts.for_call(&call("PlanningFunction", "REQ#acme#1")).is_some());
        assert!(scripts.for_call(&call("PlanningFunction", "REQ#globex#1")).is_none());
        drop(script);
        assert!(scripts.for_call(&call("PlanningFunction", "REQ#acme#1")).is_none());
    }
}
