//! Builds the functions for this machine and lays them out where `template.yaml` looks for them:
//! `target/lambda/<name>/bootstrap`, the same folders `cargo lambda` fills for AWS.
//!
//! One cargo call for the whole workspace, with the profile of this command: everything shares one set of compiled
//! dependencies. A function that did not change keeps its file and time, so nothing is deployed twice.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::process::Command;

use crate::console;

/// Folder, package, binary and, capitalised, logical id of every function.
pub const FUNCTIONS: [&str; 7] = [
    "submission",
    "review",
    "planning",
    "execution",
    "packaging",
    "supervision",
    "notification",
];

/// One line of cargo's `--message-format=json`; only the artefacts matter.
#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds every function and returns the laid-out files, in the order of [`FUNCTIONS`].
pub(crate) async fn build(root: &Path) -> Result<Vec<PathBuf>> {
    let step = console::step("Building the functions");
    // Cargo draws its own progress.
    step.suspend();
    let mut command = cargo(root);
    command.args(["build", "--workspace", "--bins", "--profile", "local"]);
    command
        .arg("--message-format=json-render-diagnostics")
        .stdout(Stdio::piped());
    let output = command
        .spawn()
        .context(NO_CARGO)?
        .wait_with_output()
        .await
        .context("cargo build was interrupted")?;
    if !output.status.success() {
        bail!("the functions do not build; cargo's message is above");
    }
    let laid_out = lay_out_all(root, &String::from_utf8_lossy(&output.stdout))?;
    step.done("");
    Ok(laid_out)
}

const NO_CARGO: &str = "cargo could not be started; install Rust from https://rustup.rs and call this as `cargo lethe`";

/// The cargo that runs this command, in the root of the checkout.
pub(crate) fn cargo(root: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn lay_out_all(root: &Path, messages: &str) -> Result<Vec<PathBuf>> {
    let built = executables(messages);
    let lay_out_one = |name: &&str| {
        let (_, binary) = built.iter().find(|(built, _)| built == name).with_context(|| {
            format!("cargo built no binary `{name}`; functions/{name} must be a member with a src/main.rs")
        })?;
        lay_out(binary, &root.join("target/lambda").join(name))
    };
    FUNCTIONS.iter().map(lay_out_one).collect()
}

/// Name and file of every binary cargo spoke of.
fn executables(messages: &str) -> Vec<(String, PathBuf)> {
    let artefacts = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let artefacts = artefacts.filter(|message| message.reason == "compiler-artifact");
    artefacts
        .filter_map(|message| Some((message.target?.name, message.executable?)))
        .collect()
}

/// Copies `binary` to `<folder>/bootstrap` unless that is what lies there (same size, same time).
fn lay_out(binary: &Path, folder: &Path) -> Result<PathBuf> {
    let bootstrap = folder.join("bootstrap");
    let source = fs::metadata(binary).with_context(|| format!("{} vanished; build again", binary.display()))?;
    let built_at = source.modified().context("this file system keeps no file times")?;
    let same = |there: fs::Metadata| there.len() == source.len() && there.modified().is_ok_and(|at| at == built_at);
    if fs::metadata(&bootstrap).is_ok_and(same) {
        return Ok(bootstrap);
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}; make it writable", folder.display()))?;
    // Renamed into place: a deployment that runs at the same time sees the old file or the new one, never half.
    let fresh = folder.with_extension("new");
    fs::copy(binary, &fresh).with_context(|| format!("cannot write {}; is the disk full?", fresh.display()))?;
    File::options()
        .write(true)
        .open(&fresh)?
        .set_modified(built_at)
        .context("cannot set a file time")?;
    fs::rename(&fresh, &bootstrap).with_context(|| format!("cannot replace {}", bootstrap.display()))?;
    Ok(bootstrap)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binaries_are_read_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"shared"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"review"},"executable":"/t/local/review"}"#,
            "\nnot json\n",
            r#"{"reason":"build-finished","success":true}"#,
        );
        assert_eq!(
            executables(messages),
            [("review".to_owned(), PathBuf::from("/t/local/review"))]
        );
    }

    #[test]
    fn an_unchanged_function_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let (binary, folder) = (dir.path().join("review"), dir.path().join("lambda/review"));
        fs::write(&binary, b"one").unwrap();
        let bootstrap = lay_out(&binary, &folder).unwrap();
        let inode = |path: &Path| std::os::unix::fs::MetadataExt::ino(&fs::metadata(path).unwrap());
        let first = inode(&bootstrap);
        lay_out(&binary, &folder).unwrap();
        assert_eq!(inode(&bootstrap), first);
        fs::write(&binary, b"three").unwrap();
        lay_out(&binary, &folder).unwrap();
        assert_eq!(fs::read(&bootstrap).unwrap(), b"three");
    }

    #[test]
    fn a_function_cargo_did_not_build_is_named() {
        let refusal = lay_out_all(Path::new("/nowhere"), "").unwrap_err().to_string();
        assert!(refusal.contains("`submission`"), "{refusal}");
    }
}
