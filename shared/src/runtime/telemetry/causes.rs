//! An error and its causes as one line that is safe to log.
//!
//! Texts of our own error types are written to hold no values, so they are printed. Of any other error only this is
//! taken from its `Debug` form: the name of its type or variant, words after `code: Some("`, the HTTP status, and the
//! service's request id, which is what AWS support asks for. Reading `Debug` looks crude, but the alternative is to name
//! every operation's error type of five SDKs here, and to forget one.

use std::error::Error;

use crate::ports::{Fault, MailFault};
use crate::runtime::settings::BadSetting;
use crate::state_machine::refusal::Refusal;
use crate::workflow::failure::Failure;

/// Bytes of a foreign error that are looked at: enough for any SDK answer, little enough to be quick.
const LOOKED_AT: usize = 16 * 1024;

/// The error and its causes, joined by `: `.
pub fn causes(error: &(dyn Error + 'static)) -> String {
    let mut parts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        match ours(error) {
            Some(text) => parts.push(text),
            None => {
                // A foreign error's `Debug` contains its own sources.
                parts.push(foreign(error));
                break;
            }
        }
        next = error.source();
    }
    parts.join(": ")
}

/// The text of an error type of ours.
fn ours(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(match failure {
            Failure::Refusal(refusal) => refusal.code().to_owned(),
            Failure::Fault(fault) => fault.to_string(),
        });
    }
    // A refusal's text may quote the caller's input; its code does not.
    let refusal = error.downcast_ref::<Refusal>().map(|refusal| refusal.code().to_owned());
    let fault = error.downcast_ref::<Fault>().map(ToString::to_string);
    let mail = error.downcast_ref::<MailFault>().map(ToString::to_string);
    let setting = error.downcast_ref::<BadSetting>().map(ToString::to_string);
    refusal.or(fault).or(mail).or(setting)
}

/// Type, codes, status and request id of anybody else's error.
fn foreign(error: &(dyn Error + 'static)) -> String {
    if let Some(json) = error.downcast_ref::<serde_json::Error>() {
        return format!("json {:?} at {}:{}", json.classify(), json.line(), json.column());
    }
    let mut shown = format!("{error:?}");
    if let Some((cut, _)) = shown.char_indices().nth(LOOKED_AT) {
        shown.truncate(cut);
    }
    let mut parts: Vec<&str> = type_name(&shown).into_iter().collect();
    for mark in ["code: Some(\"", "StatusCode(", "\"aws_request_id\": \""] {
        for after in shown.split(mark).skip(1) {
            let word = code_word(after);
            if !word.is_empty() && !parts.contains(&word) {
                parts.push(word);
            }
        }
    }
    if parts.is_empty() {
        "[withheld]".to_owned()
    } else {
        parts.join(" ")
    }
}

/// The leading identifier of a derived `Debug` form; nothing for a bare text, which could be anything.
fn type_name(shown: &str) -> Option<&str> {
    let end = shown.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(shown.len());
    let (name, rest) = shown.split_at(end);
    let derived = rest.starts_with('(') || rest.starts_with(" {");
    (derived && name.starts_with(|c: char| c.is_ascii_uppercase())).then_some(name)
}

fn code_word(text: &str) -> &str {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = text.find(|c: char| !fits(c)).unwrap_or(0);
    if end <= 64 { &text[..end] } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::error::{ErrorMetadata, SdkError};
    use aws_sdk_s3::operation::get_object::GetObjectError;
    use aws_sdk_s3::primitives::SdkBody;

    #[test]
    fn a_services_message_is_cut_and_its_code_kept() {
        let meta = ErrorMetadata::builder()
            .code("ValidationException")
            .message("value ada@example.com of key pk is bad")
            .build();
        let raw = HttpResponse::new(400.try_into().expect("a status"), SdkBody::from("ada@example.com"));
        let sdk = SdkError::service_error(GetObjectError::generic(meta), raw);
        let shown = causes(&Fault::permanent("read the row", "refused", sdk));
        assert!(shown.starts_with("read the row: failed with refused: "), "{shown}");
        assert!(
            shown.contains("ValidationException") && shown.contains("400"),
            "{shown}"
        );
        assert!(!shown.contains("ada"), "{shown}");
    }

    #[test]
    fn texts_and_parsers_quotes_are_withheld() {
        let shown = causes(&Fault::corrupt("read", "Ada Lovelace was here"));
        assert_eq!(shown, "read: failed with corrupt: [withheld]");
        let json = serde_json::from_str::<u8>("\"Ada\"").expect_err("no number");
        let shown = causes(&Fault::corrupt("read", json));
        assert!(shown.contains("json Data at 1:5") && !shown.contains("Ada"), "{shown}");
    }

    #[test]
    fn a_refusal_shows_its_code_only() {
        let refusal = Refusal::InvalidInput {
            pointer: "/Ada".into(),
            detail: "Ada".into(),
        };
        assert_eq!(causes(&Failure::from(refusal)), "invalid_input");
    }

    #[test]
    fn a_lost_connection_is_recognisable() {
        let lost = SdkError::<GetObjectError, HttpResponse>::timeout_error("late");
        let shown = causes(&Fault::transient("read", lost));
        assert_eq!(shown, "read: failed for now: TimeoutError");
    }
}
