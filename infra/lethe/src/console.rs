//! The only place of the command that prints.
//!
//! On a terminal a step shows a spinner and then one line; elsewhere (CI, a pipe) the same steps are plain lines, so a
//! log reads the same as a screen. Progress goes through here too: `bar` for work with a known total. Whoever wants to
//! say something calls `step`, `line`, `warn` or `bar`; nothing else in the crate may write to stdout.
#![expect(
    clippy::print_stdout,
    reason = "this module is the command's one way to the terminal"
)]

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const TICK: Duration = Duration::from_millis(100);

/// One thing being done. Say how it went with [`Step::done`]; dropped without that, it counts as failed.
#[derive(Debug)]
#[must_use = "a step that is dropped at once is shown as failed"]
pub struct Step {
    label: String,
    started: Instant,
    spinner: Option<ProgressBar>,
    settled: bool,
}

/// Begins a step: a spinner on a terminal, a line elsewhere.
pub fn step(label: impl Into<String>) -> Step {
    let label = label.into();
    let spinner = live().then(|| {
        let spinner = ProgressBar::new_spinner().with_message(label.clone());
        spinner.enable_steady_tick(TICK);
        spinner
    });
    if spinner.is_none() {
        println!("  {label} ...");
    }
    Step {
        label,
        started: Instant::now(),
        spinner,
        settled: false,
    }
}

impl Step {
    /// Ends the step well; `detail` says what came of it and may be empty.
    pub fn done(mut self, detail: &str) {
        self.settle("ok", detail);
    }

    /// Pauses the spinner while something else writes to the terminal (cargo's own progress, for one).
    pub fn suspend(&self) {
        if let Some(spinner) = &self.spinner {
            spinner.finish_and_clear();
        }
    }

    fn settle(&mut self, mark: &str, detail: &str) {
        self.settled = true;
        self.suspend();
        let seconds = self.started.elapsed().as_secs_f32();
        let gap = if detail.is_empty() { "" } else { ": " };
        println!("{mark:>4}  {}{gap}{detail} ({seconds:.1} s)", self.label);
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.settled {
            self.settle("FAIL", "");
        }
    }
}

/// Prints one line as it is.
pub fn line(text: impl AsRef<str>) {
    println!("{}", text.as_ref());
}

/// Prints one line that a person should not overlook.
pub fn warn(text: impl AsRef<str>) {
    println!("warn  {}", text.as_ref());
}

/// Says why the command failed, to stderr: a script that reads stdout must not take it for a result.
pub fn error(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}

/// Work with a known total. On a terminal a moving bar; elsewhere a line for each tenth.
#[derive(Debug)]
pub struct Bar {
    label: String,
    total: u64,
    tenths_said: u64,
    shown: Option<ProgressBar>,
}

/// Begins a bar over `total` units.
#[must_use]
pub fn bar(label: impl Into<String>, total: u64) -> Bar {
    let label = label.into();
    let shown = live().then(|| {
        let style = ProgressStyle::with_template("  {msg:<24} {wide_bar} {pos}/{len} {per_sec} {eta}");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(total).with_style(style).with_message(label.clone())
    });
    Bar {
        label,
        total,
        tenths_said: 0,
        shown,
    }
}

impl Bar {
    /// Moves the bar to `done` of its total.
    pub fn set(&mut self, done: u64) {
        if let Some(shown) = &self.shown {
            return shown.set_position(done);
        }
        let tenths = (done * 10).checked_div(self.total).unwrap_or(10).min(10);
        if tenths > self.tenths_said {
            self.tenths_said = tenths;
            println!("  {}: {done}/{} ({} %)", self.label, self.total, tenths * 10);
        }
    }

    /// Changes what stands beside the bar (a phase, say).
    pub fn say(&mut self, label: impl Into<String>) {
        self.label = label.into();
        if let Some(shown) = &self.shown {
            shown.set_message(self.label.clone());
        }
    }

    /// Takes the bar off the terminal; what came of the work is for the caller to say.
    pub fn finish(self) {
        if let Some(shown) = self.shown {
            shown.finish_and_clear();
        }
    }
}

/// indicatif draws on stderr, so that is where a terminal is needed.
fn live() -> bool {
    stderr().is_terminal()
}
