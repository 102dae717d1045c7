//! Routes of `infra/openapi.yaml` and of `template.yaml`; and that the document holds together.

use std::collections::BTreeSet;

use harness::contract::{FILE, contract};
use harness::project;
use serde_json::json;

/// The template's routes but the one for whatever no route matches, with their authorization.
fn template() -> Vec<(String, String)> {
    let routes = project::routes().into_iter();
    routes.filter(|(route, _)| route != "$default").collect()
}

#[test]
fn every_route_is_documented_and_there() {
    let there: BTreeSet<_> = template().into_iter().map(|(route, _)| route).collect();
    let documented: BTreeSet<_> = contract().operations().into_keys().collect();
    let missing: Vec<_> = there.difference(&documented).collect();
    assert!(missing.is_empty(), "add to `paths` of {FILE}: {missing:?}");
    let gone: Vec<_> = documented.difference(&there).collect();
    assert!(
        gone.is_empty(),
        "template.yaml has no such routes; take them out of {FILE}: {gone:?}"
    );
}

#[test]
fn who_must_be_signed_in_is_said() {
    assert_eq!(
        contract().at("/security"),
        &json!([{ "idToken": [] }]),
        "unless an operation says otherwise"
    );
    for (route, authorization) in template() {
        let operation = contract().operations()[&route];
        let security = operation.get("security");
        match authorization.as_str() {
            "JWT" => assert_eq!(security, None, "{route} needs a token: it must not say otherwise"),
            _ => assert_eq!(security, Some(&json!([])), "{route} is open: say `security: []`"),
        }
    }
}

#[test]
fn every_operation_is_named_told_and_answered() {
    let mut ids = BTreeSet::new();
    for (route, operation) in contract().operations() {
        let text = |name: &str| operation[name].as_str().unwrap_or_default().trim().to_owned();
        assert!(
            ids.insert(text("operationId")),
            "{route}: its operationId is not its own"
        );
        assert!(
            !text("summary").is_empty() && !text("description").is_empty(),
            "{route} is not told"
        );
        let answers = operation["responses"].as_object().expect("responses");
        for status in ["400", "429", "500", "503"] {
            assert!(
                answers.contains_key(status),
                "{route} can answer {status} like every route"
            );
        }
        for name in route.split(['{', '}']).skip(1).step_by(2) {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let mut parameters = parameters.map(|one| contract().resolve(one));
            assert!(
                parameters.any(|one| one["name"] == name && one["in"] == "path"),
                "{route}: {{{name}}}"
            );
        }
    }
}

/// The examples of a media type are there, and are what its schema says.
fn check_examples(place: &str) {
    let media = contract().at(place);
    let examples = media["examples"].as_object();
    let examples = examples.unwrap_or_else(|| panic!("{place} has no `examples`"));
    assert!(!examples.is_empty(), "{place} has no example");
    for (name, example) in examples {
        let wrong = contract().wrong(&format!("{place}/schema"), &contract().resolve(example)["value"]);
        assert!(wrong.is_empty(), "{place}, example {name}: {wrong:#?}");
    }
}

#[test]
fn every_body_and_answer_has_examples_that_are_true() {
    for (route, operation) in contract().operations() {
        if operation.get("requestBody").is_some() {
            check_examples(&contract().place_of_body(&route));
        }
        for status in operation["responses"].as_object().expect("responses").keys() {
            let status = status.parse().expect("a status");
            let place = contract().place_of_answer(&route, status).expect("an answer");
            for media_type in contract().at(&place)["content"].as_object().expect("content").keys() {
                check_examples(&format!("{place}/content/{}", media_type.replace('/', "~1")));
            }
        }
    }
    for line in contract()
        .at("/components/examples/lines/value")
        .as_str()
        .expect("text")
        .lines()
    {
        let line = serde_json::from_str(line).expect("JSON");
        assert_eq!(contract().wrong_by("TrailLine", &line), [""; 0]);
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_used() {
    let mut used = BTreeSet::new();
    let mut open = vec![contract().at("")];
    while let Some(value) = open.pop() {
        if let Some(reference) = value["$ref"].as_str() {
            contract().resolve(value);
            used.insert(reference.to_owned());
        }
        open.extend(value.as_object().into_iter().flat_map(|object| object.values()));
        open.extend(value.as_array().into_iter().flatten());
    }
    // The lines of NDJSON are no schema of an answer, and the answer of `$default` belongs to no operation.
    used.insert("#/components/schemas/TrailLine".to_owned());
    used.insert("#/components/responses/MethodNotAllowed".to_owned());
    for kind in ["schemas", "responses", "parameters", "headers", "examples"] {
        for name in contract().entries(&format!("/components/{kind}")).keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&reference), "nothing uses {reference}");
        }
    }
}

#[test]
fn the_document_says_the_version_that_is_built() {
    assert_eq!(contract().at("/info/version"), env!("CARGO_PKG_VERSION"));
}
