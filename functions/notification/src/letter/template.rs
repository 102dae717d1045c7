//! Fills in the templates of `infra/emails`; the one place that knows the template engine.
//!
//! `to_subject` and `to_operators` each choose the body by what is being told and put it into the common `base`. Each
//! pair below is one template in its two forms; the extension decides about escaping: `.html` is, `.txt` is not.
//! What a template can name is what these structs hold, so the operators' cannot name the data subject.

use askama::Template;

use super::notice::{Notice, Reference, Stage, Topic};
use super::occasion::{By, Kind, Occasion, RequestFacts};
use super::{Letter, Line, Sender, link, words};

#[derive(Template)]
#[template(path = "to_subject.html")]
struct SubjectHtml<'a> {
    title: &'a str,
    occasion: &'a Occasion<'a>,
    request: &'a RequestFacts<'a>,
    contact: Contact<'a>,
}

#[derive(Template)]
#[template(path = "to_subject.txt")]
struct SubjectText<'a> {
    occasion: &'a Occasion<'a>,
    request: &'a RequestFacts<'a>,
    contact: Contact<'a>,
}

#[derive(Template)]
#[template(path = "to_operators.html")]
struct OperatorsHtml<'a> {
    title: &'a str,
    notice: &'a Notice,
    request: &'a Reference<'a>,
    contact: Contact<'a>,
}

#[derive(Template)]
#[template(path = "to_operators.txt")]
struct OperatorsText<'a> {
    notice: &'a Notice,
    request: &'a Reference<'a>,
    contact: Contact<'a>,
}

/// The sender as the templates print it: the address as text, and as a link where it may be one.
#[derive(Clone, Copy)]
struct Contact<'a> {
    support: Line<'a>,
    account: Line<'a>,
    link: Option<&'a str>,
}

impl<'a> From<&'a Sender<'a>> for Contact<'a> {
    fn from(sender: &'a Sender<'a>) -> Self {
        Self {
            support: sender.support_contact,
            account: Line::new(sender.account_url),
            link: link::target(sender.account_url),
        }
    }
}

pub(super) fn to_subject(
    subject: String,
    occasion: &Occasion<'_>,
    request: &RequestFacts<'_>,
    sender: &Sender<'_>,
) -> Result<Letter, askama::Error> {
    let contact = Contact::from(sender);
    let html = SubjectHtml {
        title: &subject,
        occasion,
        request,
        contact,
    }
    .render()?;
    let text = SubjectText {
        occasion,
        request,
        contact,
    }
    .render()?;
    Ok(Letter { subject, text, html })
}

pub(super) fn to_operators(
    subject: String,
    notice: &Notice,
    request: &Reference<'_>,
    sender: &Sender<'_>,
) -> Result<Letter, askama::Error> {
    let contact = Contact::from(sender);
    let html = OperatorsHtml {
        title: &subject,
        notice,
        request,
        contact,
    }
    .render()?;
    let text = OperatorsText {
        notice,
        request,
        contact,
    }
    .render()?;
    Ok(Letter { subject, text, html })
}
