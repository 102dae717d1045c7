//! Submissions that are not as agreed.

use harness::{App, deletion, rows};
use lethe::api::Method;
use serde_json::{Value, json};

use super::{assert_invalid, assert_problem};

/// A good submission with one field changed, or taken away by null.
fn with(field: &str, value: Value) -> Vec<u8> {
    let mut body = deletion(["profile"]);
    match value {
        Value::Null => drop(body.as_object_mut().expect("an object").remove(field)),
        value => body[field] = value,
    }
    body.to_string().into_bytes()
}

/// Submissions that are wrong, and where.
fn bad_submissions() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let deep = format!(r#"{{"kind":{}{}}}"#, "[".repeat(1_000), "]".repeat(1_000)).into_bytes();
    let twice = br#"{"kind":"deletion","kind":"deletion","scope":["profile"],"reason":"x","confirm":true}"#.to_vec();
    vec![
        ("an unknown field", with("colour", json!("red")), "/colour"),
        ("a misspelt field", with("confrim", json!(true)), "/confrim"),
        ("an unknown kind", with("kind", json!("wipe")), "/kind"),
        ("a missing kind", with("kind", Value::Null), "/kind"),
        ("a field given twice", twice, "/kind"),
        ("a scope of the wrong type", with("scope", json!("profile")), "/scope"),
        (
            "a category of the wrong type",
            with("scope", json!(["profile", 7])),
            "/scope/1",
        ),
        (
            "an unknown category",
            with("scope", json!(["profile", "dreams"])),
            "/scope/1",
        ),
        (
            "a category that is no slug",
            with("scope", json!(["../profile"])),
            "/scope/0",
        ),
        ("an empty scope", with("scope", json!([])), "/scope"),
        ("a missing scope", with("scope", Value::Null), "/scope"),
        ("a blank reason", with("reason", json!(" \t\n\u{a0}")), "/reason"),
        ("an empty reason", with("reason", json!("")), "/reason"),
        (
            "a reason of 2,001 characters",
            with("reason", json!("ä".repeat(2_001))),
            "/reason",
        ),
        ("a missing reason", with("reason", Value::Null), "/reason"),
        ("no confirmation", with("confirm", json!(false)), "/confirm"),
        ("a missing confirmation", with("confirm", Value::Null), "/confirm"),
        (
            "a confirmation of the wrong type",
            with("confirm", json!("true")),
            "/confirm",
        ),
        (
            "an instant that is none",
            with("received_at", json!("yesterday")),
            "/received_at",
        ),
        (
            "an instant of a subject",
            with("received_at", json!("2025-01-01T00:00:00Z")),
            "/received_at",
        ),
        (
            "somebody else's subject",
            with("subject", json!({ "id": "c-2" })),
            "/subject",
        ),
        (
            "a subject without id",
            with("subject", json!({ "name": "Ben" })),
            "/subject/id",
        ),
        (
            "a subject with an unknown field",
            with("subject", json!({ "id": "c-2", "age": 5 })),
            "/subject/age",
        ),
        ("deep nesting", deep, ""),
        ("no object", b"[]".to_vec(), ""),
        ("no JSON", b"{\"kind\": ".to_vec(), ""),
        (
            "something behind the JSON",
            [with("kind", json!("deletion")), b" {}".to_vec()].concat(),
            "",
        ),
        ("no UTF-8", b"{\"reason\": \xff\xfe}".to_vec(), ""),
    ]
}

#[tokio::test]
async fn a_bad_submission_is_told_where_and_writes_nothing() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let before = rows::count(&app).await;
    for (what, body, pointer) in bad_submissions() {
        let answer = ada
            .api
            .call(Method::POST, "/v1/requests", &[], Some(body))
            .await
            .unwrap();
        assert_invalid(&answer, pointer, what);
    }
    let large = with("reason", json!("x".repeat(64 * 1024)));
    let answer = ada
        .api
        .call(Method::POST, "/v1/requests", &[], Some(large))
        .await
        .unwrap();
    assert_problem(&answer, 400, "body_too_large", "a body over 64 KiB");
    for key in ["", &"k".repeat(256)] {
        let body = Some(with("kind", json!("deletion")));
        let answer = ada
            .api
            .call(Method::POST, "/v1/requests", &[("idempotency-key", key)], body)
            .await
            .unwrap();
        assert_problem(&answer, 400, "invalid_input", "a key that is none");
    }
    assert_eq!(rows::count(&app).await, before, "something was written");

    // The same body, with 2,000 characters, is good.
    let body = Some(with("reason", json!("ä".repeat(2_000))));
    let answer = ada.api.call(Method::POST, "/v1/requests", &[], body).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_ne!(rows::count(&app).await, before, "the count can tell");
}
