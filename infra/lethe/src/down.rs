//! `lethe down`: stops the emulator `up` started, and nothing else. Its memory was the stack, so the stack is gone too.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::console;
use crate::emulator;
use crate::paths::StateDir;

/// `lethe down`
#[derive(Debug, Args)]
pub struct DownArgs {
    /// Where the stack's files are kept, instead of .lethe.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(args: &DownArgs) -> Result<()> {
    let state = StateDir::or_default(args.dir.as_deref())?;
    let stopped = emulator::stop(&state)?;
    console::line(if stopped {
        "The local stack is stopped"
    } else {
        "No local stack of this directory was running"
    });
    Ok(())
}
