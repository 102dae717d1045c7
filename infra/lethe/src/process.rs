//! Runs a tool to its end, keeps what it wrote in a log file, and turns its failure into an error that shows the last
//! lines and says what to do. Also the environment a tool gets that must talk to the local stack and nothing else.

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

/// Lines of a tool's log shown when it fails: enough for the message, not the whole story.
const LINES_SHOWN: usize = 20;

/// The account the emulator treats as root. Not a secret: it opens nothing but a process on this machine.
pub(crate) const DUMMY_KEY: &str = "test";

/// Runs `command` with its output in `log`. `remedy` completes the sentence "... failed;".
pub(crate) async fn run_logged(mut command: Command, log: &Path, what: &str, remedy: &str) -> Result<()> {
    let output = File::create(log).with_context(|| format!("cannot write {}; make it writable", log.display()))?;
    let errors = output.try_clone().context("cannot share a log file")?;
    let status = command
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors)
        .kill_on_drop(true)
        .status()
        .await
        .with_context(|| format!("{what} could not be started; {remedy}"))?;
    if status.success() {
        return Ok(());
    }
    bail!(
        "{what} failed ({status}); {remedy}\nIts last lines, all of them in {}:\n{}",
        log.display(),
        tail(log)
    );
}

/// The last lines of a log, indented; empty when there is none.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = lines.len().saturating_sub(LINES_SHOWN);
    lines[from..]
        .iter()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Points a tool at the local stack. Whatever the user's shell says about AWS is taken away first: a profile or a
/// token left in it must never turn a local deployment into a real one.
pub(crate) fn only_local(command: &mut Command, endpoint: &str, region: &str) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command
        .env("AWS_ACCESS_KEY_ID", DUMMY_KEY)
        .env("AWS_SECRET_ACCESS_KEY", DUMMY_KEY);
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_REGION", region)
        .env("AWS_DEFAULT_REGION", region);
}
