//! The project's own files, for tests that hold the code to its rules.

use std::fs;
use std::path::{Path, PathBuf};

/// Where there are tests.
pub const WITH_TESTS: [&str; 5] = ["shared/src", "functions", "infra/lethe/src", "infra/demo/src", "tests"];

/// The root of the checkout.
pub fn root() -> PathBuf {
    lethe::paths::checkout().expect("the tests run inside the checkout")
}

/// A file of the project.
pub fn read(path: &str) -> String {
    let file = root().join(path);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Every Rust source below a folder, with its path from the root.
pub fn sources(folder: &str) -> Vec<(String, String)> {
    let root = root();
    let mut found = vec![];
    collect(&root.join(folder), &mut found);
    assert!(!found.is_empty(), "no source in {folder}");
    found.sort();
    let named = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source is readable");
        (path.strip_prefix(&root).unwrap_or(&path).display().to_string(), text)
    };
    found.into_iter().map(named).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of the project").flatten() {
        let path = entry.path();
        if path.is_dir() && entry.file_name() != "target" {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The functions of a source that are tests, by their mark or because a macro makes one of every case.
pub fn tests_in(path: &str, text: &str) -> Vec<String> {
    let is_case = path.starts_with("tests/it/conformance/");
    let mut found = vec![];
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        let head = line
            .trim_start_matches("pub(super) ")
            .trim_start_matches("async ")
            .strip_prefix("fn ");
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let (true, Some(head)) = (is_test || is_case, head) {
            found.push(head.split(['(', '<']).next().unwrap_or_default().to_owned());
            is_test = false;
        }
    }
    found
}

/// One resource of `template.yaml`: its logical id, type and lines.
#[derive(Debug)]
pub struct Resource {
    /// The logical id.
    pub id: String,
    /// `AWS::...`
    pub kind: String,
    /// Its lines, as written.
    pub text: String,
}

impl Resource {
    /// The value of the first `name: value`.
    pub fn value(&self, name: &str) -> Option<&str> {
        let value = self
            .text
            .lines()
            .find_map(|line| line.trim().strip_prefix(name)?.strip_prefix(": "));
        value.map(str::trim)
    }
}

/// The resources of `template.yaml`, by its indentation: CloudFormation's tags are no plain YAML.
pub fn resources() -> Vec<Resource> {
    let template = read("template.yaml");
    let (_, after) = template.split_once("\nResources:\n").expect("resources");
    let body = after.split("\nOutputs:\n").next().unwrap_or(after);
    let mut resources: Vec<Resource> = vec![];
    for line in body.lines() {
        let is_name = line.starts_with("  ") && !line.starts_with("   ") && !line.trim_start().starts_with('#');
        if let (true, Some(id)) = (is_name, line.trim().strip_suffix(':')) {
            resources.push(Resource {
                id: id.to_owned(),
                kind: String::new(),
                text: String::new(),
            });
        } else if let Some(last) = resources.last_mut() {
            if last.kind.is_empty()
                && let Some(kind) = line.strip_prefix("    Type: ")
            {
                last.kind = kind.trim().to_owned();
            }
            last.text.push_str(line);
            last.text.push('\n');
        }
    }
    resources
}

/// The route keys of `template.yaml` with the authorization of each.
pub fn routes() -> Vec<(String, String)> {
    let routes = resources()
        .into_iter()
        .filter(|one| one.kind == "AWS::ApiGatewayV2::Route");
    let route = |one: Resource| {
        let value = |name: &str| {
            one.value(name)
                .unwrap_or_else(|| panic!("{} has no {name}", one.id))
                .to_owned()
        };
        (value("RouteKey"), value("AuthorizationType"))
    };
    routes.map(route).collect()
}
