//! `lethe data-map lint FILE [--against STACK]` and `lethe data-map apply FILE`: says what is wrong with a data map, or
//! makes it the one that counts.
//!
//! Applying is: lint, deploy the rights it needs (`<stack>-access`), store the file as a new version. Rights come first:
//! a request that pins the new map must be able to reach what it names. Each step can be repeated.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use aws_sdk_s3::error::DisplayErrorContext;
use clap::{Args, Subcommand};
use shared::blob::{DATA_MAP, S3Config};
use shared::domain::data_map::DataMap;
use shared::domain::data_map::lint::{Linted, lint};

use crate::access::{Deployed, Found, Roles, deploy, template};
use crate::clients::Clients;
use crate::console;
use crate::describe::{Described, describe};
use crate::doctor::access_stack_name;
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
    /// Say everything that is wrong with a data map, with its line and the remedy; change nothing.
    Lint(LintArgs),
    /// Lint a data map, give Lethe the rights it needs, and make it the one that counts.
    Apply(ApplyArgs),
}

#[derive(Debug, Args)]
struct LintArgs {
    /// The data map (YAML).
    file: PathBuf,
    /// Look at the tables and buckets too, beside this stack on AWS; without a name, beside the local stack. Left out,
    /// only the file is looked at.
    #[arg(long, visible_alias = "stack", value_name = "STACK", num_args = 0..=1)]
    against: Option<Option<String>>,
}

#[derive(Debug, Args)]
struct ApplyArgs {
    /// The data map (YAML).
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
}

/// Runs the subcommand.
pub async fn run(args: &DataMapArgs) -> Result<()> {
    match &args.command {
        Command::Lint(args) => lint_file(args).await,
        Command::Apply(args) => apply(&args.target.resolve().await?, &args.file).await,
    }
}

async fn lint_file(args: &LintArgs) -> Result<()> {
    let (map, held_against) = match &args.against {
        None => (
            judged(lint(&read(&args.file)?), &args.file)?,
            "by itself; --against STACK looks at what it names",
        ),
        Some(stack) => {
            let target = TargetArgs::named(stack.clone()).resolve().await?;
            let linted = lint_against(&target, &args.file).await?;
            (judged(linted, &args.file)?, "and fits what it names")
        }
    };
    let datasets = map.datasets.len();
    console::line(format!(
        "{} is sound {held_against}: {datasets} datasets",
        args.file.display()
    ));
    Ok(())
}

/// Applies a file to the local stack.
pub async fn apply_to(stack: &Stack, file: &Path) -> Result<()> {
    let target = Target::read(Clients::of(stack).await, &stack.stack_name).await?;
    apply(&target, file).await
}

/// Applies a file to a deployment.
pub async fn apply(target: &Target, file: &Path) -> Result<()> {
    let yaml = read(file)?;
    let (linted, described) = described(target, &yaml).await?;
    let map = judged(linted, file)?;
    let access = template(&map, &found(target, described)?, &roles(target)?)?;
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

/// Lints a file against a deployment.
pub async fn lint_against(target: &Target, file: &Path) -> Result<Linted> {
    Ok(described(target, &read(file)?).await?.0)
}

/// Lints the map in force; nothing if none was applied.
pub async fn lint_in_force(target: &Target) -> Result<Option<Linted>> {
    let get = target.clients.s3().get_object().bucket(target.output("ConfigBucket")?);
    let answer = match get.key(DATA_MAP).send().await {
        Ok(answer) => answer,
        Err(error) if error.as_service_error().is_some_and(|why| why.is_no_such_key()) => return Ok(None),
        Err(error) => bail!("the data map in force cannot be read: {}", DisplayErrorContext(&error)),
    };
    let yaml = answer.body.collect().await.context("the data map in force broke off")?;
    let yaml = String::from_utf8(yaml.to_vec()).context("the data map in force is no text")?;
    Ok(Some(described(target, &yaml).await?.0))
}

async fn described(target: &Target, yaml: &str) -> Result<(Linted, Described)> {
    let linted = lint(yaml);
    let described = describe(&linted.map(), target).await?;
    Ok((linted.against(&described.description), described))
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Says what is doubtful; refuses what is wrong.
fn judged(linted: Linted, file: &Path) -> Result<DataMap> {
    let (doubts, mistakes): (Vec<_>, Vec<_>) = linted.mistakes().iter().partition(|one| one.code.is_doubt());
    let shown = file.display();
    for doubt in doubts {
        console::warn(format!("{shown}:{doubt}"));
    }
    if linted.is_sound() {
        return Ok(linted.map());
    }
    let mistakes: Vec<_> = mistakes.into_iter().map(|one| format!("{shown}:{one}")).collect();
    bail!("mistakes in the data map: {}\n{}", mistakes.len(), mistakes.join("\n"))
}

fn found(target: &Target, described: Described) -> Result<Found> {
    let partition = target.output("DataKeyArn")?.split(':').nth(1).unwrap_or("aws");
    Ok(Found {
        partition: partition.to_owned(),
        tables: described.facts,
        bucket_keys: described.bucket_keys,
    })
}

fn roles(target: &Target) -> Result<Roles> {
    let role = |output: &str| target.output(output).map(str::to_owned);
    Ok(Roles {
        review: role("ReviewRoleName")?,
        planning: role("PlanningRoleName")?,
        execution: role("ExecutionRoleName")?,
        packaging: role("PackagingRoleName")?,
    })
}
