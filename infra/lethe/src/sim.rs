//! `lethe sim`: the workflows on the simulator, as many seeds or crash points as one likes.
//!
//! The simulator is a binary of its own (`tests/sim`), since nobody needs it to run a stack; it prints what it found and
//! ends badly when something did not hold.

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::functions::cargo;
use crate::paths;

/// `lethe sim`
#[derive(Debug, Args)]
pub struct SimArgs {
    /// Storms to play, one a seed.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Tell everything that happened under the first seed, also when all is well.
    #[arg(long)]
    trace: bool,
    /// Die at every call of every scenario, and at all pairs of calls of the smallest, instead of storms.
    #[arg(long)]
    crash_points: bool,
}

/// Runs the subcommand; an error if something did not hold.
pub async fn run(args: &SimArgs) -> Result<()> {
    let mut command = cargo(&paths::checkout()?);
    command.args(["run", "--profile", "local", "--package", "simulation", "--"]);
    command.args(["--seeds", &args.seeds.to_string(), "--from", &args.from.to_string()]);
    command.args(args.trace.then_some("--trace"));
    command.args(args.crash_points.then_some("--crash-points"));
    let status = command
        .status()
        .await
        .context("cargo could not be started; call this as `cargo lethe sim`")?;
    if !status.success() {
        bail!("something did not hold, or the simulator did not end ({status}); its message is above");
    }
    Ok(())
}
