//! Words that want to be a log line: line ends, escape sequences and whole JSON objects in every text and header a caller
//! chooses. No log holds any of it, and every line of a function is one JSON object of the function's own making.

use harness::canary::Canary;
use harness::people::{OPERATORS, Person, sign_in};
use harness::wait::{now, unique, until};
use harness::{App, Case, deletion};
use lethe::api::{Api, Method};
use serde_json::{Value, json};

/// Makes a text of a line end, a line that looks like ours, and a terminal's escape sequence.
fn forged(mark: &str) -> String {
    format!(
        "x\r\n{{\"level\":\"ERROR\",\"function\":\"review\",\"message\":\"{mark}\"}}\r\n\u{1b}[2J\u{2028}\u{0}{mark}"
    )
}

/// Says the mark wherever a caller may say something; whatever the answer.
async fn say_everywhere(subject: &Api, operator: &Api, mark: &str) -> Option<String> {
    let text = forged(mark);
    let mut body = deletion(["profile"]);
    body["reason"] = json!(text);
    let agent = format!("{{\"level\":\"ERROR\",\"message\":\"{mark}\"}}");
    let said = [
        ("user-agent", agent.as_str()),
        ("x-amzn-trace-id", mark),
        ("idempotency-key", &agent),
    ];
    let answer = subject
        .call(Method::POST, "/v1/requests", &said, Some(body.to_string().into_bytes()))
        .await
        .expect("an answer");
    let id = answer.body["id"].as_str().map(str::to_owned);
    for (method, path, body) in [
        (
            Method::GET,
            format!("/v1/requests?{mark}=%0d%0a{mark}&limit=%1b%5b2J"),
            None,
        ),
        (Method::GET, format!("/v1/requests?cursor={mark}%0a{mark}.x"), None),
        (Method::GET, format!("/v1/requests/{mark}%0d%0a{mark}"), None),
        (Method::GET, format!("/{mark}%0a{{%22level%22:%22ERROR%22}}"), None),
        (
            Method::POST,
            "/v1/requests".to_owned(),
            Some(json!({ text.as_str(): text, "kind": text })),
        ),
        (
            Method::POST,
            format!("/v1/requests/{}/verify", id.as_deref().unwrap_or("x")),
            Some(json!({ "method": text, "note": text })),
        ),
        (
            Method::POST,
            format!("/v1/requests/{}/execute", id.as_deref().unwrap_or("x")),
            Some(json!({ "confirmation": text, "preview_digest": text })),
        ),
    ] {
        let body = body.map(|body| body.to_string().into_bytes());
        let headers = [("user-agent", agent.as_str()), ("if-match", mark)];
        drop(
            operator
                .call(method.clone(), &path, &headers[..1], body.clone())
                .await
                .expect("an answer"),
        );
        drop(operator.call(method, &path, &headers, body).await.expect("an answer"));
    }
    id
}

/// The lines of a function's log since an instant, as written.
async fn lines(app: &App, function: &str, since: i64) -> Vec<String> {
    let group = app.output(&format!("{function}LogGroup"));
    let pages = app
        .clients
        .logs()
        .filter_log_events()
        .log_group_name(group)
        .start_time(since);
    let mut pages = pages.into_paginator().send();
    let mut found = vec![];
    while let Some(page) = pages.next().await {
        let events = page.expect("log lines").events.unwrap_or_default();
        found.extend(events.into_iter().filter_map(|event| event.message));
    }
    found
}

#[tokio::test]
async fn nobody_writes_a_line_of_the_log() {
    let app = App::start_alone().await;
    let (since, mark) = (now().as_millisecond(), format!("mark{}", unique()));
    let mut person = Person::staff(&app.tenant, OPERATORS);
    person.name = forged(&mark);
    let (subject, operator) = (app.subject("Ada").await, sign_in(&app.stack, &person).await);
    let id = say_everywhere(&subject.api, &operator, &mark)
        .await
        .expect("the text is allowed as a reason");
    let case = Case::of(&app, &subject.api, &json!({ "id": id }));
    assert_eq!(
        case.read().await["reason"],
        forged(&mark),
        "kept as it was said, under seal"
    );

    for (function, route) in [
        ("Submission", "GET /v1/requests"),
        ("Review", "POST /v1/requests/{id}/verify"),
    ] {
        let lines = until("the log of these calls", async || {
            let lines = lines(&app, function, since).await;
            lines.iter().any(|line| line.contains(route)).then_some(lines)
        })
        .await;
        for line in lines.iter().filter(|line| line.trim_start().starts_with('{')) {
            let line: Value = serde_json::from_str(line.trim()).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert_eq!(line["function"], function.to_lowercase().as_str(), "{line}");
        }
    }
    let found = Canary::new(&[&mark]).in_logs(&app).await;
    assert!(found.is_empty(), "{}", found.join("\n"));
}
