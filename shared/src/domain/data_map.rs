//! The data map: which category lives where, and how to find one subject in it.
//!
//! Guarantees: a parsed map is structurally sound ([`DataMap::parse`] refuses what cannot be meant) and every dataset
//! is bound to a tenant: by `{tenant}` in its key template or prefix, by an attribute checked in every condition, or
//! by the one tenant it belongs to. What needs the real tables (existence, index, TTL) is `lethe data-map lint`'s.

mod place;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::place::{
    DynamoPlace, Expiry, InKey, KeyTemplate, KeyType, LAST_MODIFIED, MarkerMode, MarkerWord, Marks, Place, Retain,
    S3Place, TenantBinding, TimeFormat, Tombstone, TombstoneMode, WrittenAt,
};
use super::ids::{Category, DatasetId, SubjectId, Tenant};

/// The file, format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataMap {
    /// Format version, 1.
    pub v: u32,
    /// In the order in which exports list them.
    pub datasets: Vec<Dataset>,
    /// Tables and buckets of the application that hold no personal data, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
}

/// A table or bucket left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The table, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The bucket, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Why it needs no dataset.
    pub reason: String,
}

/// Where one category lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dataset {
    /// Its name in rows, messages and answers.
    pub id: DatasetId,
    /// The category a scope chooses.
    pub category: Category,
    /// What it is, for the data subject.
    pub description: String,
    /// The kind of system and where in it.
    #[serde(flatten)]
    pub place: Place,
    /// What ties a record to its tenant.
    pub tenant: TenantBinding,
    /// The attribute that says when a record was written; newer records than the execution are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<WrittenAt>,
    /// The pace the owner allows, records a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_records_per_second: Option<u32>,
    /// What has to be kept, for how long and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retain: Option<Retain>,
}

/// Why a data map is refused, with the dataset and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct MapError(pub String);

impl DataMap {
    /// Parses YAML and checks the structure; every mistake is listed, not only the first.
    pub fn parse(yaml: &str) -> Result<Self, Vec<MapError>> {
        // YAML 1.1 reads a bare `N`, the key type, as `false`.
        let options = serde_saphyr::options! { strict_booleans: true };
        let map: Self =
            serde_saphyr::from_str_with_options(yaml, options).map_err(|e| vec![MapError(e.to_string())])?;
        let mistakes = map.mistakes();
        if mistakes.is_empty() { Ok(map) } else { Err(mistakes) }
    }

    /// The categories with their descriptions, in the map's order.
    pub fn categories(&self) -> Vec<(Category, String)> {
        let mut seen = BTreeSet::new();
        let first = |d: &&Dataset| seen.insert(d.category.clone());
        self.datasets
            .iter()
            .filter(first)
            .map(|d| (d.category.clone(), d.description.clone()))
            .collect()
    }

    /// Whether a dataset is of this category.
    pub fn has(&self, category: &Category) -> bool {
        self.datasets.iter().any(|dataset| dataset.category == *category)
    }

    /// The datasets of a scope for one tenant, in the map's order.
    pub fn in_scope<'a>(&'a self, tenant: &'a Tenant, scope: &'a [Category]) -> impl Iterator<Item = &'a Dataset> {
        self.datasets
            .iter()
            .filter(move |d| scope.contains(&d.category) && d.serves(tenant))
    }

    /// One dataset by its id.
    pub fn dataset(&self, id: &DatasetId) -> Option<&Dataset> {
        self.datasets.iter().find(|d| &d.id == id)
    }

    fn mistakes(&self) -> Vec<MapError> {
        let mut found = Vec::new();
        if self.v != 1 {
            found.push(MapError(format!(
                "v: {} is not a format version this Lethe knows; write v: 1",
                self.v
            )));
        }
        if self.datasets.is_empty() {
            found.push(MapError(
                "datasets: is empty; name at least one place where personal data lives".into(),
            ));
        }
        let mut ids = BTreeSet::new();
        for dataset in &self.datasets {
            if !ids.insert(&dataset.id) {
                found.push(MapError(format!(
                    "dataset {}: the id is used twice; give each dataset its own",
                    dataset.id
                )));
            }
            dataset
                .mistakes()
                .for_each(|why| found.push(MapError(format!("dataset {}: {why}", dataset.id))));
        }
        found
    }
}

impl Dataset {
    /// Whether this dataset holds records of that tenant.
    pub fn serves(&self, tenant: &Tenant) -> bool {
        !matches!(&self.tenant, TenantBinding::Only { only } if only != tenant)
    }

    /// Whether the purge waits for TTL.
    pub fn waits_for_ttl(&self) -> bool {
        matches!(&self.place, Place::Dynamodb(p) if p.soft_delete.expiry == Expiry::Ttl)
    }

    /// The table or bucket.
    pub fn container(&self) -> &str {
        match &self.place {
            Place::Dynamodb(p) => &p.table,
            Place::S3(p) => &p.bucket,
        }
    }

    /// The partition key value or prefix of one subject.
    pub fn locate(&self, tenant: &Tenant, subject: &SubjectId) -> String {
        fill(self.template(), tenant, subject)
    }

    fn template(&self) -> &str {
        match &self.place {
            Place::Dynamodb(p) => &p.key.template,
            Place::S3(p) => &p.prefix,
        }
    }

    fn mistakes(&self) -> impl Iterator<Item = String> {
        let mut found = Vec::new();
        if self.description.trim().is_empty() {
            found.push("description: is blank; say in a sentence what the person will recognise".to_owned());
        }
        if !self.template().contains("{subject}") {
            found.push("the key template has no {subject}: it would select every person's records".to_owned());
        }
        if matches!(self.tenant, TenantBinding::In { .. }) && !self.template().contains("{tenant}") {
            found.push(
                "tenant: {in: key} but the template has no {tenant}; use {attribute: ...} or {only: ...}".to_owned(),
            );
        }
        match &self.place {
            Place::Dynamodb(p) if p.soft_delete.expiry == Expiry::Ttl && p.soft_delete.ttl_attribute.is_none() => {
                found.push("soft_delete: expiry is ttl but ttl_attribute is missing; name the table's TTL attribute or write expiry: purge".to_owned());
            }
            Place::S3(p) if !p.prefix.ends_with('/') => {
                found.push("prefix: must end in `/`, or subject 12 would match subject 123".to_owned());
            }
            Place::S3(_) if matches!(self.tenant, TenantBinding::Attribute { .. }) => {
                found.push("tenant: an S3 object has no attributes; use {in: key} or {only: ...}".to_owned());
            }
            Place::Dynamodb(_) | Place::S3(_) => {}
        }
        found.extend(self.retain.iter().flat_map(|retain| self.mistakes_in(retain)));
        found.into_iter()
    }

    fn mistakes_in(&self, retain: &Retain) -> Vec<String> {
        let mut found = Vec::new();
        if retain.ground.trim().is_empty() {
            found.push("retain: ground is blank; state the law or contract that demands it".to_owned());
        }
        if retain.period.is_zero() {
            found.push("retain: for is no time at all; write a period such as P7Y, or leave retain out".to_owned());
        }
        match &self.place {
            Place::S3(_) if retain.from != LAST_MODIFIED || retain.format != TimeFormat::default() => {
                found.push(format!(
                    "retain: an S3 object has no attributes; write from: {LAST_MODIFIED}, without a format"
                ));
            }
            Place::Dynamodb(_) if retain.from.is_empty() => {
                found.push("retain: from is empty; name the attribute the time counts from".to_owned());
            }
            Place::Dynamodb(p) if p.soft_delete.writes(&retain.from) => {
                found.push("retain: from names an attribute that the sweep itself writes; name another one".to_owned());
            }
            Place::Dynamodb(_) | Place::S3(_) => {}
        }
        found
    }
}

/// Fills a template in one pass, so that a subject id containing `{tenant}` stays what it is.
fn fill(template: &str, tenant: &Tenant, subject: &SubjectId) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        rest = &rest[open..];
        if let Some(after) = rest.strip_prefix("{tenant}") {
            out.push_str(tenant.as_str());
            rest = after;
        } else if let Some(after) = rest.strip_prefix("{subject}") {
            out.push_str(subject.expose());
            rest = after;
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}
