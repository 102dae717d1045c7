//! What holds for every source: functions know only `shared`, a file says what it is for, and only the console prints.

use harness::project::{read, sources};

use super::FUNCTIONS;

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
