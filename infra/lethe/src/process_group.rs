//! Processes that outlive a call: is this still the program that was started, and how its whole group is ended.
//!
//! A process id alone proves nothing, since ids are used again: [`runs`] compares the command line before anything is
//! signalled. Groups, because what is started here starts children of its own (functions, test binaries).

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// Whether process `pid` runs `program`. A dead process has no command line, a recycled id another one.
pub(crate) fn runs(pid: u32, program: &Path) -> bool {
    let program = program.as_os_str().as_encoded_bytes();
    match fs::read(format!("/proc/{pid}/cmdline")) {
        Ok(words) => words.split(|byte| *byte == 0).any(|word| word == program),
        Err(_) => listed_command(pid).windows(program.len()).any(|part| part == program),
    }
}

/// The command line where there is no `/proc` (macOS).
fn listed_command(pid: u32) -> Vec<u8> {
    let listed = Command::new("ps")
        .args(["-o", "command=", "-p", &pid.to_string()])
        .output();
    listed.map(|output| output.stdout).unwrap_or_default()
}

/// Asks the group led by `leader` to end.
pub(crate) fn terminate(leader: u32) -> Result<()> {
    kill_process_group(group(leader)?, Signal::TERM)
        .context("the process belongs to another user; stop it as that user")
}

/// Ends what is left of the group led by `leader`.
pub(crate) fn kill(leader: u32) {
    if let Ok(group) = group(leader) {
        // It fails only when the group is gone, which is the aim.
        let _ = kill_process_group(group, Signal::KILL);
    }
}

fn group(leader: u32) -> Result<Pid> {
    let id = i32::try_from(leader).ok().and_then(Pid::from_raw);
    id.with_context(|| format!("{leader} is no process id"))
}
