//! The rules of the house, held by a test: who may import whom, how a file begins, what the template must not forget.
//!
//! `domain <- state_machine <- audit <- ports <- workflow`; adapters stand on ports and know neither each other nor the
//! workflows; functions know only `shared`.

use std::collections::BTreeMap;

use harness::project::{Resource, read, resources, sources};

/// The pure layers, lowest first: each may use those before it.
const LAYERS: [&str; 5] = ["domain", "state_machine", "audit", "ports", "workflow"];
/// What reaches the outside, one SDK each.
const ADAPTERS: [&str; 6] = ["storage", "queue", "blob", "mail", "sealing", "source"];
/// The functions: folder, package, binary and the stem of everything in the template.
const FUNCTIONS: [&str; 6] = [
    "execution",
    "notification",
    "planning",
    "review",
    "submission",
    "supervision",
];

/// What a top-level module of `shared` may use besides itself; none: everything.
fn may_use(module: &str) -> Option<Vec<&'static str>> {
    if let Some(place) = LAYERS.iter().position(|layer| *layer == module) {
        return Some(LAYERS[..place].to_vec());
    }
    // Adapters share how an SDK's error becomes a fault, and nothing else.
    ADAPTERS
        .contains(&module)
        .then(|| [&LAYERS[..4], &["sdk_fault"]].concat())
}

/// The top-level modules of the crate that a source of `module` names by `crate::` or by climbing out with `super::`.
fn imports(path: &str, text: &str) -> Vec<String> {
    let inside = path
        .trim_start_matches("shared/src/")
        .trim_end_matches(".rs")
        .trim_end_matches("/mod");
    let depth = inside.split('/').count();
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut found = vec![];
    for line in code {
        for (at, _) in line.match_indices("crate::") {
            let ident: String = line[at + 7..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let is_path = !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            found.extend((is_path && !ident.is_empty()).then_some(ident));
            if line[at + 7..].starts_with('{') {
                let inner = line[at + 8..]
                    .split([',', '}'])
                    .map(|one| one.trim().split("::").next().unwrap_or_default());
                found.extend(
                    inner
                        .filter(|one| !one.is_empty() && one.starts_with(char::is_lowercase))
                        .map(str::to_owned),
                );
            }
        }
        // A module written inside the file is one deeper, and so is a file of tests that hangs below the file tested.
        let depth = depth + usize::from(line.starts_with(' ') || inside.ends_with("_tests"));
        let climb = line.trim().trim_start_matches("pub ").trim_start_matches("use ");
        let supers = climb.split("::").take_while(|part| *part == "super").count();
        if supers >= depth && supers > 0 {
            found.extend(
                climb
                    .split("::")
                    .nth(supers)
                    .map(|ident| ident.trim_end_matches(';').to_owned()),
            );
        }
    }
    found
}

#[test]
fn modules_use_only_what_stands_below_them() {
    for (path, text) in sources("shared/src") {
        let module = path
            .trim_start_matches("shared/src/")
            .split(['/', '.'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let Some(allowed) = may_use(&module) else { continue };
        for import in imports(&path, &text) {
            let fine = import == module || allowed.contains(&import.as_str());
            assert!(fine, "{path} uses crate::{import}; {module} may use {allowed:?} only");
        }
    }
}

#[test]
fn an_import_that_is_forbidden_is_found() {
    let found = |path: &str, text: &str| imports(path, text);
    assert_eq!(
        found("shared/src/domain/ids.rs", "use crate::workflow::view;"),
        ["workflow"]
    );
    assert_eq!(
        found("shared/src/mail/mod.rs", "    crate::storage::Storage::new()"),
        ["storage"]
    );
    assert_eq!(
        found("shared/src/ports/mod.rs", "use super::workflow::view;"),
        ["workflow"]
    );
    assert_eq!(
        found("shared/src/ports/store.rs", "use super::fault::Fault;"),
        Vec::<String>::new()
    );
    assert_eq!(
        found("shared/src/ports/store.rs", "use crate::{domain::ids, workflow};"),
        ["domain", "workflow"]
    );
    assert_eq!(
        found("shared/src/audit/mod.rs", "//! see crate::workflow"),
        Vec::<String>::new()
    );
}

#[test]
fn functions_know_only_shared() {
    for name in FUNCTIONS {
        let manifest = read(&format!("functions/{name}/Cargo.toml"));
        for stranger in ["lethe", "demo", "aws-sdk", "harness"].into_iter().chain(FUNCTIONS) {
            let depends = manifest
                .lines()
                .any(|line| line.starts_with(stranger) && line.contains("workspace"));
            assert!(!depends, "functions/{name} depends on {stranger}");
        }
        for (path, text) in sources(&format!("functions/{name}/src")) {
            for sdk in ["aws_sdk_", "aws_config"] {
                assert!(!text.contains(sdk), "{path} uses {sdk}; adapters are shared's");
            }
        }
    }
}

#[test]
fn every_source_says_what_it_is_for() {
    let folders = ["shared/src", "functions", "infra/lethe/src", "infra/demo", "tests"];
    for (path, text) in folders.into_iter().flat_map(sources) {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
        assert!(
            first.starts_with("//! ") && first.len() > 20,
            "{path} opens with {first:?}, not with what it is for"
        );
    }
}

#[test]
fn nothing_prints_but_the_console() {
    let printing = ["println!(", "eprintln!(", "print!(", "eprint!(", "dbg!("];
    for (path, text) in ["shared/src", "functions", "infra/lethe/src", "infra/demo/src"]
        .into_iter()
        .flat_map(sources)
    {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code: Vec<_> = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect();
        for macro_name in printing.into_iter().filter(|_| !path.ends_with("/console.rs")) {
            assert!(
                !code.iter().any(|line| line.contains(macro_name)),
                "{path} uses {macro_name}"
            );
        }
    }
}

fn of_kind<'a>(all: &'a [Resource], kind: &str) -> Vec<&'a Resource> {
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
fn statements(role: &Resource) -> Vec<String> {
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
        let everything = statements(role)
            .into_iter()
            .filter(|text| text.contains("dynamodb:"))
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
