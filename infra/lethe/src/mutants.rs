//! `lethe mutants`: changes the rules one line at a time and looks whether a test notices.
//!
//! By `cargo-mutants`, which is installed with `cargo install cargo-mutants --locked`. Each mutant of `domain`,
//! `state_machine` and `workflow` is tried with the unit tests, which play the use cases on the simulator's fakes; what
//! they do not notice, then also with a short run of the simulator. More than a thousand builds, hours on two cores, so
//! for a night and not for CI. One that survives is a test that is missing, or a line that does not matter; all are
//! listed in `target/mutants`. Run again, it leaves out what was noticed before.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::process::Command;

use crate::paths;

/// What is changed, unless files are named.
const FILES: [&str; 3] = [
    "shared/src/domain/**",
    "shared/src/state_machine/**",
    "shared/src/workflow/**",
];

/// `lethe mutants`
#[derive(Debug, Args)]
pub struct MutantsArgs {
    /// Builds at a time; each needs about a gigabyte.
    #[arg(long, default_value_t = 1)]
    jobs: u8,
    /// Only files that match, instead of all three folders; for a look after a change.
    #[arg(long = "file", value_name = "GLOB")]
    files: Vec<String>,
}

impl MutantsArgs {
    fn files(&self) -> impl Iterator<Item = &str> {
        let all = FILES.iter().copied().filter(|_| self.files.is_empty());
        all.chain(self.files.iter().map(String::as_str))
    }
}

/// What must notice.
struct Stage {
    packages: &'static [&'static str],
    /// Only these are built, and with these features.
    targets: &'static [&'static str],
}

const STAGES: [Stage; 2] = [
    Stage {
        packages: &["shared"],
        targets: &["--lib", "--features=sim"],
    },
    Stage {
        packages: &["shared", "simulation"],
        targets: &["--lib", "--test", "short"],
    },
];

/// Without the thousands of random lives of the properties, which would take days.
const TESTS: [&str; 3] = ["--", "--skip", "properties"];

/// Runs the subcommand; an error if a mutant survived.
pub async fn run(args: &MutantsArgs) -> Result<()> {
    let checkout = paths::checkout()?;
    // It makes the last folder of its output only, and `target` is missing where another target folder is set.
    tokio::fs::create_dir_all(checkout.join("target"))
        .await
        .context("target could not be made")?;
    let mut survived = false;
    for stage in &STAGES {
        unchanged(&checkout, stage).await?;
        survived = try_mutants(&checkout, stage, args).await?;
    }
    if survived {
        bail!("mutants survived; they are listed above and in target/mutants");
    }
    Ok(())
}

/// Tries every mutant of a stage that no stage before it noticed; whether one survived.
async fn try_mutants(checkout: &Path, stage: &Stage, args: &MutantsArgs) -> Result<bool> {
    let mut command = Command::new("cargo");
    command.current_dir(checkout).args(["mutants", "--package=shared"]);
    command.args(args.files().map(|file| format!("--file={file}")));
    command.arg(format!("--test-package={}", stage.packages.join(",")));
    command.args(["--profile=mutants", "--no-shuffle", "--timeout=60", "--iterate"]);
    // Its own first run of the unchanged code asks only the changed package's tests, where `short` is not.
    command.args([
        "--baseline=skip",
        "--output=target/mutants",
        "--jobs",
        &args.jobs.to_string(),
    ]);
    // Given to the build as well as to the run, or it would build every test there is.
    command.args(stage.targets.iter().map(|target| format!("--cargo-arg={target}")));
    command.arg("--").args(TESTS);
    // One job goes on where the unchanged code was just built. Of several each builds from the start, in a folder of
    // its own: the common one would be locked by the first.
    match args.jobs {
        1 => command.env("CARGO_TARGET_DIR", paths::target(checkout)),
        _ => command.env_remove("CARGO_TARGET_DIR"),
    };
    let status = command.status().await.context("cargo could not be started")?;
    match status.code() {
        Some(0) => Ok(false),
        Some(2 | 3) => Ok(true),
        _ => bail!("cargo mutants did not run ({status}); it is installed with `cargo install cargo-mutants --locked`"),
    }
}

/// The same tests on the code as it is: a test that fails anyway would seem to notice every change.
async fn unchanged(checkout: &Path, stage: &Stage) -> Result<()> {
    let mut command = Command::new("cargo");
    command.current_dir(checkout).args(["test", "--profile=mutants"]);
    command.args(stage.packages.iter().map(|package| format!("--package={package}")));
    command.args(stage.targets).args(TESTS);
    let status = command.status().await.context("cargo could not be started")?;
    if !status.success() {
        bail!("the tests fail on the unchanged code, so they would say nothing about a changed one");
    }
    Ok(())
}
