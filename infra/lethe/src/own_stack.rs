//! A stack that belongs to one run: its own emulator on a free port, its own temporary directory, gone at the end.
//!
//! It never touches the stack a person works with. It is stopped when the value is dropped: at the end, on an error,
//! on a panic; and, because [`until_interrupted`] turns a signal into an error, on Ctrl-C too.

use std::future::Future;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::console;
use crate::emulator;
use crate::paths::StateDir;
use crate::stack_file::Stack;
use crate::up::{Options, up};

/// A running stack of one's own.
#[derive(Debug)]
pub struct OwnStack {
    stack: Stack,
    guard: Guard,
}

/// Stops whatever was started in the directory. Exists before the emulator does.
#[derive(Debug)]
struct Guard {
    state: StateDir,
    _dir: TempDir,
}

impl OwnStack {
    /// Brings one up.
    pub async fn start() -> Result<Self> {
        let guard = Guard::new()?;
        let options = Options {
            state: guard.state.clone(),
            port: 0,
            stack_name: "lethe-test".to_owned(),
            demo_name: "lethe-test-demo".to_owned(),
        };
        let stack = up(&options).await?;
        Ok(Self { stack, guard })
    }

    /// One that somebody else brings up in the directory they are given: another version of the command, say.
    pub(crate) async fn started_by(start: impl AsyncFnOnce(&StateDir) -> Result<()>) -> Result<Self> {
        let guard = Guard::new()?;
        start(&guard.state).await?;
        let stack = Stack::read(&guard.state.stack_file())?;
        Ok(Self { stack, guard })
    }

    /// What a client needs to reach it.
    #[must_use]
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Its `stack.json`, for `LETHE_STACK`.
    #[must_use]
    pub fn stack_file(&self) -> PathBuf {
        self.guard.state.stack_file()
    }
}

impl Guard {
    fn new() -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("lethe-")
            .tempdir()
            .context("cannot make a temporary directory")?;
        Ok(Self {
            state: StateDir::new(dir.path())?,
            _dir: dir,
        })
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Err(error) = emulator::stop(&self.state) {
            console::warn(format!("the test stack's emulator could not be stopped: {error:#}"));
        }
    }
}

/// Runs `work` to its end, or until Ctrl-C or a request to terminate; then `work` is dropped and so stops its stack.
pub async fn until_interrupted<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    tokio::select! {
        done = work => done,
        _ = tokio::signal::ctrl_c() => bail!("interrupted; what was started is stopped"),
        _ = terminate.recv() => bail!("told to terminate; what was started is stopped"),
    }
}
