//! A fingerprint of what everybody has, taken by a full scan, to show that an erasure touched nobody else.
//!
//! Every attribute of every item and every version of every object goes in: key, version id, ETag and size, and which
//! one is the newest. The sum does not depend on the order in which a scan meets the records. Two snapshots are equal
//! exactly when, for each customer and dataset, the same records are there with the same bytes; where they are not,
//! [`Snapshot::differences`] says whose.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use crate::item::{self, Item};
use crate::record::Dataset;
use crate::scan::{self, Version};
use crate::stack::{Clients, Names};
use crate::{attachments, messages, profiles};

/// One customer's share of one dataset. What cannot be told to be anybody's has an empty tenant and its own key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// Which dataset.
    pub dataset: Dataset,
    /// Whose customer.
    pub tenant: String,
    /// Which customer.
    pub customer: String,
}

/// How many records a share has, and their sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Digest {
    /// Items, or versions and markers.
    pub records: u64,
    sum: [u8; 32],
}

impl Digest {
    /// Exclusive or of the records' hashes: each contains its own key, so no two are the same and cancel out.
    fn add(&mut self, record: &[u8]) {
        self.records += 1;
        self.sum
            .iter_mut()
            .zip(Sha256::digest(record))
            .for_each(|(sum, byte)| *sum ^= byte);
    }
}

/// The digests of all shares at one time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    shares: BTreeMap<Share, Digest>,
}

impl Snapshot {
    /// The shares that are not the same in both, also those only one of them has.
    pub fn differences<'a>(&'a self, other: &'a Self) -> BTreeSet<&'a Share> {
        let all = self.shares.keys().chain(other.shares.keys());
        all.filter(|share| self.shares.get(share) != other.shares.get(share))
            .collect()
    }

    /// How many records, versions and markers were looked at.
    pub fn records(&self) -> u64 {
        self.shares.values().map(|digest| digest.records).sum()
    }

    /// How many customers have anything.
    pub fn customers(&self) -> usize {
        self.shares
            .keys()
            .map(|share| (&share.tenant, &share.customer))
            .collect::<BTreeSet<_>>()
            .len()
    }

    /// One line for all of it, to show and compare.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for (share, digest) in &self.shares {
            hash.update(format!("{share:?} {} ", digest.records));
            hash.update(digest.sum);
        }
        hex::encode(hash.finalize())
    }

    fn add(&mut self, dataset: Dataset, owner: Option<(&str, &str)>, key: &str, bytes: &[u8]) {
        let (tenant, customer) = owner.unwrap_or(("", key));
        let share = Share {
            dataset,
            tenant: tenant.to_owned(),
            customer: customer.to_owned(),
        };
        self.shares.entry(share).or_default().add(bytes);
    }
}

/// Scans all three stores and sums up every customer but those in `excluded` (tenant and customer id).
pub async fn digest_except(clients: &Clients, names: &Names, excluded: &[(&str, &str)]) -> Result<Snapshot> {
    let mut all = Snapshot::default();
    scan::items(&clients.dynamodb, &names.messages, None, |item| {
        add_message(&mut all, item)
    })
    .await?;
    scan::items(&clients.dynamodb, &names.profiles, None, |item| {
        add_profile(&mut all, item)
    })
    .await?;
    all.shares
        .retain(|share, _| !excluded.contains(&(share.tenant.as_str(), share.customer.as_str())));
    // By prefix, as an erasure goes: a file's name may contain slashes of its own.
    let prefixes: Vec<String> = excluded
        .iter()
        .map(|(tenant, id)| attachments::prefix(tenant, id))
        .collect();
    scan::versions(&clients.s3, &names.attachments, "", |version| {
        if !prefixes.iter().any(|prefix| version.key.starts_with(prefix)) {
            add_version(&mut all, &version);
        }
    })
    .await?;
    Ok(all)
}

fn add_message(snapshot: &mut Snapshot, item: &Item) {
    let pk = item::text(item, "pk").unwrap_or_default();
    snapshot.add(Dataset::Messages, messages::owner_of(pk), pk, &item::canonical(item));
}

fn add_profile(snapshot: &mut Snapshot, item: &Item) {
    let pk = item::text(item, "pk").unwrap_or_default();
    let owner = item::text(item, "tenant").zip(profiles::customer_of(pk));
    snapshot.add(Dataset::Profiles, owner, pk, &item::canonical(item));
}

fn add_version(snapshot: &mut Snapshot, version: &Version) {
    let bytes = format!(
        "{:?} {:?} {} {:?}",
        version.key, version.id, version.newest, version.content
    );
    snapshot.add(
        Dataset::Attachments,
        attachments::owner_of(&version.key),
        &version.key,
        bytes.as_bytes(),
    );
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn message(pk: &str, text: &str) -> Item {
        let Value::Object(record) = json!({"pk": pk, "sk": "MSG#1", "text": text}) else {
            panic!("an object")
        };
        item::from_json(record)
    }

    #[test]
    fn the_order_does_not_matter_and_a_change_is_told_by_its_share() {
        let (a, b) = (
            message("TENANT#acme#CUSTOMER#a", "x"),
            message("TENANT#acme#CUSTOMER#b", "y"),
        );
        let changed = message("TENANT#acme#CUSTOMER#b", "z");
        let (mut one, mut two, mut three) = (Snapshot::default(), Snapshot::default(), Snapshot::default());
        [&a, &b].into_iter().for_each(|item| add_message(&mut one, item));
        [&b, &a].into_iter().for_each(|item| add_message(&mut two, item));
        [&a, &changed]
            .into_iter()
            .for_each(|item| add_message(&mut three, item));
        assert_eq!((&one, one.fingerprint()), (&two, two.fingerprint()));
        assert_ne!(one.fingerprint(), three.fingerprint());
        let differences: Vec<_> = one
            .differences(&three)
            .into_iter()
            .map(|share| share.customer.as_str())
            .collect();
        assert_eq!(differences, ["b"]);
    }

    #[test]
    fn a_share_that_went_or_came_is_a_difference() {
        let (mut one, none) = (Snapshot::default(), Snapshot::default());
        add_message(&mut one, &message("somebody else's key", "x"));
        assert_eq!(one.differences(&none).len(), 1);
        assert_eq!(
            none.differences(&one).first().map(|share| share.customer.as_str()),
            Some("somebody else's key")
        );
    }
}
