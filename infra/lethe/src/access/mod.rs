//! From a data map to the rights it needs, as a CloudFormation template. Pure.
//!
//! Guarantees: no table, index, bucket or prefix that the map does not name; review and planning may list, execution may
//! change, packaging may read objects, nobody else gets anything. A resource's own KMS key is named, and only for use
//! through its service. Of buckets only packaging needs one: listing versions and deleting them decrypts nothing. Where next: `stack` deploys it.

mod stack;
mod statements;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::domain::data_map::{DataMap, Dataset, DynamoPlace, Place, TenantBinding};

pub(crate) use stack::{Deployed, deploy};
use statements::{copy, read, write};

/// Tables and buckets in one managed policy: a policy holds 6,144 characters, and ten of the longest names fit.
const PLACES_PER_POLICY: usize = 10;
/// Managed policies a role may have, by default.
const POLICIES_MAX: usize = 10;

/// Names of the roles that get the rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles {
    /// Counts for the preview.
    pub review: String,
    /// Enumerates.
    pub planning: String,
    /// Sweeps and purges; copies records for an export, and looks at its objects.
    pub execution: String,
    /// Copies objects for an export.
    pub packaging: String,
}

/// What was found of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFacts {
    /// Its ARN.
    pub arn: String,
    /// The KMS key it is encrypted under, if that is not DynamoDB's own.
    pub kms_key: Option<String>,
}

/// What was found of everything the map names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// `aws`, `aws-cn`, ...
    pub partition: String,
    /// By name.
    pub tables: BTreeMap<String, TableFacts>,
    /// The KMS key that a bucket's objects are encrypted under by default, if it is a customer's own; by name.
    pub bucket_keys: BTreeMap<String, String>,
}

/// The map names something nobody looked up, or too much for one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit(pub String);

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unfit {}

/// One table or bucket with all datasets in it.
#[derive(Debug)]
enum Container<'a> {
    Table {
        facts: &'a TableFacts,
        uses: Uses<'a>,
    },
    Bucket {
        arn: String,
        heads: BTreeSet<String>,
        kms_key: Option<&'a str>,
    },
}

/// What the datasets of one table need of it.
#[derive(Debug, Default)]
struct Uses<'a> {
    /// Indexes they read by.
    indexes: BTreeSet<&'a str>,
    /// Whether one of them marks its items.
    marks: bool,
    /// Whether one of them takes its items out and puts them back.
    takes: bool,
}

/// The template: nothing but managed policies.
pub fn template(map: &DataMap, found: &Found, roles: &Roles) -> Result<Value, Unfit> {
    let containers = containers(map, found)?;
    let groups: Vec<_> = containers.chunks(PLACES_PER_POLICY).collect();
    if groups.len() > POLICIES_MAX {
        let most = PLACES_PER_POLICY * POLICIES_MAX;
        return Err(Unfit(format!(
            "the data map names more than {most} tables and buckets, more than a role may reach"
        )));
    }
    let mut resources = serde_json::Map::new();
    for (n, group) in groups.into_iter().enumerate() {
        let read = policy(
            "Lethe may list what the data map names",
            &[&roles.review, &roles.planning],
            read(group),
        );
        let write = policy(
            "Lethe may sweep and purge what the data map names",
            &[&roles.execution],
            write(group),
        );
        resources.insert(format!("ReadPolicy{}", n + 1), read);
        resources.insert(format!("WritePolicy{}", n + 1), write);
        let statements = copy(group);
        if !statements.is_empty() {
            let what = "Lethe may copy objects that the data map names";
            resources.insert(
                format!("CopyPolicy{}", n + 1),
                policy(what, &[&roles.packaging], statements),
            );
        }
    }
    Ok(json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Lethe - access to the data named in the data map; made by `lethe data-map apply`",
        "Resources": resources,
    }))
}

/// The KMS key of a table's description, if it is one that a policy can name.
pub fn nameable_key(arn: Option<&str>) -> Option<String> {
    arn.filter(|arn| arn.contains(":key/")).map(str::to_owned)
}

fn containers<'a>(map: &'a DataMap, found: &'a Found) -> Result<Vec<Container<'a>>, Unfit> {
    let mut tables: BTreeMap<&str, Uses<'_>> = BTreeMap::new();
    let mut buckets: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for dataset in &map.datasets {
        match &dataset.place {
            Place::Dynamodb(DynamoPlace { table, index, .. }) => {
                let uses = tables.entry(table).or_default();
                uses.indexes.extend(index.as_deref());
                uses.takes |= dataset.in_vault();
                uses.marks |= !dataset.in_vault();
            }
            Place::S3(place) => {
                buckets
                    .entry(&place.bucket)
                    .or_default()
                    .insert(head(dataset, &place.prefix));
            }
        }
    }
    let table = |(name, uses): (&'a str, Uses<'a>)| {
        let facts = found
            .tables
            .get(name)
            .ok_or_else(|| Unfit(format!("table {name} was not found")))?;
        Ok(Container::Table { facts, uses })
    };
    let bucket = |(name, heads): (&str, BTreeSet<String>)| Container::Bucket {
        arn: format!("arn:{}:s3:::{name}", found.partition),
        heads,
        kms_key: found.bucket_keys.get(name).map(String::as_str),
    };
    let mut all = tables.into_iter().map(table).collect::<Result<Vec<_>, _>>()?;
    all.extend(buckets.into_iter().map(bucket));
    Ok(all)
}

/// What stands before the first placeholder of a prefix that is not yet known, safe to stand in an IAM pattern.
fn head(dataset: &Dataset, prefix: &str) -> String {
    let prefix = match &dataset.tenant {
        TenantBinding::Only { only } => prefix.replace("{tenant}", only.as_str()),
        TenantBinding::In { .. } | TenantBinding::Attribute { .. } => prefix.to_owned(),
    };
    let end = ["{tenant}", "{subject}"]
        .into_iter()
        .filter_map(|mark| prefix.find(mark))
        .min();
    let literal = |c: char| match c {
        '*' | '?' | '$' => format!("${{{c}}}"),
        other => other.to_string(),
    };
    prefix[..end.unwrap_or(prefix.len())].chars().map(literal).collect()
}

fn policy(description: &str, roles: &[&str], statements: Vec<Value>) -> Value {
    json!({
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {
            "Description": description,
            "Roles": roles,
            "PolicyDocument": {"Version": "2012-10-17", "Statement": statements},
        },
    })
}
