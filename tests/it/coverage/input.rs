//! Input that is not as agreed: told where it is wrong, and nothing is written. What is agreed and yet not possible has
//! its own code: a repeat, an overlap, a stale version, a method that is not there.

use harness::{App, Case, deletion, rows};
use lethe::api::{Answer, Method};
use serde_json::{Value, json};

fn assert_problem(answer: &Answer, status: u16, code: &str, what: &str) {
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (status, code),
        "{what}: {}",
        answer.body
    );
    assert_eq!(answer.header("content-type"), "application/problem+json", "{what}");
    for field in ["type", "title", "detail"] {
        assert!(
            answer.body[field].as_str().is_some_and(|text| !text.is_empty()),
            "{what}: no {field} in {}",
            answer.body
        );
    }
    assert_eq!(answer.body["status"], status, "{what}");
}

fn assert_invalid(answer: &Answer, pointer: &str, what: &str) {
    assert_problem(answer, 400, "invalid_input", what);
    assert_eq!(answer.body["pointer"], pointer, "{what}: {}", answer.body);
}

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
        ("/withdraw", json!({}), "/reason"),
        ("/withdraw", json!({ "reason": 5 }), "/reason"),
        ("/approve", json!({ "verification": {} }), "/verification/method"),
        ("/approve", json!({ "force": true }), "/force"),
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

#[tokio::test]
async fn a_bad_address_is_told_where() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["profile"])).await;
    for id in [
        "7",
        "dsr_",
        "dsr_01JZ0M3V5T7XQ9B2C4D6E8F0G",
        &case.id.to_lowercase(),
        "dsr_%00",
        "%E4%BD%A0",
    ] {
        for (api, method, tail) in [
            (&ada.api, Method::GET, ""),
            (&ada.api, Method::POST, "/withdraw"),
            (&app.approver, Method::POST, "/verify"),
        ] {
            let body = (method == Method::POST)
                .then(|| b"{\"method\":\"x\"}".to_vec())
                .filter(|_| tail == "/verify");
            let answer = api
                .call(method, &format!("/v1/requests/{id}{tail}"), &[], body)
                .await
                .unwrap();
            assert_invalid(&answer, "/id", &format!("{id}{tail}"));
        }
    }
    for (query, pointer) in [
        ("colour=red", "/colour"),
        ("status=pending", "/status"),
        ("status=Pending&status=Nope", "/status"),
        ("kind=wipe", "/kind"),
        ("kind=deletion&kind=deletion", "/kind"),
        ("from=yesterday", "/from"),
        ("to=2025-01-01", "/to"),
        ("limit=0", "/limit"),
        ("limit=101", "/limit"),
        ("limit=ten", "/limit"),
        ("cursor=", "/cursor"),
        ("cursor=abc", "/cursor"),
        ("cursor=abc.def", "/cursor"),
    ] {
        let answer = app.approver.get(&format!("/v1/requests?{query}")).await.unwrap();
        assert_invalid(&answer, pointer, query);
    }
}

#[tokio::test]
async fn a_cursor_is_good_for_who_got_it_and_unchanged() {
    let app = App::start_alone().await;
    let mut ids = vec![];
    for name in ["Ada", "Ben", "Cleo"] {
        ids.push(
            app.subject_with(name, harness::Records::NONE)
                .await
                .submit(deletion(["profile"]))
                .await
                .id,
        );
    }
    let page = async |query: &str| -> Value {
        app.approver
            .get(&format!("/v1/requests?limit=1{query}"))
            .await
            .unwrap()
            .success()
            .unwrap()
    };
    let (mut seen, mut query) = (vec![], String::new());
    let first = page("").await["next_cursor"]
        .as_str()
        .expect("there is more")
        .to_owned();
    loop {
        let page = page(&query).await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        let Some(cursor) = page["next_cursor"].as_str() else {
            break;
        };
        query = format!("&cursor={cursor}");
    }
    ids.reverse();
    assert_eq!(seen, ids, "all of them, newest first, each once");

    let (position, tag) = first.split_once('.').expect("position and tag");
    let forged = [
        format!("{position}.{}", "A".repeat(tag.len())),
        format!("{}.{tag}", &position[..position.len() - 1]),
        position.to_owned(),
    ];
    for cursor in forged {
        let answer = app
            .approver
            .get(&format!("/v1/requests?cursor={cursor}"))
            .await
            .unwrap();
        assert_invalid(&answer, "/cursor", "a forged cursor");
    }
    for (what, other) in [
        ("another operator's", &app.executor),
        ("another tenant's", &app.operator_of("test-elsewhere").await),
    ] {
        let answer = other.get(&format!("/v1/requests?cursor={first}")).await.unwrap();
        assert_invalid(&answer, "/cursor", what);
    }
}

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

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let app = App::start_alone().await;
    for path in [
        "/",
        "/v1",
        "/v1/request",
        "/v1/requests/",
        "/v1/requests/x/y/z",
        "/v2/requests",
        "/console/",
    ] {
        let answer = app.approver.get(path).await.unwrap();
        assert_problem(&answer, 404, "not_found", path);
    }
    for (method, path) in [
        (Method::DELETE, "/v1/requests"),
        (Method::PUT, "/v1/requests/dsr_01JZ0M3V5T7XQ9B2C4D6E8F0GH"),
        (Method::GET, "/v1/requests/dsr_01JZ0M3V5T7XQ9B2C4D6E8F0GH/execute"),
        (Method::POST, "/v1/health"),
        (Method::PATCH, "/v1/data-map"),
    ] {
        let answer = app.approver.call(method.clone(), path, &[], None).await.unwrap();
        assert_problem(&answer, 405, "method_not_allowed", &format!("{method} {path}"));
    }
    let unknown = app
        .approver
        .get("/v1/requests/dsr_01JZ0M3V5T7XQ9B2C4D6E8F0GH")
        .await
        .unwrap();
    assert_problem(&unknown, 404, "not_found", "an id that was never made");
}
