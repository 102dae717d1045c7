//! The processes a local stack runs a function in, found by what the emulator gave them, for killing.
//!
//! Only processes whose own environment names both this stack's endpoint and the function are ever signalled: another
//! stack on the same machine, or a person's, has another endpoint.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::app::App;

/// Kills every process of the function of this output with SIGKILL; says how many there were.
pub fn kill(app: &App, output: &str) -> usize {
    kill_some(app, output, usize::MAX)
}

/// Kills one process of the function; says whether there was one.
pub fn kill_one(app: &App, output: &str) -> usize {
    kill_some(app, output, 1)
}

/// The most memory that any process of the function that is there has had resident, in bytes; 0 without one.
pub fn peak_resident(app: &App, output: &str) -> u64 {
    let peaks = processes(&environment(app, output)).into_iter().filter_map(|pid| {
        let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    });
    peaks.max().unwrap_or_default() * 1024
}

/// What tells the function's processes from all others.
fn environment(app: &App, output: &str) -> [String; 2] {
    [
        format!("AWS_LAMBDA_FUNCTION_NAME={}", app.output(output)),
        format!("AWS_ENDPOINT_URL={}", app.stack.endpoint),
    ]
}

fn kill_some(app: &App, output: &str, most: usize) -> usize {
    let found = processes(&environment(app, output));
    found
        .into_iter()
        .filter(|pid| kill_process(*pid, Signal::KILL).is_ok())
        .take(most)
        .count()
}

fn processes(wanted: &[String]) -> Vec<Pid> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return vec![];
    };
    let pids = entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok().and_then(Pid::from_raw));
    pids.filter(|pid| {
        let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        let has = |variable: &String| {
            environment
                .split(|byte| *byte == 0)
                .any(|one| one == variable.as_bytes())
        };
        wanted.iter().all(has)
    })
    .collect()
}
