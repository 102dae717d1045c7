//! One request, and what people do with it, over HTTP as they would.
//!
//! The verbs of the story return the case, so that a story is one line; each expects to succeed. A test that expects
//! a refusal calls [`Case::call`] or [`Case::execute_with`] and looks at the answer.

use lethe::api::{Answer, Api};
use lethe::mailbox::{Letter, letters_to};
use serde_json::{Value, json};

use crate::app::App;
use crate::wait::{until, until_instant};

/// The phrase, as brief and design have it.
pub const PHRASE: &str = "EXECUTE DELETE NOW";

/// One submitted request.
#[derive(Debug)]
pub struct Case<'a> {
    /// The stack it is on.
    pub app: &'a App,
    /// Its owner's API.
    pub owner: Api,
    /// `dsr_...`
    pub id: String,
}

impl<'a> Case<'a> {
    /// The request that an answer shows.
    pub fn of(app: &'a App, owner: &Api, request: &Value) -> Self {
        let id = request["id"].as_str().expect("a request has an id").to_owned();
        Self {
            app,
            owner: owner.clone(),
            id,
        }
    }

    /// `/v1/requests/{id}` and what follows, e.g. `/verify`.
    pub fn path(&self, tail: &str) -> String {
        format!("/v1/requests/{}{tail}", self.id)
    }

    /// A command by anybody, whatever the answer.
    pub async fn call(&self, by: &Api, verb: &str, body: Value) -> Answer {
        by.post(&self.path(verb), &body).await.expect("an answer")
    }

    async fn done(&self, by: &Api, verb: &str, body: Value) -> Value {
        let answer = self.call(by, verb, body).await;
        answer
            .success()
            .unwrap_or_else(|error| panic!("{verb} of {}: {error:#}", self.id))
    }

    /// The request as an operator sees it.
    pub async fn read(&self) -> Value {
        self.get(&self.app.approver, "").await
    }

    /// Part of the request as somebody sees it.
    pub async fn get(&self, by: &Api, tail: &str) -> Value {
        let path = self.path(tail);
        let answer = until(&format!("an answer to GET {path}"), async || {
            let answer = by.get(&path).await.expect("an answer");
            // In trouble a person asks again, as the answer tells them to.
            (!self.app.rough || !answer.status.is_server_error()).then_some(answer)
        })
        .await;
        answer
            .success()
            .unwrap_or_else(|error| panic!("GET {tail} of {}: {error:#}", self.id))
    }

    /// The first operator verifies the identity.
    pub async fn verify(&self) -> &Self {
        let request = self
            .done(&self.app.approver, "/verify", json!({ "method": "passport shown" }))
            .await;
        assert_eq!(request["status"], "Verified");
        self
    }

    /// The first operator approves.
    pub async fn approve(&self) -> &Self {
        let request = self
            .done(
                &self.app.approver,
                "/approve",
                json!({ "note": "nothing speaks against it" }),
            )
            .await;
        assert_eq!(request["status"], "Approved");
        self
    }

    /// The first operator rejects.
    pub async fn reject(&self, reason: &str) -> &Self {
        let request = self
            .done(&self.app.approver, "/reject", json!({ "reason": reason }))
            .await;
        assert_eq!(request["status"], "Rejected");
        self
    }

    /// The owner withdraws.
    pub async fn withdraw(&self) -> &Self {
        let request = self.done(&self.owner, "/withdraw", json!({})).await;
        assert_eq!(request["status"], "Cancelled");
        self
    }

    /// Waits for the end of the grace period, and until operators were told: telling is a transition too.
    pub async fn grace_over(&self) -> &Self {
        let request = self.read().await;
        let ends = request["grace_ends_at"]
            .as_str()
            .expect("an approved request has grace_ends_at");
        until_instant(ends.parse().expect("an instant")).await;
        until("the end of the grace period in the trail", async || {
            self.app.supervise().await;
            self.trail()
                .await
                .iter()
                .any(|entry| entry["action"] == "grace_over")
                .then_some(())
        })
        .await;
        self
    }

    /// The second operator looks at what would happen.
    pub async fn preview(&self) -> Value {
        self.get(&self.app.executor, "/preview").await
    }

    /// The second operator previews, types the phrase and executes.
    pub async fn execute(&self) -> &Self {
        let preview = self.preview().await;
        let digest = preview["digest"].as_str().expect("a preview has a digest");
        let answer = self.execute_with(&self.app.executor, PHRASE, digest).await;
        let request: Value = answer
            .success()
            .unwrap_or_else(|error| panic!("execute of {}: {error:#}", self.id));
        assert_eq!(request["status"], "InProgress");
        self
    }

    /// Somebody types something.
    pub async fn execute_with(&self, by: &Api, typed: &str, digest: &str) -> Answer {
        self.call(
            by,
            "/execute",
            json!({ "confirmation": typed, "preview_digest": digest }),
        )
        .await
    }

    /// Reads the request, with supervision between, until `seen`.
    pub async fn until(&self, what: &str, seen: impl Fn(&Value) -> bool) -> Value {
        until(&format!("{what} of {}", self.id), async || {
            let request = self.read().await;
            if seen(&request) {
                return Some(request);
            }
            assert_ne!(
                request["job"]["status"], "failed",
                "{what}: the job failed: {}",
                request["job"]
            );
            self.app.supervise().await;
            None
        })
        .await
    }

    /// Until the job is in this phase or beyond.
    pub async fn until_phase(&self, phase: &str) -> Value {
        const PHASES: [&str; 6] = ["planning", "sweeping", "recovering", "purging", "verifying", "closing"];
        let place = |name: &str| PHASES.iter().position(|one| *one == name);
        let wanted = place(phase).expect("a phase of the design");
        let there = |request: &Value| place(request["job"]["phase"].as_str().unwrap_or_default()) >= Some(wanted);
        self.until(phase, there).await
    }

    /// Until it is Completed and its personal fields are shredded.
    pub async fn until_completed(&self) -> Value {
        self.until("completion", |request| request["status"] == "Completed")
            .await;
        self.until("shredding", |request| request["reason"] == "[erased]").await
    }

    /// E-mails about this request to one address, oldest first, once there are as many as expected.
    pub async fn letters(&self, address: &str, expected: usize) -> Vec<Letter> {
        until(&format!("{expected} letters about {}", self.id), async || {
            let mut found = letters_to(&self.app.stack, address).await.expect("the mailbox");
            found.retain(|letter| self.is_about(letter));
            if found.len() < expected {
                self.app.supervise().await;
            }
            (found.len() >= expected).then_some(found)
        })
        .await
    }

    fn is_about(&self, letter: &Letter) -> bool {
        letter.body_text.as_deref().is_some_and(|text| text.contains(&self.id))
    }

    /// The trail as an operator sees it.
    pub async fn trail(&self) -> Vec<Value> {
        self.trail_of(&self.app.approver).await
    }

    /// The trail as somebody sees it.
    pub async fn trail_of(&self, by: &Api) -> Vec<Value> {
        let trail = self.get(by, "/audit").await;
        trail["entries"].as_array().expect("a trail has entries").clone()
    }

    /// What was done, word by word, in order; refusals left out.
    pub async fn actions(&self) -> Vec<String> {
        let trail = self.trail().await;
        let done = trail.iter().filter(|entry| entry["outcome"]["result"] == "done");
        done.map(|entry| entry["action"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}
