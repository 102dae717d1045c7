//! The made-up customers and their records: a pure function of seed, size and epoch, streamed and never held. A larger
//! population contains the smaller one, so seeding again with more adds, and with fewer changes nothing.
//!
//! Two tenants, `acme` and `globex`. What the population contains on purpose, because an erasure gets it wrong easily:
//! ids that exist in both tenants, one id that begins with another's, one customer far larger than all others, files
//! with several versions, a file the application has deleted itself, keys with spaces and other scripts, and items
//! that carry a TTL of the application's own.

use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::attachments::{self, File};
use crate::record::Record;
use crate::{messages, profiles, words};

/// The tenant whose policy is short, with the large customer.
pub const ACME: &str = "acme";
/// The tenant whose policy has the defaults.
pub const GLOBEX: &str = "globex";
/// The large customer's id in [`ACME`]; in [`GLOBEX`] it is somebody else's.
pub const LARGE: &str = "cust-0001";
/// The large customer has at least a profile, a message and a file.
pub const LEAST_RECORDS: u64 = 3;
/// The instant before which everything was written, where the caller has no other: fixed, so that seeding twice
/// writes the same keys.
pub const EPOCH: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// The seed everybody uses who wants the same population as everybody else.
pub const SEED: u64 = 1;

/// How much a customer has, as the generator says it. A record is what Lethe counts: an item, or an object key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Items in `messages`.
    pub messages: u64,
    /// Items in `profiles`.
    pub profiles: u64,
    /// Distinct keys in `attachments`, also those the application has deleted.
    pub attachments: u64,
    /// Versions with content behind those keys.
    pub versions: u64,
    /// Delete markers the application put itself.
    pub markers: u64,
}

impl Counts {
    /// What an erasure of this customer plans: items and keys.
    pub fn records(&self) -> u64 {
        self.messages + self.profiles + self.attachments
    }

    /// How many writes make this: items, versions and markers.
    pub fn writes(&self) -> u64 {
        self.messages + self.profiles + self.versions + self.markers
    }
}

/// One customer: who they are and how much they have. The records themselves are made on demand.
#[derive(Debug, Clone)]
pub struct Customer {
    /// The tenant's slug.
    pub tenant: &'static str,
    /// The id within the tenant.
    pub id: String,
    /// Full name, any script.
    pub name: String,
    /// An address under an example domain.
    pub email: String,
    pub(crate) messages: u64,
    pub(crate) devices: u64,
    pub(crate) files: Vec<File>,
    seed: u64,
}

impl Customer {
    /// `total` fixes how many records the customer has; without it they have the modest number most have.
    fn new(seed: u64, tenant: &'static str, id: String, total: Option<u64>) -> Self {
        let mut rng = rng(seed, &[tenant, &id, "customer"]);
        let (name, email) = words::person(&mut rng, &format!("{tenant}.{id}"));
        let (messages, devices, files) = match total.map(|total| total.max(LEAST_RECORDS)) {
            Some(total) => {
                let files = (total / 500).clamp(1.max(3.min(total / 4)), 200);
                let devices = 2.min(total - files - 2);
                (total - files - 1 - devices, devices, files)
            }
            None => (
                rng.random_range(5..=40),
                rng.random_range(0..=3),
                rng.random_range(1..=4),
            ),
        };
        // Of every fourth number the application has deleted one file; that includes the large customer.
        let deletes = id.ends_with(['1', '5', '9']);
        let files = attachments::plan(&mut rng, files, deletes);
        Self {
            tenant,
            id,
            name,
            email,
            messages,
            devices,
            files,
            seed,
        }
    }

    /// What [`Customer::records`] comes to, by arithmetic.
    pub fn expected(&self) -> Counts {
        Counts {
            messages: self.messages,
            profiles: 1 + self.devices,
            attachments: self.files.len() as u64,
            versions: self.files.iter().map(|file| file.versions).sum(),
            markers: self.files.iter().filter(|file| file.deleted).count() as u64,
        }
    }

    /// Everything the customer has, in the order it is to be written.
    pub fn records(&self, epoch: Timestamp) -> impl Iterator<Item = Record> + '_ {
        messages::of(self, epoch)
            .chain(profiles::of(self, epoch))
            .chain(attachments::of(self))
    }

    /// A source of chance of its own for each part of a customer, so that one part's size never changes another.
    pub(crate) fn rng(&self, part: &[&str]) -> ChaCha8Rng {
        rng(self.seed, &[&[self.tenant, self.id.as_str()], part].concat())
    }
}

/// All customers of both tenants.
#[derive(Debug, Clone)]
pub struct Population {
    customers: Vec<Customer>,
    epoch: Timestamp,
}

impl Population {
    /// The population in which the large customer has `records` records (at least [`LEAST_RECORDS`]), all of them
    /// from the two years before `epoch`.
    pub fn new(seed: u64, records: u64, epoch: Timestamp) -> Self {
        let acme = (1..120).map(|number| (ACME, format!("cust-{number:04}")));
        let lookalike = [(ACME, format!("{LARGE}1"))];
        let same_ids = (1..=40).map(|number| (GLOBEX, format!("cust-{number:04}")));
        let other_ids = (5041..=5080).map(|number| (GLOBEX, format!("cust-{number}")));
        let ids = acme.chain(lookalike).chain(same_ids).chain(other_ids);
        let customers = ids
            .map(|(tenant, id)| {
                let total = (tenant == ACME && id == LARGE).then_some(records);
                Customer::new(seed, tenant, id, total)
            })
            .collect();
        Self { customers, epoch }
    }

    /// Every customer, in a fixed order.
    pub fn customers(&self) -> &[Customer] {
        &self.customers
    }

    /// Every record of every customer, one at a time.
    pub fn records(&self) -> impl Iterator<Item = Record> + '_ {
        self.customers.iter().flat_map(|customer| customer.records(self.epoch))
    }

    /// How many records [`Population::records`] yields.
    pub fn writes(&self) -> u64 {
        self.customers.iter().map(|customer| customer.expected().writes()).sum()
    }

    /// One customer, if there is such a one.
    pub fn customer(&self, tenant: &str, id: &str) -> Option<&Customer> {
        self.customers
            .iter()
            .find(|customer| customer.tenant == tenant && customer.id == id)
    }

    /// How much one customer has; nothing, if there is no such customer.
    pub fn expected(&self, tenant: &str, id: &str) -> Counts {
        self.customer(tenant, id).map(Customer::expected).unwrap_or_default()
    }
}

fn rng(seed: u64, path: &[&str]) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for part in path {
        // Length first, so that no two paths run together to the same bytes.
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    ChaCha8Rng::from_seed(hash.finalize().into())
}

#[cfg(test)]
#[path = "population_tests.rs"]
mod tests;
