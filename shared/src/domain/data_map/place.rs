//! Where a dataset's records are and how they are found, hidden, dated and kept: the parts of an entry of the data map.
//!
//! Plain data, as the file has it. Where next: `domain::data_map`, which says what cannot be meant.

use serde::{Deserialize, Serialize};

use crate::domain::ids::Tenant;
use crate::domain::period::Period;

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
    pub soft_delete: SoftDelete,
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

/// How items are hidden: marked in place, or taken out of their table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct SoftDelete {
    /// In place, or in the vault.
    pub mode: SoftDeleteMode,
    /// Who destroys the item after the window; of the vault always the purge.
    pub expiry: Expiry,
    /// The table's TTL attribute; required with `expiry: ttl`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_attribute: Option<String>,
    /// Names of the marks. A dataset in vault mode writes none, and leaves alone what another request has marked.
    pub marks: Marks,
}

/// A [`SoftDelete`] as the file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    mode: SoftDeleteMode,
    expiry: Option<Expiry>,
    ttl_attribute: Option<String>,
    #[serde(default)]
    marks: Marks,
}

impl TryFrom<Written> for SoftDelete {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written {
            mode,
            expiry,
            ttl_attribute,
            marks,
        } = written;
        let in_vault = mode == SoftDeleteMode::Vault;
        if in_vault && (expiry == Some(Expiry::Ttl) || ttl_attribute.is_some()) {
            return Err(
                "soft_delete: what is in the vault is in no table, so TTL cannot delete it; with mode: vault leave out expiry and ttl_attribute",
            );
        }
        let unsaid = if in_vault { Expiry::Purge } else { Expiry::Ttl };
        Ok(Self {
            mode,
            expiry: expiry.unwrap_or(unsaid),
            ttl_attribute,
            marks,
        })
    }
}

impl SoftDelete {
    /// Whether a sweep may write this attribute.
    pub(super) fn writes(&self, attribute: &str) -> bool {
        let Marks {
            id,
            deleted_at,
            ttl_was,
        } = &self.marks;
        [id, deleted_at, ttl_was].into_iter().any(|mark| mark == attribute)
            || self.ttl_attribute.as_deref() == Some(attribute)
    }
}

/// Where a swept item waits for its purge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SoftDeleteMode {
    /// In its table, marked: the application filters it out.
    Tombstone,
    /// In Lethe's vault, sealed: it is in the table no more.
    Vault,
}

/// Who deletes a swept item after its window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expiry {
    /// DynamoDB's TTL, free; the purge deletes what it left. A tombstone's, where nothing else is said.
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
