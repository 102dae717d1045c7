//! A copy of somebody's data: asked for, packaged, fetched by the person, refused to everybody else, taken back.
//!
//! What is in a package is looked at in `opened` and `tests/package`.

use harness::wait::until;
use harness::{App, Case, Subject, export, project};
use lethe::api::{Answer, Api, Method};
use lethe::invoke::invoke;
use serde_json::{Value, json};

use super::finding::trail;
use super::{assert_whole, letter_about};

const JSON: [(&str, &str); 1] = [("accept", "application/json")];

async fn fetch(case: &Case<'_>, by: &Api, headers: &[(&str, &str)]) -> Answer {
    let body = json!({ "part": 1 }).to_string().into_bytes();
    let path = case.path("/export/redeem");
    let answer = by.call(Method::POST, &path, headers, Some(body)).await;
    answer.expect("an answer")
}

fn told(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.code())
}

/// A link to the first part, for somebody who may have one.
pub(super) async fn link(case: &Case<'_>, by: &Api) -> String {
    let link: Value = fetch(case, by, &JSON).await.success().expect("a link");
    link["url"].as_str().expect("an address").to_owned()
}

/// The file that a link leads to.
pub(super) async fn download(url: &str) -> (reqwest::StatusCode, Vec<u8>) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(url).send().await.expect("S3 answers");
    let status = answer.status();
    (status, answer.bytes().await.expect("a body").to_vec())
}

/// A copy of somebody's profile that can be fetched.
async fn ready<'a>(whose: &Subject<'a>) -> Case<'a> {
    let case = whose.submit(export(["profile"])).await;
    case.verify().await;
    let approved = case.call(&whose.app.approver, "/approve", json!({})).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    case.until("the package", |request| request["status"] == "Completed")
        .await;
    case
}

/// The link with one letter changed, at the end of its path and of each of its parameters.
fn altered(url: &str) -> Vec<String> {
    let ends = url.match_indices(['?', '&']).map(|(at, _)| at).chain([url.len()]);
    let alter = |end: usize| {
        let (before, last) = url[..end].split_at(end - 1);
        let other = if last == "0" { "1" } else { "0" };
        format!("{before}{other}{}", &url[end..])
    };
    ends.map(alter).collect()
}

/// Refused attempts in the trail, by code.
async fn refused(case: &Case<'_>) -> Vec<String> {
    let trail = case.trail().await.into_iter();
    let attempts = trail.filter(|entry| entry["action"] == "redeem" && entry["outcome"]["result"] == "refused");
    attempts
        .map(|entry| entry["outcome"]["code"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// What the function answers to a call whose token is as old as this; the emulator signs people in at this moment only.
async fn with_token_of(case: &Case<'_>, subject: &str, auth_time: Option<i64>) -> Value {
    let mut event: Value =
        serde_json::from_str(&project::read("functions/submission/events/http-submit.json")).expect("an event");
    let route = "POST /v1/requests/{id}/export/redeem";
    event["routeKey"] = json!(route);
    event["requestContext"]["routeKey"] = json!(route);
    event["pathParameters"] = json!({ "id": case.id });
    event["body"] = json!(json!({ "part": 1 }).to_string());
    let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
    claims["custom:tenant"] = json!(case.app.tenant);
    claims["custom:subject_id"] = json!(subject);
    claims["auth_time"] = auth_time.map_or(Value::Null, |at| json!(at.to_string()));
    if auth_time.is_none() {
        claims.as_object_mut().expect("claims").remove("auth_time");
    }
    let answer = invoke(&case.app.stack, "SubmissionFunction", &event).await;
    answer.expect("an answer")
}

#[tokio::test]
async fn a_copy_is_fetched_by_its_owner_and_by_nobody_else() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(export(["profile"])).await;
    let early = fetch(&case, &ada.api, &JSON).await;
    assert_eq!(told(&early), (409, "export_not_ready"));
    case.verify().await;
    let approved = case.call(&app.approver, "/approve", json!({})).await;
    assert_eq!(approved.status, 200, "{}", approved.body);
    let request = case
        .until("the package", |request| request["status"] == "Completed")
        .await;
    assert_eq!(request["export"]["state"], "available");

    let shown = case.get(&ada.api, "/export").await;
    assert_eq!(shown["parts"].as_array().map(Vec::len), Some(1), "{shown}");
    let url = link(&case, &ada.api).await;
    assert!(url.contains("X-Amz-Signature="), "{url}");
    assert!(url.contains("X-Amz-Expires=60"), "{url}");
    let (status, archive) = download(&url).await;
    assert_eq!(
        (status.as_u16(), archive.len() as u64),
        (200, shown["bytes"].as_u64().unwrap_or(0))
    );
    assert_eq!(&archive[..4], b"PK\x03\x04");
    let led = fetch(&case, &ada.api, &[]).await;
    assert_eq!(led.status, 303);
    assert_eq!(download(led.header("location")).await.1, archive);
    assert_eq!(case.read().await["export"]["accesses"], 2);

    let letters = case.letters(&ada.person.email, 3).await;
    let ready = letter_about(&letters, "is ready");
    assert_whole(ready, &ada.person);
    let text = ready.body_text.as_deref().unwrap_or_default();
    assert!(
        !text.contains("X-Amz") && !text.contains("/p/"),
        "never with a link: {text}"
    );
    let trail = case.trail().await;
    let access = trail
        .iter()
        .find(|entry| entry["action"] == "redeem" && entry["outcome"]["result"] == "done");
    let access = access.expect("the access is in the trail");
    assert_eq!(access["details"]["part"], 1);
    assert!(access["personal"]["ip"].is_string(), "{access}");
}

#[tokio::test]
async fn whoever_else_wants_a_copy_is_refused_and_in_a_trail() {
    let app = App::start_alone().await;
    let (ada, ben) = (app.subject("Ada").await, app.subject("Ben").await);
    let case = ready(&ada).await;
    assert_eq!(told(&fetch(&case, &ben.api, &JSON).await), (404, "not_found"));
    let elsewhere = app.operator_of(&format!("{}-other", app.tenant)).await;
    assert_eq!(told(&fetch(&case, &elsewhere, &JSON).await), (404, "not_found"));
    let noted = trail(&elsewhere, "").await;
    assert!(
        noted.iter().any(|noted| noted["entry"]["action"] == "redeem"),
        "{noted:?}"
    );
    let auditor = app.auditor().await;
    assert_eq!(told(&fetch(&case, &auditor, &JSON).await), (403, "operator_only"));
    let now = harness::wait::now().as_second();
    for auth_time in [Some(now - 16 * 60), None] {
        let answer = with_token_of(&case, ada.id(), auth_time).await;
        assert_eq!(answer["statusCode"], 401, "{answer}");
        assert!(
            answer["body"].to_string().contains("reauthentication_required"),
            "{answer}"
        );
        assert!(
            answer["headers"]["www-authenticate"]
                .to_string()
                .contains("max_age=900")
        );
    }
    let fresh = with_token_of(&case, ada.id(), Some(now - 14 * 60)).await;
    assert_eq!(fresh["statusCode"], 200, "{fresh}");
    assert_eq!(
        refused(&case).await,
        ["not_found", "operator_only", "reauthentication_required"],
        "the repeat is counted"
    );

    let revoked = case
        .call(&app.approver, "/export/revoke", json!({ "reason": "the wrong Ada" }))
        .await;
    assert_eq!(revoked.status, 200, "{}", revoked.body);
    assert_eq!(told(&fetch(&case, &ada.api, &JSON).await), (410, "export_revoked"));
    case.until("the purge", |request| request["export"]["state"] == "purged")
        .await;
    let left = app
        .clients
        .s3()
        .list_objects_v2()
        .bucket(app.output("ExportsBucket"))
        .prefix(format!("p/{}/{}/", app.tenant, case.id));
    assert_eq!(
        left.send().await.expect("a list").key_count(),
        Some(0),
        "nothing is stored"
    );
}

#[tokio::test]
async fn a_link_that_was_altered_or_is_a_minute_old_leads_nowhere() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let case = ready(&ada).await;
    let url = link(&case, &ada.api).await;
    let others = altered(&url);
    assert!(
        others.len() > 8,
        "path, signature, age, credentials and the rest: {url}"
    );
    for other in others {
        assert!([400, 403].contains(&download(&other).await.0.as_u16()), "{other}");
    }
    assert_eq!(download(&url).await.0, 200, "as it was given it leads to the file");
    let (status, answer) = until("the link's minute to be over", async || {
        let (status, answer) = download(&url).await;
        (status != 200).then_some((status, answer))
    })
    .await;
    let answer = String::from_utf8_lossy(&answer);
    assert_eq!(status, 403, "{answer}");
    assert!(answer.contains("Request has expired"), "{answer}");
}
