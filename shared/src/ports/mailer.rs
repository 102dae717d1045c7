//! Handing an e-mail over.

use crate::domain::personal::Personal;

use super::fault::BoxError;

/// A finished letter.
#[derive(Clone, Debug)]
pub struct Letter {
    /// To whom.
    pub to: Personal,
    /// Subject line; no personal data.
    pub subject: String,
    /// Text part.
    pub text: Personal,
    /// HTML part.
    pub html: Personal,
    /// Which request, as a tag on the message.
    pub request: String,
    /// Which letter, as a tag on the message.
    pub occasion: &'static str,
}

/// Why a letter was not taken.
#[derive(Debug, thiserror::Error)]
pub enum MailFault {
    /// Try again later.
    #[error("the mail service could not take the letter for now")]
    Later(#[source] BoxError),
    /// The address or the letter was refused for good.
    #[error("the mail service refused the letter: {code}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// Why.
        #[source]
        source: BoxError,
    },
}

/// The mail service.
pub trait Mailer {
    /// Hands one letter over.
    async fn send(&self, letter: &Letter) -> Result<(), MailFault>;
}
