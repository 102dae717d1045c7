//! Adds up what the test binaries say, line by line as they say it.
//!
//! A test that cannot run here (no npm, no second emulator) writes a line `SKIPPED: <why>` straight to stdout and
//! passes; the runner counts it as passed, this report as skipped. `print!` would not do: the runner swallows it.

use std::fmt;

const SKIPPED: &str = "SKIPPED: ";

/// Sums over all test binaries.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct TestReport {
    passed: u64,
    failed: u64,
    ignored: u64,
    skips: Vec<String>,
}

impl TestReport {
    /// Takes in one line of the runner's output.
    pub fn read(&mut self, line: &str) {
        if let Some((_, why)) = line.split_once(SKIPPED) {
            self.skips.push(why.trim().to_owned());
        }
        let Some(counts) = line.strip_prefix("test result: ") else {
            return;
        };
        let counts = counts.split_once(". ").map_or("", |(_, counts)| counts);
        for count in counts.split(';') {
            let mut words = count.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else {
                continue;
            };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                Some("ignored") => self.ignored += number,
                _ => {}
            }
        }
    }

    /// Why tests were skipped.
    #[must_use]
    pub fn skips(&self) -> &[String] {
        &self.skips
    }

    /// Whether a test failed.
    #[must_use]
    pub fn has_failures(&self) -> bool {
        self.failed > 0
    }
}

impl fmt::Display for TestReport {
    /// `N passed, N failed`, and `, N skipped` if any were.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_themselves = self.skips.len() as u64;
        write!(
            f,
            "{} passed, {} failed",
            self.passed.saturating_sub(by_themselves),
            self.failed
        )?;
        match by_themselves + self.ignored {
            0 => Ok(()),
            skipped => write!(f, ", {skipped} skipped"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(output: &str) -> String {
        let mut report = TestReport::default();
        output.lines().for_each(|line| report.read(line));
        report.to_string()
    }

    #[test]
    fn results_of_several_binaries_are_added_up() {
        let output = "running 2 tests\ntest a ... ok\n\
            test result: ok. 41 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s\n\
            test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n";
        assert_eq!(report(output), "42 passed, 2 failed");
    }

    #[test]
    fn a_skip_is_not_counted_as_passed() {
        let output = "test mails ... SKIPPED: npm is not installed\n\
            test result: ok. 5 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(report(output), "4 passed, 0 failed, 3 skipped");
    }

    #[test]
    fn a_test_that_talks_about_results_does_not_count() {
        assert_eq!(
            report("it said: test result: ok. 5 passed; 0 failed"),
            "0 passed, 0 failed"
        );
    }
}
