//! The data map: which category lives where, and how to find one subject in it.
//!
//! Guarantees: a parsed map is structurally sound ([`DataMap::parse`] refuses what would reach other people's records)
//! and every dataset is bound to a tenant: by `{tenant}` in its key template or prefix, by an attribute checked in every
//! condition, or by the one tenant it belongs to. Where next: [`lint`] is the full judgement, before a map is applied.

pub mod description;
pub mod lint;
mod place;
mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::place::{
    DynamoPlace, Expiry, InKey, KeyTemplate, KeyType, LAST_MODIFIED, MarkerMode, MarkerWord, Marks, Place, Retain,
    S3Place, SoftDelete, SoftDeleteMode, TenantBinding, TimeFormat, WrittenAt,
};
use super::ids::{Category, DatasetId, SubjectId, Tenant};
use super::pace::{CONTAINER_CEILING, DEFAULT_CEILING, DEFAULT_CEILING_OF_OBJECTS};

/// The file, format version 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataMap {
    /// Format version, 1.
    pub v: u32,
    /// In the order in which exports list them.
    pub datasets: Vec<Dataset>,
    /// How the names of the application's tables and buckets begin, capital letters or not. None: all there are in the
    /// account and Region.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub application: Vec<String>,
    /// Tables and buckets of the application that hold no personal data, each with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<Exclusion>,
}

/// A table or bucket left out on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The table, if it is one; a `*` at its end stands for any further letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The bucket, if it is one; likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket: Option<String>,
    /// Why it needs no dataset.
    pub reason: String,
}

impl Exclusion {
    /// The table's or bucket's name, or how it begins.
    pub fn name(&self) -> Option<&str> {
        self.table.as_deref().or(self.bucket.as_deref())
    }

    /// Whether it leaves out this name.
    pub fn covers(&self, name: &str) -> bool {
        self.name().is_some_and(|excluded| match excluded.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == excluded,
        })
    }
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
    /// The attribute that the application changes with each write: what the vault goes by instead of every attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_attribute: Option<String>,
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
    /// Parses YAML and looks for what no applied map ever had; every such mistake is listed, not only the first.
    pub fn parse(yaml: &str) -> Result<Self, Vec<MapError>> {
        let map: Self =
            serde_saphyr::from_str_with_options(yaml, yaml_options()).map_err(|e| vec![MapError(e.to_string())])?;
        let mistakes: Vec<_> = lint::check(&map).into_iter().map(MapError).collect();
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

    /// Whether a table or bucket of this name is the application's.
    pub fn is_of_application(&self, name: &str) -> bool {
        let name = name.to_ascii_lowercase();
        let begins = |beginning: &String| name.starts_with(&beginning.to_ascii_lowercase());
        self.application.is_empty() || self.application.iter().any(begins)
    }

    /// One dataset by its id.
    pub fn dataset(&self, id: &DatasetId) -> Option<&Dataset> {
        self.datasets.iter().find(|d| &d.id == id)
    }

    /// Records a second that a table or bucket may take over all tenants: as many as any dataset in it may have.
    pub fn ceiling_of(&self, container: &str) -> u32 {
        let within = self.datasets.iter().filter(|d| d.container() == container);
        within.map(Dataset::ceiling).fold(CONTAINER_CEILING, u32::max)
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

    /// Whether swept records wait in the vault.
    pub fn in_vault(&self) -> bool {
        matches!(&self.place, Place::Dynamodb(p) if p.soft_delete.mode == SoftDeleteMode::Vault)
    }

    /// The table or bucket.
    pub fn container(&self) -> &str {
        match &self.place {
            Place::Dynamodb(p) => &p.table,
            Place::S3(p) => &p.bucket,
        }
    }

    /// Likewise, with what it is.
    pub fn kept_in(&self) -> description::Container {
        let name = self.container().to_owned();
        match &self.place {
            Place::Dynamodb(_) => description::Container::Table(name),
            Place::S3(_) => description::Container::Bucket(name),
        }
    }

    /// The partition key value or prefix of one subject.
    pub fn locate(&self, tenant: &Tenant, subject: &SubjectId) -> String {
        fill(self.template(), tenant, subject)
    }

    /// Records a second that one tenant's work may write to it.
    pub fn ceiling(&self) -> u32 {
        let usual = match &self.place {
            Place::Dynamodb(_) => DEFAULT_CEILING,
            Place::S3(_) => DEFAULT_CEILING_OF_OBJECTS,
        };
        self.max_records_per_second.unwrap_or(usual).max(1)
    }

    fn template(&self) -> &str {
        match &self.place {
            Place::Dynamodb(p) => &p.key.template,
            Place::S3(p) => &p.prefix,
        }
    }
}

/// YAML 1.1 reads a bare `N`, the key type, as `false`.
fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! { strict_booleans: true }
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
