//! Conservation: what was planned is what is accounted for, in rows, answer and trail.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::tables::{Row, Rows};
use crate::config::FAST_WINDOW;

type Counts = BTreeMap<String, u64>;

/// What an erasure of `seeded` records leaves untrue.
pub(super) fn check(rows: &Rows, closed: &Value, seeded: u64) -> Vec<String> {
    let mut broken = chunks(rows);
    let (mut recount, mut by_dataset) = (Counts::new(), BTreeMap::<String, Counts>::new());
    for chunk in &rows.chunks {
        let dataset = by_dataset
            .entry(chunk.doc["id"]["dataset"].as_str().unwrap_or_default().to_owned())
            .or_default();
        for (code, n) in counts(&chunk.doc["counts"]) {
            *recount.entry(code.clone()).or_default() += n;
            *dataset.entry(code).or_default() += n;
        }
    }
    let planned: u64 = rows.plans.iter().filter_map(|plan| plan.doc["planned"].as_u64()).sum();
    let sums = [
        planned,
        recount.values().sum(),
        closed["job"]["progress"]["planned"].as_u64().unwrap_or_default(),
    ];
    if sums != [seeded; 3] {
        broken.push(format!(
            "{seeded} records were seeded; plans, outcomes and API say {sums:?}"
        ));
    }
    let gone = |codes: &Counts| {
        ["purged", "already_absent"]
            .iter()
            .filter_map(|code| codes.get(*code))
            .sum::<u64>()
    };
    if gone(&recount) != seeded {
        broken.push(format!("{seeded} records should be gone: {recount:?}"));
    }
    let mut shown = counts(&closed["job"]["progress"]);
    shown.retain(|code, _| !matches!(code.as_str(), "planned" | "processed" | "percent"));
    if shown != recount {
        broken.push(format!("the API shows {shown:?}, the rows say {recount:?}"));
    }
    let told = rows
        .entries
        .iter()
        .filter(|entry| entry.doc["action"] == "verified_absent");
    let told: Vec<BTreeMap<String, Counts>> = told.map(|entry| account(&entry.doc["details"]["account"])).collect();
    by_dataset.retain(|_, codes| !codes.is_empty());
    if told != [by_dataset.clone()] {
        broken.push(format!("the trail tells {told:?}, the rows say {by_dataset:?}"));
    }
    broken
}

/// Each chunk adds up, is done, and each plan's chunks are its records, numbered without a gap.
fn chunks(rows: &Rows) -> Vec<String> {
    let mut broken = vec![];
    let mut plans = BTreeMap::<String, Vec<&Row>>::new();
    for chunk in &rows.chunks {
        let doc = &chunk.doc;
        let sum: u64 = counts(&doc["counts"]).values().sum();
        if Some(sum) != doc["lines"].as_u64() || doc["state"] != "Done" {
            broken.push(format!(
                "chunk {} is {} with {sum} of {} lines",
                chunk.sk, doc["state"], doc["lines"]
            ));
        }
        let id = &doc["id"];
        let plan = format!(
            "PLAN#{}#{}",
            id["dataset"].as_str().unwrap_or_default(),
            id["generation"]
        );
        plans.entry(plan).or_default().push(chunk);
    }
    for plan in &rows.plans {
        let mut mine = plans.remove(&plan.sk).unwrap_or_default();
        mine.sort_by_key(|chunk| chunk.doc["id"]["n"].as_u64());
        let lines: u64 = mine.iter().filter_map(|chunk| chunk.doc["lines"].as_u64()).sum();
        let in_order = (0..).zip(&mine).all(|(n, chunk)| chunk.doc["id"]["n"] == n);
        let whole = plan.doc["complete"] == true && plan.doc["chunks"] == mine.len() && plan.doc["planned"] == lines;
        if !in_order || !whole {
            broken.push(format!(
                "{} says {}, its {} chunks have {lines} lines",
                plan.sk,
                plan.doc,
                mine.len()
            ));
        }
    }
    broken.extend(
        plans
            .keys()
            .map(|plan| format!("chunks of {plan}, which does not exist")),
    );
    broken
}

/// Chunks whose purge was accounted for before their window's end.
pub(super) fn early_purges(rows: &Rows) -> Vec<String> {
    let instant = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let purged = rows.chunks.iter().filter(|chunk| chunk.doc["op"] == "purge");
    let early = purged.filter(|chunk| {
        let (swept, done) = (instant(&chunk.doc["swept_at"]), instant(&chunk.doc["touched_at"]));
        let lasted = swept
            .zip(done)
            .and_then(|(swept, done)| Duration::try_from(done.duration_since(swept)).ok());
        lasted.is_none_or(|lasted| lasted < FAST_WINDOW)
    });
    early
        .map(|chunk| format!("chunk {} was purged before its window's end", chunk.sk))
        .collect()
}

fn account(value: &Value) -> BTreeMap<String, Counts> {
    let datasets = value.as_object().into_iter().flatten();
    datasets
        .map(|(dataset, codes)| (dataset.clone(), counts(codes)))
        .collect()
}

/// Counts by code, without zeros.
fn counts(value: &Value) -> Counts {
    let codes = value.as_object().into_iter().flatten();
    codes
        .filter_map(|(code, n)| Some((code.clone(), n.as_u64().filter(|n| *n > 0)?)))
        .collect()
}
