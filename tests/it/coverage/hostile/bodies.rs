//! Bodies that are meant to cost or confuse: small to send, deep, long or ambiguous to read. Each is refused at its place,
//! quickly, and nothing is written.

use std::time::{Duration, Instant};

use harness::{App, deletion, rows};
use lethe::api::Method;
use serde_json::json;

/// Far more than reading 64 KiB takes, far less than a function's time-out.
const SOON: Duration = Duration::from_secs(10);

/// A submission with this text in place of a field's value.
fn with(field: &str, value: &str) -> Vec<u8> {
    let mut body = deletion(["profile"]);
    body[field] = json!("PLACE");
    body.to_string().replace("\"PLACE\"", value).into_bytes()
}

fn bombs() -> Vec<(&'static str, Vec<u8>)> {
    let nested = |open: &str, close: &str| format!("{}1{}", open.repeat(9_000), close.repeat(9_000));
    let names = |name: &str, n: usize| vec![name; n].join(",");
    vec![
        ("arrays in arrays", with("scope", &nested("[", "]"))),
        ("objects in objects", with("subject", &nested("{\"a\":", "}"))),
        ("arrays in a field nobody knows", with("zzz", &nested("[", "]"))),
        (
            "no end to it",
            format!("{{\"scope\":{}", "[".repeat(60_000)).into_bytes(),
        ),
        (
            "twenty thousand categories",
            with("scope", &format!("[{}]", names("\"a\"", 15_000))),
        ),
        (
            "a category without end",
            with("scope", &format!("[\"{}\"]", "a".repeat(60_000))),
        ),
        (
            "thousands of fields",
            format!("{{{}}}", names("\"a\":1", 10_000)).into_bytes(),
        ),
        ("a number beyond numbers", with("confirm", "1e999999")),
        ("a number of many digits", with("received_at", &"9".repeat(60_000))),
        (
            "a date beyond dates",
            with("received_at", "\"+999999-01-01T00:00:00Z\""),
        ),
        ("not a number", with("confirm", "NaN")),
        ("half a surrogate pair", with("reason", "\"\\ud800\"")),
        ("a text that is an object", with("reason", "{\"$gt\":\"\"}")),
        (
            "the same field, escaped",
            br#"{"kind":"deletion","k\u0069nd":"deletion"}"#.to_vec(),
        ),
        ("a prototype", with("__proto__", "{\"is_operator\":true}")),
        ("a comment", b"{/* */\"kind\":\"deletion\"}".to_vec()),
        (
            "a byte order mark",
            [b"\xef\xbb\xbf".to_vec(), deletion(["profile"]).to_string().into_bytes()].concat(),
        ),
        (
            "UTF-16",
            "{\"kind\":\"deletion\"}"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect(),
        ),
        (
            "over-long UTF-8",
            [b"{\"reason\":\"".to_vec(), b"\xc0\xaf\"}".to_vec()].concat(),
        ),
    ]
}

#[tokio::test]
async fn a_bomb_is_refused_quickly_and_writes_nothing() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let before = rows::count(&app).await;
    for (what, body) in bombs() {
        assert!(
            body.len() <= 64 * 1024,
            "{what} would be refused for its size: {}",
            body.len()
        );
        let start = Instant::now();
        let answer = ada
            .api
            .call(Method::POST, "/v1/requests", &[], Some(body))
            .await
            .unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (400, "invalid_input"),
            "{what}: {}",
            answer.body
        );
        assert!(start.elapsed() < SOON, "{what} took {:?}", start.elapsed());
        assert!(answer.body.to_string().len() < 2_000, "{what} is told at length");
    }
    assert_eq!(rows::count(&app).await, before, "something was written");
}

#[tokio::test]
async fn a_body_is_what_it_says_whatever_its_content_type() {
    let app = App::start_alone().await;
    let body = deletion(["profile"]).to_string();
    for (what, content_type) in [
        ("a form", "application/x-www-form-urlencoded"),
        ("a file", "application/octet-stream"),
        ("text in another alphabet", "text/plain; charset=utf-16"),
        ("nothing known", "\\"),
    ] {
        let ada = app.subject_with("Ada", harness::Records::NONE).await;
        let (said, body) = ([("content-type", content_type)], body.clone().into_bytes());
        let answer = ada
            .api
            .call(Method::POST, "/v1/requests", &said, Some(body))
            .await
            .unwrap();
        assert_eq!(answer.status, 201, "{what}: {}", answer.body);
    }
    let ada = app.subject_with("Ada", harness::Records::NONE).await;
    let packed = [0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0xab, 0x56, 0, 0].to_vec();
    let gzip = [("content-encoding", "gzip")];
    let answer = ada
        .api
        .call(Method::POST, "/v1/requests", &gzip, Some(packed))
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (400, "invalid_input"),
        "a packed body is not unpacked"
    );
}

#[tokio::test]
async fn a_header_too_large_is_refused() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let before = rows::count(&app).await;
    let long = "k".repeat(8_000);
    for name in ["idempotency-key", "if-match", "x-anything"] {
        let body = json!({ "reason": 7 }).to_string().into_bytes();
        let answer = ada
            .api
            .call(Method::POST, "/v1/requests", &[(name, &long)], Some(body))
            .await
            .unwrap();
        assert!(
            (400..500).contains(&answer.status.as_u16()),
            "{name}: {}",
            answer.status
        );
    }
    let body = deletion(["profile"]).to_string().into_bytes();
    let key = [("idempotency-key", long.as_str())];
    let answer = ada
        .api
        .call(Method::POST, "/v1/requests", &key, Some(body))
        .await
        .unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (400, "invalid_input"),
        "{}",
        answer.body
    );
    assert_eq!(rows::count(&app).await, before, "something was written");
}
