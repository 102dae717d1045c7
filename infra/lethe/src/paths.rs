//! Where things are: the checkout, the cache outside it, and the state of one local stack (`.lethe`).
//!
//! Nothing here creates a file. What is kept in the checkout (`target/`, `.lethe/`) is ignored by git; what is costly
//! to make and not bound to one checkout (virtual environments) is kept in the user's cache directory.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The root of the checkout the command was called in: the nearest parent that holds this very crate.
pub fn checkout() -> Result<PathBuf> {
    let here = env::current_dir().context("the current directory is gone; change to the Lethe checkout")?;
    let is_root = |folder: &&Path| folder.join("infra/lethe/Cargo.toml").is_file();
    match here.ancestors().find(is_root) {
        Some(root) => Ok(root.to_path_buf()),
        None => bail!(
            "{} is not inside a Lethe checkout; change to one and run `cargo lethe` there",
            here.display()
        ),
    }
}

/// Where cargo builds a checkout.
pub fn target(checkout: &Path) -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| checkout.join("target"), PathBuf::from)
}

/// Lethe's folder in the user's cache directory.
pub fn cache() -> Result<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    let base = base.context("neither HOME nor XDG_CACHE_HOME is set; set one, Lethe keeps its Python there")?;
    Ok(base.join("lethe"))
}

/// The files of one local stack. Two stacks with two state directories know nothing of each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// The state directory at `path`, made absolute: the emulator and `sam` run in other directories.
    pub fn new(path: &Path) -> Result<Self> {
        let path = std::path::absolute(path).with_context(|| format!("{} is not a path", path.display()))?;
        Ok(Self(path))
    }

    /// `dir` when the user gave one, else `.lethe` in the checkout.
    pub fn or_default(dir: Option<&Path>) -> Result<Self> {
        match dir {
            Some(dir) => Self::new(dir),
            None => Ok(Self(checkout()?.join(".lethe"))),
        }
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What a client needs to reach the stack; see [`crate::stack_file`].
    #[must_use]
    pub fn stack_file(&self) -> PathBuf {
        self.0.join("stack.json")
    }

    /// Which emulator was started for this stack; written by `emulator.rs`.
    #[must_use]
    pub fn emulator_file(&self) -> PathBuf {
        self.0.join("emulator.json")
    }

    /// What the emulator wrote.
    #[must_use]
    pub fn emulator_log(&self) -> PathBuf {
        self.0.join("emulator.log")
    }

    /// Where the emulator unpacks functions; removed with it.
    #[must_use]
    pub fn emulator_tmp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// The digests of what was deployed last; equal inputs are not deployed again.
    #[must_use]
    pub fn deployed_file(&self) -> PathBuf {
        self.0.join("deployed.json")
    }

    /// What `sam deploy` wrote about one stack.
    #[must_use]
    pub fn deploy_log(&self, stack_name: &str) -> PathBuf {
        self.0.join(format!("deploy-{stack_name}.log"))
    }
}
