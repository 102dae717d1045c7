//! Methods and paths as no library would write them: no trick of an address gets anybody past the authorizer or to another
//! route, and what is not offered says what is.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use harness::{App, Case, deletion, project};
use lethe::api::Method;
use serde_json::json;

/// Ways to write the address of a command; `{id}` is a request's.
const TRICKS: [&str; 16] = [
    "//v1/requests/{id}/verify",
    "/v1//requests/{id}/verify",
    "/v1/requests//{id}/verify",
    "/v1/requests/{id}//verify",
    "/v1/requests/{id}/verify/",
    "/v1/requests/{id}/./verify",
    "/v1/requests/{id}/../{id}/verify",
    "/v1/requests/{id}/%2e%2e/{id}/verify",
    "/v1/health/../requests/{id}/verify",
    "/v1/requests/{id}%2Fverify",
    "/v1/requests/{id}%5Cverify",
    "/v1/requests/{id}/verify%00",
    "/v1/requests/{id}/verify%20",
    "/v1/requests/{id}/verify;x=1",
    "/V1/Requests/{id}/Verify",
    "http://127.0.0.1/v1/requests/{id}/verify",
];

/// Sends one call byte for byte and answers its status; a client library would tidy the path first.
fn raw(app: &App, method: &str, target: &str, token: Option<&str>) -> u16 {
    let address = app.stack.api_url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("the gateway listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a time-out");
    let body = json!({ "method": "passport" }).to_string();
    let token = token
        .map(|token| format!("authorization: Bearer {token}\r\n"))
        .unwrap_or_default();
    let call = format!(
        "{method} {target} HTTP/1.1\r\nhost: {}\r\n{token}content-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{body}",
        app.stack.api_host,
        body.len()
    );
    stream.write_all(call.as_bytes()).expect("sent");
    let mut answer = vec![];
    stream.read_to_end(&mut answer).expect("an answer");
    let head = String::from_utf8_lossy(&answer[..answer.len().min(64)]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.unwrap_or_else(|| panic!("{target}: no HTTP answer: {head}"))
}

async fn token_of(app: &App, tenant: &str) -> String {
    let person = harness::people::Person::staff(tenant, harness::people::OPERATORS);
    let user = harness::people::sign_up(&app.stack, &person).await.expect("a user");
    lethe::signin::sign_in(&app.stack, &user).await.expect("signed in").id
}

#[tokio::test]
async fn no_trick_of_an_address_gets_anywhere() {
    let app = App::start_alone().await;
    let case: Case<'_> = app.subject("Ada").await.submit(deletion(["profile"])).await;
    let stranger = token_of(&app, "test-elsewhere").await;
    for trick in TRICKS {
        let target = trick.replace("{id}", &case.id);
        for (who, token) in [("nobody", None), ("a stranger", Some(stranger.as_str()))] {
            for method in ["POST", "GET"] {
                let status = raw(&app, method, &target, token);
                assert!((400..500).contains(&status), "{method} {target} by {who}: {status}");
            }
        }
    }
    assert_eq!(case.actions().await, ["submit"], "nothing of it was done");
    let own = token_of(&app, &app.tenant).await;
    let plain = format!("/v1/requests/{}/verify", case.id);
    assert_eq!(raw(&app, "POST", &plain, Some(&own)), 200, "the plain address works");
}

#[tokio::test]
async fn a_header_does_not_change_the_method() {
    let app = App::start_alone().await;
    let case = app.subject("Ada").await.submit(deletion(["profile"])).await;
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let path = case.path("/withdraw");
        let answer = app
            .approver
            .call(Method::GET, &path, &[(name, "POST")], None)
            .await
            .unwrap();
        assert_eq!(answer.status, 405, "{name}: {}", answer.body);
    }
    assert_eq!(case.actions().await, ["submit"]);
}

#[tokio::test]
async fn a_405_names_the_methods_of_the_template() {
    let app = App::start_alone().await;
    let mut offered: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (route, _) in project::routes() {
        if let Some((method, path)) = route.split_once(' ') {
            offered.entry(path.to_owned()).or_default().insert(method.to_owned());
        }
    }
    assert!(offered.len() > 10, "{offered:?}");
    for (path, methods) in offered {
        let called = path.replace("{id}", "dsr_01JZ0M3V5T7XQ9B2C4D6E8F0GH");
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            let answer = app.approver.call(method.clone(), &called, &[], None).await.unwrap();
            assert_eq!(
                (answer.status.as_u16(), answer.code()),
                (405, "method_not_allowed"),
                "{method} {path}"
            );
            let named = answer.header("allow").split(", ").map(str::to_owned).collect();
            assert_eq!(methods, named, "{method} {path}");
        }
    }
}
