//! `lethe seed`: fills the local stack with the sample application's customers, or with records of your own.
//!
//! `--records N` writes the generated population, in which one customer has N records; twice is as good as once.
//! `--from FILE` writes an NDJSON file, one record a line: all of it, or nothing if a line is bad. Where a line's
//! record goes is the data map's to say: the sample application's, or the one `--data-map` names.
//! The work is done in the crate `demo` (`population`, `load`, `ndjson`, `seed`); this file shows its progress.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use demo::population::{ACME, EPOCH, LARGE, SEED};
use demo::seed::Checked;
use demo::{Names, Population};
use shared::domain::data_map::DataMap;

use crate::clients::Clients;
use crate::console;
use crate::stack_file::Stack;

/// `lethe seed`
#[derive(Debug, Args)]
pub struct SeedArgs {
    /// How many records the large customer has.
    #[arg(long, value_name = "N", default_value_t = 20_000, conflicts_with = "from")]
    records: u64,
    /// An NDJSON file to load instead: {tenant, dataset, subject, record} or {tenant, dataset, subject, key, file}.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// The data map that says where the lines of the file go, instead of the sample application's.
    #[arg(long, value_name = "FILE", requires = "from")]
    data_map: Option<PathBuf>,
}

/// Runs the subcommand.
pub async fn run(args: &SeedArgs) -> Result<()> {
    let stack = Stack::load()?;
    match &args.from {
        Some(file) => seed_from(&stack, file, args.data_map.as_deref()).await,
        None => seed_population(&stack, args.records).await.map(drop),
    }
}

/// The sample application of a stack: the clients that reach it and the names of its resources.
pub async fn sample(stack: &Stack) -> Result<(demo::Clients, Names)> {
    let clients = Clients::of(stack).await;
    let clients = demo::Clients {
        dynamodb: clients.dynamodb(),
        s3: clients.s3(),
    };
    Ok((clients, Names::from_outputs(&stack.demo_outputs)?))
}

/// Writes the generated population and returns it, for whoever wants to compare later.
pub async fn seed_population(stack: &Stack, records: u64) -> Result<Population> {
    let (clients, names) = sample(stack).await?;
    let population = Population::new(SEED, records, EPOCH);
    let (mut bar, mut done) = (console::bar("seeding", population.writes()), 0);
    demo::load::load(&clients, &names, population.records(), |more| {
        done += more;
        bar.set(done);
    })
    .await?;
    bar.finish();
    let large = population.expected(ACME, LARGE).records();
    let customers = population.customers().len();
    console::line(format!(
        "  seeded {done} records of {customers} customers; {LARGE} of {ACME} has {large}"
    ));
    Ok(population)
}

/// Writes an NDJSON file, after every line of it was found good.
pub async fn seed_from(stack: &Stack, file: &Path, data_map: Option<&Path>) -> Result<()> {
    let (clients, names) = sample(stack).await?;
    let yaml = match data_map {
        Some(path) => fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => demo::stack::data_map(&names)?,
    };
    let map = DataMap::parse(&yaml).map_err(|mistakes| {
        let all: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        anyhow!("the data map is not valid; correct it first:\n  {}", all.join("\n  "))
    })?;
    let step = console::step(format!("checking {}", file.display()));
    let checked = Checked::open(&clients, &map, file).await?;
    step.done(&format!("{} lines", checked.lines()));
    let (mut bar, mut done) = (console::bar("seeding", checked.lines()), 0);
    checked
        .write(&clients, |more| {
            done += more;
            bar.set(done);
        })
        .await?;
    bar.finish();
    console::line(format!("  seeded {done} records"));
    Ok(())
}
