//! The data map: which category lives where, and how to find one subject in it.
//!
//! Guarantees: a parsed map is structurally sound ([`DataMap::parse`] refuses what cannot be meant) and every dataset
//! is bound to a tenant: by `{tenant}` in its key template or prefix, by an attribute checked in every condition, or
//! by the one tenant it belongs to. What needs the real tables (existence, index, TTL) is `lethe data-map lint`'s.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::ids::{Category, DatasetId, SubjectId, Tenant};
use super::period::Period;

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

/// The source behind a dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum Place {
    /// A DynamoDB table, read by one key condition.
    Dynamodb(DynamoPlace),
    /// A versioned S3 bucket, read by prefix.
    S3(S3Place),
}

/// One subject's items in a table: those under a partition key, of the table or of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DynamoPlace {
    /// Table name.
    pub table: String,
    /// Index to query instead of the table itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// The partition key that locates the subject.
    pub key: KeyTemplate,
    /// Only sort keys that begin so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort_key_prefix: Option<String>,
    /// How its records are hidden and destroyed.
    pub soft_delete: Tombstone,
}

/// Partition key attribute and the template of its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyTemplate {
    /// Attribute name.
    pub attribute: String,
    /// Value with `{tenant}` and `{subject}` in it.
    pub template: String,
    /// Attribute type.
    #[serde(rename = "type", default)]
    pub kind: KeyType,
}

/// Types a partition key may have here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum KeyType {
    /// String.
    #[default]
    S,
    /// Number.
    N,
    /// Binary.
    B,
}

/// Marks an item as deleted in place. `mode: tombstone`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tombstone {
    /// Always `tombstone` for now (`vault` comes later).
    pub mode: TombstoneMode,
    /// Who deletes the item after the window.
    #[serde(default)]
    pub expiry: Expiry,
    /// The table's TTL attribute; required with `expiry: ttl`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_attribute: Option<String>,
    /// Names of the marks.
    #[serde(default)]
    pub marks: Marks,
}

impl Tombstone {
    /// Whether a sweep may write this attribute.
    fn writes(&self, attribute: &str) -> bool {
        let Marks {
            id,
            deleted_at,
            ttl_was,
        } = &self.marks;
        [id, deleted_at, ttl_was].into_iter().any(|mark| mark == attribute)
            || self.ttl_attribute.as_deref() == Some(attribute)
    }
}

/// The one mode of a [`Tombstone`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TombstoneMode {
    /// Mark in place.
    Tombstone,
}

/// Who deletes a swept item after its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// DynamoDB's TTL, free; the purge deletes what it left.
    #[default]
    Ttl,
    /// The purge.
    Purge,
}

/// Attribute names Lethe writes on a swept item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Marks {
    /// Holds the request id.
    pub id: String,
    /// Holds the instant.
    pub deleted_at: String,
    /// Holds the TTL attribute's value before the sweep.
    pub ttl_was: String,
}

impl Default for Marks {
    fn default() -> Self {
        Self {
            id: "erasure_id".into(),
            deleted_at: "erasure_deleted_at".into(),
            ttl_was: "erasure_ttl_was".into(),
        }
    }
}

/// One subject's objects in a bucket.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct S3Place {
    /// Bucket name; it must be versioned.
    pub bucket: String,
    /// Prefix with `{tenant}` and `{subject}` in it, ending in `/`, so that `12` does not match `123`.
    pub prefix: String,
    /// Always `{mode: marker}`.
    #[serde(default)]
    pub soft_delete: MarkerMode,
}

/// S3 hides by delete marker; nothing to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkerMode {
    /// `marker`.
    pub mode: MarkerWord,
}

/// The one word of [`MarkerMode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MarkerWord {
    /// A delete marker hides the object.
    Marker,
}

impl Default for MarkerMode {
    fn default() -> Self {
        Self {
            mode: MarkerWord::Marker,
        }
    }
}

/// What ties a record to its tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TenantBinding {
    /// `{in: key}`: `{tenant}` stands in the key template or prefix.
    In {
        /// The word `key`.
        r#in: InKey,
    },
    /// `{attribute: tenant}`: checked in every condition.
    Attribute {
        /// The attribute that names the tenant.
        attribute: String,
    },
    /// `{only: acme}`: the dataset belongs to one tenant.
    Only {
        /// That tenant.
        only: Tenant,
    },
}

/// The word `key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InKey {
    /// `{tenant}` is part of the key.
    Key,
}

/// When a record was written, by the record itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenAt {
    /// Attribute name.
    pub attribute: String,
    /// Its form.
    pub format: TimeFormat,
}

/// Forms of an instant in an application's item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// A string, RFC 3339.
    #[default]
    Rfc3339,
    /// A number of seconds since 1970.
    EpochSeconds,
    /// A number of milliseconds since 1970.
    EpochMillis,
}

/// A duty to keep records: `{for: P7Y, from: issued_at, ground: "..."}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retain {
    /// For how long, by the UTC calendar.
    #[serde(rename = "for")]
    pub period: Period,
    /// The attribute this time counts from; of an object always [`LAST_MODIFIED`].
    pub from: String,
    /// Its form.
    #[serde(default)]
    pub format: TimeFormat,
    /// The legal ground, for the person and the trail.
    pub ground: String,
}

/// What the retention of an object counts from.
pub const LAST_MODIFIED: &str = "last_modified";

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

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str = r#"
v: 1
datasets:
  - id: messages
    category: conversations
    description: Messages written or received
    source: dynamodb
    table: messages
    key: {attribute: pk, template: "TENANT#{tenant}#CUSTOMER#{subject}", type: S}
    sort_key_prefix: "MSG#"
    tenant: {in: key}
    written_at: {attribute: sent_at, format: rfc3339}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}
    max_records_per_second: 1000000
    retain: {for: P7Y, from: sent_at, ground: Commercial letters}
  - id: attachments
    category: attachments
    description: Files
    source: s3
    bucket: files
    prefix: "{tenant}/{subject}/"
    tenant: {in: key}
    soft_delete: {mode: marker}
    retain: {for: P10Y, from: last_modified, ground: Tax law}
excluded:
  - {table: sessions, reason: holds no personal data}
"#;

    #[test]
    fn a_scope_names_the_datasets_of_its_categories_for_a_tenant_they_serve() {
        let map = DataMap::parse(MAP).expect("a map");
        let (acme, files): (Tenant, Category) = ("acme".parse().expect("slug"), "attachments".parse().expect("slug"));
        let named = |map: &DataMap, scope: &[Category]| -> Vec<String> {
            map.in_scope(&acme, scope)
                .map(|dataset| dataset.id.to_string())
                .collect()
        };
        assert_eq!(named(&map, std::slice::from_ref(&files)), ["attachments"]);
        assert_eq!(named(&map, &[]), [""; 0]);
        let mut another = map.clone();
        another.datasets[1].tenant = TenantBinding::Only {
            only: "globex".parse().expect("slug"),
        };
        assert_eq!(
            named(&another, &[files]),
            [""; 0],
            "another tenant's dataset is not in anybody's scope"
        );
    }

    #[test]
    fn categories_come_once_in_the_maps_order_and_datasets_by_id() {
        let mut map = DataMap::parse(MAP).expect("a map");
        map.datasets.push(map.datasets[0].clone());
        let categories: Vec<_> = map
            .categories()
            .into_iter()
            .map(|(category, text)| format!("{category}: {text}"))
            .collect();
        assert_eq!(
            categories,
            ["conversations: Messages written or received", "attachments: Files"]
        );
        let found = map
            .dataset(&"attachments".parse().expect("slug"))
            .expect("there is one");
        assert_eq!(found.description, "Files");
        assert!(map.dataset(&"nothing".parse().expect("slug")).is_none());
    }

    #[test]
    fn the_documented_form_parses() {
        let map = DataMap::parse(MAP).expect("valid");
        assert!(map.datasets[0].waits_for_ttl() && !map.datasets[1].waits_for_ttl());
        let retain = map.datasets[0].retain.as_ref().expect("a duty to keep");
        assert_eq!(
            (retain.period.to_string().as_str(), retain.format),
            ("P7Y", TimeFormat::Rfc3339)
        );
        let (tenant, subject) = (
            "acme".parse().expect("slug"),
            SubjectId::try_from("7".to_owned()).expect("id"),
        );
        assert_eq!(map.datasets[0].locate(&tenant, &subject), "TENANT#acme#CUSTOMER#7");
        assert_eq!(map.datasets[1].locate(&tenant, &subject), "acme/7/");
        assert_eq!(
            serde_json::from_str::<DataMap>(&serde_json::to_string(&map).expect("json")).expect("back"),
            map
        );
    }

    #[test]
    fn every_key_type_can_be_written_bare() {
        for kind in ["S", "N", "B"] {
            let map = DataMap::parse(&MAP.replacen("type: S", &format!("type: {kind}"), 1)).expect(kind);
            let Place::Dynamodb(place) = &map.datasets[0].place else {
                panic!("the first dataset is a table");
            };
            assert_eq!(format!("{:?}", place.key.kind), kind);
        }
    }

    #[test]
    fn a_subject_cannot_smuggle_a_tenant_into_the_key() {
        let map = DataMap::parse(MAP).expect("valid");
        let subject = SubjectId::try_from("{tenant}".to_owned()).expect("id");
        assert_eq!(
            map.datasets[1].locate(&"acme".parse().expect("slug"), &subject),
            "acme/{tenant}/"
        );
    }

    #[test]
    fn mistakes_are_explained() {
        for (from, to, part) in [
            ("CUSTOMER#{subject}", "CUSTOMER#x", "{subject}"),
            ("TENANT#{tenant}#", "", "{tenant}"),
            (", ttl_attribute: expires_at", "", "ttl_attribute"),
            ("{tenant}/{subject}/", "{tenant}/{subject}", "end in `/`"),
            ("id: attachments", "id: messages", "used twice"),
            ("description: Files", "description: \" \"", "description"),
            ("v: 1", "v: 9", "version"),
            (
                "tenant: {in: key}\n    soft_delete: {mode: marker}",
                "tenant: {attribute: t}\n    soft_delete: {mode: marker}",
                "S3 object",
            ),
            ("Tax law", "\" \"", "ground is blank"),
            ("for: P10Y", "for: P0D", "no time at all"),
            ("for: P10Y", "for: ten years", "ISO 8601"),
            ("from: last_modified", "from: created", "write from: last_modified"),
            (
                "from: last_modified",
                "from: last_modified, format: epoch_millis",
                "without a format",
            ),
            ("from: sent_at", "from: \"\"", "from is empty"),
            ("from: sent_at", "from: expires_at", "the sweep itself writes"),
            ("from: sent_at", "from: erasure_id", "the sweep itself writes"),
            ("from: sent_at", "since: sent_at", "since"),
        ] {
            let yaml = MAP.replacen(from, to, 1);
            assert_ne!(yaml, MAP, "the sample has {from}");
            let all = DataMap::parse(&yaml).expect_err(part);
            assert!(all.iter().any(|e| e.0.contains(part)), "{part}: {all:?}");
        }
    }
}
