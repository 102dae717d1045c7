//! Customers whom an erasure confuses easily, made for one test out of the generated population.
//!
//! The population has fixed ids, and several tests on one stack may want it: each gets the same records under ids of
//! its own, and looks at no others.

use demo::digest::Snapshot;
use demo::load::{Loaded, load};
use demo::population::{ACME, Counts, EPOCH, GLOBEX, LARGE, SEED};
use demo::{Body, Clients, Names, Population, Record};
use harness::wait::unique;

/// Enough for files with versions and a marker, few enough to be read at once.
const RECORDS: u64 = 300;

/// Three of the generated customers whom an erasure confuses easily, under ids nobody else has: the large one, somebody
/// of the same id in the other tenant, and somebody whose id begins with that id.
pub(crate) struct Confusable {
    /// The large customer's id.
    pub(crate) id: String,
    population: Population,
}

impl Confusable {
    /// Not written yet.
    pub(crate) fn new() -> Self {
        Self {
            id: format!("c-{}", unique()),
            population: Population::new(SEED, RECORDS, EPOCH),
        }
    }

    /// Tenant, id here, and what the generator says they have.
    pub(crate) fn customers(&self) -> [(&'static str, String, Counts); 3] {
        [(ACME, ""), (GLOBEX, ""), (ACME, "1")].map(|(tenant, tail)| {
            let counts = self.population.expected(tenant, &format!("{LARGE}{tail}"));
            (tenant, format!("{}{tail}", self.id), counts)
        })
    }

    /// What the generator makes for them, renamed wherever an id is part of it.
    fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let generated = self.population.records();
        let theirs = generated.filter(|record| record.customer.starts_with(LARGE));
        theirs.map(|record| Record {
            customer: self.renamed(&record.customer),
            body: match record.body {
                Body::Item(item) => {
                    let item = self.renamed(&serde_json::to_string(&item).expect("JSON"));
                    Body::Item(serde_json::from_str(&item).expect("an item"))
                }
                Body::Object { key, bytes } => Body::Object {
                    key: self.renamed(&key),
                    bytes,
                },
                Body::Deleted { key } => Body::Deleted {
                    key: self.renamed(&key),
                },
            },
            ..record
        })
    }

    fn renamed(&self, text: &str) -> String {
        text.replace(LARGE, &self.id)
    }

    /// How many writes they take.
    pub(crate) fn writes(&self) -> u64 {
        self.customers().iter().map(|(_, _, counts)| counts.writes()).sum()
    }

    /// Writes all of it.
    pub(crate) async fn load(&self, clients: &Clients, names: &Names) -> Loaded {
        let mut seen = 0;
        let loaded = load(clients, names, self.records(), |more| seen += more).await;
        assert_eq!(seen, self.writes(), "the progress ends at the total");
        loaded.expect("it loads")
    }

    /// Whose share of what differs between two snapshots, among these customers.
    pub(crate) fn differences(&self, one: &Snapshot, other: &Snapshot) -> Vec<(String, String)> {
        let shares = one.differences(other).into_iter();
        let theirs = shares.filter(|share| share.customer.starts_with(&self.id));
        theirs
            .map(|share| (share.tenant.clone(), share.customer.clone()))
            .collect()
    }
}
