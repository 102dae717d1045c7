//! The form of a log line, and the list of what may stand in it.

use std::error::Error;
use std::fmt;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

use super::causes::causes;
use crate::runtime::clock;

/// Crates whose messages are ours: fixed texts, with every value in a field.
pub(super) const OWN_CRATES: [&str; 8] = [
    "shared",
    "submission",
    "review",
    "planning",
    "execution",
    "packaging",
    "supervision",
    "notification",
];

/// Fields that may be printed. They hold ids that name no person, slugs, codes, counts and places in the source. Paths,
/// queries, names, addresses, subjects, reasons and keys of records are left out on purpose.
const FIELDS: [&str; 47] = [
    "attempts",
    "chunk",
    "chunks",
    "code",
    "conflict",
    "count",
    "counts",
    "dataset",
    "delay_seconds",
    "delivered",
    "due",
    "elapsed_ms",
    "epoch",
    "failed",
    "generation",
    "hold",
    "holds",
    "kind",
    "lines",
    "location",
    "mail",
    "message_id",
    "messages",
    "n",
    "occasion",
    "op",
    "operation",
    "outcome",
    "panic",
    "phase",
    "place",
    "planned",
    "pushed",
    "receives",
    "records",
    "request",
    "requestId",
    "resent",
    "route",
    "send",
    "shard",
    "state",
    "status",
    "tenant",
    "tended",
    "version",
    "xrayTraceId",
];

/// Longest text of a field; what is longer was no id.
const FIELD_MAX: usize = 200;
const WITHHELD: &str = "[withheld]";

/// One JSON object a line.
pub(super) struct JsonLines {
    pub(super) function: &'static str,
    /// Its name as deployed: a dimension of its metrics.
    pub(super) deployed: String,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, ctx: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let meta = event.metadata();
        if meta.target() == crate::metric::TARGET {
            let line = super::metrics::line(&self.deployed, clock::now().as_millisecond(), event);
            return writeln!(writer, "{line}");
        }
        let mut line = Map::new();
        line.insert("timestamp".into(), clock::now().to_string().into());
        line.insert("level".into(), meta.level().as_str().into());
        line.insert("function".into(), self.function.into());
        line.insert("target".into(), meta.target().into());
        for span in ctx.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
            let extensions = span.extensions();
            if let Some(fields) = extensions.get::<FormattedFields<N>>()
                && let Ok(fields) = serde_json::from_str::<Map<String, Value>>(&fields.fields)
            {
                line.extend(fields);
            }
        }
        event.record(&mut SafeVisitor {
            into: &mut line,
            own: is_own(meta.target()),
        });
        writeln!(writer, "{}", Value::Object(line))
    }
}

/// Keeps a span's fields as a JSON object, so that the events in it can carry them.
pub(super) struct SafeFields;

impl<'writer> FormatFields<'writer> for SafeFields {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut into = Map::new();
        fields.record(&mut SafeVisitor {
            into: &mut into,
            own: true,
        });
        write!(writer, "{}", Value::Object(into))
    }
}

fn is_own(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or_default();
    OWN_CRATES.contains(&root)
}

/// Puts into the line what may stand there.
struct SafeVisitor<'a> {
    into: &'a mut Map<String, Value>,
    /// Whether the event is from one of our crates.
    own: bool,
}

impl SafeVisitor<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let name = field.name();
        let allowed = FIELDS.contains(&name) || (name == "message" && self.own);
        let value = if allowed { value.into() } else { WITHHELD.into() };
        self.into.insert(name.to_owned(), value);
    }
}

impl Visit for SafeVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        self.record_str(field, &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let end = value.char_indices().nth(FIELD_MAX).map_or(value.len(), |(at, _)| at);
        self.put(field, &value[..end]);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.into.insert(field.name().to_owned(), causes(value).into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chunk::Op;
    use crate::metric::{Metric, metric, metric_of_op};
    use serde_json::json;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// The one line that `work` logs.
    fn logged(work: impl FnOnce()) -> Value {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(kept.clone())
            .fmt_fields(SafeFields)
            .event_format(JsonLines {
                function: "planning",
                deployed: "planning-1".to_owned(),
            })
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let bytes = kept.0.lock().unwrap().clone();
        serde_json::from_slice(&bytes).expect("one JSON object")
    }

    #[test]
    fn a_line_carries_level_time_function_and_the_spans_fields() {
        let line = logged(|| {
            let span = tracing::info_span!("invoke", requestId = "r-1", path = "/v1/requests/x");
            span.in_scope(|| tracing::info!(count = 3, dataset = %"messages", "planned"));
        });
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["function"], "planning");
        assert_eq!((&line["requestId"], &line["count"]), (&"r-1".into(), &3.into()));
        assert_eq!(
            (&line["dataset"], &line["message"]),
            (&"messages".into(), &"planned".into())
        );
        assert_eq!(line["path"], WITHHELD);
        assert!(line["timestamp"].as_str().is_some_and(|at| at.ends_with('Z')));
    }

    #[test]
    fn a_field_nobody_listed_is_withheld() {
        let line = logged(|| tracing::info!(email = "ada@example.com", name = ?"Ada", subject = %"7", "hello"));
        for field in ["email", "name", "subject"] {
            assert_eq!(line[field], WITHHELD, "{field}");
        }
    }

    #[test]
    fn other_crates_messages_are_withheld() {
        let line = logged(|| tracing::warn!(target: "aws_smithy_runtime", "sent ada@example.com"));
        assert_eq!(line["message"], WITHHELD);
        assert_eq!(line["target"], "aws_smithy_runtime");
    }

    #[test]
    fn an_error_is_shown_by_its_causes() {
        let fault = crate::ports::Fault::corrupt("read the row", "Ada");
        let line = logged(|| tracing::warn!(error = &fault as &dyn Error, "failed"));
        assert_eq!(line["error"], "read the row: failed with corrupt: [withheld]");
    }

    #[test]
    fn a_metric_is_a_line_that_cloudwatch_reads_with_nothing_else_in_it() {
        let dataset = "messages".parse().expect("a slug");
        let line = logged(|| {
            let span = tracing::info_span!("invoke", requestId = "r-1");
            span.in_scope(|| metric_of_op(Metric::Records, 500, &dataset, Op::Sweep));
        });
        let mut names: Vec<_> = line.as_object().expect("an object").keys().collect();
        names.sort();
        assert_eq!(names, ["FunctionName", "Records", "_aws", "dataset", "op"]);
        assert_eq!(
            (&line["Records"], &line["dataset"], &line["op"]),
            (&500.into(), &"messages".into(), &"sweep".into())
        );
        let told = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(told["Namespace"], "Lethe");
        assert_eq!(told["Metrics"], json!([{"Name": "Records", "Unit": "Count"}]));
        let sets = json!([
            ["FunctionName"],
            ["FunctionName", "dataset"],
            ["FunctionName", "dataset", "op"]
        ]);
        assert_eq!(told["Dimensions"], sets);
        assert!(
            line["_aws"]["Timestamp"]
                .as_i64()
                .is_some_and(|at| at > 1_700_000_000_000)
        );
        let plain = logged(|| metric(Metric::WorkPushed, 3));
        assert_eq!(
            (&plain["WorkPushed"], &plain["FunctionName"]),
            (&3.into(), &"planning-1".into())
        );
        assert_eq!(
            plain["_aws"]["CloudWatchMetrics"][0]["Dimensions"],
            json!([["FunctionName"]])
        );
    }

    #[test]
    fn the_list_is_sorted_and_names_no_personal_field() {
        assert!(FIELDS.is_sorted());
        for personal in [
            "email", "name", "ip", "subject", "sub", "reason", "note", "path", "query", "key", "body",
        ] {
            assert!(!FIELDS.contains(&personal), "{personal}");
        }
    }
}
