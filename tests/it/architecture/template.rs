//! What `template.yaml` must not forget, and that its names are those of folders, packages and binaries.

use std::collections::BTreeMap;

use harness::project::{Resource, read, resources};

use super::FUNCTIONS;

pub(super) fn of_kind<'a>(all: &'a [Resource], kind: &str) -> Vec<&'a Resource> {
    let found: Vec<_> = all.iter().filter(|one| one.kind == kind).collect();
    assert!(!found.is_empty(), "no {kind} in template.yaml");
    found
}

#[test]
fn what_must_survive_a_deleted_stack_is_retained() {
    let all = resources();
    for kind in [
        "AWS::DynamoDB::Table",
        "AWS::S3::Bucket",
        "AWS::KMS::Key",
        "AWS::Cognito::UserPool",
    ] {
        for one in of_kind(&all, kind) {
            for policy in ["DeletionPolicy", "UpdateReplacePolicy"] {
                assert_eq!(one.value(policy), Some("Retain"), "{policy} of {}", one.id);
            }
        }
    }
}

#[test]
fn every_queue_has_somewhere_to_put_what_fails() {
    for queue in of_kind(&resources(), "AWS::SQS::Queue") {
        let is_dead_letter = queue.id.ends_with("Dlq");
        assert!(
            is_dead_letter || queue.text.contains("deadLetterTargetArn"),
            "{} has no dead-letter queue",
            queue.id
        );
        assert!(
            queue.text.contains("SqsManagedSseEnabled: true"),
            "{} is not encrypted",
            queue.id
        );
    }
}

#[test]
fn buckets_are_closed_and_speak_tls_only() {
    let all = resources();
    for bucket in of_kind(&all, "AWS::S3::Bucket") {
        for line in [
            "BlockPublicAcls: true",
            "RestrictPublicBuckets: true",
            "SSEAlgorithm: aws:kms",
        ] {
            assert!(bucket.text.contains(line), "{} lacks {line}", bucket.id);
        }
        let policy = all.iter().find(|one| one.id == format!("{}Policy", bucket.id));
        let policy = policy.unwrap_or_else(|| panic!("{} has no policy", bucket.id));
        assert!(
            policy.text.contains("aws:SecureTransport"),
            "{} speaks plain HTTP",
            bucket.id
        );
    }
}

/// One statement of a role, flow style or block style, as one text.
pub(super) fn statements(role: &Resource) -> Vec<String> {
    let mut statements: Vec<String> = vec![];
    for line in role.text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let line = line.trim();
        if line.starts_with("- Sid:") || line.starts_with("- {Sid:") {
            statements.push(String::new());
        }
        if let Some(last) = statements.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    statements
}

#[test]
fn no_role_changes_an_audit_entry() {
    for role in of_kind(&resources(), "AWS::IAM::Role") {
        let about: Vec<_> = statements(role)
            .into_iter()
            .filter(|text| text.contains("AuditTable"))
            .collect();
        for statement in about {
            for action in [
                "UpdateItem",
                "DeleteItem",
                "BatchWriteItem",
                "PartiQL",
                "dynamodb:*",
                "Action: \"*\"",
            ] {
                assert!(!statement.contains(action), "{} may {action} the audit table", role.id);
            }
        }
        // Which tables there are cannot be listed by less: no resource can be named for it.
        let everything = statements(role)
            .into_iter()
            .filter(|text| text.replace("dynamodb:ListTables", "").contains("dynamodb:"))
            .filter(|text| text.contains("Resource: \"*\""));
        assert_eq!(everything.count(), 0, "{} reaches every table", role.id);
    }
}

#[test]
fn one_name_for_folder_package_binary_and_function() {
    let all = resources();
    let by_id: BTreeMap<_, _> = all.iter().map(|one| (one.id.as_str(), one)).collect();
    for name in FUNCTIONS {
        let manifest = read(&format!("functions/{name}/Cargo.toml"));
        assert!(
            manifest.contains(&format!("name = \"{name}\"\n")),
            "the package of functions/{name}"
        );
        let stem = format!("{}{}", name[..1].to_uppercase(), &name[1..]);
        let function = by_id
            .get(format!("{stem}Function").as_str())
            .unwrap_or_else(|| panic!("no {stem}Function"));
        assert_eq!(
            function.value("CodeUri"),
            Some(format!("target/lambda/{name}/").as_str())
        );
        assert_eq!(function.value("Role"), Some(format!("!GetAtt {stem}Role.Arn").as_str()));
        for part in ["Role", "LogGroup"] {
            assert!(by_id.contains_key(format!("{stem}{part}").as_str()), "no {stem}{part}");
        }
    }
    assert_eq!(of_kind(&all, "AWS::Serverless::Function").len(), FUNCTIONS.len());
    let folders = std::fs::read_dir(harness::project::root().join("functions"))
        .unwrap()
        .flatten();
    assert_eq!(
        folders
            .filter(|entry| entry.path().join("Cargo.toml").is_file())
            .count(),
        FUNCTIONS.len()
    );
}

#[test]
fn the_template_says_the_version_that_is_built() {
    let template = read("template.yaml");
    let version = template
        .lines()
        .find_map(|line| line.trim().strip_prefix("LETHE_VERSION: "))
        .expect("LETHE_VERSION");
    assert_eq!(version.trim_matches('"'), env!("CARGO_PKG_VERSION"));
}
