//! The statements of one policy: what may be done with a group of tables and buckets.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Container, Uses};

/// What a reader may do.
pub(super) fn read(group: &[Container<'_>]) -> Vec<Value> {
    let mut arns = Vec::new();
    let mut indexed = Vec::new();
    for container in group {
        if let Container::Table { facts, uses } = container {
            let indexes = &uses.indexes;
            if !indexes.is_empty() {
                indexed.push(facts.arn.clone());
            }
            arns.push(facts.arn.clone());
            arns.extend(indexes.iter().map(|index| format!("{}/index/{index}", facts.arn)));
        }
    }
    let mut statements = Vec::new();
    if !arns.is_empty() {
        let actions = [
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
            "dynamodb:Query",
        ];
        statements.push(allow("Tables", &actions, &arns));
    }
    if !indexed.is_empty() {
        // An index lags, so what it names is read from the table itself.
        statements.push(allow("Items", &["dynamodb:BatchGetItem"], &indexed));
    }
    statements.extend(versions(group));
    statements.extend(keys(group, &["kms:Decrypt"]));
    statements
}

/// What the copier may do: objects by version, and whether such a version is there at all.
pub(super) fn copy(group: &[Container<'_>]) -> Vec<Value> {
    let mut statements = listings(group);
    let objects = objects(group);
    if !objects.is_empty() {
        statements.push(allow("Objects", &["s3:GetObjectVersion"], &objects));
    }
    let keys: BTreeSet<_> = group
        .iter()
        .filter_map(|container| match container {
            Container::Bucket { kms_key, .. } => kms_key.map(str::to_owned),
            Container::Table { .. } => None,
        })
        .collect();
    statements.extend(through("s3", &["kms:Decrypt"], keys));
    statements
}

/// What the writer may do.
pub(super) fn write(group: &[Container<'_>]) -> Vec<Value> {
    let of_use = |wanted: fn(&Uses<'_>) -> bool| -> Vec<String> {
        let tables = group.iter().filter_map(|container| match container {
            Container::Table { facts, uses } => wanted(uses).then(|| facts.arn.clone()),
            Container::Bucket { .. } => None,
        });
        tables.collect()
    };
    let (tables, vaults) = (of_use(|uses| uses.marks), of_use(|uses| uses.takes));
    let mut statements = Vec::new();
    if !tables.is_empty() {
        // PartiQL has actions of its own; AWS checks a batch statement by statement under them. UpdateItem and DeleteItem
        // are not given: every mark of Lethe carries its condition in a statement.
        let actions = [
            "dynamodb:BatchGetItem",
            "dynamodb:DescribeTable",
            "dynamodb:PartiQLDelete",
            "dynamodb:PartiQLUpdate",
        ];
        statements.push(allow("Tables", &actions, &tables));
        // Emulators check a batch by the call's name. AWS knows no such action and no such account: there it gives nothing.
        let mut batches = allow(
            "EmulatorBatches",
            &["dynamodb:BatchExecuteStatement"],
            &["*".to_owned()],
        );
        batches["Condition"] = json!({"StringEquals": {"aws:PrincipalAccount": "000000000000"}});
        statements.push(batches);
    }
    if !vaults.is_empty() {
        // An item is deleted as it was copied and put back where there is none: conditions that IAM cannot see.
        let actions = [
            "dynamodb:BatchGetItem",
            "dynamodb:DeleteItem",
            "dynamodb:DescribeTable",
            "dynamodb:PutItem",
        ];
        statements.push(allow("Vaults", &actions, &vaults));
    }
    statements.extend(versions(group));
    let objects = objects(group);
    if !objects.is_empty() {
        // A delete on condition of an ETag needs GetObject too (S3 user guide, "How to perform conditional deletes").
        // An export looks at a version's size.
        let actions = [
            "s3:DeleteObject",
            "s3:DeleteObjectVersion",
            "s3:GetObject",
            "s3:GetObjectVersion",
        ];
        statements.push(allow("Objects", &actions, &objects));
    }
    statements.extend(keys(
        group,
        &["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
    ));
    statements
}

/// The objects that the datasets of these buckets may hold.
fn objects(group: &[Container<'_>]) -> Vec<String> {
    let objects = group.iter().filter_map(|container| match container {
        Container::Bucket { arn, heads, .. } => Some(heads.iter().map(move |head| format!("{arn}/{head}*"))),
        Container::Table { .. } => None,
    });
    objects.flatten().collect()
}

/// Listing versions; and whether the bucket keeps versions at all.
fn versions(group: &[Container<'_>]) -> Vec<Value> {
    let mut statements = listings(group);
    let buckets = group.iter().filter_map(|container| match container {
        Container::Bucket { arn, .. } => Some(arn.clone()),
        Container::Table { .. } => None,
    });
    let buckets: Vec<_> = buckets.collect();
    if !buckets.is_empty() {
        statements.push(allow("Buckets", &["s3:GetBucketVersioning"], &buckets));
    }
    statements
}

/// Listing versions, a statement a bucket, since the prefix is a condition.
fn listings(group: &[Container<'_>]) -> Vec<Value> {
    let mut statements = Vec::new();
    for container in group {
        let Container::Bucket { arn, heads, .. } = container else {
            continue;
        };
        let sid = format!("Versions{}", statements.len());
        let mut statement = allow(&sid, &["s3:ListBucketVersions"], std::slice::from_ref(arn));
        if heads.iter().all(|head| !head.is_empty()) {
            let patterns: Vec<_> = heads.iter().map(|head| format!("{head}*")).collect();
            statement["Condition"] = json!({"StringLike": {"s3:prefix": patterns}});
        }
        statements.push(statement);
    }
    statements
}

fn keys(group: &[Container<'_>], actions: &[&str]) -> Option<Value> {
    let keys: BTreeSet<_> = group
        .iter()
        .filter_map(|container| match container {
            Container::Table { facts, .. } => facts.kms_key.clone(),
            Container::Bucket { .. } => None,
        })
        .collect();
    through("dynamodb", actions, keys)
}

/// Use of customers' own keys through one service and in no other way.
fn through(service: &str, actions: &[&str], keys: BTreeSet<String>) -> Option<Value> {
    if keys.is_empty() {
        return None;
    }
    let mut statement = allow("Keys", actions, &Vec::from_iter(keys));
    statement["Condition"] = json!({"StringLike": {"kms:ViaService": [format!("{service}.*.amazonaws.com*")]}});
    Some(statement)
}

fn allow(sid: &str, actions: &[&str], resources: &[String]) -> Value {
    json!({"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources})
}
