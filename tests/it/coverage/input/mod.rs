//! Input that is not as agreed: told where it is wrong, and nothing is written. What is agreed and yet not possible has
//! its own code: a repeat, an overlap, a stale version, a method that is not there.

mod addresses;
mod commands;
mod conflicts;
mod submissions;

use lethe::api::Answer;

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
