//! `lethe mutants`: changes the rules one line at a time and looks whether a test notices.
//!
//! By `cargo-mutants`, which is installed with `cargo install cargo-mutants --locked`. Rules (`domain`,
//! `state_machine`) are tried with their unit tests, the workflows with the simulator too. Hours, not minutes: for a
//! night, not for CI. A mutant that survives is listed in `target/mutants`; each is a test that is missing, or a line
//! that does not matter.

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::process::Command;

use crate::paths;

/// The rules, tried with the unit tests beside them. Thousands of random lives for each mutant would take days.
const RULES: &[&str] = &[
    "--package=shared",
    "--file=shared/src/domain/**",
    "--file=shared/src/state_machine/**",
    "--output=target/mutants/rules",
];
const RULES_TESTS: &[&str] = &["--", "--lib", "--", "--skip", "properties"];

/// The use cases, tried with the simulator.
const WORKFLOWS: &[&str] = &[
    "--package=shared",
    "--file=shared/src/workflow/**",
    "--test-package=shared,simulation",
    "--output=target/mutants/workflows",
];
const WORKFLOWS_TESTS: &[&str] = &["--", "--lib", "--test", "short", "--", "--skip", "properties"];

/// `lethe mutants`
#[derive(Debug, Args)]
pub struct MutantsArgs {
    /// Builds at a time; each needs about a gigabyte.
    #[arg(long, default_value_t = 1)]
    jobs: u8,
}

/// Runs the subcommand; an error if a mutant survived.
pub async fn run(args: &MutantsArgs) -> Result<()> {
    let rules = mutate(args, RULES, RULES_TESTS).await?;
    let workflows = mutate(args, WORKFLOWS, WORKFLOWS_TESTS).await?;
    if !(rules && workflows) {
        bail!("mutants survived; they are listed above and in target/mutants");
    }
    Ok(())
}

/// Whether every mutant was noticed.
async fn mutate(args: &MutantsArgs, which: &[&str], tests: &[&str]) -> Result<bool> {
    let mut command = Command::new("cargo");
    command.current_dir(paths::checkout()?);
    command.args([
        "mutants",
        "--features=sim",
        "--profile=mutants",
        "--no-shuffle",
        "--timeout=60",
    ]);
    command.args(which).args(["--jobs", &args.jobs.to_string()]).args(tests);
    // A build of its own for each job: the common folder would be locked by the first.
    command.env_remove("CARGO_TARGET_DIR");
    let status = command.status().await.context("cargo could not be started")?;
    match status.code() {
        Some(0) => Ok(true),
        Some(2 | 3) => Ok(false),
        _ => bail!("cargo mutants did not run ({status}); it is installed with `cargo install cargo-mutants --locked`"),
    }
}
