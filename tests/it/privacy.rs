//! After completion and shredding nobody's name, address, id or words are left anywhere Lethe keeps anything: not in a
//! table or index, a queue, a bucket or a log. While the request is open, they are there only under seal.

use harness::canary::Canary;
use harness::people::{OPERATORS, Person, sign_in};
use harness::subject::deletion_of_everything;
use harness::wait::unique;
use harness::{App, Case, Subject};
use serde_json::{Value, json};

/// Everything that tells who somebody is.
fn words<'a>(person: &'a Person, more: &[&'a str]) -> Vec<&'a str> {
    let id = person.subject_id.as_deref();
    [person.name.as_str(), person.email.as_str()]
        .into_iter()
        .chain(id)
        .chain(more.iter().copied())
        .collect()
}

async fn assert_gone(app: &App, words: &[&str]) {
    let found = Canary::new(words).found(app).await;
    assert!(found.is_empty(), "{} places:\n{}", found.len(), found.join("\n"));
}

#[tokio::test]
async fn the_search_finds_what_is_there() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let canary = Canary::new(&[&ada.person.name]);
    let tables = canary.in_tables(&app).await;
    for place in ["index None", "by_conversation"] {
        assert!(tables.iter().any(|found| found.contains(place)), "{place}: {tables:?}");
    }
    assert!(!canary.in_buckets(&app).await.is_empty());
    let word = unique();
    let (sqs, logs) = (app.clients.sqs(), app.clients.logs());
    let queue = sqs
        .create_queue()
        .queue_name(format!("canary-{word}"))
        .send()
        .await
        .unwrap()
        .queue_url
        .unwrap();
    sqs.send_message()
        .queue_url(&queue)
        .message_body(format!("to {word}"))
        .send()
        .await
        .unwrap();
    assert!(!Canary::new(&[&word]).in_queues(&app).await.is_empty());
    sqs.delete_queue().queue_url(&queue).send().await.unwrap();
    let group = format!("canary-{word}");
    logs.create_log_group().log_group_name(&group).send().await.unwrap();
    logs.create_log_stream()
        .log_group_name(&group)
        .log_stream_name("s")
        .send()
        .await
        .unwrap();
    let event = aws_sdk_cloudwatchlogs::types::InputLogEvent::builder();
    let event = event
        .timestamp(harness::wait::now().as_millisecond())
        .message(format!("to {}", hex::encode(&word)));
    let put = logs
        .put_log_events()
        .log_group_name(&group)
        .log_stream_name("s")
        .log_events(event.build().unwrap());
    put.send().await.unwrap();
    assert!(!Canary::new(&[&word]).in_logs(&app).await.is_empty());
    logs.delete_log_group().log_group_name(&group).send().await.unwrap();
}

#[tokio::test]
async fn nothing_of_a_subject_is_left() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let (reason, note) = (format!("reason {}", unique()), format!("note {}", unique()));
    let mut body = deletion_of_everything();
    body["reason"] = json!(reason);
    let (request, ip) = submit_from_afar(&app, &ada, &body).await;
    let case = Case::of(&app, &ada.api, &request);
    assert_eq!(
        case.read().await["requester"]["ip"],
        ip.as_str(),
        "operators can read it while the request is open"
    );
    let verification = json!({ "note": note, "verification": { "method": note, "note": note } });
    case.call(&app.approver, "/approve", verification)
        .await
        .success::<Value>()
        .unwrap();
    case.grace_over().await.execute().await;
    case.until_completed().await;
    assert_gone(&app, &words(&ada.person, &[&reason, &note, &ip])).await;
}

#[tokio::test]
async fn nothing_of_a_requester_is_left() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let requester = Person::staff(&app.tenant, OPERATORS);
    let api = sign_in(&app.stack, &requester).await;
    let mut body = deletion_of_everything();
    body["subject"] = json!({ "id": ada.id(), "name": ada.person.name, "email": ada.person.email });
    let request: Value = api.post("/v1/requests", &body).await.unwrap().success().unwrap();
    let case = Case::of(&app, &ada.api, &request);
    case.verify().await.approve().await.grace_over().await.execute().await;
    case.until_completed().await;
    assert_gone(&app, &[words(&ada.person, &[]), words(&requester, &[])].concat()).await;
}

#[tokio::test]
async fn an_open_request_is_sealed() {
    let app = App::start().await;
    let ada = app.subject_with("Ada", harness::Records::NONE).await;
    let reason = format!("reason {}", unique());
    let mut body = deletion_of_everything();
    body["reason"] = json!(reason);
    let case = ada.submit(body).await;
    case.verify().await;
    case.letters(&ada.person.email, 1).await;
    assert_eq!(case.read().await["reason"], reason.as_str());
    assert_gone(&app, &words(&ada.person, &[&reason])).await;
}

/// Submits as API Gateway would for a caller from another address: locally everybody comes from 127.0.0.1.
async fn submit_from_afar(app: &App, subject: &Subject<'_>, body: &Value) -> (Value, String) {
    let (a, b) = (rand::random::<u8>(), rand::random::<u16>());
    let ip = format!("2001:db8:{a:x}:{b:x}:cafe:f00d:dead:beef");
    let mut event: Value =
        serde_json::from_str(&harness::project::read("functions/submission/events/http-submit.json"))
            .expect("an event");
    event["body"] = json!(body.to_string());
    event["isBase64Encoded"] = json!(false);
    event["requestContext"]["http"]["sourceIp"] = json!(ip);
    event["headers"]["idempotency-key"] = json!(unique());
    let person = &subject.person;
    event["requestContext"]["authorizer"]["jwt"]["claims"] = json!({
        "sub": unique(), "token_use": "id", "email": person.email, "email_verified": "true", "name": person.name,
        "custom:tenant": person.tenant, "custom:subject_id": subject.id(),
    });
    let answer = lethe::invoke::invoke(&app.stack, "SubmissionFunction", &event)
        .await
        .expect("submission answers");
    assert_eq!(answer["statusCode"], 201, "{answer}");
    let body = answer["body"].as_str().expect("a body");
    (serde_json::from_str(body).expect("the request as JSON"), ip)
}
