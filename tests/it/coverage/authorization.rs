//! Who may call what, for every route of `template.yaml`: a route without a row in the table here fails the test, and so
//! does one whose authorizer was forgotten.

use harness::people::{OPERATORS, Person, sign_up};
use harness::{App, Case, deletion, project};
use lethe::api::{Api, Method};
use lethe::signin::sign_in;
use serde_json::{Value, json};

/// Whom a route is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum For {
    /// Anybody, signed in or not.
    Everybody,
    /// Anybody who is signed in; they see what is theirs.
    SignedIn,
    /// The owner of the request, operators and auditors.
    OwnerAndStaff,
    /// The owner of the request and operators.
    OwnerAndOperators,
    /// Operators and auditors.
    Staff,
    /// Operators.
    Operators,
}

/// Every route, whom it is for, and a body that passes every check but that of the caller.
fn table() -> Vec<(&'static str, For, Value)> {
    let reason = json!({ "reason": "a reason" });
    let hold = json!({ "subject": "nobody-at-all", "scope": ["profile"], "reason": "a reason" });
    let typed = json!({ "confirmation": "EXECUTE DELETE NOW", "preview_digest": "0".repeat(64) });
    vec![
        ("$default", For::Everybody, Value::Null),
        ("GET /v1/health", For::Everybody, Value::Null),
        ("GET /v1/data-map", For::SignedIn, Value::Null),
        ("GET /v1/requests", For::SignedIn, Value::Null),
        ("POST /v1/requests", For::SignedIn, deletion(["attachments"])),
        ("GET /v1/audit", For::Staff, Value::Null),
        ("GET /v1/requests/{id}", For::OwnerAndStaff, Value::Null),
        ("GET /v1/requests/{id}/audit", For::OwnerAndStaff, Value::Null),
        (
            "POST /v1/requests/{id}/withdraw",
            For::OwnerAndOperators,
            reason.clone(),
        ),
        ("GET /v1/requests/{id}/export", For::OwnerAndStaff, Value::Null),
        (
            "POST /v1/requests/{id}/export/redeem",
            For::OwnerAndOperators,
            json!({ "part": 1 }),
        ),
        ("POST /v1/requests/{id}/export/revoke", For::Operators, reason.clone()),
        ("GET /v1/requests/{id}/preview", For::Staff, Value::Null),
        ("GET /v1/requests/{id}/records", For::Staff, Value::Null),
        ("GET /v1/requests/{id}/findings", For::Staff, Value::Null),
        ("GET /v1/holds", For::Staff, Value::Null),
        ("GET /v1/subjects/{id}/gate", For::Staff, Value::Null),
        ("POST /v1/holds", For::Operators, hold),
        ("POST /v1/holds/{id}/release", For::Operators, reason.clone()),
        (
            "POST /v1/requests/{id}/verify",
            For::Operators,
            json!({ "method": "passport" }),
        ),
        (
            "POST /v1/requests/{id}/approve",
            For::Operators,
            json!({ "verification": { "method": "passport" } }),
        ),
        ("POST /v1/requests/{id}/reject", For::Operators, reason.clone()),
        ("POST /v1/requests/{id}/extend", For::Operators, reason),
        ("POST /v1/requests/{id}/execute", For::Operators, typed),
        ("POST /v1/requests/{id}/pause", For::Operators, Value::Null),
        ("POST /v1/requests/{id}/resume", For::Operators, Value::Null),
        ("POST /v1/requests/{id}/retry", For::Operators, Value::Null),
        ("POST /v1/requests/{id}/findings/{n}/retry", For::Operators, Value::Null),
        (
            "POST /v1/requests/{id}/findings/{n}/resolve",
            For::Operators,
            json!({ "evidence": "a ticket" }),
        ),
        (
            "POST /v1/requests/{id}/cancel",
            For::Operators,
            json!({ "reason": "a reason" }),
        ),
        (
            "POST /v1/requests/{id}/restore",
            For::Operators,
            json!({ "reason": "a reason", "all": true }),
        ),
        ("GET /v1/requests/{id}/restores/{n}", For::Staff, Value::Null),
    ]
}

/// A hold that nobody placed.
const A_HOLD: &str = "hld_00000000010000000000000001";

fn is_of_holds(route: &str) -> bool {
    route.contains(" /v1/holds")
}

/// A subject is anybody of the tenant, whether Lethe knows them or not.
fn is_of_subjects(route: &str) -> bool {
    route.contains(" /v1/subjects")
}

/// Calls one route of the table on one request.
async fn call(case: &Case<'_>, by: &Api, route: &str, body: &Value) -> (u16, String) {
    let (method, path) = route.split_once(' ').unwrap_or(("GET", "/v1/no-such-thing"));
    let id = if is_of_holds(route) { A_HOLD } else { &case.id };
    let path = path.replace("{id}", id).replace("{n}", "1");
    let body = (!body.is_null()).then(|| body.to_string().into_bytes());
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let answer = by.call(method, &path, &[], body).await.expect("an answer");
    (answer.status.as_u16(), answer.code().to_owned())
}

#[test]
fn every_route_has_its_row() {
    let mut routes: Vec<String> = project::routes().into_iter().map(|(route, _)| route).collect();
    let mut rows: Vec<String> = table().into_iter().map(|(route, _, _)| route.to_owned()).collect();
    routes.sort();
    rows.sort();
    assert_eq!(rows, routes, "say in the table here who may call the new route");
    for (route, authorization) in project::routes() {
        let is_open = table()
            .iter()
            .any(|(name, whom, _)| *name == route && *whom == For::Everybody);
        assert_eq!(authorization, if is_open { "NONE" } else { "JWT" }, "{route}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_not_heard() {
    let app = App::start_alone().await;
    let case = app.subject("Ada").await.submit(deletion(["profile"])).await;
    let person = Person::staff(&app.tenant, OPERATORS);
    let tokens = sign_in(&app.stack, &sign_up(&app.stack, &person).await.unwrap())
        .await
        .unwrap();
    let nobody = Api::anonymous(&app.stack).unwrap();
    let callers = [
        ("no token", nobody.clone()),
        ("no token at all", nobody.clone().with_token("")),
        (
            "an altered signature",
            nobody.clone().with_token(altered(&tokens.id, 2)),
        ),
        ("altered claims", nobody.clone().with_token(altered(&tokens.id, 1))),
        ("an access token", nobody.clone().with_token(tokens.access)),
    ];
    for (route, whom, body) in table() {
        for (what, caller) in &callers {
            let (status, _) = call(&case, caller, route, &body).await;
            match whom {
                For::Everybody => assert!(
                    [200, 404].contains(&status),
                    "{route} is open, with {what} too: {status}"
                ),
                _ => assert_eq!(status, 401, "{route} with {what}"),
            }
        }
        // The same person with the right token is heard: it is the token that was refused.
        let (status, code) = call(&case, &nobody.clone().with_token(&tokens.id), route, &body).await;
        assert!(status != 401, "{route}: {status} {code}");
    }
}

#[tokio::test]
async fn who_has_nothing_to_do_with_a_request_learns_nothing_of_it() {
    let app = App::start_alone().await;
    let case = app.subject("Ada").await.submit(deletion(["profile"])).await;
    let strangers = [
        ("another tenant's operator", app.operator_of("test-elsewhere").await),
        ("another subject", app.subject("Ben").await.api),
    ];
    for (route, whom, body) in table() {
        for (what, stranger) in &strangers {
            let staff_only = matches!(whom, For::Staff | For::Operators);
            let names_no_request = is_of_subjects(route) || (is_of_holds(route) && *what == "another subject");
            if route.contains("{id}") && !names_no_request {
                let answer = call(&case, stranger, route, &body).await;
                assert_eq!(answer, (404, "not_found".to_owned()), "{route} by {what}");
            } else if staff_only && *what == "another subject" {
                let answer = call(&case, stranger, route, &body).await;
                assert_eq!(answer, (403, "operator_only".to_owned()), "{route} by {what}");
            } else if whom != For::Everybody {
                assert_eq!(
                    call(&case, stranger, route, &body).await.0 / 100,
                    2,
                    "{route} by {what}"
                );
            }
        }
    }
    for (what, stranger) in &strangers {
        let list: Value = stranger.get("/v1/requests").await.unwrap().success().unwrap();
        assert!(!list.to_string().contains(&case.id), "{what} sees it in the list");
    }
    // That another subject of the tenant reached for a package is in the trail, and refused.
    assert_eq!(case.actions().await, ["submit"], "and nothing else was done");
    assert_eq!(case.trail().await.len(), 2);
}

#[tokio::test]
async fn owners_and_auditors_may_what_is_theirs() {
    let app = App::start_alone().await;
    let (ada, auditor) = (app.subject("Ada").await, app.auditor().await);
    let case = ada.submit(deletion(["profile"])).await;
    for (route, whom, body) in table() {
        let (owner_may, auditor_may) = match whom {
            For::Everybody | For::SignedIn => continue,
            For::OwnerAndStaff => (true, true),
            For::OwnerAndOperators => (true, false),
            For::Staff => (false, true),
            For::Operators => (false, false),
        };
        if !owner_may {
            assert_eq!(
                call(&case, &ada.api, route, &body).await,
                (403, "operator_only".to_owned()),
                "{route} by the owner"
            );
        }
        let answer = call(&case, &auditor, route, &body).await;
        if auditor_may {
            // Nothing was restored yet, and a deletion has no package, which an auditor may know.
            let is_none = route.contains("{n}") || route.ends_with("/export");
            let found = if is_none { 404 } else { 200 };
            assert_eq!(answer.0, found, "{route} by an auditor: {answer:?}");
        } else {
            assert_eq!(answer, (403, "operator_only".to_owned()), "{route} by an auditor");
        }
    }
    assert_eq!(case.read().await["status"], "Pending", "nobody got anywhere");
    for route in [
        "GET /v1/requests/{id}",
        "GET /v1/requests/{id}/audit",
        "POST /v1/requests/{id}/withdraw",
    ] {
        assert_eq!(
            call(&case, &ada.api, route, &Value::Null).await.0,
            200,
            "{route} by the owner"
        );
    }
}

#[tokio::test]
async fn a_token_without_a_tenant_is_refused() {
    let app = App::start_alone().await;
    let person = Person {
        tenant: "Not A Slug".to_owned(),
        ..Person::staff("x", OPERATORS)
    };
    let api = harness::people::sign_in(&app.stack, &person).await;
    let answer = api.get("/v1/requests").await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.code()),
        (403, "no_tenant"),
        "{}",
        answer.body
    );
}

/// The token with one character of one of its three parts changed.
fn altered(token: &str, part: usize) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let middle = parts[part].len() / 2;
    let other = if parts[part].as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    parts[part].replace_range(middle..=middle, other);
    parts.join(".")
}
