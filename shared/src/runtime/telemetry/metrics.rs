//! Metrics as lines of the log: CloudWatch's embedded metric format, which it reads from any function's output.
//!
//! Guarantees: a line holds the metric, its dimensions and nothing else. `FunctionName` is the deployed function's, so
//! two stacks of one account do not count into one another.

use serde_json::{Map, Value, json};
use tracing::Event;
use tracing::field::{Field, Visit};

/// The namespace of every metric.
const NAMESPACE: &str = "Lethe";
/// Fields that become dimensions, each set finer than the one before it.
const DIMENSIONS: [&str; 3] = ["dataset", "op", "work"];

/// The line of a metric's event.
pub(super) fn line(function: &str, at_ms: i64, event: &Event<'_>) -> Value {
    let mut fields = Fields::default();
    event.record(&mut fields);
    let Fields(mut fields) = fields;
    let name = fields.remove("metric").unwrap_or_default();
    let unit = fields.remove("unit").unwrap_or_default();
    let value = fields.remove("value").unwrap_or_default();
    let mut line = Map::new();
    line.insert("FunctionName".to_owned(), function.into());
    let mut finest = vec!["FunctionName"];
    let mut sets = vec![finest.clone()];
    for dimension in DIMENSIONS {
        if let Some(given) = fields.remove(dimension) {
            finest.push(dimension);
            sets.push(finest.clone());
            line.insert(dimension.to_owned(), given);
        }
    }
    let directive = json!({
        "Namespace": NAMESPACE, "Dimensions": sets, "Metrics": [{ "Name": name, "Unit": unit }],
    });
    line.insert(
        "_aws".to_owned(),
        json!({ "Timestamp": at_ms, "CloudWatchMetrics": [directive] }),
    );
    line.insert(name.as_str().unwrap_or_default().to_owned(), value);
    Value::Object(line)
}

/// The fields of an event.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}
