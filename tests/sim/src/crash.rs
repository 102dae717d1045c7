//! Every crash point: a scenario of N calls is run 2N times, its maker dying at call i, before and after the effect.
//!
//! Guarantee: each run comes to rest with no hand, satisfies the oracle and, where the data does not change under the
//! run, ends exactly as the run without a crash did. A new workflow joins with [`recovers_from_every_crash`] and
//! [`succeeds_when_run_twice`] on a scenario of its own.

use std::fmt;

use shared::sim::{Calm, Crashes, Side};

use crate::play::{Play, Played, play};
use crate::scenario::Scenario;
use crate::stack::Habits;
use crate::workers::in_parallel;

/// Where somebody died.
pub type Point = (u64, Side);

/// What came of many runs.
#[derive(Debug)]
pub struct Report {
    /// Which scenario.
    pub scenario: &'static str,
    /// Calls of the run without a crash.
    pub calls: u64,
    /// Runs with a crash.
    pub runs: usize,
    /// The points after which something was wrong, and what.
    pub failures: Vec<(Vec<Point>, Vec<String>)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scenario, calls, runs, ..
        } = self;
        write!(
            f,
            "{scenario}: {calls} calls, {runs} runs, {} failed",
            self.failures.len()
        )?;
        for (points, complaints) in self.failures.iter().take(10) {
            write!(f, "\n  {points:?}")?;
            for complaint in complaints.iter().take(5) {
                write!(f, "\n    {complaint}")?;
            }
        }
        Ok(())
    }
}

/// Dies at each call in turn.
///
/// # Panics
/// If a run does not recover.
pub fn recovers_from_every_crash(scenario: &Scenario) -> Report {
    recovers_from_crashes(scenario, 1)
}

/// Dies at one in every `stride` of the crash points in turn.
///
/// # Panics
/// If a run does not recover.
pub fn recovers_from_crashes(scenario: &Scenario, stride: usize) -> Report {
    let calm = calm(scenario);
    let points = points(calm.calls).step_by(stride).map(|point| vec![point]);
    expect_none(crashed(scenario, &calm, points.collect()))
}

/// Dies at each pair of calls; with a `stride` only at every so many of the pairs.
///
/// # Panics
/// If a run does not recover.
pub fn recovers_from_pairs_of_crashes(scenario: &Scenario, stride: usize) -> Report {
    let calm = calm(scenario);
    let singles: Vec<_> = points(calm.calls).collect();
    let pairs = singles.iter().enumerate().flat_map(|(i, first)| {
        let later = singles[i + 1..].iter().filter(move |second| second.0 > first.0);
        later.map(move |second| vec![*first, *second])
    });
    let pairs: Vec<_> = pairs.step_by(stride).collect();
    expect_none(crashed(scenario, &calm, pairs))
}

/// Does every deed twice and delivers every message twice.
///
/// # Panics
/// If the ending is another one.
pub fn succeeds_when_run_twice(scenario: &Scenario) {
    let calm = calm(scenario);
    let habits = Habits {
        twice: true,
        ..Habits::default()
    };
    let twice = play(
        scenario,
        &Play {
            habits,
            ..Play::default()
        },
        Calm,
    );
    let wrong = compared(scenario, &calm.ending, &twice);
    assert!(wrong.is_empty(), "{}, everything twice: {wrong:#?}", scenario.name);
}

/// The run without a crash.
///
/// # Panics
/// If even that one is wrong.
pub fn calm(scenario: &Scenario) -> Played {
    let calm = play(scenario, &Play::default(), Calm);
    assert!(calm.complaints.is_empty(), "{}: {:#?}", scenario.name, calm.complaints);
    calm
}

fn points(calls: u64) -> impl Iterator<Item = Point> {
    (1..=calls).flat_map(|n| [(n, Side::Before), (n, Side::After)])
}

fn crashed(scenario: &Scenario, calm: &Played, runs: Vec<Vec<Point>>) -> Report {
    let count = runs.len();
    let ending = &calm.ending;
    let failures = in_parallel(&runs, |points| {
        let played = play(scenario, &Play::default(), Crashes::at(points.iter().copied()));
        let wrong = compared(scenario, ending, &played);
        (!wrong.is_empty()).then_some((points, wrong))
    });
    Report {
        scenario: scenario.name,
        calls: calm.calls,
        runs: count,
        failures,
    }
}

fn compared(scenario: &Scenario, ending: &str, played: &Played) -> Vec<String> {
    let mut wrong = played.complaints.clone();
    if !scenario.ending_varies() && played.ending != ending {
        wrong.push(difference(&played.ending, ending));
    }
    wrong
}

/// The lines that one ending has and the other has not.
fn difference(is: &str, should: &str) -> String {
    let only = |these: &str, those: &str| {
        let only: Vec<_> = these
            .lines()
            .filter(|line| !those.lines().any(|other| other == *line))
            .collect();
        only.join(" / ")
    };
    format!("ended as {} instead of {}", only(is, should), only(should, is))
}

fn expect_none(report: Report) -> Report {
    assert!(report.failures.is_empty(), "{report}");
    report
}
