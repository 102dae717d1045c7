//! A stack with the functions of a few changes ago: what an upgrade starts from.
//!
//! That commit is checked out beside this one, in a temporary worktree, and its own `lethe up` deploys it. It is built
//! into the same target directory, so only the project's own crates are compiled. Cargo tells two checkouts of one
//! workspace apart by the times of their files alone: afterwards it would take the older functions for this checkout's,
//! so this checkout's files are given the time of now. Nothing else of it is changed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::console;
use crate::functions::{build, cargo};
use crate::own_stack::OwnStack;
use crate::paths;

/// What makes a function another one. Tests and the simulator do not.
const MATTERS: [&str; 7] = [
    "shared/src",
    "functions",
    "Cargo.lock",
    ":(exclude)shared/src/sim",
    ":(exclude,glob)shared/src/**/tests/**",
    ":(exclude,glob)shared/src/**/*_tests.rs",
    ":(exclude,glob)functions/**/tests/**",
];
/// How many such changes the stack is behind: the last one alone may have changed a test that stands beside its code,
/// and nothing that is deployed.
const BEHIND: &str = "-5";

/// Brings one up.
pub(crate) async fn start() -> Result<OwnStack> {
    let root = paths::checkout()?;
    let commit = commit(&root).await?;
    console::line(format!("  the stack to be upgraded is {commit}"));
    let worktree = Worktree::make(&root, &commit).await?;
    let stack = OwnStack::started_by(async |state| {
        let mut up = cargo(&worktree.path);
        up.args([
            "run",
            "--profile",
            "local",
            "--package",
            "lethe",
            "--",
            "up",
            "--port",
            "0",
            "--dir",
        ])
        .arg(state.path())
        .env("CARGO_TARGET_DIR", paths::target(&root));
        let status = up.status().await.context("cargo could not be started")?;
        ensure!(
            status.success(),
            "commit {commit} cannot be brought up ({status}); its message is above"
        );
        Ok(())
    })
    .await?;
    renew(&root).await?;
    // Now, so that the upgrade itself takes seconds and finds its job at work.
    build(&root).await?;
    Ok(stack)
}

/// Gives each source file the time of now, so that cargo compiles it anew.
#[expect(
    clippy::disallowed_methods,
    reason = "a tool is an edge: cargo compares with the time of files"
)]
async fn renew(root: &Path) -> Result<()> {
    let now = SystemTime::now();
    for file in git(root, ["ls-files", "--", "*.rs"]).await?.lines() {
        let source = File::options().append(true).open(root.join(file));
        source
            .and_then(|source| source.set_modified(now))
            .with_context(|| format!("{file} cannot be given another time; make it writable"))?;
    }
    Ok(())
}

/// The commit before the last few that changed a function, none of them before the template's last change: the older stack
/// has to have the outputs that this checkout's policy and data map are applied by.
async fn commit(root: &Path) -> Result<String> {
    let template = git(root, ["log", "-1", "--format=%H", "--", "template.yaml"]).await?;
    let since = format!("{template}..HEAD");
    let log = ["log", BEHIND, "--format=%H", &since, "--"];
    let changes = git(root, log.into_iter().chain(MATTERS)).await?;
    let first = changes.lines().last();
    let first = first.context("no function has changed since template.yaml did; there is nothing to upgrade from")?;
    git(root, ["rev-parse", "--short", &format!("{first}^")]).await
}

/// A checkout beside this one, gone at the end.
struct Worktree {
    root: PathBuf,
    path: PathBuf,
    _dir: TempDir,
}

impl Worktree {
    async fn make(root: &Path, commit: &str) -> Result<Self> {
        let dir = tempfile::tempdir().context("cannot make a temporary directory")?;
        let path = dir.path().join("previous");
        let shown = path.to_string_lossy().into_owned();
        git(root, ["worktree", "add", "--detach", &shown, commit]).await?;
        let root = root.to_path_buf();
        Ok(Self { root, path, _dir: dir })
    }
}

impl Drop for Worktree {
    fn drop(&mut self) {
        let mut remove = std::process::Command::new("git");
        remove
            .args(["worktree", "remove", "--force"])
            .arg(&self.path)
            .current_dir(&self.root);
        let removed = remove.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !removed.is_ok_and(|status| status.success()) {
            console::warn("the worktree of the previous commit is still listed; `git worktree prune` forgets it");
        }
    }
}

async fn git<'a>(root: &Path, arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
    let mut git = Command::new("git");
    git.args(arguments).current_dir(root).stderr(Stdio::inherit());
    let output = git
        .output()
        .await
        .context("git could not be started; an upgrade needs the history")?;
    ensure!(
        output.status.success(),
        "git failed ({}); an upgrade needs the history",
        output.status
    );
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
