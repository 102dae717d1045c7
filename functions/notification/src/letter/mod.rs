//! What Lethe writes to people: facts in, a finished [`Letter`] out.
//!
//! Pure: no clock, no network, no row is read here. The wording lives in `infra/emails` and is compiled in, so a
//! template that names a fact nobody supplies does not build. Guarantees, each held by a test in `tests/`:
//!
//! - A **subject line** is fixed wording, a request id and at most a tenant: no personal data, no free text, no line
//!   break, whatever the data holds. Subject lines end up in notification banners and mail logs.
//! - What people typed is **always text**: it changes neither the HTML's markup nor the lines of the plain form, and
//!   cannot turn the reading direction of what stands beside it (`printable`).
//! - Letters to **operators hold no personal data** of the subject. They are made from a [`Reference`], which has none,
//!   so whoever sends them needs no key to it. They name request, tenant and counts, and say where to look.
//! - The HTML and the plain form say the same words. There is no remote image and no link but the deployment's own
//!   `AccountUrl` (`link`).
//!
//! Read on in `occasion` (to the data subject), `notice` (to operators), then the templates.

mod link;
mod notice;
mod occasion;
mod printable;
mod template;
mod words;

#[cfg(test)]
mod tests;

use std::fmt;

pub use notice::{Notice, Reference, Stage, Topic};
pub use occasion::{By, Category, Grace, Hidden, Kept, Kind, Occasion, Outcome, RequestFacts};
pub use printable::{Line, Passage};

/// What one letter says. Every date in it is an instant, shown as a day and time in UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject line: one line, no personal data.
    pub subject: String,
    /// The plain form.
    pub text: String,
    /// The same words as a complete HTML document.
    pub html: String,
}

/// The text and the HTML name people, so only the subject line shows.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("subject", &self.subject)
            .finish_non_exhaustive()
    }
}

/// Whom the reader can turn to; both come from the deployment's parameters.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// `SupportContact`: an address, a number, whatever the organisation answers to.
    pub support_contact: Line<'a>,
    /// `AccountUrl`: where people sign in. A link where `link` allows it, else plain text.
    pub account_url: &'a str,
}

/// Writes to the data subject.
///
/// # Errors
/// Only if formatting itself fails, which writing into memory does not; the caller treats it as a failed attempt.
pub fn render(
    occasion: &Occasion<'_>,
    request: &RequestFacts<'_>,
    sender: &Sender<'_>,
) -> Result<Letter, askama::Error> {
    let subject = occasion.subject_line(request);
    template::to_subject(subject, occasion, request, sender)
}

/// Writes to the operators.
///
/// # Errors
/// As [`render`].
pub fn render_notice(notice: &Notice, request: &Reference<'_>, sender: &Sender<'_>) -> Result<Letter, askama::Error> {
    let subject = notice.subject_line(request);
    template::to_operators(subject, notice, request, sender)
}
