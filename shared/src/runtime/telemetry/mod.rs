//! What a function says about itself: one JSON object a line, to stdout, with no personal data in it.
//!
//! # Rules
//!
//! * A field is printed only if its name is on the list of `format`; any other shows `[withheld]`. So a field added in
//!   haste is a gap in the log, never a leak.
//! * An error is printed by [`causes()`]: our own texts, and of anybody else's error only type, codes, HTTP status and the
//!   service's request id. Messages of an SDK (DynamoDB's name keys and values) and of a parser are cut.
//! * Other crates' messages are withheld; their target and level are shown.
//! * Each invocation writes at least one line ([`super::http`] and [`super::sqs`] see to it): a silent function cannot be
//!   told from one that was never called.
//! * A metric ([`crate::metric`]) is a line in CloudWatch's embedded metric format, written whatever the level is.
//!
//! `AWS_LAMBDA_LOG_LEVEL` (Lambda's logging controls) or else `RUST_LOG` sets the level; the default is `info`.

mod causes;
mod format;
mod metrics;

use std::panic::PanicHookInfo;
use std::time::{Duration, Instant};

use tracing_subscriber::EnvFilter;

pub use causes::causes;

use super::settings::{Environment, PROCESS};
use crate::ports::Fault;

/// Starts logging for the function called `function`; call first in `main`.
pub fn init(function: &'static str) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(PROCESS))
        .fmt_fields(format::SafeFields)
        .event_format(format::JsonLines {
            function,
            deployed: PROCESS
                .optional("AWS_LAMBDA_FUNCTION_NAME")
                .unwrap_or_else(|| function.to_owned()),
        })
        .finish();
    // A second call (in one test process, say) keeps the first: one process has one log.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        std::panic::set_hook(Box::new(report_panic));
    }
}

/// Logs a fault: a warning when it may pass by itself, an error when somebody must repair something.
pub fn report(fault: &Fault) {
    match fault {
        Fault::Transient { operation, .. } => {
            tracing::warn!(operation, error = fault as &dyn std::error::Error, "failed for now");
        }
        Fault::Permanent { operation, code, .. } => {
            tracing::error!(
                operation,
                code,
                error = fault as &dyn std::error::Error,
                "failed for good"
            );
        }
    }
}

/// Milliseconds since `start`, for the field `elapsed_ms`.
pub(super) fn elapsed_ms(start: Instant) -> u64 {
    let elapsed: Duration = start.elapsed();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Our own crates at the level asked for, everybody else's from `warn`; `lambda_runtime` at `info` for the span that
/// carries the request id.
fn filter(env: Environment<'_>) -> EnvFilter {
    let level = match env
        .optional("AWS_LAMBDA_LOG_LEVEL")
        .map(|level| level.to_lowercase())
        .as_deref()
    {
        Some("fatal") => "error".to_owned(),
        Some(level @ ("trace" | "debug" | "info" | "warn" | "error")) => level.to_owned(),
        _ => match env.optional("RUST_LOG") {
            Some(directives) => return EnvFilter::new(directives),
            None => "info".to_owned(),
        },
    };
    let own = format::OWN_CRATES.map(|own| format!("{own}={level}")).join(",");
    let metrics = crate::metric::TARGET;
    EnvFilter::new(format!("warn,lambda_runtime=info,{own},{metrics}=info"))
}

/// A panic's place, and its text only if it is a literal of the source: a formatted one may quote data.
fn report_panic(info: &PanicHookInfo<'_>) {
    let location = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
    let text = info.payload().downcast_ref::<&'static str>().copied();
    tracing::error!(
        location = location.as_deref(),
        panic = text,
        "a defect: this code panicked; please report it"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directives(variables: &[(&str, &str)]) -> String {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        filter(Environment::new(&lookup)).to_string()
    }

    #[test]
    fn lambdas_level_wins_over_rust_log_and_info_is_the_default() {
        assert!(directives(&[]).contains("shared=info"));
        assert!(directives(&[("RUST_LOG", "shared=debug")]).contains("shared=debug"));
        let both = directives(&[("AWS_LAMBDA_LOG_LEVEL", "WARN"), ("RUST_LOG", "shared=debug")]);
        assert!(both.contains("shared=warn"), "{both}");
        let fatal = directives(&[("AWS_LAMBDA_LOG_LEVEL", "FATAL")]);
        assert!(
            fatal.contains("shared=error") && fatal.contains("shared::metric=info"),
            "{fatal}"
        );
    }
}
