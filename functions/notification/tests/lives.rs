//! Whole lives with the product's own periods, and every letter of them as it is read.
//!
//! The simulator plays a month and more; the notification function's own code writes. `snapshots/` holds what each
//! person gets, in order and in full: read them when a period, a notice or a wording changes.

use std::fmt::Write as _;

use insta::assert_snapshot;
use jiff::Timestamp;
use notification::compose::compose;
use shared::domain::outbox::Mail;
use shared::ports::Letter;
use shared::runtime::settings::MailSettings;
use shared::sim::Calm;
use shared::workflow::records::Loaded;
use simulation::crash::calm;
use simulation::play::{Play, Played, play};
use simulation::scenario::Scenario;

fn write(mail: &Mail, loaded: &Loaded) -> Option<Letter> {
    let settings = MailSettings {
        sender: "privacy@acme.example".to_owned(),
        operator: "operators@example.com".to_owned(),
        support_contact: "privacy@acme.example".to_owned(),
        account_url: "https://account.acme.example/privacy".to_owned(),
    };
    compose(mail, &loaded.request, &settings)
}

/// Every letter of a life; what differs from run to run and the simulator's odd names are put into words.
fn letters(scenario: Scenario) -> String {
    read(&calm(&Scenario { write, ..scenario }))
}

fn read(played: &Played) -> String {
    let mut text = String::new();
    for (at, letter) in &played.letters {
        let _ = writeln!(
            text,
            "===== {}\nTo: {}\nSubject: {}\n",
            day(*at),
            letter.to.expose(),
            letter.subject
        );
        let _ = writeln!(text, "{}\n", letter.text.expose());
        text = text.replace(&letter.request, "dsr_01");
    }
    text.replace("canary-name-ada@example.com", "Ada Lovelace")
        .replace("canary-mail-ada@example.com", "ada@example.com")
        .replace("canary-reason", "There is much of it, in many places.")
}

fn day(at: Timestamp) -> String {
    let days = at.duration_since(simulation::dawn()).as_hours() / 24;
    format!("day {days}, {}", at.strftime("%A, %-d %B %Y, %H:%M UTC"))
}

#[test]
fn thirty_days_of_grace_and_a_due_date_that_is_missed() {
    assert_snapshot!("literal", letters(Scenario::few()));
}

#[test]
fn a_grace_period_that_keeps_the_due_date() {
    assert_snapshot!("clamped", letters(Scenario::clamped()));
}

#[test]
fn a_due_date_that_is_moved() {
    assert_snapshot!("extended", letters(Scenario::extended()));
}

#[test]
fn a_request_that_is_withdrawn() {
    assert_snapshot!("withdrawn", letters(Scenario::withdrawn()));
}

#[test]
fn a_request_that_is_rejected() {
    assert_snapshot!("rejected", letters(Scenario::rejected()));
}

#[test]
fn a_request_of_which_the_law_keeps_a_part() {
    assert_snapshot!("retained", letters(Scenario::retained()));
}

#[test]
fn a_request_that_is_stopped_in_the_middle() {
    let scenario = Scenario {
        write,
        ..Scenario::cancelled()
    };
    // By the dice an operator steps in before, in or after the sweep: the first who does in its midst.
    let in_the_midst = |text: &String| text.contains("records hidden") && text.contains("left as they were");
    let lives = (0..200).map(|seed| {
        let of = Play {
            seed,
            ..Play::default()
        };
        read(&play(&scenario, &of, Calm))
    });
    let mut stopped = lives.filter(in_the_midst);
    assert_snapshot!("cancelled", stopped.next().expect("one of 200"));
}

#[test]
fn a_rejection_that_cannot_be_delivered() {
    let refused = Scenario {
        mail_refused: true,
        ..Scenario::rejected()
    };
    assert_snapshot!("undeliverable", letters(refused));
}
