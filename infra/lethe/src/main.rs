//! The `lethe` command. It only sorts out which subcommand is meant; each has a file of its own in this folder.
#![recursion_limit = "256"] // the futures of SDK calls nest deep

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use lethe::{console, data_map, demo, doctor, down, model, mutants, policy, seed, sim, test, up};

/// Lethe's local stack, tests and deployment tools.
#[derive(Debug, Parser)]
#[command(name = "lethe", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the local stack and deploy Lethe and the sample application to it.
    Up(up::UpArgs),
    /// Stop the local stack.
    Down(down::DownArgs),
    /// Show one real deletion, from submit to shredding, and check every step.
    Demo(demo::DemoArgs),
    /// Fill the local stack with sample customers, or with records of your own.
    Seed(seed::SeedArgs),
    /// Run every test on a stack of its own.
    Test(test::TestArgs),
    /// Look at every state of the work protocol's model.
    Model(model::ModelArgs),
    /// Play the workflows on the simulator, with everything around them going wrong.
    Sim(sim::SimArgs),
    /// Change the rules one line at a time and look whether a test notices.
    Mutants(mutants::MutantsArgs),
    /// Check what a deployment needs beyond its template.
    Doctor(doctor::DoctorArgs),
    /// The policy: periods and switches, per tenant.
    Policy(policy::PolicyArgs),
    /// The data map: where personal data lives.
    DataMap(data_map::DataMapArgs),
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            console::error(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Up(args) => up::run(&args).await,
        Command::Down(args) => down::run(&args),
        Command::Test(args) => test::run(&args).await,
        Command::Model(args) => model::run(&args).await,
        Command::Sim(args) => sim::run(&args).await,
        Command::Mutants(args) => mutants::run(&args).await,
        Command::Doctor(args) => doctor::run(&args).await,
        Command::Demo(args) => demo::run(&args).await,
        Command::Seed(args) => seed::run(&args).await,
        Command::Policy(args) => policy::run(&args).await,
        Command::DataMap(args) => data_map::run(&args).await,
    }
}
