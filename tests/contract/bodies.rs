//! Bodies and queries: what `infra/openapi.yaml` shows is taken by the functions' own parsers, and the fields it lists are
//! those that the parsers know.

use std::collections::BTreeSet;

use harness::contract::{FILE, contract};
use serde_json::{Value, json};

use super::room::{Applied, Room};

/// The operations that take a body, with its schema and its examples.
fn with_body() -> Vec<(String, &'static Value)> {
    let operations = contract().operations().into_iter();
    let body = |(route, operation): (String, &'static Value)| {
        let media = operation.pointer("/requestBody/content/application~1json")?;
        Some((route, media))
    };
    operations.filter_map(body).collect()
}

fn with(body: &Value) -> Value {
    json!({ "body": body.to_string() })
}

/// What a problem says of the input.
fn refusal(room: &Room, route: &str, changes: Value) -> (u16, String, String) {
    let answer = room.call(route, changes);
    let body: Value = serde_json::from_str(answer.body()).unwrap_or_default();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (answer.status(), text("pointer"), text("detail"))
}

#[test]
fn every_example_is_taken() {
    let room = Room::with(Applied::sample());
    for (route, media) in with_body() {
        for (name, example) in media["examples"].as_object().expect("examples") {
            let (status, pointer, detail) = refusal(&room, &route, with(&example["value"]));
            // There is no such request here; its body is looked at before.
            let expected = if route.contains("{id}") { 404 } else { 201 };
            assert_eq!(status, expected, "{route}, example {name}: {pointer} {detail}");
        }
    }
}

/// The fields or parameters that a refusal of an unknown one names.
fn known(detail: &str) -> BTreeSet<String> {
    detail.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_fields_of_a_body_are_those_its_parser_knows() {
    let room = Room::with(Applied::sample());
    for (route, media) in with_body() {
        let mut seen = 0;
        for (pointer, schema) in objects(&media["schema"], String::new()) {
            let (status, at, detail) = refusal(&room, &route, with(&nested(&pointer, json!({ "?": 0 }))));
            assert_eq!((status, at), (400, format!("{pointer}/?")), "{route}: {detail}");
            let properties = schema["properties"].as_object().into_iter().flatten();
            let documented: BTreeSet<_> = properties.map(|(name, _)| name.clone()).collect();
            assert_eq!(
                known(&detail),
                documented,
                "{route}{pointer}: make {FILE} say what the parser takes"
            );
            assert_eq!(
                schema["additionalProperties"], false,
                "{route}{pointer}: unknown fields are refused"
            );
            seen += 1;
        }
        assert!(seen > 0, "{route} has a body that is no object");
    }
}

/// The objects in a body, with their places.
fn objects(schema: &'static Value, place: String) -> Vec<(String, &'static Value)> {
    let schema = contract().resolve(schema);
    let mut found = vec![];
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        found.extend(objects(choice, place.clone()));
    }
    if schema["type"] == "object" {
        found.push((place.clone(), schema));
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        found.extend(objects(property, format!("{place}/{name}")));
    }
    found
}

/// The value at a place of an object that has nothing else.
fn nested(pointer: &str, value: Value) -> Value {
    let names = pointer.rsplit('/').filter(|name| !name.is_empty());
    names.fold(value, |value, name| json!({ (name): value }))
}

#[test]
fn what_is_required_of_a_body_is_what_its_parser_misses() {
    let room = Room::with(Applied::sample());
    for (route, media) in with_body() {
        let schema = contract().resolve(&media["schema"]);
        let example = media["examples"]
            .as_object()
            .and_then(|all| all.values().next())
            .expect("an example");
        for name in schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let mut body = example["value"].clone();
            body.as_object_mut().expect("an object").remove(name);
            let (status, at, detail) = refusal(&room, &route, with(&body));
            assert_eq!(
                (status, at),
                (400, format!("/{name}")),
                "{route} without {name}: {detail}"
            );
        }
    }
}

#[test]
fn the_parameters_of_a_query_are_those_its_parser_knows() {
    let room = Room::with(Applied::sample());
    for route in [
        "GET /v1/requests",
        "GET /v1/requests/{id}/records",
        "GET /v1/holds",
        "GET /v1/audit",
    ] {
        let (status, at, detail) = refusal(&room, route, json!({ "rawQueryString": "x=0" }));
        assert_eq!((status, at.as_str()), (400, "/x"), "{route}: {detail}");
        let parameters = contract().operations()[route]["parameters"]
            .as_array()
            .into_iter()
            .flatten();
        let named = parameters
            .map(|one| contract().resolve(one))
            .filter(|one| one["in"] == "query");
        let documented: BTreeSet<_> = named
            .filter_map(|one| one["name"].as_str())
            .map(str::to_owned)
            .collect();
        assert_eq!(
            known(&detail),
            documented,
            "{route}: make {FILE} say what the parser takes"
        );
    }
}

/// What a schema forbids, a parser refuses; what it allows, a parser takes.
#[test]
fn schema_and_parser_agree_on_what_is_wrong() {
    let room = Room::with(Applied::sample());
    let submission = |name: &str, value: Value| {
        let mut body = json!({ "kind": "deletion", "scope": ["profile"], "reason": "x", "confirm": true });
        body[name] = value;
        ("POST /v1/requests", body)
    };
    let of = |route: &'static str, body: Value| (route, body);
    let restore = "POST /v1/requests/{id}/restore";
    for (route, body) in [
        submission("kind", json!("copy")),
        submission("after_export", json!("dsr_1")),
        submission("notify_subject", json!("no")),
        of("POST /v1/requests/{id}/export/redeem", json!({ "part": "1" })),
        of("POST /v1/requests/{id}/export/redeem", json!({ "part": -1 })),
        submission("scope", json!([])),
        submission("reason", json!(" \t")),
        submission("reason", json!("x".repeat(2_001))),
        submission("confirm", json!(false)),
        submission("confirm", Value::Null),
        submission("subject", json!({})),
        submission("subject", json!({ "id": " " })),
        submission("subject", json!({ "id": "a\u{7f}" })),
        submission("subject", json!({ "id": "a", "email": "no address" })),
        submission("subject", json!({ "id": "a", "email": "@b" })),
        submission("subject", json!({ "id": "a", "name": "x".repeat(321) })),
        submission("received_at", json!("yesterday")),
        of(restore, json!({ "reason": "x", "refs": [], })),
        of(restore, json!({ "reason": "x", "refs": ["a.0.0.01"] })),
        of(restore, json!({ "reason": "x", "refs": ["a.0.0.0"], "all": true })),
        of(restore, json!({ "reason": "x", "all": false })),
        of(restore, json!({ "reason": "x" })),
        of("POST /v1/requests/{id}/verify", json!({ "method": 5 })),
        of("POST /v1/requests/{id}/pause", json!({ "reason": "x" })),
        of(
            "POST /v1/requests/{id}/extend",
            json!({ "reason": "x", "until": "2027-01-31" }),
        ),
    ] {
        assert!(!wrong(route, &body).is_empty(), "{route}: the schema allows {body}");
        assert_eq!(
            refusal(&room, route, with(&body)).0,
            400,
            "{route}: the parser takes {body}"
        );
    }
    for (route, body) in [
        submission("subject", Value::Null),
        submission("received_at", Value::Null),
        submission("after_export", Value::Null),
        submission("notify_subject", Value::Null),
        submission("subject", json!({ "id": "a b", "name": null, "email": "a@b" })),
        submission("reason", json!("ä".repeat(2_000))),
        of(restore, json!({ "reason": "x", "refs": null, "all": true })),
        of(restore, json!({ "reason": "x", "refs": ["a.255.0.1"], "all": null })),
        of("POST /v1/requests/{id}/withdraw", json!({ "reason": null })),
        of(
            "POST /v1/requests/{id}/approve",
            json!({ "note": null, "verification": null }),
        ),
        of("POST /v1/requests/{id}/extend", json!({ "reason": "x", "until": null })),
    ] {
        assert_eq!(wrong(route, &body), [""; 0], "{route}: {body}");
        let (status, at, detail) = refusal(&room, route, with(&body));
        assert_ne!(status, 400, "{route}: the parser refuses {body}: {at} {detail}");
    }
}

fn wrong(route: &str, body: &Value) -> Vec<String> {
    contract().wrong(&format!("{}/schema", contract().place_of_body(route)), body)
}
