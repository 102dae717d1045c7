//! Refusals that are hard to meet from outside: an access token that the gateway lets through, a deployment without policy
//! or data map, somebody who is always faster.

use harness::contract::contract;
use serde_json::{Value, json};

use super::codes::codes_of;
use super::room::{Applied, Room};

/// The code of a problem, which the route says it answers with this status.
fn refused(room: &Room, route: &str, changes: Value) -> String {
    let answer = room.call(route, changes);
    let body: Value = serde_json::from_str(answer.body()).expect("a problem");
    let code = body["code"]
        .as_str()
        .unwrap_or_else(|| panic!("{route}: {body}"))
        .to_owned();
    let documented = contract().place_of_answer(route, answer.status());
    let documented = documented
        .map(|place| codes_of(contract().at(&place)))
        .unwrap_or_default();
    assert!(
        documented.contains(&code.as_str()),
        "{route} answers {code}, which the contract does not say"
    );
    code
}

fn submission(scope: &str) -> Value {
    let body = json!({ "kind": "deletion", "scope": [scope], "reason": "x", "confirm": true });
    json!({ "body": body.to_string(), "requestContext": as_claims(json!({ "sub": "ada", "cognito:groups": null })) })
}

fn as_claims(claims: Value) -> Value {
    json!({ "authorizer": { "jwt": { "claims": claims } } })
}

#[test]
fn what_can_hardly_be_met_outside_is_met_in_the_room() {
    let room = Room::with(Applied::sample());
    let access_token = json!({ "requestContext": as_claims(json!({ "token_use": "access" })) });
    for route in contract()
        .operations()
        .into_keys()
        .filter(|route| route != "GET /v1/health")
    {
        assert_eq!(refused(&room, &route, access_token.clone()), "wrong_token", "{route}");
    }

    assert_eq!(room.call("POST /v1/requests", submission("profile")).status(), 201);
    room.repeat_id();
    assert_eq!(refused(&room, "POST /v1/requests", submission("attachments")), "busy");

    let bare = Room::with(Applied::default());
    assert_eq!(refused(&bare, "GET /v1/data-map", json!({})), "no_data_map");
    assert_eq!(
        refused(&bare, "POST /v1/requests", submission("profile")),
        "no_data_map"
    );

    let undecided = Room::with(Applied {
        policy: None,
        ..Applied::sample()
    });
    let submitted = undecided.call("POST /v1/requests", submission("profile"));
    let request: Value = serde_json::from_str(submitted.body()).expect("a request");
    let of_it = |body: Value| json!({ "pathParameters": { "id": request["id"] }, "body": body.to_string() });
    let approval = of_it(json!({ "verification": { "method": "x" } }));
    assert_eq!(
        refused(&undecided, "POST /v1/requests/{id}/approve", approval),
        "no_policy"
    );
    assert_eq!(
        refused(&undecided, "GET /v1/requests/{id}/preview", of_it(json!({}))),
        "no_policy"
    );
}
