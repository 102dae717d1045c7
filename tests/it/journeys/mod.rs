//! The life of a request from one end to the other, as people live it: each file is one way it can go.

mod approve_in_one;
mod awkward;
mod deadlines;
mod differs;
mod endings;
mod erasure;
mod exported;
mod extended;
mod fair;
mod finding;
mod held;
mod hidden;
mod opened;
mod rejected;
mod retained;
mod stopped;
mod thirty_days;
mod two_tenants;
mod vaulted;
mod withdrawn;

use harness::people::Person;
use lethe::mailbox::Letter;

/// A letter says in both forms what it is about and where to turn; its subject line names nobody.
fn assert_whole(letter: &Letter, to: &Person) {
    let (text, html) = (letter.body_text.as_deref(), letter.body_html.as_deref());
    for (form, body) in [("text", text.unwrap_or_default()), ("HTML", html.unwrap_or_default())] {
        for part in ["help@lethe.example", "http://localhost:4566/account"] {
            assert!(
                body.contains(part),
                "{part} is missing in the {form} form of {:?}",
                letter.subject
            );
        }
    }
    for secret in [&to.name, &to.email] {
        assert!(
            !letter.subject.contains(secret),
            "a subject line is read on locked screens: {:?}",
            letter.subject
        );
    }
}

/// The first letter whose subject line has this word.
fn letter_about<'a>(letters: &'a [Letter], word: &str) -> &'a Letter {
    let subjects: Vec<_> = letters.iter().map(|letter| &letter.subject).collect();
    let found = letters.iter().find(|letter| letter.subject.contains(word));
    found.unwrap_or_else(|| panic!("no letter about {word:?}: {subjects:?}"))
}
