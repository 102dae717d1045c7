//! `lethe model`: looks at every state of the work protocol's model, and that each of its flaws is found.
//!
//! The model is a binary of its own (`tests/model`), since nobody needs the checker to run a stack. It prints a table as
//! it goes and ends badly when a verdict is not the expected one.

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::functions::cargo;
use crate::paths;

/// `lethe model`
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// Faults on a path. Each one more means about eight times the states.
    #[arg(long, default_value_t = 3)]
    faults: u8,
}

/// Runs the subcommand; an error if a verdict is not the expected one.
pub async fn run(args: &ModelArgs) -> Result<()> {
    let mut command = cargo(&paths::checkout()?);
    command.args(["run", "--profile", "local", "--package", "model", "--"]);
    command.args(["--faults", &args.faults.to_string()]);
    let status = command
        .status()
        .await
        .context("cargo could not be started; call this as `cargo lethe model`")?;
    if !status.success() {
        bail!("the model was not checked to its end, or not as expected ({status}); its message is above");
    }
    Ok(())
}
