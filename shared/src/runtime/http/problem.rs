//! Problems (RFC 9457): what a caller is told instead of a result.
//!
//! A refusal is told as it is: its code is stable, its text names the remedy. A fault is told as `unavailable` (try again)
//! or `internal` (somebody must repair something) and nothing more; the log has the rest.

use serde::Serialize;

use super::answer::Answer;
use crate::ports::Fault;
use crate::state_machine::export::MAX_AGE;
use crate::state_machine::refusal::Refusal;
use crate::workflow::failure::Failure;

/// Seconds after which a transient fault is worth another try.
const RETRY_AFTER: &str = "2";

#[derive(Serialize)]
struct Problem<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<i64>,
}

/// The answer to a use case that did not do what was asked, with its code for the log.
pub fn of(failure: &Failure) -> (Answer, &'static str) {
    match failure {
        Failure::Refusal(refusal) => (refused(refusal), refusal.code()),
        Failure::Fault(Fault::Transient { .. }) => {
            let answer = problem(
                503,
                "unavailable",
                "something Lethe needs does not answer; try again",
                None,
            );
            (answer.header("retry-after", RETRY_AFTER), "unavailable")
        }
        Failure::Fault(Fault::Permanent { .. }) => (internal(), "internal"),
    }
}

/// The answer to a refusal.
pub fn refused(refusal: &Refusal) -> Answer {
    let pointer = match refusal {
        Refusal::InvalidInput { pointer, .. } => Some(pointer.as_str()),
        _ => None,
    };
    let answer = problem(refusal.http_status(), refusal.code(), &refusal.to_string(), pointer);
    match refusal {
        Refusal::WrongToken => answer.header("www-authenticate", "Bearer error=\"invalid_token\""),
        // RFC 9470: how old the sign-in may be that would do.
        Refusal::ReauthenticationRequired => {
            let max_age = MAX_AGE.as_secs();
            let challenge = format!("Bearer error=\"insufficient_user_authentication\", max_age={max_age}");
            answer.header("www-authenticate", challenge)
        }
        Refusal::Busy => answer.header("retry-after", RETRY_AFTER),
        // RFC 9110, 15.5.6: a 405 names the methods there are.
        Refusal::MethodNotAllowed(methods) => answer.header("allow", methods),
        _ => answer,
    }
}

/// The answer to a defect.
pub fn internal() -> Answer {
    problem(
        500,
        "internal",
        "something went wrong inside Lethe; its log says what",
        None,
    )
}

fn problem(status: u16, code: &str, detail: &str, pointer: Option<&str>) -> Answer {
    let problem = Problem {
        kind: format!("/problems/{code}"),
        title: title(status),
        status,
        detail,
        code,
        pointer,
        max_age: (code == Refusal::ReauthenticationRequired.code()).then_some(MAX_AGE.as_secs()),
    };
    // Texts and numbers only: JSON can always say them.
    let body = serde_json::to_string(&problem).unwrap_or_default();
    Answer::text(status, "application/problem+json", body)
}

fn title(status: u16) -> &'static str {
    match status {
        400 => "The input is not valid",
        401 => "Not signed in",
        403 => "Not allowed",
        404 => "Not found",
        405 => "Method not allowed",
        409 => "Not possible now",
        410 => "Gone",
        412 => "The version is stale",
        422 => "The key was used before",
        503 => "Not available for now",
        _ => "Internal error",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn body(answer: &Answer) -> Value {
        serde_json::from_str(answer.body()).expect("json")
    }

    #[test]
    fn a_refusal_is_told_with_code_status_and_place() {
        let refusal = Refusal::InvalidInput {
            pointer: "/scope/1".into(),
            detail: "not a valid category".into(),
        };
        let (answer, code) = of(&Failure::Refusal(refusal));
        assert_eq!((answer.status(), code), (400, "invalid_input"));
        assert_eq!(answer.header_value("content-type"), Some("application/problem+json"));
        let body = body(&answer);
        assert_eq!(body["type"], "/problems/invalid_input");
        assert_eq!(
            (&body["code"], &body["pointer"]),
            (&"invalid_input".into(), &"/scope/1".into())
        );
        assert_eq!(
            (&body["status"], &body["detail"]),
            (&400.into(), &"not a valid category".into())
        );
    }

    #[test]
    fn without_a_place_there_is_no_pointer() {
        assert_eq!(body(&refused(&Refusal::NotFound)).get("pointer"), None);
        assert!(refused(&Refusal::WrongToken).header_value("www-authenticate").is_some());
    }

    #[test]
    fn who_must_sign_in_again_is_told_how_lately() {
        let answer = refused(&Refusal::ReauthenticationRequired);
        let challenge = answer.header_value("www-authenticate").expect("a challenge");
        assert_eq!(
            challenge,
            "Bearer error=\"insufficient_user_authentication\", max_age=900"
        );
        assert_eq!((answer.status(), &body(&answer)["max_age"]), (401, &900.into()));
        assert_eq!(body(&refused(&Refusal::WrongToken)).get("max_age"), None);
    }

    #[test]
    fn a_method_that_is_not_there_is_told_those_that_are() {
        let refused = refused(&Refusal::MethodNotAllowed("GET, POST".to_owned()));
        assert_eq!(
            (refused.status(), refused.header_value("allow")),
            (405, Some("GET, POST"))
        );
    }

    #[test]
    fn a_fault_shows_nothing_of_the_inside() {
        let secret = "table requests-ABC of ada@example.com";
        let (answer, _) = of(&Failure::Fault(Fault::permanent(
            "read the row",
            "access_denied",
            secret,
        )));
        assert_eq!((answer.status(), &body(&answer)["code"]), (500, &"internal".into()));
        for word in ["ABC", "ada", "row", "access"] {
            assert!(!answer.body().contains(word), "{word}");
        }
        let (answer, code) = of(&Failure::Fault(Fault::transient("read the row", secret)));
        assert_eq!((answer.status(), code), (503, "unavailable"));
        assert!(answer.header_value("retry-after").is_some() && !answer.body().contains("ABC"));
    }
}
