//! Versions over HTTP: `ETag: "7"` on what is read, `If-Match: "7"` on what is commanded.

use super::body::invalid;
use super::call::Call;
use crate::state_machine::refusal::Refusal;

/// The entity tag of a version.
pub fn of(version: u64) -> String {
    format!("\"{version}\"")
}

/// The version a command insists on: none without the header, or with `*`.
///
/// A tag that can match no version of ours (weak, or not a number) is stale, as RFC 9110 has it; what is no tag at all is
/// bad input. One tag is enough: a command is about the version somebody looked at.
pub fn if_match(call: &Call) -> Result<Option<u64>, Refusal> {
    let Some(header) = call.header("if-match").map(str::trim).filter(|text| *text != "*") else {
        return Ok(None);
    };
    let strong = header.strip_prefix("W/").unwrap_or(header);
    let tag = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match tag {
        Some(tag) if !tag.contains('"') => match tag.parse() {
            Ok(version) if header.starts_with('"') && of(version) == header => Ok(Some(version)),
            _ => Err(Refusal::StaleVersion),
        },
        _ => Err(invalid(
            "/If-Match",
            "expected the one entity tag that reading the request answered, or `*`",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::call;
    use super::*;
    use serde_json::{Value, json};

    fn given(header: Value) -> Result<Option<u64>, Refusal> {
        if_match(&call("r", json!({"headers": {"If-Match": header}})))
    }

    #[test]
    fn the_tag_read_is_the_tag_matched() {
        assert_eq!(given(json!(of(7))), Ok(Some(7)));
        assert_eq!(given(json!("*")), Ok(None));
        assert_eq!(
            if_match(&call("r", json!({"headers": {"If-Match": " \"12\" "}}))),
            Ok(Some(12))
        );
    }

    #[test]
    fn what_matches_no_version_is_stale_and_what_is_no_tag_is_bad_input() {
        for stale in ["W/\"7\"", "\"x\"", "\"\"", "\"07\"", "\"+7\"", "\"-1\""] {
            assert_eq!(given(json!(stale)), Err(Refusal::StaleVersion), "{stale}");
        }
        for bad in ["7", "", "\"", "\"6\", \"7\"", "\"7"] {
            assert!(matches!(given(json!(bad)), Err(Refusal::InvalidInput { .. })), "{bad}");
        }
    }
}
