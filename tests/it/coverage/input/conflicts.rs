//! Good input that meets another: a repeat, an overlap, a version that has moved on.

use harness::{App, Case, deletion, rows};
use lethe::api::Method;
use serde_json::json;

use super::{assert_invalid, assert_problem};

#[tokio::test]
async fn a_repeat_is_the_same_request() {
    let app = App::start_alone().await;
    let (ada, ben) = (app.subject("Ada").await, app.subject("Ben").await);
    let key = [("idempotency-key", "one and the same")];
    let submit = async |api: &lethe::api::Api, scope: &str| {
        let body = deletion([scope]).to_string().into_bytes();
        api.call(Method::POST, "/v1/requests", &key, Some(body)).await.unwrap()
    };
    let first = submit(&ada.api, "profile").await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert_eq!(
        first.header("location"),
        format!("/v1/requests/{}", first.body["id"].as_str().unwrap())
    );
    let before = rows::count(&app).await;
    let again = submit(&ada.api, "profile").await;
    assert_eq!((again.status, &again.body["id"]), (first.status, &first.body["id"]));
    assert_problem(
        &submit(&ada.api, "conversations").await,
        422,
        "idempotency_key_reused",
        "another body",
    );
    assert_eq!(rows::count(&app).await, before, "a repeat writes nothing");
    let bens = submit(&ben.api, "profile").await;
    assert_eq!(bens.status, 201, "another caller's key is another key: {}", bens.body);
    assert_ne!(bens.body["id"], first.body["id"]);

    let at_once = futures::future::join_all((0..4).map(|_| {
        let body = deletion(["attachments"]).to_string().into_bytes();
        ada.api.call(
            Method::POST,
            "/v1/requests",
            &[("idempotency-key", "at once")],
            Some(body),
        )
    }));
    let ids: std::collections::BTreeSet<_> = at_once
        .await
        .into_iter()
        .map(|answer| answer.unwrap().body["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 1, "four at once are one request: {ids:?}");
}

#[tokio::test]
async fn an_open_request_holds_its_categories() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["conversations", "profile"])).await;
    let overlapping = ada
        .api
        .post("/v1/requests", &deletion(["attachments", "profile"]))
        .await
        .unwrap();
    assert_problem(&overlapping, 409, "duplicate_request", "an overlap");
    let beside = ada.submit(deletion(["attachments"])).await;
    assert_ne!(beside.id, case.id);
    case.withdraw().await;
    ada.submit(deletion(["profile"])).await;
}

#[tokio::test]
async fn a_command_may_insist_on_the_version_that_was_read() {
    let app = App::start_alone().await;
    let case: Case<'_> = app.subject("Ada").await.submit(deletion(["profile"])).await;
    let read = app.approver.get(&case.path("")).await.unwrap();
    let tag = read.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", read.body["version"]));
    let verify = async |tag: &str| {
        let body = json!({ "method": "passport" }).to_string().into_bytes();
        app.approver
            .call(Method::POST, &case.path("/verify"), &[("if-match", tag)], Some(body))
            .await
            .unwrap()
    };
    assert_problem(&verify("\"999\"").await, 412, "stale_version", "a later version");
    assert_invalid(&verify("999").await, "/If-Match", "no entity tag");
    assert_eq!(case.actions().await, ["submit"]);
    let done = verify(&tag).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_ne!(done.header("etag"), tag);
    assert_problem(&verify(&tag).await, 412, "stale_version", "the version before");
}
