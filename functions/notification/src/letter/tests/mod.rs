//! Every letter in both forms, as a reader gets it, and what must hold for whatever the data says.
//!
//! `snapshots/` holds the letters of [`sample`] in full: read them when wording changes. [`hostile`] feeds the same
//! letters text that tries to be more than text.

mod hostile;
mod sample;

use insta::assert_snapshot;
use sample::{EVERY_NOTICE, every_occasion, facts, notice, occasion};

use super::{By, Kind, Letter, Line, Occasion, RequestFacts};

/// A letter as one readable file.
fn whole(letter: &Letter) -> String {
    let Letter { subject, text, html } = letter;
    format!("Subject: {subject}\n\n===== text =====\n{text}\n===== html =====\n{html}")
}

#[test]
fn every_letter_to_the_data_subject() {
    for (name, facts, told) in every_occasion() {
        assert_snapshot!(name, whole(&occasion(&told, &facts)));
    }
}

#[test]
fn every_letter_to_the_operators() {
    for (name, told) in EVERY_NOTICE {
        assert_snapshot!(name, whole(&notice(&told)));
    }
}

#[test]
fn a_receipt_says_so_when_somebody_else_asked_and_knows_no_name() {
    let facts = RequestFacts {
        on_behalf: true,
        addressee: Line::new(" \u{200b}"),
        ..facts()
    };
    let received = Occasion::Received {
        due_at: facts.received_at,
    };
    let letter = occasion(&received, &facts);
    assert!(letter.text.starts_with("Hello,\n"), "{}", letter.text);
    assert!(letter.text.contains("made on your behalf"), "{}", letter.text);
}

#[test]
fn requests_for_a_copy_never_speak_of_deletion() {
    for (name, facts, told) in every_occasion() {
        let letter = occasion(&told, &facts);
        let said = letter.text.replace("Nothing is deleted by it.", "") + &letter.subject;
        assert_eq!(said.contains("delet"), facts.kind == Kind::Deletion, "{name}: {said}");
    }
}

#[test]
fn both_forms_say_the_same_words() {
    for (name, letter) in sample::every_letter() {
        assert_eq!(words_of_html(&letter.html), words_of_text(&letter.text), "{name}");
    }
}

#[test]
fn every_letter_names_the_contact_and_links_only_to_the_account() {
    for (name, letter) in sample::every_letter() {
        for form in [&letter.text, &letter.html] {
            assert!(
                form.contains(sample::SUPPORT) && form.contains(sample::ACCOUNT),
                "{name}: {form}"
            );
        }
        let links: Vec<&str> = letter
            .html
            .split("href=")
            .skip(1)
            .map(|rest| rest.split(' ').next().unwrap())
            .collect();
        assert_eq!(links, [format!("\"{}\"", sample::ACCOUNT)], "{name}");
        assert!(!letter.html.contains("src=") && !letter.html.contains("url("), "{name}");
    }
}

#[test]
fn a_refusal_in_whole_in_part_or_in_time_names_the_rights() {
    for (name, facts, told) in every_occasion() {
        let refused = match told {
            Occasion::Received { .. } | Occasion::Expiring { .. } | Occasion::Withdrawn { by: By::You, .. } => false,
            Occasion::Rejected { .. }
            | Occasion::Extended { .. }
            | Occasion::Cancelled { .. }
            | Occasion::Dropped { .. }
            | Occasion::Withdrawn {
                by: By::Operator { .. },
                ..
            } => true,
            Occasion::Approved { misses_due, .. } => misses_due,
            Occasion::Completed { partial, .. } | Occasion::Ready { partial, .. } => partial,
        };
        let says = occasion(&told, &facts).text.contains("right to lodge a complaint");
        assert_eq!(says, refused, "{name}");
    }
}

#[test]
fn letters_to_operators_hold_nothing_of_the_subject() {
    for (name, told) in EVERY_NOTICE {
        let letter = whole(&notice(&told));
        for personal in [sample::NAME, sample::REASON, "conversations"] {
            assert!(!letter.contains(personal), "{name} says {personal}");
        }
    }
}

/// The words without markup: tags become spaces, entities the characters they stand for.
fn words_of_html(html: &str) -> String {
    let body = html.split_once("<body").unwrap().1.split_once('>').unwrap().1;
    let mut plain = String::new();
    for (n, piece) in body.split('<').enumerate() {
        plain.push_str(if n == 0 {
            piece
        } else {
            piece.split_once('>').unwrap().1
        });
        if is_block(piece) {
            plain.push(' ');
        }
    }
    for (entity, c) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ] {
        plain = plain.replace(entity, c);
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Inline tags stand inside a word or beside a full stop and are no break between words.
fn is_block(piece: &str) -> bool {
    let name = piece
        .trim_start_matches('/')
        .split(['>', ' '])
        .next()
        .unwrap_or_default();
    !matches!(name, "a" | "bdi" | "strong")
}

/// The words without list, quotation and signature marks.
fn words_of_text(text: &str) -> String {
    let unmarked = text.lines().filter(|line| *line != "--").map(|line| {
        let line = line.strip_prefix("- ").unwrap_or(line);
        line.strip_prefix("> ").unwrap_or(line)
    });
    unmarked.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}
