//! What the demo and the tests rely on: the same seed makes the same data, and the counts are true.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::*;
use crate::record::{Body, Dataset};

fn fingerprint(seed: u64) -> String {
    let population = Population::new(seed, 500, EPOCH);
    let mut hash = Sha256::new();
    for record in population.records().take(1_000) {
        hash.update(format!("{record:?}"));
    }
    hex::encode(hash.finalize())
}

fn counted(population: &Population) -> BTreeMap<(String, String), Counts> {
    let mut keys = BTreeSet::new();
    let mut counts = BTreeMap::<_, Counts>::new();
    for record in population.records() {
        let count = counts.entry((record.tenant, record.customer)).or_default();
        match record.body {
            Body::Item(_) if record.dataset == Dataset::Messages => count.messages += 1,
            Body::Item(_) => count.profiles += 1,
            Body::Object { key, .. } => {
                count.versions += 1;
                count.attachments += u64::from(keys.insert(key));
            }
            Body::Deleted { .. } => count.markers += 1,
        }
    }
    counts
}

#[test]
fn one_seed_makes_one_population() {
    assert_eq!(fingerprint(7), fingerprint(7));
    assert_ne!(fingerprint(7), fingerprint(8));
}

#[test]
fn the_counts_are_what_is_generated() {
    let population = Population::new(1, 5_000, EPOCH);
    let counted = counted(&population);
    assert_eq!(counted.len(), population.customers().len());
    for customer in population.customers() {
        let key = (customer.tenant.to_owned(), customer.id.clone());
        assert_eq!(
            counted[&key],
            population.expected(customer.tenant, &customer.id),
            "{key:?}"
        );
    }
    assert_eq!(population.records().count() as u64, population.writes());
}

#[test]
fn the_large_customer_has_the_records_asked_for() {
    for records in [3, 4, 10, 12, 1_000, 100_000, 1_000_000] {
        let counts = Population::new(1, records, EPOCH).expected(ACME, LARGE);
        assert_eq!(counts.records(), records);
        assert!(
            counts.messages > 0 && counts.profiles > 0 && counts.attachments > 0,
            "{counts:?}"
        );
    }
    assert_eq!(
        Population::new(1, 0, EPOCH).expected(ACME, LARGE).records(),
        LEAST_RECORDS
    );
}

#[test]
fn more_records_are_the_same_and_then_some() {
    let (few, many) = (Population::new(1, 2_000, EPOCH), Population::new(1, 9_000, EPOCH));
    let all: BTreeSet<String> = many.records().map(|record| format!("{record:?}")).collect();
    assert!(few.records().all(|record| all.contains(&format!("{record:?}"))));
}

#[test]
fn the_traps_are_there() {
    let population = Population::new(1, 1_000, EPOCH);
    let ids = |tenant| -> BTreeSet<&str> {
        population
            .customers()
            .iter()
            .filter(|one| one.tenant == tenant)
            .map(|one| one.id.as_str())
            .collect()
    };
    assert_eq!(ids(ACME).intersection(&ids(GLOBEX)).count(), 40);
    assert!(
        ids(ACME)
            .iter()
            .any(|id| id.len() > LARGE.len() && id.starts_with(LARGE))
    );
    let large = population.expected(ACME, LARGE);
    assert!(large.versions > large.attachments && large.markers == 1, "{large:?}");
    let addresses: BTreeSet<_> = population.customers().iter().map(|one| &one.email).collect();
    assert_eq!(addresses.len(), population.customers().len());
}

#[test]
fn items_are_small_unique_and_older_than_the_epoch() {
    let population = Population::new(1, 50_000, EPOCH);
    let (mut keys, mut lengths) = (BTreeSet::new(), Vec::new());
    for record in population.records() {
        let Body::Item(item) = &record.body else { continue };
        assert!(
            keys.insert((record.dataset, item["pk"].clone().to_string(), item["sk"].to_string())),
            "{item:?}"
        );
        let bytes = serde_json::to_vec(item).unwrap().len();
        assert!((100..=4_096).contains(&bytes), "{bytes} bytes: {item:?}");
        if record.dataset == Dataset::Messages {
            assert!(item["sent_at"].as_str().unwrap().parse::<Timestamp>().unwrap() < EPOCH);
            lengths.push(item["text"].as_str().unwrap().len());
        }
    }
    lengths.sort_unstable();
    let (shortest, median, longest) = (lengths[0], lengths[lengths.len() / 2], lengths[lengths.len() - 1]);
    assert!(
        shortest >= 100 && median < 250 && longest > 3_300,
        "{shortest} {median} {longest}"
    );
}

#[test]
fn the_epoch_is_the_start_of_2026() {
    assert_eq!(EPOCH.to_string(), "2026-01-01T00:00:00Z");
}
