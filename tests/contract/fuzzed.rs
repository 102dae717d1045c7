//! Schemathesis calls the deployed API by its contract: with every example, with every edge of every schema, with what a
//! schema forbids, without a token, and by chance a little. It must find nothing.
//!
//! It has a tenant of its own and always throws the same dice. What it may not hold against the API is written in
//! `tests/fixtures/schemathesis.toml`; what the schema leaves open and a deployment fixes is filled in by [`filled_in`].

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use harness::app::CONTRACT;
use harness::contract::{contract, watched};
use harness::people::{AUDITORS, OPERATORS, Person, sign_up};
use harness::{App, deletion, project};
use lethe::api::Answer;
use lethe::schemathesis;
use lethe::signin::sign_in;
use serde_json::{Value, json};
use tokio::process::Command;

/// An id in the right form that was never given to a request.
const UNKNOWN: &str = "dsr_01JZ0M3V5T7XQ9B2C4D6E8F0GH";
/// Many times what it takes on an idle machine.
const PATIENCE: Duration = Duration::from_secs(420);

/// Who calls, and how much is tried in their name.
struct Caller {
    who: &'static str,
    person: Person,
    arguments: &'static [&'static str],
}

/// The operator may do everything and gets everything; of the others it is enough that what is right is answered right.
fn callers(owner: &Person) -> [Caller; 3] {
    let same_person = Person {
        email: format!("again-{}", owner.email),
        ..owner.clone()
    };
    let right: &[&str] = &["--phases", "examples,coverage", "--mode", "positive"];
    [
        Caller {
            who: "an operator",
            person: Person::staff(CONTRACT, OPERATORS),
            arguments: &["--phases", "examples,coverage,fuzzing", "--max-examples", "5"],
        },
        Caller {
            who: "the owner of the requests",
            person: same_person,
            arguments: right,
        },
        Caller {
            who: "an auditor",
            person: Person::staff(CONTRACT, AUDITORS),
            arguments: right,
        },
    ]
}

/// The contract with what this deployment fixes: its categories, the requests there are, an address letters may go to.
/// Tags are named because schemathesis sends a header without looking at its pattern.
fn filled_in(ids: &[&str], categories: &Value) -> Value {
    let mut document = contract().at("").clone();
    document["components"]["parameters"]["Id"]["schema"] = json!({ "enum": ids });
    document["components"]["parameters"]["IfMatch"]["schema"] = json!({ "enum": ["*", "\"1\""] });
    document["components"]["schemas"]["Category"]["enum"] = categories.clone();
    let email = &mut document["components"]["schemas"]["SubjectBody"]["properties"]["email"];
    *email = json!({ "enum": ["ada@customers.example", null] });
    document
}

/// The categories of the deployed data map.
async fn categories(app: &App) -> Value {
    let answer: Answer = app.approver.get("/v1/data-map").await.expect("an answer");
    let map: Value = answer.success().expect("the categories");
    let all = map["categories"].as_array().expect("a list").iter();
    all.map(|one| one["category"].clone()).collect()
}

#[tokio::test]
async fn schemathesis_finds_nothing() {
    let program = schemathesis::program().await.expect("schemathesis is installed");
    let app = App::start_in(CONTRACT).await;
    let (ada, ben) = (app.subject("Ada").await, app.subject("Ben").await);
    let pending = ada.submit(deletion(["profile"])).await;
    let at_work = ada.submit(deletion(["conversations"])).await;
    at_work
        .verify()
        .await
        .approve()
        .await
        .grace_over()
        .await
        .execute()
        .await;
    let somebody_elses = ben.submit(deletion(["profile"])).await;
    let ids = [pending.id.as_str(), &at_work.id, &somebody_elses.id, UNKNOWN];
    let folder = tempfile::tempdir().expect("a folder");
    let document = filled_in(&ids, &categories(&app).await);
    std::fs::write(folder.path().join("openapi.json"), document.to_string()).expect("it can be written");

    for caller in callers(&ada.person) {
        let user = sign_up(&app.stack, &caller.person).await.expect("a user");
        let token = sign_in(&app.stack, &user).await.expect("the user can sign in").id;
        let mut command = Command::new(&program);
        let run = called(&mut command, &app, &token, folder.path()).args(caller.arguments);
        let output = tokio::time::timeout(PATIENCE, run.output()).await;
        let output = output.expect("it ends").expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "as {}: {said}\n{}",
            caller.who,
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains(" passed"), "as {} nothing was tried: {said}", caller.who);
    }

    // It reads a trail as one text, and knows of no link that leads to a finding.
    let reader = watched(app.approver.clone());
    for path in [
        "/v1/audit".to_owned(),
        pending.path("/audit"),
        at_work.path("/audit"),
        at_work.path("/findings"),
    ] {
        let answer = reader.get(&path).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}

/// The call of the program: the same each time, and nothing of it is kept.
fn called<'a>(command: &'a mut Command, app: &App, token: &str, folder: &Path) -> &'a mut Command {
    let config = project::root().join("tests/fixtures/schemathesis.toml");
    command.current_dir(folder).kill_on_drop(true).stdin(Stdio::null());
    // A proxy named in the environment has no business with the loopback address.
    command.env("NO_PROXY", "*").arg("--config-file").arg(config).arg("run");
    command.args([
        "--url",
        &app.stack.api_url,
        "--header",
        &format!("Host:{}", app.stack.api_host),
    ]);
    command.args(["--header", &format!("Authorization:Bearer {token}")]);
    command.args([
        "--generation-deterministic",
        "--continue-on-failure",
        "--no-shrink",
        "--no-color",
    ]);
    command.arg("openapi.json")
}
