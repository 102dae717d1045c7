//! `lethe test`: every test of the workspace, on a stack of its own, ending with one line of counts.
//!
//! The runner's output passes through as it comes. `--no-fail-fast`, so that the counts are those of all tests.

use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::console;
use crate::functions::cargo;
use crate::own_stack::{OwnStack, until_interrupted};
use crate::paths;
use crate::process_group;
use crate::test_report::TestReport;

/// Tests that run at a time, unless `RUST_TEST_THREADS` says otherwise: most of them wait for the stack (a recovery
/// window, TTL, a lease), not for the processor, and one a core would take many times as long.
const AT_ONCE: &str = "12";

/// `lethe test`
#[derive(Debug, Args)]
pub struct TestArgs {
    /// Only tests whose name contains this.
    filter: Option<String>,
}

/// Runs the subcommand; an error if a test failed.
pub async fn run(args: &TestArgs) -> Result<()> {
    // Boxed: bringing up a stack is a large future, and it is held twice here.
    let (status, report) = until_interrupted(Box::pin(run_on_own_stack(args))).await?;
    for why in report.skips() {
        console::line(format!("skipped: {why}"));
    }
    console::line(report.to_string());
    match (status.success(), report.has_failures()) {
        (true, false) => Ok(()),
        (_, true) => bail!("tests failed; each is named above with its message"),
        (false, false) => bail!("cargo test failed before or beside the tests ({status}); its message is above"),
    }
}

async fn run_on_own_stack(args: &TestArgs) -> Result<(ExitStatus, TestReport)> {
    let own = OwnStack::start().await?;
    run_tests(args, &own).await
}

async fn run_tests(args: &TestArgs, own: &OwnStack) -> Result<(ExitStatus, TestReport)> {
    let mut command = cargo(&paths::checkout()?);
    command
        .args(["test", "--workspace", "--profile", "local", "--no-fail-fast"])
        .args(&args.filter);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", AT_ONCE);
    }
    command
        .env("LETHE_STACK", own.stack_file())
        .stdout(Stdio::piped())
        .process_group(0);
    let child = command
        .spawn()
        .context("cargo could not be started; call this as `cargo lethe test`")?;
    let mut runner = Runner(child);
    let output = runner.0.stdout.take().context("cargo's output was not captured")?;
    let mut lines = BufReader::new(output).lines();
    let mut report = TestReport::default();
    while let Some(line) = lines.next_line().await.context("cargo's output broke off")? {
        report.read(&line);
        console::line(line);
    }
    Ok((runner.0.wait().await.context("cargo test was lost")?, report))
}

/// Cargo and the test binaries it runs: a group of its own, ended as a whole. An interrupted run would otherwise leave
/// a test behind that goes on against a stack that is no more.
struct Runner(Child);

impl Drop for Runner {
    fn drop(&mut self) {
        // No id: it was waited for, and the number may be somebody else's by now.
        if let Some(leader) = self.0.id() {
            process_group::kill(leader);
        }
    }
}
