//! Ids, queries, cursors, paths and methods that are not there or not as agreed.

use harness::{App, deletion};
use lethe::api::Method;
use serde_json::Value;

use super::{assert_invalid, assert_problem};

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
        ("requester=", "/requester"),
        ("requester=%20-", "/requester"),
        ("requester=a&requester=b", "/requester"),
        ("subject=", "/subject"),
        ("subject=a%00b", "/subject"),
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
    for (query, pointer) in [
        ("day=today", "/day"),
        ("from=yesterday", "/from"),
        ("to=2025-01-01", "/to"),
        ("cursor=abc.def", "/cursor"),
    ] {
        let answer = app.approver.get(&format!("/v1/audit?{query}")).await.unwrap();
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
