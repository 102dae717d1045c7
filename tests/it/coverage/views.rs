//! What of a request each who may see it is shown, field by field: a new field fails the test until it is in the table
//! here, under those whom it is for.

use std::collections::BTreeSet;

use harness::app::AMPLE;
use harness::{App, Case, Subject, deletion};
use lethe::api::Api;
use serde_json::{Value, json};

/// Fields of an executed request that its owner, operators and auditors see alike.
const EVERYBODYS: [&str; 27] = [
    "/account",
    "/cancel_stage",
    "/completed_at",
    "/completes_by",
    "/decision",
    "/due_at",
    "/executed_at",
    "/extension",
    "/grace_ends_at",
    "/hidden",
    "/id",
    "/job",
    "/kind",
    "/misses_due",
    "/notice",
    "/overdue",
    "/policy",
    "/reason",
    "/received_at",
    "/recover_until",
    "/result",
    "/scope",
    "/status",
    "/subject",
    "/submitted_at",
    "/tenant",
    "/version",
];

/// Fields that only operators and auditors see, or see filled.
const STAFFS: [&str; 8] = [
    "/verification",
    "/decision/by",
    "/decision/note",
    "/extension/by",
    "/job/findings",
    "/job/pace",
    "/requester/ip",
    "/requester",
];

/// A request that has every field: submitted for Ada, verified, extended, approved and executed, by operators.
async fn executed<'a>(app: &'a App, ada: &Subject<'a>) -> Case<'a> {
    let mut body = deletion(["profile"]);
    body["subject"] = json!({ "id": ada.id(), "name": ada.person.name, "email": ada.person.email });
    let answer = app.executor.post("/v1/requests", &body).await.expect("an answer");
    let request: Value = answer.success().expect("a request");
    let case = Case::of(app, &ada.api, &request);
    let verification = json!({ "method": "a passport", "note": "a note on the passport" });
    for (verb, body) in [
        ("/verify", verification),
        ("/extend", json!({ "reason": "there is much of it" })),
        ("/approve", json!({ "note": "a note on the decision" })),
    ] {
        let answer = case.call(&app.approver, verb, body).await;
        assert_eq!(answer.status, 200, "{verb}: {}", answer.body);
    }
    case.grace_over().await.execute().await;
    case
}

/// The request as somebody sees it, without what is measured anew at each look.
async fn seen_by(case: &Case<'_>, who: &Api) -> Value {
    without(case.get(who, "").await, &["/job/rate_per_second"])
}

fn without(mut request: Value, fields: &[&str]) -> Value {
    for field in fields {
        let (parent, name) = field.rsplit_once('/').expect("a pointer");
        if let Some(object) = request.pointer_mut(parent).and_then(Value::as_object_mut) {
            object.remove(name);
        }
    }
    request
}

#[tokio::test]
async fn the_owner_sees_what_is_theirs_and_nothing_of_who_works_on_it() {
    // Its recovery window is long enough for three looks at a request that stands still.
    let app = App::start_in(AMPLE).await;
    let ada = app.subject("Ada").await;
    let case = executed(&app, &ada).await;
    case.until_phase("recovering").await;
    let (owner, operator) = (seen_by(&case, &ada.api).await, seen_by(&case, &app.approver).await);
    let auditor = seen_by(&case, &app.auditor().await).await;

    assert_eq!(auditor, operator, "auditors read what operators read");
    let fields: BTreeSet<_> = operator
        .as_object()
        .expect("an object")
        .keys()
        .map(|name| format!("/{name}"))
        .collect();
    let top = |field: &&&str| field.matches('/').count() == 1;
    let known: BTreeSet<_> = EVERYBODYS
        .iter()
        .chain(STAFFS.iter().filter(top))
        .map(|field| (*field).to_owned())
        .collect();
    assert_eq!(fields, known, "say in the tables here who sees the new field");
    for field in STAFFS {
        assert!(
            operator.pointer(field).is_some_and(|value| !value.is_null()),
            "{field} is there to be left out"
        );
        assert_ne!(
            owner.pointer(field),
            operator.pointer(field),
            "{field} is not for the owner"
        );
    }
    assert_eq!(
        without(owner.clone(), &STAFFS),
        without(operator, &STAFFS),
        "all else is the same for both"
    );
    assert_eq!(
        owner["requester"],
        json!({ "id": "operator", "name": null, "email": null })
    );
    assert_eq!(owner["extension"]["reason"], "there is much of it");
}

#[tokio::test]
async fn the_owner_learns_nothing_of_operators_from_request_or_trail() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let case = executed(&app, &ada).await;
    let shown = format!(
        "{} {}",
        seen_by(&case, &ada.api).await,
        case.get(&ada.api, "/audit").await
    );
    let person = &app.approver_person;
    for secret in [&person.name, &person.email, "a passport", "a note on"] {
        assert!(!shown.contains(secret), "the owner reads {secret:?}: {shown}");
    }
    let staff = format!(
        "{} {}",
        seen_by(&case, &app.approver).await,
        case.get(&app.approver, "/audit").await
    );
    for known in [&person.name, "a passport", "a note on"] {
        assert!(staff.contains(known), "the canary {known:?} is really there");
    }
}
