//! `model`: checks the protocol and each of its flaws, prints a table, and fails when a verdict is not the expected one.

use std::io::Write;

use anyhow::{Result, ensure};
use clap::Parser;
use model::check::{Verdict, check, is_acyclic};
use model::protocol::{Flaw, Protocol};

/// Looks at every state of the work protocol's model.
#[derive(Debug, Parser)]
struct Args {
    /// Faults on a path. Each one more means about eight times the states.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(2..=6))]
    faults: u8,
}

fn main() -> Result<()> {
    let faults = Args::parse().faults;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{:<28} {:>10} {:>6}  verdict", "variant", "states", "depth")?;
    let mut as_expected = true;
    for flaw in [None].into_iter().chain(Flaw::ALL.map(Some)) {
        let protocol = Protocol { flaw, faults };
        let verdict = check(protocol);
        // A flaw is found on a path that ends; only where nothing is found it matters that all do.
        let ends = flaw.is_some() || is_acyclic(protocol);
        as_expected &= verdict.is_expected() && ends;
        let (name, Verdict { states, depth, .. }) = (flaw.map_or("the protocol", Flaw::words), &verdict);
        writeln!(out, "{name:<28} {states:>10} {depth:>6}  {}", words(&verdict, ends))?;
    }
    ensure!(as_expected, "the model's verdict is not the expected one; see above");
    Ok(())
}

/// The verdict in words; what nobody expected with the whole way there.
fn words(verdict: &Verdict, ends: bool) -> String {
    let expected = verdict.protocol.flaw.map(Flaw::breaks);
    let found = verdict
        .violated
        .iter()
        .find(|violation| Some(violation.property) == expected);
    match (expected, found) {
        (Some(property), Some(violation)) => format!("found: not \"{property}\", {} steps", violation.actions.len()),
        (Some(property), None) => format!("NOT FOUND: \"{property}\""),
        (None, _) if verdict.is_expected() && ends => format!("holds with any {} faults", verdict.protocol.faults),
        (None, _) if !ends => "A PATH GOES ROUND FOR EVER".to_owned(),
        (None, _) => format!(
            "DOES NOT HOLD: {:#?}, never seen: {:?}",
            verdict.violated, verdict.unseen
        ),
    }
}
