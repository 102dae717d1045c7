//! Commands whose body is not as agreed.

use harness::{App, deletion, rows};
use serde_json::json;

use super::assert_invalid;

#[tokio::test]
async fn a_bad_command_is_told_where_and_writes_nothing() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["profile"])).await;
    case.letters(&ada.person.email, 1).await;
    let before = rows::count(&app).await;
    let digest = "0".repeat(64);
    for (verb, body, pointer) in [
        ("/verify", json!({}), "/method"),
        ("/verify", json!({ "method": "  " }), "/method"),
        ("/verify", json!({ "method": "x", "by": "me" }), "/by"),
        ("/reject", json!({}), "/reason"),
        ("/reject", json!({ "reason": "" }), "/reason"),
        ("/reject", json!({ "reason": "x".repeat(2_001) }), "/reason"),
        ("/extend", json!({}), "/reason"),
        ("/extend", json!({ "reason": "\n" }), "/reason"),
        ("/extend", json!({ "reason": "x", "until": "tomorrow" }), "/until"),
        ("/extend", json!({ "reason": "x", "days": 3 }), "/days"),
        ("/withdraw", json!({}), "/reason"),
        ("/withdraw", json!({ "reason": 5 }), "/reason"),
        ("/approve", json!({ "verification": {} }), "/verification/method"),
        ("/approve", json!({ "force": true }), "/force"),
        ("/pause", json!({ "reason": "x" }), "/reason"),
        ("/cancel", json!({}), "/reason"),
        ("/restore", json!({ "all": true }), "/reason"),
        ("/restore", json!({ "reason": "x" }), "/refs"),
        ("/restore", json!({ "reason": "x", "refs": [] }), "/refs"),
        (
            "/restore",
            json!({ "reason": "x", "refs": ["profiles.0.0.0", "profiles.1"] }),
            "/refs/1",
        ),
        (
            "/restore",
            json!({ "reason": "x", "refs": ["a.0.0.0"], "all": true }),
            "/all",
        ),
        ("/restore", json!({ "reason": "x", "all": false }), "/all"),
        (
            "/execute",
            json!({ "confirmation": "EXECUTE DELETE NOW" }),
            "/preview_digest",
        ),
        ("/execute", json!({ "preview_digest": digest }), "/confirmation"),
        (
            "/execute",
            json!({ "confirmation": 1, "preview_digest": digest }),
            "/confirmation",
        ),
    ] {
        let answer = case.call(&app.approver, verb, body.clone()).await;
        assert_invalid(&answer, pointer, &format!("{verb} {body}"));
    }
    assert_eq!(rows::count(&app).await, before, "something was written");
    assert_eq!(case.trail().await.len(), 1, "a malformed command leaves no trace");
}
