//! What must hold, checked from outside: in the tables and the bucket, in the mailbox, in Lethe's own rows.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use aws_sdk_dynamodb::types::AttributeValue;
use demo::digest::{Snapshot, digest_except};
use demo::population::{ACME, GLOBEX, LARGE};
use demo::{Clients, Counts, Names};
use jiff::Timestamp;
use serde_json::Value;

use super::journey::{Journey, now};
use crate::clients::Clients as Aws;
use crate::console;
use crate::mailbox::letters_to;
use crate::stack_file::Stack;

/// After the sweep the application shows nothing, yet until the window's end everything is still there.
pub(super) async fn hidden(clients: &Clients, names: &Names, expected: Counts, until: Timestamp) -> Result<()> {
    let step = console::step("looking at every table, index and object with the application's eyes");
    let left = demo::traces::traces_of(clients, names, ACME, LARGE).await?;
    ensure!(
        left.shown() == 0,
        "the application still shows {} records",
        left.shown()
    );
    let items = (left.messages.len() + left.profiles.len()) as u64;
    if now() < until {
        ensure!(
            items == expected.messages + expected.profiles,
            "hidden, but only {items} items are there"
        );
    }
    step.done(&format!("it shows nothing; {items} hidden items are there"));
    Ok(())
}

/// After the purge nothing is left of the customer, and nothing else has changed.
pub(super) async fn gone(clients: &Clients, names: &Names, before: &Snapshot) -> Result<()> {
    let step = console::step("looking for traces in every table, index and object version");
    let left = demo::traces::traces_of(clients, names, ACME, LARGE).await?;
    ensure!(
        left.is_empty(),
        "something is left: {} items, {} files",
        left.messages.len(),
        left.attachments.len()
    );
    step.done("none");
    let step = console::step("comparing everybody else's data");
    let after = digest_except(clients, names, &[(ACME, LARGE)]).await?;
    let differences = before.differences(&after);
    ensure!(differences.is_empty(), "data of others has changed: {differences:?}");
    let twin = demo::traces::traces_of(clients, names, GLOBEX, LARGE).await?;
    ensure!(twin.shown() > 0, "{LARGE} of {GLOBEX} has lost their data");
    let records = after.records();
    step.done(&format!(
        "{records} records byte for byte as before, also those of {LARGE} of {GLOBEX}"
    ));
    Ok(())
}

/// API, chunk rows and trail agree with the generator.
pub(super) async fn account(journey: &Journey, path: &str, closed: &Value, expected: Counts) -> Result<()> {
    let step = console::step("comparing the counts of API, chunk rows, trail and generator");
    let progress = &closed["job"]["progress"];
    let shown = |name: &str| progress[name].as_u64().unwrap_or_default();
    ensure!(
        shown("planned") == expected.records(),
        "planned {} of {}",
        shown("planned"),
        expected.records()
    );
    ensure!(
        shown("purged") == expected.records(),
        "the API says {progress}, the generator {expected:?}"
    );
    let rows = chunk_counts(&journey.stack, path).await?;
    ensure!(
        rows == BTreeMap::from([("purged".to_owned(), expected.records())]),
        "the chunk rows say {rows:?}"
    );
    let purged = trail_counts(journey, path).await?;
    ensure!(purged == expected.records(), "the trail says {purged}");
    step.done(&format!("{} records everywhere", expected.records()));
    Ok(())
}

/// Sums the chunk rows' counts, straight from the table.
async fn chunk_counts(stack: &Stack, path: &str) -> Result<BTreeMap<String, u64>> {
    let dynamodb = Aws::of(stack).await.dynamodb();
    let id = path.rsplit('/').next().context("no id")?;
    let mut sums = BTreeMap::new();
    for shard in 0..8 {
        let pk = AttributeValue::S(format!("REQ#{ACME}#{id}#C{shard}"));
        let query = dynamodb
            .query()
            .table_name(stack.output("RequestsTable")?)
            .key_condition_expression("pk = :pk");
        let mut pages = query
            .expression_attribute_values(":pk", pk)
            .into_paginator()
            .items()
            .send();
        while let Some(item) = pages.next().await {
            let item = item?;
            let doc = item
                .get("doc")
                .and_then(|value| value.as_s().ok())
                .context("a chunk row without doc")?;
            let chunk: Value = serde_json::from_str(doc)?;
            for (code, n) in chunk["counts"].as_object().context("a chunk row without counts")? {
                *sums.entry(code.clone()).or_insert(0) += n.as_u64().unwrap_or_default();
            }
        }
    }
    Ok(sums)
}

/// Sums what the trail's entry of the verification says was purged.
async fn trail_counts(journey: &Journey, path: &str) -> Result<u64> {
    let trail: Value = journey.approver.get(&format!("{path}/audit")).await?.success()?;
    let entries = trail["entries"].as_array().context("the trail has no entries")?;
    let entry = entries
        .iter()
        .find(|e| e["action"] == "verified_absent")
        .context("no entry verified_absent")?;
    let account = entry["details"]["account"]
        .as_object()
        .context("the entry has no account")?;
    Ok(account
        .values()
        .map(|counts| counts["purged"].as_u64().unwrap_or_default())
        .sum())
}

/// The customer was told: received, approved, completed; operators that the grace period was over.
pub(super) async fn told(journey: &Journey, path: &str) -> Result<()> {
    let step = console::step("reading the e-mails");
    let id = path.rsplit('/').next().context("no id")?;
    let letters = letters_to(&journey.stack, &journey.subject_email).await?;
    let mine: Vec<_> = letters
        .iter()
        .filter(|letter| letter.body_text.as_deref().is_some_and(|text| text.contains(id)))
        .collect();
    ensure!(
        mine.len() == 3,
        "the customer got {} letters about {id}, not 3",
        mine.len()
    );
    step.done(&format!("{} to the customer", mine.len()));
    for letter in mine {
        console::line(format!("        {}", letter.subject));
    }
    Ok(())
}
