//! `lethe mutants`: changes the rules one line at a time and looks whether a test notices.
//!
//! By `cargo-mutants`, which is installed with `cargo install cargo-mutants --locked`. Each mutant of `domain`,
//! `state_machine` and `workflow` is tried with the unit tests and a short run of the simulator: about a thousand builds,
//! hours on two cores, so for a night and not for CI. One that survives is a test that is missing, or a line that does
//! not matter; all are listed in `target/mutants`.

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::process::Command;

use crate::paths;

/// What is changed.
const MUTATED: [&str; 4] = [
    "--package=shared",
    "--file=shared/src/domain/**",
    "--file=shared/src/state_machine/**",
    "--file=shared/src/workflow/**",
];

/// What must notice. Without the thousands of random lives of the properties, which would take days.
const TESTS: [&str; 7] = ["--", "--lib", "--test", "short", "--", "--skip", "properties"];

/// `lethe mutants`
#[derive(Debug, Args)]
pub struct MutantsArgs {
    /// Builds at a time; each needs about a gigabyte.
    #[arg(long, default_value_t = 1)]
    jobs: u8,
}

/// Runs the subcommand; an error if a mutant survived.
pub async fn run(args: &MutantsArgs) -> Result<()> {
    unchanged().await?;
    let checkout = paths::checkout()?;
    // It makes the last folder of its output only, and `target` is missing where another target folder is set.
    tokio::fs::create_dir_all(checkout.join("target"))
        .await
        .context("target could not be made")?;
    let mut command = Command::new("cargo");
    command.current_dir(checkout).arg("mutants").args(MUTATED);
    command.args(["--test-package=shared,simulation", "--profile=mutants", "--no-shuffle"]);
    // Its own first run of the unchanged code asks only the changed package's tests, where `short` is not.
    command.arg("--baseline=skip");
    command.args([
        "--timeout=60",
        "--output=target/mutants",
        "--jobs",
        &args.jobs.to_string(),
    ]);
    command.args(TESTS);
    // A build of its own for each job: the common folder would be locked by the first.
    command.env_remove("CARGO_TARGET_DIR");
    let status = command.status().await.context("cargo could not be started")?;
    match status.code() {
        Some(0) => Ok(()),
        Some(2 | 3) => bail!("mutants survived; they are listed above and in target/mutants"),
        _ => bail!("cargo mutants did not run ({status}); it is installed with `cargo install cargo-mutants --locked`"),
    }
}

/// The same tests on the code as it is: a test that fails anyway would seem to notice every change.
async fn unchanged() -> Result<()> {
    let mut command = Command::new("cargo");
    command
        .current_dir(paths::checkout()?)
        .args(["test", "--profile=mutants", "--package=shared", "--package=simulation"])
        .args(&TESTS[1..]);
    let status = command.status().await.context("cargo could not be started")?;
    if !status.success() {
        bail!("the tests fail on the unchanged code, so they would say nothing about a changed one");
    }
    Ok(())
}
