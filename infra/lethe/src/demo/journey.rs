//! The people of the demo and what they do, over HTTP, as they would.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use demo::population::ACME;
use serde_json::{Value, json};

use crate::api::Api;
use crate::console;
use crate::invoke::supervise;
use crate::stack_file::{Stack, User};

/// The group of operators the local stack is deployed with.
const OPERATORS: &str = "PlatformAdmin";
/// The phrase, as design and brief have it.
const PHRASE: &str = "EXECUTE DELETE NOW";

/// Everybody signed in.
pub(super) struct Journey {
    /// The deployment.
    pub(super) stack: Stack,
    /// The customer to be erased.
    pub(super) subject: Api,
    /// Their e-mail address.
    pub(super) subject_email: String,
    /// Reviews and approves.
    pub(super) approver: Api,
    /// Executes.
    pub(super) executor: Api,
}

impl Journey {
    /// Signs everybody in.
    pub(super) async fn begin(stack: &Stack) -> Result<Self> {
        let step = console::step("signing in the customer and two operators");
        let operators: Vec<&User> = stack
            .users
            .iter()
            .filter(|u| u.tenant == ACME && u.groups.iter().any(|g| g == OPERATORS))
            .collect();
        let [approver, executor, ..] = operators[..] else {
            anyhow::bail!("two operators are needed; run `cargo lethe up`")
        };
        let subject = stack.user(ACME, None)?;
        let journey = Self {
            stack: stack.clone(),
            subject: Api::signed_in(stack, subject).await?,
            subject_email: subject.email.clone(),
            approver: Api::signed_in(stack, approver).await?,
            executor: Api::signed_in(stack, executor).await?,
        };
        step.done("");
        Ok(journey)
    }

    /// The customer asks; answers the request's path.
    pub(super) async fn submit(&self) -> Result<String> {
        let step = console::step("the customer asks for erasure of everything");
        let map: Value = self.subject.get("/v1/data-map").await?.success()?;
        let categories = map["categories"].as_array().context("the data map has no categories")?;
        let scope: Vec<&Value> = categories.iter().map(|category| &category["category"]).collect();
        let body = json!({ "kind": "deletion", "scope": scope, "reason": "I am leaving", "confirm": true });
        let request: Value = self.subject.post("/v1/requests", &body).await?.success()?;
        let id = request["id"].as_str().context("the request has no id")?;
        step.done(&format!("{id}, {}, due {}", request["status"], request["due_at"]));
        Ok(format!("/v1/requests/{id}"))
    }

    /// An operator verifies the identity and approves.
    pub(super) async fn review(&self, path: &str) -> Result<()> {
        let step = console::step("an operator verifies the identity and approves");
        let body = json!({ "method": "signed in with a second factor" });
        let verified: Value = self.approver.post(&format!("{path}/verify"), &body).await?.success()?;
        ensure!(
            verified["status"] == "Verified",
            "verified, but the status is {}",
            verified["status"]
        );
        let body = json!({ "note": "nothing speaks against it" });
        let approved: Value = self.approver.post(&format!("{path}/approve"), &body).await?.success()?;
        ensure!(
            approved["status"] == "Approved",
            "approved, but the status is {}",
            approved["status"]
        );
        step.done(&format!("the grace period ends at {}", approved["grace_ends_at"]));
        Ok(())
    }

    /// Too early, wrongly typed, then rightly.
    pub(super) async fn execute(&self, path: &str) -> Result<()> {
        let digest = self.preview(path).await?;
        self.refused(path, PHRASE, &digest, "grace_period_running").await?;
        self.await_grace(path).await?;
        for typed in ["execute delete now", "EXECUTE DELETE NOW "] {
            self.refused(path, typed, &digest, "confirmation_mismatch").await?;
        }
        let digest = self.preview(path).await?;
        let step = console::step(format!("a second operator types {PHRASE}"));
        let body = json!({ "confirmation": PHRASE, "preview_digest": digest });
        let executed: Value = self.executor.post(&format!("{path}/execute"), &body).await?.success()?;
        ensure!(
            executed["status"] == "InProgress",
            "executed, but the status is {}",
            executed["status"]
        );
        step.done("InProgress");
        Ok(())
    }

    /// What an execution would do; answers the digest.
    async fn preview(&self, path: &str) -> Result<String> {
        let step = console::step("previewing what would be erased");
        let preview: Value = self.executor.get(&format!("{path}/preview")).await?.success()?;
        let digest = preview["digest"]
            .as_str()
            .context("the preview has no digest")?
            .to_owned();
        let bound = if preview["at_least"] == true { "at least " } else { "" };
        step.done(&format!(
            "{bound}{} records, digest {}",
            preview["total"],
            &digest[..12]
        ));
        Ok(digest)
    }

    async fn refused(&self, path: &str, typed: &str, digest: &str, code: &str) -> Result<()> {
        let step = console::step(format!("typing {typed:?}"));
        let body = json!({ "confirmation": typed, "preview_digest": digest });
        let answer = self.executor.post(&format!("{path}/execute"), &body).await?;
        ensure!(
            answer.status == 409 && answer.code() == code,
            "expected {code}, got {} {}",
            answer.status,
            answer.body
        );
        step.done(&format!("refused with {code}"));
        Ok(())
    }

    /// Waits for the instant the request names.
    async fn await_grace(&self, path: &str) -> Result<()> {
        let request = self.read(path).await?;
        let ends: jiff::Timestamp = request["grace_ends_at"].as_str().context("no grace_ends_at")?.parse()?;
        let step = console::step("waiting for the end of the grace period");
        wait_until(ends).await;
        supervise(&self.stack).await?;
        step.done("");
        Ok(())
    }

    /// The request as an operator sees it.
    pub(super) async fn read(&self, path: &str) -> Result<Value> {
        self.approver.get(path).await?.success()
    }

    /// Shows the trail as an operator sees it.
    pub(super) async fn show_trail(&self, path: &str) -> Result<()> {
        let trail: Value = self.approver.get(&format!("{path}/audit")).await?.success()?;
        console::line("The trail:");
        for entry in trail["entries"].as_array().context("the trail has no entries")? {
            let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
            let (role, outcome) = (&entry["actor"]["role"], &entry["outcome"]["result"]);
            let (role, outcome) = (role.as_str().unwrap_or_default(), outcome.as_str().unwrap_or_default());
            let hash = text("hash");
            let shown = hash.get(..12).unwrap_or_default();
            console::line(format!(
                "  {:>3} {} {role:<8} {:<16} {outcome:<8} {shown}",
                entry["seq"],
                text("at"),
                text("action")
            ));
        }
        Ok(())
    }
}

/// Waits until an instant of this machine's clock has passed.
pub(super) async fn wait_until(instant: jiff::Timestamp) {
    let left = instant.duration_since(now());
    let left = Duration::try_from(left).unwrap_or_default();
    tokio::time::sleep(left + Duration::from_millis(50)).await;
}

/// This machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the command is an edge: it shows and waits for real time"
)]
pub(super) fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}
