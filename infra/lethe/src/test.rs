//! `lethe test`: every test of the workspace, on a stack of its own, ending with one line of counts.
//!
//! The runner's output passes through as it comes. `--no-fail-fast`, so that the counts are those of all tests.
//! `--faults` and `--million` run the trials of `tests/faults` alone, in forms too long for every day.

use std::process::{ExitStatus, Stdio};

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;

use crate::console;
use crate::functions::cargo;
use crate::own_stack::{OwnStack, until_interrupted};
use crate::paths;
use crate::previous;
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
    /// Only the trials with injected faults, in their long form: more records, rights taken away, and an upgrade over a
    /// running job.
    #[arg(long, conflicts_with = "million")]
    faults: bool,
    /// Only the great run: so many records of ten customers, once in peace, once with 3 % of all calls failing and a
    /// worker killed every 20 seconds. Takes hours for a million; nothing else should run beside it.
    #[arg(long, value_name = "RECORDS", num_args = 0..=1, default_missing_value = "1000000")]
    million: Option<u64>,
}

/// Trials that the daily run leaves out; whoever wants them names them.
const LONG: [&str; 3] = ["long::", "revoked::", "million::"];

impl TestArgs {
    /// What cargo is to run: one call for each stack that is needed.
    fn runs(&self) -> Vec<Run> {
        let filter = self.filter.iter().cloned();
        if let Some(records) = self.million {
            let arguments = ["--", "--nocapture", "--exact", "million::a_great_erasure_is_exact"];
            return vec![Run::trials(arguments).with("LETHE_MILLION", &records.to_string())];
        }
        if self.faults {
            let skipped = LONG.into_iter().flat_map(|name| ["--skip", name]);
            let here = Run::trials(
                filter
                    .clone()
                    .chain(["--".to_owned()])
                    .chain(skipped.map(str::to_owned)),
            );
            let revoked = Run::trials(["revoked::"]);
            let upgrade = Run::trials(["long::"]).on(StackOf::Previous);
            return [here, revoked, upgrade]
                .into_iter()
                .map(|run| run.with("LETHE_FAULTS", "long"))
                .collect();
        }
        let skipped = LONG.into_iter().flat_map(|name| ["--skip", name]);
        let all = ["--workspace", "--"].into_iter().chain(skipped).map(str::to_owned);
        vec![Run::new(filter.chain(all))]
    }
}

/// Whose functions are deployed when the tests begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StackOf {
    /// This checkout's.
    Checkout,
    /// Those of the last commit with other functions.
    Previous,
}

/// One call of `cargo test`.
#[derive(Debug)]
struct Run {
    stack: StackOf,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
}

impl Run {
    fn new(arguments: impl IntoIterator<Item = String>) -> Self {
        let (arguments, environment) = (arguments.into_iter().collect(), vec![]);
        Self {
            stack: StackOf::Checkout,
            arguments,
            environment,
        }
    }

    fn trials(arguments: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let target = ["--package", "integration-tests", "--test", "faults"].map(str::to_owned);
        Self::new(target.into_iter().chain(arguments.into_iter().map(Into::into)))
    }

    fn on(mut self, stack: StackOf) -> Self {
        self.stack = stack;
        self
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }
}

/// Runs the subcommand; an error if a test failed.
pub async fn run(args: &TestArgs) -> Result<()> {
    let mut report = TestReport::default();
    let mut failed = None;
    for run in args.runs() {
        // Boxed: bringing up a stack is a large future, and it is held twice here.
        let status = until_interrupted(Box::pin(run_on_own_stack(&run, &mut report))).await?;
        failed = failed.or((!status.success()).then_some(status));
    }
    for why in report.skips() {
        console::line(format!("skipped: {why}"));
    }
    console::line(report.to_string());
    match (failed, report.has_failures()) {
        (None, false) => Ok(()),
        (_, true) => bail!("tests failed; each is named above with its message"),
        (Some(status), false) => bail!("cargo test failed before or beside the tests ({status}); its message is above"),
    }
}

async fn run_on_own_stack(run: &Run, report: &mut TestReport) -> Result<ExitStatus> {
    let own = match run.stack {
        StackOf::Checkout => OwnStack::start().await?,
        StackOf::Previous => previous::start().await?,
    };
    run_tests(run, &own, report).await
}

async fn run_tests(run: &Run, own: &OwnStack, report: &mut TestReport) -> Result<ExitStatus> {
    let mut command = cargo(&paths::checkout()?);
    command
        .args(["test", "--profile", "local", "--no-fail-fast"])
        .args(&run.arguments);
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", AT_ONCE);
    }
    command
        .envs(run.environment.iter().cloned())
        .env("LETHE_STACK", own.stack_file())
        .stdout(Stdio::piped())
        .process_group(0);
    let child = command
        .spawn()
        .context("cargo could not be started; call this as `cargo lethe test`")?;
    let mut runner = Runner(child);
    let output = runner.0.stdout.take().context("cargo's output was not captured")?;
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await.context("cargo's output broke off")? {
        report.read(&line);
        console::line(line);
    }
    runner.0.wait().await.context("cargo test was lost")
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

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(faults: bool, million: Option<u64>) -> Vec<(StackOf, String)> {
        let args = TestArgs {
            filter: None,
            faults,
            million,
        };
        args.runs()
            .iter()
            .map(|run| (run.stack, run.arguments.join(" ")))
            .collect()
    }

    #[test]
    fn the_daily_run_is_everything_but_what_takes_hours() {
        let daily = runs(false, None);
        assert_eq!(
            daily,
            [(
                StackOf::Checkout,
                "--workspace -- --skip long:: --skip revoked:: --skip million::".to_owned()
            )]
        );
    }

    #[test]
    fn the_long_trials_end_with_an_upgrade() {
        let stacks: Vec<_> = runs(true, None).into_iter().map(|(stack, _)| stack).collect();
        assert_eq!(stacks, [StackOf::Checkout, StackOf::Checkout, StackOf::Previous]);
        let [(_, great)] = &runs(false, Some(20_000))[..] else {
            panic!("one run")
        };
        assert!(great.ends_with("--exact million::a_great_erasure_is_exact"), "{great}");
    }
}
