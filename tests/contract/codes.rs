//! Codes of problems: `infra/openapi.yaml` lists those that the code has, each with its status, what it means and what
//! helps; and each is produced by a test.

use std::collections::{BTreeMap, BTreeSet};

use harness::contract::{FILE, contract};
use harness::project::{WITH_TESTS, read, sources, tests_in};
use serde_json::Value;
use shared::ports::Fault;
use shared::runtime::http::problem;
use shared::workflow::failure::Failure;

const REFUSALS: &str = "shared/src/state_machine/refusal.rs";

/// A code of the API.
struct Coded {
    status: u64,
    /// The variant of `Refusal`; of the edge's own codes none.
    variant: Option<String>,
}

/// The codes as the sources have them: a refusal cannot be made without saying which, so they are read off the text.
fn in_the_code() -> BTreeMap<String, Coded> {
    let source = read(REFUSALS);
    let (_, after) = source.split_once("pub fn code(&self)").expect("the codes");
    let (codes, statuses) = after.split_once("pub fn http_status(&self)").expect("the statuses");
    let statuses = statuses.split("pub fn").next().unwrap_or_default();
    let mut found = BTreeMap::new();
    for arm in codes.split("Self::").skip(1) {
        let code = arm.split('"').nth(1).unwrap_or_else(|| panic!("no code in {arm}"));
        let variant = ident(arm);
        let status = status_of(statuses, &variant);
        let coded = Coded {
            status,
            variant: Some(variant),
        };
        assert!(
            found.insert(code.to_owned(), coded).is_none(),
            "{code} stands for two refusals"
        );
    }
    for fault in [Fault::transient("test", "x"), Fault::permanent("test", "x", "x")] {
        let (answer, code) = problem::of(&Failure::Fault(fault));
        let status = answer.status().into();
        found.insert(code.to_owned(), Coded { status, variant: None });
    }
    found
}

fn ident(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric()).collect()
}

/// The status of the arm that names the variant.
fn status_of(arms: &str, variant: &str) -> u64 {
    let at = arms
        .match_indices("Self::")
        .find(|(at, _)| ident(&arms[at + 6..]) == variant)
        .unwrap_or_else(|| panic!("{variant} has no status in {REFUSALS}"));
    let (_, after) = arms[at.0..].split_once("=> ").expect("an arm");
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a status")
}

/// The codes as documented.
fn documented() -> BTreeMap<String, &'static Value> {
    let codes = contract().at("/components/schemas/ProblemCode/oneOf").as_array();
    let codes = codes.expect("a list of codes").iter();
    codes
        .map(|one| (one["const"].as_str().expect("a code").to_owned(), one))
        .collect()
}

#[test]
fn every_code_is_documented_and_there() {
    let (there, documented) = (in_the_code(), documented());
    for (code, coded) in &there {
        let one = documented.get(code).unwrap_or_else(|| {
            panic!(
                "{FILE} lacks {code}: add it to `components.schemas.ProblemCode.oneOf` (const, x-status: {}, description, \
                 x-remedy), an example of that name to `components.examples`, and the code to every route that answers it",
                coded.status
            )
        });
        assert_eq!(one["x-status"], coded.status, "the status of {code}");
        for field in ["description", "x-remedy"] {
            let text = one[field].as_str().unwrap_or_default();
            assert!(text.ends_with('.') && text.len() > 10, "{field} of {code}: {text:?}");
        }
    }
    let gone: Vec<_> = documented.keys().filter(|code| !there.contains_key(*code)).collect();
    assert!(
        gone.is_empty(),
        "nothing answers these codes; take them out of {FILE}: {gone:?}"
    );
}

#[test]
fn every_code_has_an_example_of_its_own() {
    for (code, one) in documented() {
        let example = contract().at(&format!("/components/examples/{code}/value"));
        let kind = Value::from(format!("/problems/{code}"));
        assert_eq!(
            (&example["code"], &example["status"], &example["type"]),
            (&Value::from(code.as_str()), &one["x-status"], &kind)
        );
    }
}

/// The codes of an answer as documented.
pub(super) fn codes_of(answer: &'static Value) -> Vec<&'static str> {
    let schema = &contract().resolve(answer)["content"]["application/problem+json"]["schema"];
    let codes = schema["properties"]["code"]["enum"].as_array().into_iter().flatten();
    codes.filter_map(Value::as_str).collect()
}

#[test]
fn every_route_says_which_codes_it_answers_with_which_status() {
    let (there, mut used) = (in_the_code(), BTreeSet::new());
    let mut answers: Vec<(String, &Value)> = vec![];
    for (route, operation) in contract().operations() {
        let of_route = operation["responses"].as_object().into_iter().flatten();
        answers.extend(of_route.map(|(status, answer)| (format!("{status} of {route}"), answer)));
    }
    // Of `$default`, which belongs to no operation.
    answers.push((
        "405".to_owned(),
        contract().at("/components/responses/MethodNotAllowed"),
    ));
    for (place, answer) in answers {
        for code in codes_of(answer) {
            let status = there
                .get(code)
                .unwrap_or_else(|| panic!("{place}: there is no {code}"))
                .status;
            assert!(place.starts_with(&status.to_string()), "{place}: {code} is a {status}");
            used.insert(code.to_owned());
        }
    }
    let unused: Vec<_> = there.keys().filter(|code| !used.contains(*code)).collect();
    assert!(unused.is_empty(), "no route of {FILE} answers these codes: {unused:?}");
}

/// Each code with the test that produces it.
const PRODUCED_BY: [(&str, &str); 42] = [
    (
        "already_cancelling",
        "cancelling_asks_everybody_to_stop_and_is_not_the_end",
    ),
    (
        "already_extended",
        "a_due_date_is_moved_once_and_the_subject_is_told_why",
    ),
    (
        "already_released",
        "what_is_held_is_neither_approved_nor_executed_until_the_hold_is_released",
    ),
    ("already_paused", "a_paused_job_sweeps_nothing_until_it_is_resumed"),
    ("body_too_large", "a_bad_submission_is_told_where_and_writes_nothing"),
    ("busy", "what_can_hardly_be_met_outside_is_met_in_the_room"),
    (
        "cancel_first",
        "cancelled_in_the_middle_three_named_records_come_back_then_all",
    ),
    ("confirmation_mismatch", "not_with_anything_but_the_phrase"),
    ("duplicate_request", "an_open_request_holds_its_categories"),
    ("export_expired", "a_link_never_outlives_its_package"),
    ("export_not_ready", "only_an_available_package_is_handed_over"),
    ("export_revoked", "a_package_that_was_taken_back_is_handed_to_nobody"),
    ("export_running", "a_running_export_stops_the_execution"),
    (
        "extension_too_far",
        "a_due_date_is_moved_once_and_the_subject_is_told_why",
    ),
    ("extension_too_late", "a_due_date_that_has_passed_is_not_moved"),
    ("grace_period_running", "not_before_the_end_of_the_grace_period"),
    ("finding_closed", "one_finding_is_retried_alone"),
    ("idempotency_key_reused", "a_repeat_is_the_same_request"),
    ("internal", "a_fault_shows_nothing_of_the_inside"),
    ("invalid_input", "a_bad_submission_is_told_where_and_writes_nothing"),
    (
        "legal_hold",
        "what_is_held_is_neither_approved_nor_executed_until_the_hold_is_released",
    ),
    ("method_not_allowed", "what_is_not_there_is_a_problem_too"),
    ("no_data_map", "what_can_hardly_be_met_outside_is_met_in_the_room"),
    ("no_policy", "what_can_hardly_be_met_outside_is_met_in_the_room"),
    ("no_tenant", "a_token_without_a_tenant_is_refused"),
    ("not_found", "who_has_nothing_to_do_with_a_request_learns_nothing_of_it"),
    ("not_in_this_phase", "what_sweeps_no_more_is_not_paused"),
    ("not_in_this_status", "a_rejection_is_explained_and_touches_nothing"),
    ("not_paused", "a_job_is_paused_while_it_plans_or_sweeps_and_goes_on"),
    ("nothing_to_cancel", "a_cancellation_has_a_reason_and_something_to_keep"),
    ("nothing_to_retry", "a_job_that_has_nothing_open_is_not_retried"),
    (
        "nothing_to_restore",
        "cancelled_in_the_middle_three_named_records_come_back_then_all",
    ),
    ("operator_only", "owners_and_auditors_may_what_is_theirs"),
    ("own_request", "nobody_reviews_a_request_about_themselves"),
    ("preview_stale", "not_on_a_preview_that_is_no_longer_true"),
    ("reauthentication_required", "who_signed_in_long_ago_signs_in_again"),
    (
        "restore_running",
        "records_come_back_one_by_one_while_it_runs_and_all_of_them_after_a_cancellation",
    ),
    ("stale_version", "a_command_may_insist_on_the_version_that_was_read"),
    (
        "too_much_to_resolve",
        "more_than_one_transaction_takes_is_not_resolved_at_once",
    ),
    ("two_person_rule", "not_by_who_approved_it"),
    ("unavailable", "a_fault_shows_nothing_of_the_inside"),
    ("wrong_token", "what_can_hardly_be_met_outside_is_met_in_the_room"),
];

#[test]
fn every_code_is_produced_by_a_test() {
    let there = in_the_code();
    let mut bodies = BTreeMap::new();
    for (path, text) in WITH_TESTS.into_iter().flat_map(sources) {
        for name in tests_in(&path, &text) {
            bodies.insert(name.clone(), body_of(&text, &name).to_owned());
        }
    }
    let produced: BTreeMap<_, _> = PRODUCED_BY.into_iter().collect();
    for (code, coded) in &there {
        let test = produced.get(code.as_str());
        let test = test.unwrap_or_else(|| panic!("write a test that produces {code}, and name it in PRODUCED_BY"));
        let body = bodies
            .get(*test)
            .unwrap_or_else(|| panic!("there is no test {test}, which produces {code}"));
        let by_code = body.contains(&format!("\"{code}\""));
        let variant = coded.variant.as_ref();
        let by_name = variant.is_some_and(|variant| body.contains(&format!("Refusal::{variant}")));
        assert!(by_code || by_name, "{test} does not speak of {code}");
    }
    for (code, _) in PRODUCED_BY {
        assert!(there.contains_key(code), "there is no {code} any more");
    }
}

/// The text of a function, to the brace that closes it.
fn body_of<'a>(source: &'a str, name: &str) -> &'a str {
    let Some(at) = source.find(&format!("fn {name}(")) else {
        return "";
    };
    let start = source[..at].rfind('\n').map_or(0, |at| at + 1);
    let indent = source[start..].len() - source[start..].trim_start_matches(' ').len();
    let end = format!("\n{}}}", " ".repeat(indent));
    let text = &source[start..];
    &text[..text.find(&end).unwrap_or(text.len())]
}
