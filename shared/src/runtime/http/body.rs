//! A JSON body, read strictly: what is not understood is refused with a JSON pointer to it, so that a misspelt field
//! never means "not given".
//!
//! * At most 64 KiB, counted after base64. The content type is not asked: it says nothing that the body does not.
//! * No body is `{}`, so what is required is named field by field.
//! * Types must have `#[serde(deny_unknown_fields)]`; then unknown, missing and repeated fields are told apart here.
//! * The detail says what is expected and never quotes what was sent.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

use super::call::Call;
use crate::state_machine::refusal::Refusal;

/// The largest body.
pub const MAX_BYTES: usize = 64 * 1024;

/// The body's bytes.
pub fn bytes(call: &Call) -> Result<&[u8], Refusal> {
    let bytes = call.raw_body();
    if bytes.len() > MAX_BYTES {
        Err(Refusal::TooLarge)
    } else {
        Ok(bytes)
    }
}

/// The body as a `T`.
pub fn json<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    parse(bytes(call)?)
}

/// Bytes as a `T`, read as [`json`] reads a body.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let text = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    // serde would take an array for a struct, field by field.
    if text.trim_ascii_start().first() != Some(&b'{') {
        return Err(invalid(String::new(), "the body must be a JSON object"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| explain(pointer(error.path()), error.inner()))?;
    deserializer.end().map_err(|error| explain(String::new(), &error))?;
    Ok(value)
}

/// A refusal of one field.
pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Refusal {
    Refusal::InvalidInput {
        pointer: pointer.into(),
        detail: detail.into(),
    }
}

fn explain(pointer: String, error: &serde_json::Error) -> Refusal {
    if !error.is_data() {
        let place = format!("line {}, column {}", error.line(), error.column());
        return invalid(String::new(), format!("the body is not valid JSON ({place})"));
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    match named_field(text) {
        Some(("unknown field", _)) => invalid(pointer, format!("this field is not known here; {}", known_fields(text))),
        Some(("missing field", name)) => invalid(format!("{pointer}/{}", escape(name)), "this field is required"),
        Some(("duplicate field", name)) => {
            let named = pointer.ends_with(&format!("/{}", escape(name)));
            let pointer = if named {
                pointer
            } else {
                format!("{pointer}/{}", escape(name))
            };
            invalid(pointer, "this field is given twice")
        }
        _ => match text.rsplit_once(", expected ") {
            Some((_, expected)) => invalid(pointer, format!("expected {expected}")),
            // A text of our own types (`not a valid category`).
            None if text.starts_with("not ") => invalid(pointer, text),
            None => invalid(pointer, "this value has the wrong form"),
        },
    }
}

/// Kind of mistake and field, for serde's messages of the form "unknown field `name`, ...".
fn named_field(text: &str) -> Option<(&str, &str)> {
    let (kind, rest) = text.split_once(" `")?;
    let name = rest.split_once('`').map_or(rest, |(name, _)| name);
    Some((kind, name))
}

/// The fields there are, of serde's "unknown field `name`, expected one of `a`, `b`".
fn known_fields(text: &str) -> String {
    match text.rsplit_once(", expected ") {
        Some((_, known)) if !text.ends_with(", there are no fields") => format!("expected {known}"),
        _ => "there are none".to_owned(),
    }
}

/// RFC 6901.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        pointer.push('/');
        match segment {
            Segment::Seq { index } => pointer.push_str(&index.to_string()),
            Segment::Map { key } | Segment::Enum { variant: key } => pointer.push_str(&escape(key)),
            Segment::Unknown => pointer.push('?'),
        }
    }
    pointer
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::super::call::tests::call;
    use super::*;
    use crate::domain::ids::Category;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde::Deserialize;
    use serde_json::json;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Submit {
        kind: Kind,
        scope: Vec<Category>,
        confirm: bool,
        #[serde(default)]
        subject: Option<Subject>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Deletion,
        Export,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Subject {
        id: String,
    }

    fn refused(body: &str) -> (String, String) {
        match parse::<Submit>(body.as_bytes()) {
            Err(Refusal::InvalidInput { pointer, detail }) => (pointer, detail),
            other => panic!("{body}: {other:?}"),
        }
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[test]
    fn who_sends_an_unknown_field_is_told_which_there_are() {
        let (at, detail) = refused(r#"{"scopes":[]}"#);
        assert_eq!(at, "/scopes");
        assert!(
            detail.ends_with("expected one of `kind`, `scope`, `confirm`, `subject`"),
            "{detail}"
        );
        let nothing = parse::<Nothing>(b"{\"a`, expected Ada\":1}");
        let Err(Refusal::InvalidInput { detail, .. }) = nothing else {
            panic!("{nothing:?}")
        };
        assert_eq!(detail, "this field is not known here; there are none");
    }

    const GOOD: &str = r#"{"kind":"deletion","scope":["profile"],"confirm":true}"#;

    #[test]
    fn a_good_body_is_read() {
        assert!(parse::<Submit>(GOOD.as_bytes()).is_ok());
    }

    #[test]
    fn every_mistake_has_its_place() {
        for (body, pointer, part) in [
            (
                r#"{"kind":"deletion","scope":[],"confirm":true,"a/b~":1}"#,
                "/a~1b~0",
                "not known",
            ),
            (r#"{"scope":[],"confirm":true}"#, "/kind", "required"),
            ("", "/kind", "required"),
            (
                r#"{"kind":"wipe","scope":[],"confirm":true}"#,
                "/kind",
                "`deletion` or `export`",
            ),
            (
                r#"{"kind":"deletion","scope":"x","confirm":true}"#,
                "/scope",
                "expected a sequence",
            ),
            (
                r#"{"kind":"deletion","scope":["ok","Not OK"],"confirm":true}"#,
                "/scope/1",
                "category",
            ),
            (
                r#"{"kind":"deletion","scope":[],"confirm":"yes"}"#,
                "/confirm",
                "expected a boolean",
            ),
            (
                r#"{"kind":"deletion","scope":[],"confirm":true,"subject":{"id":7}}"#,
                "/subject/id",
                "a string",
            ),
            (
                r#"{"kind":"deletion","scope":[],"confirm":true,"subject":{}}"#,
                "/subject/id",
                "required",
            ),
            (
                r#"{"kind":"deletion","scope":[],"confirm":true,"subject":{"id":"a","x":1}}"#,
                "/subject/x",
                "known",
            ),
            (
                r#"{"kind":"deletion","kind":"export","scope":[],"confirm":true}"#,
                "/kind",
                "twice",
            ),
            ("[]", "", "object"),
            ("null", "", "object"),
            (r#"{"kind":"deletion""#, "", "not valid JSON"),
            (
                r#"{"kind":"deletion","scope":["profile"],"confirm":true} x"#,
                "",
                "not valid JSON",
            ),
        ] {
            let (at, detail) = refused(body);
            assert_eq!(at, pointer, "{body}: {detail}");
            assert!(detail.contains(part), "{body}: {detail}");
        }
    }

    #[test]
    fn what_was_sent_is_not_quoted() {
        for body in [
            r#"{"kind":"Ada","scope":[],"confirm":true}"#,
            r#"{"kind":"deletion","scope":["Ada"],"confirm":true}"#,
            r#"{"kind":"deletion","scope":[],"confirm":"Ada, expected nothing"}"#,
        ] {
            assert!(!refused(body).1.contains("Ada"), "{body}");
        }
    }

    #[test]
    fn deep_nesting_and_broken_text_are_refused() {
        let deep = format!(r#"{{"kind":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
        refused(&deep);
        assert!(matches!(
            parse::<Submit>(b"{\"kind\":\"\xff\"}"),
            Err(Refusal::InvalidInput { .. })
        ));
    }

    #[test]
    fn size_is_counted_after_base64() {
        let fits = " ".repeat(MAX_BYTES - GOOD.len()) + GOOD;
        let plain = |body: &str| json::<Submit>(&call("r", json!({ "body": body })));
        let coded = |body: &str| {
            let coded = STANDARD.encode(body);
            json::<Submit>(&call("r", json!({"body": coded, "isBase64Encoded": true})))
        };
        assert!(plain(&fits).is_ok() && coded(&fits).is_ok());
        let over = format!(" {fits}");
        assert_eq!(plain(&over), Err(Refusal::TooLarge));
        assert_eq!(coded(&over), Err(Refusal::TooLarge));
    }

    #[test]
    fn bytes_that_are_no_text_are_bad_input() {
        let odd = call("r", json!({"body": "/wAB", "isBase64Encoded": true}));
        assert!(matches!(json::<Submit>(&odd), Err(Refusal::InvalidInput { .. })));
    }
}
