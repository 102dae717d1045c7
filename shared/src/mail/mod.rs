//! E-mail, by SES v2: hands one letter over and says whether it was taken, refused for good, or should be tried later.
//!
//! The letter's tags (request, occasion) let an operator find its delivery events in SES without a name or address.

use std::sync::Arc;

use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::http::HttpResponse;
use aws_sdk_sesv2::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_sesv2::operation::send_email::SendEmailError;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageTag};

use crate::ports::{Letter, MailFault, Mailer};
use crate::sdk_fault::is_transient;

/// What SES refuses for good, and our word for it. Everything else (throttling, the daily quota, a paused account, a
/// missing right, no connection) somebody will repair, so it is tried again until the letter is overdue.
const REFUSED: [(&str, &str); 6] = [
    ("MessageRejected", "message_rejected"),
    ("MailFromDomainNotVerifiedException", "mail_from_not_verified"),
    ("AccountSuspendedException", "account_suspended"),
    ("NotFoundException", "not_found"),
    ("BadRequestException", "bad_request"),
    ("InvalidParameterValue", "bad_request"),
];

/// Sends letters from one address.
#[derive(Clone, Debug)]
pub struct SesMailer {
    client: Client,
    sender: Arc<str>,
}

impl SesMailer {
    /// Sends from `sender`, an identity SES has verified.
    pub fn new(client: Client, sender: impl Into<Arc<str>>) -> Self {
        Self {
            client,
            sender: sender.into(),
        }
    }
}

impl Mailer for SesMailer {
    async fn send(&self, letter: &Letter) -> Result<(), MailFault> {
        let unwritable = |source: BuildError| MailFault::Refused {
            code: "unwritable",
            source: source.into(),
        };
        let tag = |name: &str, value: &str| MessageTag::builder().name(name).value(tag_value(value)).build();
        let answer = self
            .client
            .send_email()
            .from_email_address(&*self.sender)
            .destination(Destination::builder().to_addresses(letter.to.expose()).build())
            .content(content(letter).map_err(unwritable)?)
            .email_tags(tag("request", &letter.request).map_err(unwritable)?)
            .email_tags(tag("occasion", letter.occasion).map_err(unwritable)?)
            .send()
            .await;
        answer.map(drop).map_err(classify)
    }
}

fn content(letter: &Letter) -> Result<EmailContent, BuildError> {
    let utf8 = |text: &str| Content::builder().charset("UTF-8").data(text).build();
    let body = Body::builder()
        .text(utf8(letter.text.expose())?)
        .html(utf8(letter.html.expose())?)
        .build();
    let message = Message::builder().subject(utf8(&letter.subject)?).body(body).build();
    Ok(EmailContent::builder().simple(message).build())
}

/// A tag value may be made of these characters only; a letter is not lost over its tag.
fn tag_value(text: &str) -> String {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    text.chars().map(|c| if fits(c) { c } else { '_' }).take(256).collect()
}

fn classify(error: SdkError<SendEmailError, HttpResponse>) -> MailFault {
    let known = error
        .code()
        .and_then(|code| REFUSED.iter().find(|(theirs, _)| *theirs == code));
    match known {
        Some((_, code)) if !is_transient(&error) => MailFault::Refused {
            code,
            source: error.into(),
        },
        _ => MailFault::Later(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::personal::Personal;
    use aws_sdk_sesv2::error::ErrorMetadata;

    fn answered(status: u16, code: &str) -> SdkError<SendEmailError, HttpResponse> {
        let meta = ErrorMetadata::builder().code(code).build();
        let raw = HttpResponse::new(status.try_into().expect("a status"), "".into());
        SdkError::service_error(SendEmailError::generic(meta), raw)
    }

    #[test]
    fn a_refusal_is_told_from_a_delay() {
        for (status, code, ours) in [
            (400, "MessageRejected", Some("message_rejected")),
            (404, "NotFoundException", Some("not_found")),
            (400, "AccountSuspendedException", Some("account_suspended")),
            (429, "TooManyRequestsException", None),
            (400, "LimitExceededException", None),
            (400, "SendingPausedException", None),
            (403, "AccessDeniedException", None),
            (500, "BadRequestException", None),
        ] {
            let fault = classify(answered(status, code));
            let refused = match fault {
                MailFault::Refused { code, .. } => Some(code),
                MailFault::Later(_) => None,
            };
            assert_eq!(refused, ours, "{code}");
        }
    }

    #[test]
    fn tags_are_made_of_what_ses_takes() {
        assert_eq!(tag_value("dsr_01ABC-x"), "dsr_01ABC-x");
        assert_eq!(tag_value("ä b@c"), "__b_c");
    }

    #[test]
    fn both_parts_are_sent() {
        let letter = Letter {
            to: Personal::new("a@example.com"),
            subject: "Ihre Anfrage – erhalten".into(),
            text: Personal::new("Text"),
            html: Personal::new("<p>Text</p>"),
            request: "dsr_1".into(),
            occasion: "received",
        };
        let content = content(&letter).expect("complete");
        let body = content.simple().and_then(Message::body).expect("a body");
        assert_eq!(body.text().map(Content::data), Some("Text"));
        assert_eq!(body.html().map(Content::data), Some("<p>Text</p>"));
    }
}
