//! Tables and buckets as they were found: what a data map is held against. Plain data.
//!
//! Guarantees: it holds no record and no value of one; of records that were looked at it holds how many had an attribute.
//! Where next: `lint` compares; the command and the daily check describe.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{DataMap, Dataset, Exclusion};

/// Everything a data map can be held against.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Description {
    /// The tables that the map names.
    #[serde(default)]
    pub tables: BTreeMap<String, Look<Table>>,
    /// The buckets that the map names.
    #[serde(default)]
    pub buckets: BTreeMap<String, Look<Bucket>>,
    /// Everything there is in the account and Region.
    #[serde(default)]
    pub there: BTreeSet<Container>,
    /// What of it is Lethe's own.
    #[serde(default)]
    pub own: BTreeSet<Container>,
}

/// What came of looking at something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Look<T> {
    /// It does not exist here.
    Missing,
    /// It may not be looked at, or did not answer.
    Refused(String),
    /// What it is.
    Found(T),
}

/// A table or bucket by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Container {
    /// A DynamoDB table.
    Table(String),
    /// An S3 bucket.
    Bucket(String),
}

/// A table as its description has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// `ACTIVE`, or what it is instead.
    pub status: String,
    /// Its keys.
    pub keys: Keys,
    /// Type letter of each key attribute, of the table and of its indexes.
    pub types: BTreeMap<String, String>,
    /// Indexes by name.
    #[serde(default)]
    pub indexes: BTreeMap<String, Index>,
    /// The TTL attribute, if TTL is on.
    #[serde(default)]
    pub ttl: Option<String>,
    /// How many items it has, as DynamoDB last counted.
    #[serde(default)]
    pub items: u64,
    /// Some records of each dataset, by the dataset's id.
    #[serde(default)]
    pub samples: BTreeMap<String, Sample>,
}

/// Partition and sort key of a table or an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The partition key.
    pub partition: String,
    /// The sort key, if it has one.
    #[serde(default)]
    pub sort: Option<String>,
}

/// An index as its table's description has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Its keys.
    pub keys: Keys,
    /// Attributes it holds besides keys; none: all.
    #[serde(default)]
    pub holds: Option<BTreeSet<String>>,
    /// Whether it has every item that belongs into it.
    pub ready: bool,
    /// How many items it has, as DynamoDB last counted.
    #[serde(default)]
    pub items: u64,
}

/// What a few records of a dataset showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// How many were looked at.
    pub records: u32,
    /// By attribute of the map.
    #[serde(default)]
    pub attributes: BTreeMap<String, Seen>,
}

/// An attribute among the records of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Records that have it.
    pub present: u32,
    /// Those in which it is what the map says: a time of its format, a tenant's name.
    pub readable: u32,
}

/// A bucket as its settings have it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Bucket {
    /// Whether it keeps versions.
    pub versioned: bool,
    /// Whether deleting a version needs a code of the root user's device.
    pub mfa_delete: bool,
    /// Whether versions may be locked against deletion.
    pub lockable: bool,
    /// How long each new version is locked, if it is.
    pub locked_for: Option<String>,
}

impl Container {
    /// The name.
    pub fn name(&self) -> &str {
        match self {
            Self::Table(name) | Self::Bucket(name) => name,
        }
    }

    /// `table x`, `bucket y`
    pub fn shown(&self) -> String {
        match self {
            Self::Table(name) => format!("table {name}"),
            Self::Bucket(name) => format!("bucket {name}"),
        }
    }

    /// Whether this exclusion leaves it out.
    pub fn is_excluded_by(&self, exclusion: &Exclusion) -> bool {
        let kind = match self {
            Self::Table(_) => exclusion.table.is_some(),
            Self::Bucket(_) => exclusion.bucket.is_some(),
        };
        kind && exclusion.covers(self.name())
    }
}

impl DataMap {
    /// The application's tables and buckets that no dataset names and that are not excluded: where personal data may
    /// live that no erasure would reach. `there` is everything, `own` what of it is Lethe's.
    pub fn unnamed<'a>(
        &'a self,
        there: &'a BTreeSet<Container>,
        own: &'a BTreeSet<Container>,
    ) -> impl Iterator<Item = &'a Container> {
        let named: BTreeSet<Container> = self.datasets.iter().map(Dataset::kept_in).collect();
        let open = there.difference(own).filter(|one| self.is_of_application(one.name()));
        open.filter(move |one| !named.contains(one) && !self.excluded.iter().any(|out| one.is_excluded_by(out)))
    }
}
