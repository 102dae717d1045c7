//! Two tenants at once: the same customer id in both, both erased at the same time. Each ends with its own account, and
//! whatever an operator of one tries, the other is as if it were not there.

use std::pin::Pin;

use futures::future::{Join, join};
use harness::app::PATIENT;
use harness::subject::deletion_of_everything;
use harness::wait::until;
use harness::{App, Case, GLOBEX, NEIGHBOUR, Oracle, Records, Subject};
use serde_json::{Value, json};

use super::finding::trail as trail_of_tenant;
use super::letter_about;

/// Other numbers than everybody's, so that an account tells whose it is.
const FEWER: Records = Records {
    messages: 7,
    profiles: 1,
    files: 2,
};

/// Two lives side by side; boxed, since they are long.
fn both<A: Future, B: Future>(one: A, other: B) -> Join<Pin<Box<A>>, Pin<Box<B>>> {
    join(Box::pin(one), Box::pin(other))
}

/// Everything up to the execution.
async fn executed<'a>(subject: &Subject<'a>) -> Case<'a> {
    let case = subject.submit(deletion_of_everything()).await;
    case.verify().await.approve().await.grace_over().await;
    let preview = case.preview().await;
    assert_eq!(
        preview["total"],
        subject.records.total(),
        "only the own tenant's: {preview}"
    );
    case.execute().await;
    case
}

/// Ended whole, with exactly its subject's records.
async fn assert_exact(subject: &Subject<'_>, case: &Case<'_>) {
    let closed = case.until_completed().await;
    let (records, progress) = (subject.records.total(), &closed["job"]["progress"]);
    assert_eq!(closed["result"], "full", "{closed}");
    for count in ["planned", "processed", "purged"] {
        assert_eq!(
            progress[count], records,
            "{count} of {}: {progress}",
            subject.app.tenant
        );
    }
    assert!(subject.traces().await.is_empty(), "{:?}", subject.traces().await);
    let letters = case.letters(&subject.person.email, 3).await;
    let text = letter_about(&letters, "completed")
        .body_text
        .clone()
        .unwrap_or_default();
    let messages = format!("- {} records deleted for good", subject.records.messages);
    assert!(text.contains(&messages), "its own numbers: {text}");
}

#[tokio::test]
async fn the_same_customer_of_two_tenants_is_erased_in_both_at_once() {
    let (one, other) = both(App::start(), App::start_in(NEIGHBOUR)).await;
    let ada = one.subject("Ada").await;
    let (twin, third) = both(ada.twin_of(&other, FEWER), ada.twin_in(GLOBEX)).await;
    let oracle = Oracle::now(&one).await;
    let (here, there) = both(executed(&ada), executed(&twin)).await;
    both(assert_exact(&ada, &here), assert_exact(&twin, &there)).await;
    oracle.untouched(&one, &[&third]).await;
}

#[tokio::test]
async fn what_comes_back_in_one_tenant_stays_gone_in_the_other() {
    let (one, other) = both(App::start_in(PATIENT), App::start_in(NEIGHBOUR)).await;
    let ada = one.subject("Ada").await;
    let twin = ada.twin_of(&other, FEWER).await;
    let oracle = Oracle::now(&one).await;
    let (here, there) = both(executed(&ada), executed(&twin)).await;
    here.until_phase("recovering").await;
    here.call(&one.executor, "/cancel", json!({ "reason": "the wrong Ada" }))
        .await;
    here.until("the cancellation", |request| request["status"] == "Cancelled")
        .await;
    let all = json!({ "reason": "the wrong Ada", "all": true });
    let restoring = here.call(&one.executor, "/restore", all).await;
    assert_eq!(restoring.status.as_u16(), 202, "{}", restoring.body);
    let location = restoring.header("location").to_owned();
    let restored = until("the restoration", async || {
        one.supervise().await;
        let shown = one.executor.get(&location).await.expect("an answer").body;
        (shown["state"] == "done").then_some(shown)
    })
    .await;
    assert_eq!(restored["restored"], ada.records.total(), "{restored}");
    assert_exact(&twin, &there).await;
    oracle.untouched(&one, &[&ada.person]).await;
    let unknown = other.executor.get(&location).await.expect("an answer");
    assert_eq!((unknown.status.as_u16(), unknown.code()), (404, "not_found"));
}

/// Every command on a request that runs, as an operator may give it.
const COMMANDS: [(&str, &str); 7] = [
    ("/pause", "{}"),
    ("/resume", "{}"),
    ("/cancel", REASON),
    ("/restore", r#"{"reason": "not mine", "refs": ["messages.0.0.0"]}"#),
    ("/extend", REASON),
    ("/withdraw", REASON),
    ("/reject", REASON),
];
const REASON: &str = r#"{"reason": "not mine"}"#;

#[tokio::test]
async fn an_operator_of_one_tenant_is_blind_and_powerless_in_the_other() {
    let (one, other) = both(App::start_in(PATIENT), App::start_in(NEIGHBOUR)).await;
    let ada = one.subject("Ada").await;
    let twin = ada.twin_of(&other, FEWER).await;
    let theirs = twin.submit(deletion_of_everything()).await;
    let case = executed(&ada).await;
    case.until_phase("recovering").await;
    let (before, trail) = (case.read().await, case.trail().await);

    for (who, stranger) in [
        ("an operator", other.executor.clone()),
        ("an auditor", other.auditor().await),
        ("the customer with the same id", twin.api.clone()),
    ] {
        for tail in ["", "/audit", "/preview", "/findings", "/restores/1"] {
            let answer = stranger.get(&case.path(tail)).await.expect("an answer");
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (404, "not_found"),
                "{tail} by {who}"
            );
        }
        for (verb, body) in COMMANDS {
            let body = serde_json::from_str(body).expect("JSON");
            let answer = case.call(&stranger, verb, body).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (404, "not_found"),
                "{verb} by {who}"
            );
        }
    }
    let by_id = format!("/v1/requests?subject={}", ada.id());
    let by_mail = format!("/v1/requests?requester={}", ada.person.email);
    for (path, found) in [(by_id, vec![theirs.id.clone()]), (by_mail, vec![])] {
        let listed: Value = other
            .executor
            .get(&path)
            .await
            .expect("an answer")
            .success()
            .expect("a list");
        let items = listed["items"].as_array().expect("items");
        let ids: Vec<_> = items.iter().filter_map(|item| item["id"].as_str()).collect();
        assert_eq!(ids, found, "{path}: one id in two tenants is two people");
    }
    let since = format!(
        "from={}",
        theirs.read().await["submitted_at"].as_str().expect("an instant")
    );
    for (app, own, strange) in [(&one, &case.id, &theirs.id), (&other, &theirs.id, &case.id)] {
        let exported = trail_of_tenant(&app.executor, &since).await;
        let about = |id: &String| exported.iter().any(|line| line["entry"]["request"] == id.as_str());
        assert!(about(own) && !about(strange), "the trail of {}", app.tenant);
    }
    let after = case.read().await;
    assert_eq!(
        (&after["version"], &after["job"]["paused"], &after["status"]),
        (&before["version"], &false.into(), &"InProgress".into())
    );
    assert_eq!(
        case.trail().await,
        trail,
        "what was tried from outside is not even written down"
    );
}
