//! Every row as text, as an intruder with the tables would read it: what is stored as JSON as JSON, bytes as text.

use std::fmt::Debug;

use serde::Serialize;

use super::tables::{OfRequest, Tables};
use crate::domain::ids::RequestKey;

/// All rows, one a line.
pub(super) fn text(tables: &Tables) -> String {
    let mut lines = Vec::new();
    for (key, of) in &tables.requests {
        of_request(key, of, &mut lines);
    }
    lines.extend(tables.scopes.iter().map(|row| debug("scope", &row)));
    for key in tables.idempotency.values() {
        lines.push(debug("idempotency", &key.row));
    }
    lines.extend(tables.holds.iter().map(|row| debug("holds", &row)));
    for held in tables.held.values() {
        lines.push(json("hold", &held.row.hold));
        lines.push(format!("sealed {}", String::from_utf8_lossy(&held.row.fields.0)));
    }
    for of in tables.months.values() {
        lines.push(debug("month", &of.head));
        lines.extend(of.entries.values().map(|row| json("entry", row)));
    }
    lines.extend(tables.limits.iter().map(|row| debug("limit", &row)));
    lines.extend(tables.gates.iter().map(|row| debug("gate", &row)));
    lines.extend(tables.found.iter().map(|row| debug("found", &row)));
    for (name, wrapped) in &tables.keys {
        lines.push(format!("key {name} {}", String::from_utf8_lossy(&wrapped.0)));
    }
    lines.join("\n")
}

fn of_request(key: &RequestKey, of: &OfRequest, lines: &mut Vec<String>) {
    if let Some(row) = &of.request {
        lines.push(json(&format!("request {key}"), &row.facts));
        lines.push(debug("head", &(&row.head, &row.refusals, row.mails, row.wake_at)));
        for sealed in [&row.person, &row.staff] {
            lines.push(format!("sealed {}", String::from_utf8_lossy(&sealed.0)));
        }
    }
    lines.extend(of.entries.values().map(|row| json("entry", row)));
    lines.extend(of.mails.values().map(|row| json("mail", row)));
    lines.extend(of.plans.values().map(|row| json("plan", row)));
    lines.extend(of.chunks.values().map(|row| json("chunk", row)));
    lines.extend(of.restores.values().map(|row| json("restore", row)));
    lines.extend(of.findings.values().map(|row| json("finding", row)));
    lines.extend(of.progress.iter().map(|row| json("progress", row)));
    lines.extend(of.previews.values().map(|kept| json("preview", &kept.row)));
}

fn json(what: &str, row: &impl Serialize) -> String {
    let row = serde_json::to_string(row).expect("rows are plain JSON");
    format!("{what} {row}")
}

fn debug(what: &str, row: &impl Debug) -> String {
    format!("{what} {row:?}")
}
