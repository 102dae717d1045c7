//! Waiting for the job, with a live bar, and what it measured on the way.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::journey::{Journey, now, wait_until};
use crate::console;
use crate::invoke::supervise;

/// How often the resource is read while it changes.
const POLL: Duration = Duration::from_millis(500);
/// How long before the purge the rest is counted.
const LOOK_BEFORE_PURGE: jiff::SignedDuration = jiff::SignedDuration::from_secs(12);
/// How long nothing may change before the demo gives up.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the sweep took.
#[derive(Debug)]
pub(super) struct Swept {
    /// Records planned.
    pub(super) planned: u64,
    /// Execute to the last record swept, by the trail's clock.
    pub(super) seconds: f64,
    /// The part of it after planning.
    pub(super) sweeping_seconds: f64,
    /// Until when all of it can be restored: the first chunk's window may end while the last one is still swept.
    pub(super) first_expiry: jiff::Timestamp,
}

/// Follows planning and sweeping to the end.
pub(super) async fn until_swept(journey: &Journey, path: &str) -> Result<Swept> {
    let mut bar: Option<console::Bar> = None;
    let mut patience = Patience::new();
    let request = loop {
        let request = journey.read(path).await?;
        let job = &request["job"];
        let (phase, progress) = (job["phase"].as_str().unwrap_or_default(), &job["progress"]);
        ensure!(job["status"] != "failed", "the job failed: {job}");
        patience.saw(progress)?;
        let planned = progress["planned"].as_u64().unwrap_or_default();
        match phase {
            "planning" => {}
            "sweeping" => {
                let bar = bar.get_or_insert_with(|| console::bar("sweeping", planned));
                bar.set(progress["processed"].as_u64().unwrap_or_default());
                let eta = job["eta"].as_str().unwrap_or("not known yet");
                bar.say(format!("sweeping {} %, eta {eta}", progress["percent"]));
            }
            _ => break request,
        }
        tokio::time::sleep(POLL).await;
    };
    if let Some(bar) = bar {
        bar.finish();
    }
    let (seconds, sweeping_seconds) = sweep_seconds(journey, path).await?;
    let planned = request["job"]["progress"]["planned"].as_u64().context("no planned")?;
    console::line(format!(
        "  ok  swept {planned} records in {seconds:.1} s, from execute to the last one"
    ));
    let executed: jiff::Timestamp = request["executed_at"].as_str().context("no executed_at")?.parse()?;
    let window: jiff::Span = request["policy"]["RecoveryWindow"]
        .as_str()
        .context("no window")?
        .parse()?;
    Ok(Swept {
        planned,
        seconds,
        sweeping_seconds,
        first_expiry: executed + window,
    })
}

/// From the entries `execute` and `planned` to the entry `swept`.
async fn sweep_seconds(journey: &Journey, path: &str) -> Result<(f64, f64)> {
    let trail: Value = journey.approver.get(&format!("{path}/audit")).await?.success()?;
    let entries = trail["entries"].as_array().context("the trail has no entries")?;
    let at = |action: &str| -> Result<jiff::Timestamp> {
        let done = |entry: &&Value| entry["action"] == action && entry["outcome"]["result"] == "done";
        let entry = entries
            .iter()
            .find(done)
            .with_context(|| format!("no entry {action}"))?;
        Ok(entry["at"].as_str().context("no instant")?.parse()?)
    };
    let swept = at("swept")?;
    let since = |instant: jiff::Timestamp| swept.duration_since(instant).as_secs_f64();
    Ok((since(at("execute")?), since(at("planned")?)))
}

/// Waits for the end of the recovery window, then for TTL to have done its part: what is still there when the purge is
/// about to begin is what the purge has to delete.
pub(super) async fn until_expired(
    journey: &Journey,
    path: &str,
    client: &aws_sdk_dynamodb::Client,
    table: &str,
    messages: u64,
) -> Result<()> {
    let request = journey.read(path).await?;
    let window: jiff::Timestamp = request["recover_until"].as_str().context("no recover_until")?.parse()?;
    let slack: jiff::Span = request["policy"]["TtlSlack"].as_str().context("no TtlSlack")?.parse()?;
    let step = console::step(format!("waiting for the end of the recovery window at {window}"));
    wait_until(window).await;
    step.done("from now on nothing can be restored");
    let step = console::step("waiting for DynamoDB's TTL");
    wait_until(window + slack - LOOK_BEFORE_PURGE).await;
    let left = left_of_messages(client, table).await?;
    step.done(&format!(
        "it has deleted {} of {messages} messages; the purge does the rest",
        messages - left.min(messages)
    ));
    Ok(())
}

/// The customer's messages that are still in the table, by a scan: it is the cheapest full look there is.
async fn left_of_messages(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<u64> {
    let scan = client
        .scan()
        .table_name(table)
        .select(aws_sdk_dynamodb::types::Select::Count);
    let scan = scan.filter_expression("pk = :pk");
    let pk = demo::messages::partition_key(demo::population::ACME, demo::population::LARGE);
    let scan = scan.expression_attribute_values(":pk", aws_sdk_dynamodb::types::AttributeValue::S(pk));
    let mut pages = scan.into_paginator().send();
    let mut left = 0;
    while let Some(page) = pages.next().await {
        left += u64::from(
            page.context("cannot scan the sample's messages")?
                .count()
                .unsigned_abs(),
        );
    }
    Ok(left)
}

/// Runs supervision whenever something may be due, until the request is completed.
pub(super) async fn until_completed(journey: &Journey, path: &str) -> Result<Value> {
    let step = console::step("waiting for TTL, purge and verification");
    let mut patience = Patience::new();
    let mut phase = String::new();
    loop {
        supervise(&journey.stack).await?;
        let request = journey.read(path).await?;
        let now_in = request["job"]["phase"].as_str().unwrap_or_default().to_owned();
        ensure!(
            request["job"]["status"] != "failed",
            "the job failed: {}",
            request["job"]
        );
        if now_in != phase {
            phase = now_in;
        }
        if request["status"] == "Completed" {
            let full = request["result"].as_str().unwrap_or_default();
            step.done(&format!("Completed, result {full}, notice {}", request["notice"]));
            return shredded(journey, path).await;
        }
        patience.saw(&serde_json::json!([phase, request["job"]["progress"]]))?;
        tokio::time::sleep(POLL * 2).await;
    }
}

/// The personal fields are gone with the completion.
async fn shredded(journey: &Journey, path: &str) -> Result<Value> {
    let step = console::step("shredding the personal fields");
    let mut patience = Patience::new();
    loop {
        let request = journey.read(path).await?;
        if request["reason"] == "[erased]" {
            ensure!(
                request["subject"]["email"] == "[erased]",
                "the e-mail address can still be read"
            );
            step.done("name, e-mail and reason read [erased]");
            return Ok(request);
        }
        patience.saw(&Value::Null)?;
        supervise(&journey.stack).await?;
        tokio::time::sleep(POLL).await;
    }
}

/// What was measured.
pub(super) fn summary(swept: &Swept, closed: &Value, bare: f64) {
    let rate = swept.planned as f64 / swept.seconds.max(0.001);
    console::line("Summary:");
    console::line(format!("  records            {}", swept.planned));
    console::line(format!(
        "  swept in           {:.1} s ({rate:.0} records/s, planning included)",
        swept.seconds
    ));
    console::line(format!(
        "  bare loop          {bare:.0} records/s of the same PartiQL batches on the same emulator"
    ));
    let alone = swept.planned as f64 / swept.sweeping_seconds.max(0.001);
    console::line(format!(
        "  ratio              {:.2} with planning, {:.2} sweeping alone",
        rate / bare,
        alone / bare
    ));
    console::line(format!("  account            {}", closed["job"]["progress"]));
}

/// Gives up when nothing changes for a long time; `now` of the request is not what counts, its numbers are.
struct Patience {
    last: Value,
    since: Instant,
}

impl Patience {
    fn new() -> Self {
        Self {
            last: Value::Null,
            since: Instant::now(),
        }
    }

    fn saw(&mut self, what: &Value) -> Result<()> {
        if *what != self.last {
            (self.last, self.since) = (what.clone(), Instant::now());
        }
        if self.since.elapsed() > PATIENCE {
            bail!(
                "nothing has changed for {} s, at {}: {what}; see the function logs",
                PATIENCE.as_secs(),
                now()
            );
        }
        Ok(())
    }
}
