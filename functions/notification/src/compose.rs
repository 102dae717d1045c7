//! From an owed mail and its request to the letter that is handed over.
//!
//! `None`: there is nobody to write to any more (the personal fields are shredded), or no address was ever known.

use shared::domain::actor::Role;
use shared::domain::outbox::{Mail, Occasion as Owed};
use shared::domain::outcome::{Code, Counts};
use shared::domain::personal::Personal;
use shared::domain::request::{Completion, Facts, Kind as Asked, PersonFields};
use shared::ports::Letter as Envelope;
use shared::runtime::settings::MailSettings;
use shared::workflow::records::Loaded;

use crate::letter::{
    By, Category, Grace, Kind, Letter, Line, Notice, Occasion, Outcome, Passage, Reference, RequestFacts, Sender,
    Topic, render, render_notice,
};

/// The finished letter, addressed.
pub fn compose(mail: &Mail, loaded: &Loaded, settings: &MailSettings) -> Option<Envelope> {
    let facts = &loaded.request.facts;
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
        let person = loaded.request.person.known()?;
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
    let outcomes: Vec<_> = facts.scope.iter().map(|category| outcome(facts, category)).collect();
    let reason = |text: &Option<Personal>| text.as_ref().map_or("", Personal::expose).to_owned();
    let (rejection, withdrawal) = (reason(&person.rejection_reason), reason(&person.withdrawal_reason));
    let occasion = match mail.occasion {
        Owed::Received => Occasion::Received { due_at: facts.due_at },
        Owed::Approved => Occasion::Approved {
            grace: grace(facts),
            completes_by: facts.completes_by?,
            due_at: facts.due_at,
            misses_due: facts.misses_due,
        },
        Owed::Rejected => Occasion::Rejected {
            reason: Passage::new(&rejection),
        },
        Owed::Withdrawn if facts.withdrawn_by == Some(Role::Operator) => Occasion::Withdrawn {
            by: By::Operator {
                reason: Passage::new(&withdrawal),
            },
        },
        Owed::Withdrawn => Occasion::Withdrawn { by: By::You },
        Owed::Completed => Occasion::Completed {
            // The mail is owed by the commit that found everything verified.
            finished_at: mail.owed_at,
            outcomes: &outcomes,
            partial: facts.result == Some(Completion::Partial),
        },
        Owed::GraceOver | Owed::JobFailed | Owed::Undeliverable => return None,
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
        Owed::JobFailed => Notice::JobFailed {
            findings: facts.job.as_ref().map_or(0, |job| job.findings),
        },
        Owed::Undeliverable => Notice::Undeliverable {
            topic: Topic::Completed,
        },
        Owed::Received | Owed::Approved | Owed::Rejected | Owed::Withdrawn | Owed::Completed => return None,
    };
    render_notice(&notice, &request, sender).ok()
}

fn kind(facts: &Facts) -> Kind {
    match facts.kind {
        Asked::Deletion => Kind::Deletion,
        Asked::Export => Kind::Export,
    }
}

/// Exports wait for nothing and remove nothing.
fn grace(facts: &Facts) -> Option<Grace> {
    let (ends_at, policy) = (facts.grace_ends_at?, facts.policy.as_ref()?);
    (facts.kind == Asked::Deletion).then(|| Grace {
        ends_at,
        recovery_window: policy.recovery_window.span(),
    })
}

fn shown<'a>(facts: &'a Facts, category: &'a shared::domain::ids::Category) -> Category<'a> {
    let description = facts.descriptions.get(category).map_or("", String::as_str);
    Category {
        name: Line::new(category.as_str()),
        description: Line::new(description),
    }
}

fn outcome<'a>(facts: &'a Facts, category: &'a shared::domain::ids::Category) -> Outcome<'a> {
    let mut counts = Counts::default();
    for pin in facts.datasets.iter().filter(|pin| &pin.category == category) {
        facts
            .account
            .get(&pin.id)
            .into_iter()
            .for_each(|of_dataset| counts.add(of_dataset));
    }
    Outcome {
        category: shown(facts, category),
        purged: counts.of(Code::Purged),
        already_absent: counts.of(Code::AlreadyAbsent),
        recreated: counts.of(Code::Recreated) + counts.of(Code::ArrivedLater),
        restored: counts.of(Code::Restored),
        resolved: counts.of(Code::Resolved),
        exempt: &[],
    }
}
