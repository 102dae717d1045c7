//! `cargo lethe sim`: crash points and storms, as many as one likes.
#![expect(clippy::print_stdout, reason = "a command's answer is what it prints")]

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use simulation::crash::{recovers_from_every_crash, recovers_from_pairs_of_crashes};
use simulation::scenario::Scenario;
use simulation::seeds::{storm, storms, story};

/// The workflows on the simulator.
#[derive(Debug, Parser)]
#[command(name = "sim", version)]
struct Args {
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

fn main() -> ExitCode {
    let args = Args::parse();
    if args.crash_points {
        crash_points();
        return ExitCode::SUCCESS;
    }
    if args.trace {
        println!("{}", story(args.from, &storm(args.from, None)));
    }
    let begun = Instant::now();
    let failures = storms(args.from, args.seeds, None);
    for failure in failures.iter().take(5) {
        println!("{}", story(failure.seed, &storm(failure.seed, None)));
        println!(
            "commit {}; again: cargo lethe sim --seeds 1 --from {} --trace\n",
            commit(),
            failure.seed
        );
    }
    println!(
        "{} seeds from {}: {} failed, {:.1} s",
        args.seeds,
        args.from,
        failures.len(),
        begun.elapsed().as_secs_f64()
    );
    if failures.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// A scenario that does not recover panics with its crash points, which ends the command with a failure.
fn crash_points() {
    for scenario in Scenario::all().into_iter().chain([Scenario::thousands()]) {
        timed(|| recovers_from_every_crash(&scenario));
    }
    timed(|| recovers_from_pairs_of_crashes(&Scenario::smallest(), 1));
}

fn timed(work: impl FnOnce() -> simulation::crash::Report) {
    let begun = Instant::now();
    let report = work();
    println!("{report}, {:.1} s", begun.elapsed().as_secs_f64());
}

fn commit() -> String {
    let described = std::process::Command::new("git")
        .args(["describe", "--always", "--dirty"])
        .output();
    described.map_or_else(
        |_| "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
