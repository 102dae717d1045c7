//! From an owed mail and its request to the letter that is handed over.
//!
//! `None`: there is nobody to write to any more (the personal fields are shredded), or no address was ever known.

use jiff::Timestamp;
use shared::domain::actor::Role;
use shared::domain::outbox::{Mail, Occasion as Owed};
use shared::domain::package::PackageState;
use shared::domain::personal::Personal;
use shared::domain::request::{CancelStage, Completion, Facts, Kind as Asked, PersonFields, Status, SubjectRequest};
use shared::ports::Letter as Envelope;
use shared::runtime::settings::MailSettings;

use crate::account::{grounds, kept, outcome, shown};
use crate::letter::{
    By, Grace, Kind, Letter, Line, Notice, Occasion, Passage, Reference, RequestFacts, Sender, Stage, Topic, render,
    render_notice,
};

/// The finished letter, addressed.
pub fn compose(mail: &Mail, about: &SubjectRequest, settings: &MailSettings) -> Option<Envelope> {
    let facts = &about.facts;
    let sender = Sender {
        support_contact: Line::new(&settings.support_contact),
        account_url: &settings.account_url,
    };
    let (to, letter) = if mail.occasion.to_operators() {
        (
            Personal::new(&settings.operator),
            to_operators(mail.occasion, facts, &sender)?,
        )
    } else {
        let person = about.person.known()?;
        (person.subject.email.clone()?, to_subject(mail, facts, person, &sender)?)
    };
    Some(Envelope {
        to,
        subject: letter.subject,
        text: Personal::new(letter.text),
        html: Personal::new(letter.html),
        request: facts.id.to_string(),
        occasion: mail.occasion.as_str(),
    })
}

fn to_subject(mail: &Mail, facts: &Facts, person: &PersonFields, sender: &Sender<'_>) -> Option<Letter> {
    let id = facts.id.to_string();
    let categories: Vec<_> = facts.scope.iter().map(|category| shown(facts, category)).collect();
    let name = person.subject.name.as_ref().map_or("", Personal::expose);
    let request = RequestFacts {
        id: Line::new(&id),
        kind: kind(facts),
        addressee: Line::new(name),
        on_behalf: facts.on_behalf,
        received_at: facts.received_at,
        categories: &categories,
    };
    let grounds: Vec<_> = facts.scope.iter().map(|category| grounds(facts, category)).collect();
    let exempt: Vec<_> = grounds.iter().map(|of_category| kept(of_category)).collect();
    let categories_kept = facts.scope.iter().zip(&exempt);
    let outcomes: Vec<_> = categories_kept
        .map(|(category, kept)| outcome(facts, category, kept))
        .collect();
    let reason = |text: &Option<Personal>| text.as_ref().map_or("", Personal::expose).to_owned();
    let (rejection, withdrawal) = (reason(&person.rejection_reason), reason(&person.withdrawal_reason));
    let (extension, cancellation) = (reason(&person.extension_reason), reason(&person.cancellation_reason));
    let occasion = match mail.occasion {
        Owed::Received => Occasion::Received { due_at: facts.due_at },
        Owed::Approved => Occasion::Approved {
            grace: grace(facts),
            due_at: facts.due_at,
            misses_due: facts.misses_due,
        },
        Owed::Rejected => Occasion::Rejected {
            reason: Passage::new(&rejection),
            kept_until: facts.shred_at?,
        },
        Owed::Withdrawn if facts.withdrawn_by == Some(Role::Operator) => Occasion::Withdrawn {
            by: By::Operator {
                reason: Passage::new(&withdrawal),
            },
            kept_until: facts.shred_at?,
        },
        Owed::Withdrawn => Occasion::Withdrawn {
            by: By::You,
            kept_until: facts.shred_at?,
        },
        Owed::Extended => Occasion::Extended {
            was_due_at: facts.extension?.was_due_at,
            due_at: facts.due_at,
            reason: Passage::new(&extension),
        },
        Owed::Cancelled if facts.kind == Asked::Export => Occasion::Dropped {
            reason: Passage::new(&cancellation),
        },
        Owed::Cancelled => Occasion::Cancelled {
            outcomes: &outcomes,
            reason: Passage::new(&cancellation),
        },
        Owed::Completed if facts.kind == Asked::Export => Occasion::Ready {
            until: fetched_until(facts),
            parts: facts.package.as_ref()?.parts.into(),
            outcomes: &outcomes,
            partial: facts.result == Some(Completion::Partial),
            found_for: facts.policy.as_ref()?.request_retention.span(),
            proof_for: facts.policy.as_ref()?.audit_retention.span(),
        },
        // Taken back or over since it was owed: there is nothing to remind of.
        Owed::Expiring => Occasion::Expiring {
            until: fetched_until(facts)?,
            parts: facts.package.as_ref()?.parts.into(),
        },
        Owed::Completed => Occasion::Completed {
            // The mail is owed by the commit that found everything verified.
            finished_at: mail.owed_at,
            outcomes: &outcomes,
            partial: facts.result == Some(Completion::Partial),
            found_for: facts.policy.as_ref()?.request_retention.span(),
            proof_for: facts.policy.as_ref()?.audit_retention.span(),
        },
        Owed::GraceOver
        | Owed::DueSoon
        | Owed::Overdue
        | Owed::WindowEnded
        | Owed::Differs
        | Owed::JobFailed
        | Owed::Undeliverable => {
            return None;
        }
    };
    render(&occasion, &request, sender).ok()
}

fn to_operators(occasion: Owed, facts: &Facts, sender: &Sender<'_>) -> Option<Letter> {
    let id = facts.id.to_string();
    let request = Reference {
        id: Line::new(&id),
        tenant: Line::new(facts.tenant.as_str()),
        kind: kind(facts),
        due_at: facts.due_at,
    };
    let notice = match occasion {
        Owed::GraceOver => Notice::GraceOver {
            grace_ends_at: facts.grace_ends_at?,
        },
        Owed::DueSoon => Notice::DueSoon {
            stage: stage(facts),
            may_extend: facts.extension.is_none(),
        },
        Owed::Overdue => Notice::Overdue { stage: stage(facts) },
        Owed::WindowEnded => Notice::WindowEnded {
            recover_until: facts.recover_until?,
            stopped: facts.status == Status::Cancelled,
        },
        // Resumed since: there is nothing left to decide.
        Owed::Differs => Notice::Differs {
            more: facts.job.as_ref()?.differs?.more,
        },
        Owed::JobFailed => Notice::JobFailed {
            findings: facts.job.as_ref().map_or(0, |job| job.findings),
        },
        Owed::Undeliverable => Notice::Undeliverable {
            topic: closing_topic(facts),
        },
        Owed::Received
        | Owed::Approved
        | Owed::Rejected
        | Owed::Withdrawn
        | Owed::Extended
        | Owed::Cancelled
        | Owed::Completed
        | Owed::Expiring => return None,
    };
    render_notice(&notice, &request, sender).ok()
}

fn kind(facts: &Facts) -> Kind {
    match facts.kind {
        Asked::Deletion => Kind::Deletion,
        Asked::Export => Kind::Export,
    }
}

fn stage(facts: &Facts) -> Stage {
    match facts.status {
        Status::Pending | Status::Verified => Stage::InReview,
        Status::Approved => Stage::Approved,
        // Closed since the notice was owed: there is nothing left to do either.
        Status::InProgress | Status::Completed | Status::Rejected | Status::Cancelled => Stage::AtWork,
    }
}

/// What the letter was about that closed the request and did not arrive.
fn closing_topic(facts: &Facts) -> Topic {
    match (facts.status, facts.cancel_stage) {
        (Status::Rejected, _) => Topic::Rejected,
        (Status::Cancelled, Some(CancelStage::DuringExecution)) => Topic::Cancelled,
        (Status::Cancelled, Some(CancelStage::BeforeExecution) | None) => Topic::Withdrawn,
        (Status::Pending | Status::Verified | Status::Approved | Status::InProgress | Status::Completed, _) => {
            Topic::Completed
        }
    }
}

/// Until when the copy can be fetched; none if it cannot be.
fn fetched_until(facts: &Facts) -> Option<Timestamp> {
    let package = facts.package.as_ref()?;
    (package.state == PackageState::Available)
        .then_some(package.expires_at)
        .flatten()
}

/// Exports wait for nothing and remove nothing.
fn grace(facts: &Facts) -> Option<Grace> {
    let (ends_at, policy) = (facts.grace_ends_at?, facts.policy.as_ref()?);
    Some(Grace {
        ends_at,
        completes_by: facts.completes_by?,
        recovery_window: policy.recovery_window.span(),
    })
    .filter(|_| facts.kind == Asked::Deletion)
}
