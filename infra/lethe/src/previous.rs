//! A stack with the functions of the last commit whose functions were others: what an upgrade starts from.
//!
//! That commit is checked out beside this one, in a temporary worktree, and its own `lethe up` deploys it. It is built
//! into the same target directory, so only the project's own crates are compiled; nothing of this checkout is changed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::console;
use crate::functions::cargo;
use crate::own_stack::OwnStack;
use crate::paths;

/// What makes a function another one.
const MATTERS: [&str; 4] = ["shared/src", "functions", "template.yaml", "Cargo.lock"];

/// Brings one up.
pub(crate) async fn start() -> Result<OwnStack> {
    let root = paths::checkout()?;
    let commit = commit(&root).await?;
    console::line(format!("  the stack to be upgraded is {commit}"));
    let worktree = Worktree::make(&root, &commit).await?;
    OwnStack::started_by(async |state| {
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
        .env("CARGO_TARGET_DIR", target(&root));
        let status = up.status().await.context("cargo could not be started")?;
        ensure!(
            status.success(),
            "commit {commit} cannot be brought up ({status}); its message is above"
        );
        Ok(())
    })
    .await
}

/// The parent of the last commit that changed a function.
async fn commit(root: &Path) -> Result<String> {
    let last = git(root, ["log", "-1", "--format=%H", "--"].into_iter().chain(MATTERS)).await?;
    git(root, ["rev-parse", "--short", &format!("{last}^")]).await
}

fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
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
