//! The guards of the irreversible step, from outside: each refuses with its own code, nothing starts, and the refusal is
//! in the trail. Repeats within a minute are counted, not written again.

use harness::case::PHRASE;
use harness::{App, Case, FAST, GLOBEX, deletion, rows};
use lethe::api::Answer;
use serde_json::Value;

/// Almost the phrase, in every way a person or a program gets it wrong.
const ALMOST: [(&str, &str); 9] = [
    ("small letters", "execute delete now"),
    ("a trailing space", "EXECUTE DELETE NOW "),
    ("a leading space", " EXECUTE DELETE NOW"),
    ("a trailing newline", "EXECUTE DELETE NOW\n"),
    ("a no-break space", "EXECUTE\u{a0}DELETE NOW"),
    ("a full-width letter", "EXECUTE DELETE NO\u{ff37}"),
    ("a Cyrillic letter", "EXECUTE D\u{415}LETE NOW"),
    ("a byte order mark", "\u{feff}EXECUTE DELETE NOW"),
    ("nothing", ""),
];

async fn approved_case<'a>(app: &'a App) -> Case<'a> {
    let case = app.subject("Ada").await.submit(deletion(["conversations"])).await;
    case.verify().await.approve().await;
    case
}

async fn fresh_digest(case: &Case<'_>) -> String {
    case.preview().await["digest"].as_str().expect("a digest").to_owned()
}

fn assert_refused(answer: &Answer, code: &str, what: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (409, code),
        "{what}: {}",
        answer.body
    );
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
}

/// No plan, no chunk, no job, and still approved.
async fn assert_nothing_started(case: &Case<'_>) {
    let request = case.read().await;
    assert_eq!(
        (&request["status"], &request["executed_at"]),
        (&"Approved".into(), &Value::Null)
    );
    assert!(request.get("job").is_none(), "{request}");
    let rows = rows::request(case.app, &case.id).await;
    let started: Vec<_> = rows
        .keys()
        .filter(|sk| sk.starts_with("PLAN#") || sk.starts_with("CHUNK#"))
        .collect();
    assert!(started.is_empty(), "{started:?}");
    assert!(rows::chunks(case.app, &case.id).await.is_empty());
}

/// The codes of the refusals in the trail, with the actor's role.
async fn refusals(case: &Case<'_>) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let trail = case.trail().await;
    let refused = trail.iter().filter(|entry| entry["outcome"]["result"] == "refused");
    refused
        .map(|entry| (text(&entry["action"]), text(&entry["outcome"]["code"])))
        .collect()
}

#[tokio::test]
async fn not_before_the_end_of_the_grace_period() {
    let app = App::start_in(GLOBEX).await;
    let case = approved_case(&app).await;
    let digest = fresh_digest(&case).await;
    let answer = case.execute_with(&app.executor, PHRASE, &digest).await;
    assert_refused(&answer, "grace_period_running", "30 days early");
    assert_nothing_started(&case).await;
    assert_eq!(
        refusals(&case).await,
        [("execute".to_owned(), "grace_period_running".to_owned())]
    );
}

#[tokio::test]
async fn not_with_anything_but_the_phrase() {
    let app = App::start_in(FAST).await;
    let case = approved_case(&app).await;
    case.grace_over().await;
    let digest = fresh_digest(&case).await;
    for (what, typed) in ALMOST {
        let answer = case.execute_with(&app.executor, typed, &digest).await;
        assert_refused(&answer, "confirmation_mismatch", what);
        assert!(
            typed.is_empty() || !answer.body.to_string().contains(typed),
            "what was typed is not echoed"
        );
    }
    assert_nothing_started(&case).await;
    assert_eq!(
        refusals(&case).await,
        [("execute".to_owned(), "confirmation_mismatch".to_owned())],
        "repeats are counted"
    );

    // The next entry says how many there were; and what was refused does not stand in the way of the right phrase.
    case.execute().await;
    let trail = case.trail().await;
    let executed = trail
        .iter()
        .find(|entry| entry["action"] == "execute" && entry["outcome"]["result"] == "done");
    assert_eq!(executed.expect("the execution")["repeated"], ALMOST.len() - 1);
    case.until_completed().await;
}

#[tokio::test]
async fn not_on_a_preview_that_is_no_longer_true() {
    let app = App::start_in(FAST).await;
    let case = app.subject("Ada").await.submit(deletion(["conversations"])).await;
    case.verify().await;
    let before = fresh_digest(&case).await;
    case.approve().await.grace_over().await;
    let now = fresh_digest(&case).await;
    assert_ne!(before, now, "the request has a new version");
    let of_another = approved_case(&app).await;
    of_another.grace_over().await;
    let others = fresh_digest(&of_another).await;
    let stale = [
        ("an old digest", before),
        ("another request's digest", others),
        ("no digest", String::new()),
    ];
    for (what, digest) in stale
        .into_iter()
        .chain([("a made-up digest", "0".repeat(64)), ("no hexadecimal", "#".repeat(64))])
    {
        let answer = case.execute_with(&app.executor, PHRASE, &digest).await;
        assert_refused(&answer, "preview_stale", what);
    }
    assert_nothing_started(&case).await;
    assert_eq!(
        refusals(&case).await,
        [("execute".to_owned(), "preview_stale".to_owned())]
    );
}

#[tokio::test]
async fn not_by_who_approved_it() {
    let app = App::start_in(FAST).await;
    let case = approved_case(&app).await;
    case.grace_over().await;
    let digest = fresh_digest(&case).await;
    let answer = case.execute_with(&app.approver, PHRASE, &digest).await;
    assert_refused(&answer, "two_person_rule", "the approver");
    assert_nothing_started(&case).await;
    assert_eq!(
        refusals(&case).await,
        [("execute".to_owned(), "two_person_rule".to_owned())]
    );
    let (entries, head) = rows::trail(&app, &case.id).await;
    shared::audit::verify(&entries, &head).expect("refusals are part of the chain");
}

#[tokio::test]
async fn not_twice() {
    let app = App::start_in(FAST).await;
    let case = approved_case(&app).await;
    case.grace_over().await;
    let digest = fresh_digest(&case).await;
    let tries = futures::future::join_all((0..4).map(|_| case.execute_with(&app.executor, PHRASE, &digest))).await;
    let won = tries.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(
        won,
        1,
        "{:?}",
        tries.iter().map(|answer| answer.body.to_string()).collect::<Vec<_>>()
    );
    for lost in tries.iter().filter(|answer| answer.status != 200) {
        assert!(
            lost.status == 409 && ["busy", "not_in_this_status"].contains(&lost.code()),
            "{}",
            lost.body
        );
    }
    assert_eq!(
        case.actions()
            .await
            .iter()
            .filter(|action| *action == "execute")
            .count(),
        1
    );
    case.until_completed().await;
}

#[tokio::test]
async fn nobody_reviews_a_request_about_themselves() {
    let app = App::start_in(GLOBEX).await;
    let ada = app.subject("Ada").await;
    let mut person = app.approver_person.clone();
    person.email = format!("x{}", person.email);
    person.subject_id = ada.person.subject_id.clone();
    let herself = harness::people::sign_in(&app.stack, &person).await;
    let case = ada.submit(deletion(["profile"])).await;
    let answer = case
        .call(&herself, "/verify", serde_json::json!({ "method": "I know me" }))
        .await;
    assert_refused(&answer, "own_request", "an operator who is the subject");
    assert_eq!(refusals(&case).await, [("verify".to_owned(), "own_request".to_owned())]);
}
