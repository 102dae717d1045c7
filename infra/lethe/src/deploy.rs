//! Deploys a template with the real `sam deploy`, and knows whether that is needed at all.
//!
//! A digest for each stack covers whatever decides what gets deployed: the template and, for Lethe's own, its settings
//! and of each function's file size and time (they change only when the file does). Equal digest and a living stack:
//! nothing is deployed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::console;
use crate::paths::StateDir;
use crate::process::{only_local, run_logged};
use crate::venv::Venv;

/// The region of every local stack; `samconfig.toml` says the same.
pub(crate) const REGION: &str = "us-east-1";
/// Lethe's own template.
const TEMPLATE: &str = "template.yaml";
/// How it is deployed.
const SETTINGS: &str = "samconfig.toml";
/// The sample application's.
const DEMO_TEMPLATE: &str = "infra/demo/template.yaml";

/// What it takes to deploy to one endpoint.
#[derive(Debug)]
pub(crate) struct Deployer<'a> {
    pub(crate) sam: &'a Venv,
    pub(crate) root: &'a Path,
    pub(crate) state: &'a StateDir,
    pub(crate) endpoint: &'a str,
}

impl Deployer<'_> {
    /// Deploys `template` (a path in the checkout) as `stack_name`, with the settings of `samconfig.toml`'s `local`.
    pub(crate) async fn lethe(&self, stack_name: &str) -> Result<()> {
        let mut command = self.sam(TEMPLATE, stack_name);
        command
            .args(["--config-env", "local", "--config-file"])
            .arg(self.root.join(SETTINGS));
        self.run(command, stack_name, TEMPLATE).await
    }

    /// Deploys the sample application as `stack_name`. It has no settings, so none are read.
    pub(crate) async fn demo(&self, stack_name: &str) -> Result<()> {
        let mut command = self.sam(DEMO_TEMPLATE, stack_name);
        command.args(["--region", REGION, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"]);
        command.args(["--no-confirm-changeset", "--no-fail-on-empty-changeset"]);
        self.run(command, stack_name, DEMO_TEMPLATE).await
    }

    fn sam(&self, template: &str, stack_name: &str) -> Command {
        let mut command = Command::new(self.sam.bin("sam"));
        // Named outright: without it `sam` prefers what an earlier `sam build` left behind.
        command.args([
            "deploy",
            "--no-progressbar",
            "--stack-name",
            stack_name,
            "--template-file",
        ]);
        command.arg(self.root.join(template)).current_dir(self.root);
        only_local(&mut command, self.endpoint, REGION);
        // No telemetry, no look for updates, nothing in the user's home: its own settings live beside the stack's.
        command
            .env("SAM_CLI_TELEMETRY", "0")
            .env("__SAM_CLI_APP_DIR", self.state.path().join("sam"));
        command
    }

    async fn run(&self, command: Command, stack_name: &str, template: &str) -> Result<()> {
        let step = console::step(format!("Deploying {template} as {stack_name}"));
        let remedy = "correct what it names and run `cargo lethe up` again (`cargo lethe down` first starts afresh)";
        run_logged(command, &self.state.deploy_log(stack_name), "sam deploy", remedy).await?;
        step.done("");
        Ok(())
    }
}

/// What decides the content of the two stacks, in short.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Digests {
    pub(crate) lethe: String,
    pub(crate) demo: String,
}

impl Digests {
    /// Of what lies in the checkout now.
    pub(crate) fn of(root: &Path, functions: &[PathBuf]) -> Result<Self> {
        let mut lethe = content_hash(root, &[TEMPLATE, SETTINGS])?;
        for file in functions {
            let about = fs::metadata(file).with_context(|| format!("{} vanished; try again", file.display()))?;
            let time = about.modified()?.duration_since(UNIX_EPOCH).unwrap_or_default();
            lethe.update(about.len().to_be_bytes());
            lethe.update(time.as_nanos().to_be_bytes());
        }
        let demo = content_hash(root, &[DEMO_TEMPLATE])?;
        Ok(Self {
            lethe: hex::encode(lethe.finalize()),
            demo: hex::encode(demo.finalize()),
        })
    }

    /// Of what was deployed last; empty when nothing was.
    pub(crate) fn read(state: &StateDir) -> Self {
        let bytes = fs::read(state.deployed_file()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Notes what is deployed now.
    pub(crate) fn write(&self, state: &StateDir) -> Result<()> {
        fs::write(state.deployed_file(), serde_json::to_vec_pretty(self)?).context("cannot note what was deployed")
    }
}

fn content_hash(root: &Path, files: &[&str]) -> Result<Sha256> {
    let mut hash = Sha256::new();
    for file in files {
        let bytes = fs::read(root.join(file)).with_context(|| format!("{file} is missing; restore it"))?;
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    }
    Ok(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checkout() -> (tempfile::TempDir, [PathBuf; 4]) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("infra/demo")).unwrap();
        let files = [TEMPLATE, SETTINGS, "bootstrap", DEMO_TEMPLATE].map(|file| dir.path().join(file));
        for file in &files {
            fs::write(file, "one").unwrap();
        }
        (dir, files)
    }

    #[test]
    fn any_changed_input_is_another_digest_of_its_stack() {
        let (dir, files) = checkout();
        let digests = || Digests::of(dir.path(), &files[2..3]).unwrap();
        let mut before = digests();
        assert_eq!(before, digests());
        for (file, is_demo) in files.iter().zip([false, false, false, true]) {
            fs::write(file, "two words").unwrap();
            let after = digests();
            assert_eq!(after.demo != before.demo, is_demo, "{}", file.display());
            assert_eq!(after.lethe != before.lethe, !is_demo, "{}", file.display());
            before = after;
        }
    }

    #[test]
    fn what_is_noted_is_read_back() {
        let (dir, files) = checkout();
        let state = StateDir::new(dir.path()).unwrap();
        assert_eq!(Digests::read(&state), Digests::default());
        let digests = Digests::of(dir.path(), &files[2..3]).unwrap();
        digests.write(&state).unwrap();
        assert_eq!(Digests::read(&state), digests);
    }
}
