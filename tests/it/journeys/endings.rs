//! Every ending of a request, and what is left of the people it was about: full and partial completion, rejection,
//! withdrawal, cancellation in the middle. Once its time is over nothing tells who they were, in any table, index,
//! queue, bucket or log of Lethe; in the application's own data there is what was kept, and nothing else.
//!
//! The tenant's policy keeps closed requests for two seconds (`RequestRetention`), so that all of it can be waited for.

use futures::join;
use harness::app::ENDINGS;
use harness::canary::Canary;
use harness::subject::deletion_of_everything;
use harness::wait::unique;
use harness::{App, Case, Oracle, Subject, rows};
use serde_json::{Value, json};

/// The one record that is brought back, where one is.
const KEPT: &str = "attachments.0.0.0";

/// A subject, and a word of the test's own in everything that anybody writes about their request.
struct Story<'a> {
    subject: Subject<'a>,
    typed: String,
}

impl<'a> Story<'a> {
    async fn of(app: &'a App, name: &str) -> Self {
        Self {
            subject: app.subject(name).await,
            typed: format!("typed {}", unique()),
        }
    }

    /// Everything that tells who it was about, and what was written.
    fn words(&self) -> [&str; 4] {
        let person = &self.subject.person;
        [&person.name, &person.email, self.subject.id(), &self.typed]
    }

    fn reason(&self) -> Value {
        json!({ "reason": self.typed })
    }

    async fn submitted(&self) -> Case<'a> {
        let mut body = deletion_of_everything();
        body["reason"] = json!(self.typed);
        let case = self.subject.submit(body).await;
        let app = self.subject.app;
        command(&case, "/verify", json!({ "method": self.typed, "note": self.typed })).await;
        assert!(rows::has_person_key(app, &case.id).await, "open, it can be read");
        case
    }

    /// Hidden, with a minute left to bring something back.
    async fn hidden(&self) -> Case<'a> {
        let case = self.submitted().await;
        command(&case, "/approve", json!({ "note": self.typed })).await;
        case.grace_over().await.execute().await;
        case.until_phase("recovering").await;
        case
    }

    async fn restored_one(&self, case: &Case<'_>) {
        let body = json!({ "reason": self.typed, "refs": [KEPT] });
        let answer = case.call(&case.app.executor, "/restore", body).await;
        assert_eq!(answer.status.as_u16(), 202, "{}", answer.body);
    }
}

async fn command(case: &Case<'_>, verb: &str, body: Value) {
    let answer = case.call(&case.app.approver, verb, body).await;
    assert!(answer.status.is_success(), "{verb}: {}", answer.body);
}

/// Until nobody can read any more who it was about.
async fn shredded(case: Case<'_>, status: &str) -> Value {
    let ended = case.until("shredding", |request| request["reason"] == "[erased]").await;
    assert_eq!(ended["status"], status, "{ended}");
    assert_eq!(ended["subject"]["name"], "[erased]");
    assert!(
        !rows::has_person_key(case.app, &case.id).await,
        "the wrapped key is gone"
    );
    ended
}

/// Of everything they had only the one file is left, and it is shown again.
async fn assert_one_file_is_left(subject: &Subject<'_>) {
    let left = subject.traces().await;
    let tables = [&left.messages, &left.by_conversation, &left.profiles];
    assert!(tables.iter().all(|traces| traces.is_empty()), "{left:?}");
    let first = left
        .attachments
        .first()
        .map(|trace| trace.key.clone())
        .unwrap_or_default();
    assert!(
        left.attachments.iter().all(|trace| trace.key == first),
        "one object: {left:?}"
    );
    assert_eq!(left.shown(), 1, "its newest version is in use: {left:?}");
}

#[tokio::test]
async fn after_every_ending_nothing_tells_who_it_was_about() {
    let app = App::start_in(ENDINGS).await;
    let (full, partial, rejected, withdrawn, cancelled) = join!(
        Story::of(&app, "Ada"),
        Story::of(&app, "Ben"),
        Story::of(&app, "Cleo"),
        Story::of(&app, "Dan"),
        Story::of(&app, "Eve"),
    );
    let oracle = Oracle::now(&app).await;
    join!(
        async {
            let ended = shredded(full.hidden().await, "Completed").await;
            assert_eq!(ended["result"], "full");
        },
        async {
            let case = partial.hidden().await;
            partial.restored_one(&case).await;
            let ended = shredded(case, "Completed").await;
            assert_eq!(ended["result"], "partial");
        },
        async {
            let case = rejected.submitted().await;
            command(&case, "/reject", rejected.reason()).await;
            shredded(case, "Rejected").await;
        },
        async {
            let case = withdrawn.submitted().await;
            command(&case, "/withdraw", withdrawn.reason()).await;
            let ended = shredded(case, "Cancelled").await;
            assert_eq!(ended["cancel_stage"], "before_execution");
        },
        async {
            let case = cancelled.hidden().await;
            command(&case, "/cancel", cancelled.reason()).await;
            case.until("the cancellation", |request| request["status"] == "Cancelled")
                .await;
            cancelled.restored_one(&case).await;
            let ended = shredded(case, "Cancelled").await;
            assert_eq!(ended["cancel_stage"], "during_execution");
        },
    );

    let stories = [&full, &partial, &rejected, &withdrawn, &cancelled];
    let words: Vec<_> = stories.iter().flat_map(|story| story.words()).collect();
    let found = Canary::new(&words).found_in_lethe(&app).await;
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
    let typed = stories.map(|story| story.typed.as_str());
    let gone = [&full.words()[..], &typed[..]].concat();
    let found = Canary::new(&gone).found_in_application(&app).await;
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
    // The search would have found them: whoever was not erased is there.
    let kept = Canary::new(&[&rejected.subject.person.name]);
    assert!(!kept.found_in_application(&app).await.is_empty());
    for story in [&partial, &cancelled] {
        assert_one_file_is_left(&story.subject).await;
    }
    oracle
        .untouched(&app, &[&rejected.subject.person, &withdrawn.subject.person])
        .await;
}
