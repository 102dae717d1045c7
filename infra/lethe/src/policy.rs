//! `lethe policy apply FILE`: checks a policy file and makes it the one that counts.
//!
//! Periods under a day pass only where the deployment was made with `AllowShortPeriods=true`. A request keeps the policy
//! it was approved under; the file decides about requests approved from now on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use shared::blob::S3Config;
use shared::domain::policy::PolicyFile;

use crate::clients::Clients;
use crate::console;
use crate::stack_file::Stack;
use crate::target::{Target, TargetArgs};

/// `lethe policy`
#[derive(Debug, Args)]
pub struct PolicyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a policy file and make it the one that counts.
    Apply {
        /// The policy (YAML).
        file: PathBuf,
        #[command(flatten)]
        target: TargetArgs,
    },
}

/// Runs the subcommand.
pub async fn run(args: &PolicyArgs) -> Result<()> {
    let Command::Apply { file, target } = &args.command;
    apply(&target.resolve().await?, file).await
}

/// Applies a file to the local stack.
pub async fn apply_to(stack: &Stack, file: &Path) -> Result<()> {
    let target = Target::read(Clients::of(stack).await, &stack.stack_name).await?;
    apply(&target, file).await
}

/// Applies a file to a deployment.
pub async fn apply(target: &Target, file: &Path) -> Result<()> {
    let shown = file.display();
    let yaml = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let short = target.parameter("AllowShortPeriods") == "true";
    let parsed = PolicyFile::parse(&yaml, short).with_context(|| format!("{shown} is not applied"))?;
    let config = S3Config::new(
        target.clients.s3(),
        target.output("ConfigBucket")?,
        target.output("DataKeyArn")?,
    );
    let pinned = config
        .put_policy(&yaml)
        .await
        .context("the policy could not be stored in the config bucket")?;
    let tenants = parsed.tenants.len();
    console::line(format!(
        "policy applied: defaults and {tenants} tenants, version {}",
        pinned.version
    ));
    Ok(())
}
