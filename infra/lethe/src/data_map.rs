//! `lethe data-map lint FILE` and `lethe data-map apply FILE`: says what is wrong with a data map, or makes it the one
//! that counts.
//!
//! Applying is: lint, deploy the rights it needs (`<stack>-access`), store the file as a new version. Rights come first:
//! a request that pins the new map must be able to reach what it names. Each step can be repeated.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use shared::blob::S3Config;
use shared::domain::data_map::DataMap;

use crate::access::{Deployed, Found, Roles, deploy, template};
use crate::clients::Clients;
use crate::console;
use crate::doctor::access_stack_name;
use crate::lint::{World, judge, look};
use crate::stack_file::Stack;
use crate::target::{Target, TargetArgs};

/// `lethe data-map`
#[derive(Debug, Args)]
pub struct DataMapArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a data map against the tables and buckets it names; change nothing.
    Lint(FileArgs),
    /// Check a data map, give Lethe the rights it needs, and make it the one that counts.
    Apply(FileArgs),
}

#[derive(Debug, Args)]
struct FileArgs {
    /// The data map (YAML).
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

/// Runs the subcommand.
pub async fn run(args: &DataMapArgs) -> Result<()> {
    match &args.command {
        Command::Lint(args) => {
            let target = args.target.resolve().await?;
            let (_, map, _) = linted(&target.clients, &args.file).await?;
            console::line(format!(
                "{} is sound: {} datasets",
                args.file.display(),
                map.datasets.len()
            ));
            Ok(())
        }
        Command::Apply(args) => apply(&args.target.resolve().await?, &args.file).await,
    }
}

/// Applies a file to the local stack.
pub async fn apply_to(stack: &Stack, file: &Path) -> Result<()> {
    let target = Target::read(Clients::of(stack).await, &stack.stack_name).await?;
    apply(&target, file).await
}

/// Applies a file to a deployment.
pub async fn apply(target: &Target, file: &Path) -> Result<()> {
    let (yaml, map, world) = linted(&target.clients, file).await?;
    let access = template(&map, &found(target, &world)?, &roles(target)?)?;
    let name = access_stack_name(&target.stack_name);
    let step = console::step(format!("Deploying the rights the data map needs as {name}"));
    let deployed = deploy(&target.clients.cloudformation(), &name, &access.to_string()).await?;
    step.done(match deployed {
        Deployed::Created => "new",
        Deployed::Updated => "changed",
        Deployed::Unchanged => "no change",
    });
    let config = S3Config::new(
        target.clients.s3(),
        target.output("ConfigBucket")?,
        target.output("DataKeyArn")?,
    );
    let pinned = config
        .put_data_map(&yaml)
        .await
        .context("the data map could not be stored in the config bucket")?;
    let datasets = pinned.value.datasets.len();
    console::line(format!(
        "data map applied: {datasets} datasets, version {}, digest {}",
        pinned.version, pinned.digest
    ));
    Ok(())
}

/// Reads and lints a file; an error lists every mistake.
async fn linted(clients: &Clients, file: &Path) -> Result<(String, DataMap, World)> {
    let shown = file.display();
    let yaml = std::fs::read_to_string(file).with_context(|| format!("cannot read {shown}"))?;
    let map = match DataMap::parse(&yaml) {
        Ok(map) => map,
        Err(mistakes) => bail!(
            "{shown} is no sound data map:{}",
            indented(mistakes.iter().map(|one| one.0.as_str()))
        ),
    };
    let world = look(&map, &clients.dynamodb(), &clients.s3()).await?;
    let mistakes = judge(&map, &world);
    if mistakes.is_empty() {
        Ok((yaml, map, world))
    } else {
        bail!(
            "{shown} does not fit what it names:{}",
            indented(mistakes.iter().map(String::as_str))
        )
    }
}

fn indented<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| format!("\n  - {line}")).collect()
}

fn found(target: &Target, world: &World) -> Result<Found> {
    let tables = world.tables.iter();
    let tables = tables.filter_map(|(name, table)| Some((name.clone(), table.as_ref()?.facts.clone())));
    let partition = target.output("DataKeyArn")?.split(':').nth(1).unwrap_or("aws");
    Ok(Found {
        partition: partition.to_owned(),
        tables: tables.collect(),
    })
}

fn roles(target: &Target) -> Result<Roles> {
    let role = |output: &str| target.output(output).map(str::to_owned);
    Ok(Roles {
        review: role("ReviewRoleName")?,
        planning: role("PlanningRoleName")?,
        execution: role("ExecutionRoleName")?,
    })
}
