//! Who may import whom: `domain <- knobs <- state_machine <- audit <- ports <- metric <- package <- workflow`; adapters stand on ports and know
//! neither each other nor the workflows.

use harness::project::sources;

/// The pure layers, lowest first: each may use those before it.
const LAYERS: [&str; 8] = [
    "domain",
    "knobs",
    "state_machine",
    "audit",
    "ports",
    "metric",
    "package",
    "workflow",
];
/// What reaches the outside, one SDK each.
const ADAPTERS: [&str; 6] = ["storage", "queue", "blob", "mail", "sealing", "source"];
/// What a top-level module of `shared` may use besides itself; none: everything.
fn may_use(module: &str) -> Option<Vec<&'static str>> {
    if let Some(place) = LAYERS.iter().position(|layer| *layer == module) {
        return Some(LAYERS[..place].to_vec());
    }
    // Adapters share how an SDK's error becomes a fault, and nothing else.
    ADAPTERS
        .contains(&module)
        .then(|| [&LAYERS[..5], &["sdk_fault"]].concat())
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
            // A use case is tried on the fakes.
            let is_test = import == "sim" && (path.ends_with("_tests.rs") || path.contains("/tests/"));
            let fine = import == module || is_test || allowed.contains(&import.as_str());
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
