//! Text that tries to be more than text.
//!
//! The measure is the same letter with harmless words: hostile ones may change neither its tags, nor the lines of the
//! plain form that are not quoted, nor its subject line.

use jiff::Timestamp;
use proptest::prelude::*;

use crate::letter::{
    By, Category, Grace, Kept, Kind, Letter, Line, Notice, Occasion, Outcome, Passage, Reference, RequestFacts, Sender,
    Topic, render, render_notice,
};

const HOSTILE: [&str; 9] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='x",
    "&lt;b&gt; &#60;b&#62; {{ request.id }} {% include \"rights.txt\" %}",
    "Ada\r\nBcc: everyone@example.com\r\n\r\nDear all",
    "Ada\nYour rights\u{2028}none\u{85}at\u{b}all\u{2029}ever\u{c}\r",
    "\u{202e}eman ruoy\u{2066}\u{200f}\u{feff}",
    "</p></div><!-- ",
    "\u{0}\u{1b}[31mred\u{7f}\u{9f}",
];

/// The letters that print each field others can fill, all of them filled with `text`, about request `id`.
fn letters(id: &str, text: &str) -> Vec<Letter> {
    let line = Line::new(text);
    let reason = Passage::new(text);
    let at = Timestamp::UNIX_EPOCH;
    let category = Category {
        name: line,
        description: line,
    };
    let exempt = [Kept {
        records: 1,
        ground: line,
    }];
    let outcomes = [Outcome {
        category,
        purged: 1,
        already_absent: 0,
        recreated: 0,
        restored: 0,
        exported: 0,
        hidden: None,
        untouched: 0,
        failed: 0,
        resolved: 0,
        exempt: &exempt,
    }];
    let request = RequestFacts {
        id: Line::new(id),
        kind: Kind::Deletion,
        addressee: line,
        on_behalf: false,
        received_at: at,
        categories: &[category],
    };
    let sender = Sender {
        support_contact: line,
        account_url: text,
    };
    let grace = Some(Grace {
        ends_at: at,
        completes_by: at,
        recovery_window: jiff::Span::new(),
    });
    let told = [
        Occasion::Received { due_at: at },
        Occasion::Approved {
            grace,
            due_at: at,
            misses_due: true,
        },
        Occasion::Rejected { reason, kept_until: at },
        Occasion::Withdrawn {
            by: By::Operator { reason },
            kept_until: at,
        },
        Occasion::Extended {
            was_due_at: at,
            due_at: at,
            reason,
        },
        Occasion::Cancelled {
            outcomes: &outcomes,
            reason,
        },
        Occasion::Completed {
            finished_at: at,
            outcomes: &outcomes,
            partial: true,
            found_for: jiff::Span::new(),
            proof_for: jiff::Span::new(),
        },
    ];
    let mut letters: Vec<Letter> = told
        .iter()
        .map(|told| render(told, &request, &sender).unwrap())
        .collect();
    let reference = Reference {
        id: Line::new(id),
        tenant: Line::new(id),
        kind: Kind::Deletion,
        due_at: at,
    };
    let notice = Notice::Undeliverable { topic: Topic::Received };
    letters.push(render_notice(&notice, &reference, &sender).unwrap());
    letters
}

/// What a browser takes for markup: every `<...>`, in order, but for the line breaks a passage may have.
fn tags(html: &str) -> Vec<&str> {
    let tags = html
        .split('<')
        .skip(1)
        .map(|piece| piece.split_once('>').map_or(piece, |(tag, _)| tag));
    tags.filter(|tag| *tag != "br").collect()
}

fn unquoted_lines(text: &str) -> usize {
    text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'])
        .filter(|l| !l.starts_with('>'))
        .count()
}

fn stays_text(text: &str) {
    for (hostile, harmless) in letters(text, text).iter().zip(letters("Ada", "Ada")) {
        assert!(
            tags(&hostile.html) == tags(&harmless.html),
            "markup came from {text:?}:\n{}",
            hostile.html
        );
        assert_eq!(
            unquoted_lines(&hostile.text),
            unquoted_lines(&harmless.text),
            "lines came from {text:?}"
        );
        let moves_the_cursor = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(!hostile.text.contains(moves_the_cursor), "{text:?}");
        assert!(!hostile.html.contains(moves_the_cursor), "{text:?}");
        assert!(
            hostile
                .subject
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || " _-():".contains(c)),
            "{:?}",
            hostile.subject
        );
    }
}

#[test]
fn hostile_text_stays_text() {
    HOSTILE.iter().for_each(|text| stays_text(text));
}

#[test]
fn subject_lines_hold_no_free_text() {
    for text in HOSTILE {
        for (hostile, harmless) in letters("dsr_1", text).iter().zip(letters("dsr_1", "Ada")) {
            assert_eq!(hostile.subject, harmless.subject);
        }
    }
}

#[test]
fn a_reason_of_full_length_arrives_whole() {
    let reason = "<".repeat(2_000);
    let rejected = &letters("dsr_1", &reason)[2];
    assert!(rejected.text.contains(&format!("\n> {reason}\n")));
    assert!(
        rejected
            .html
            .contains(&format!("\n{}\n</blockquote>", "&#60;".repeat(2_000)))
    );
}

#[test]
fn other_scripts_arrive_as_written() {
    for name in [
        "محمد الفاتح",
        "می\u{200c}خواهم",
        "王小明",
        "👩\u{200d}🚀 Sally",
        "José-María Núñez",
    ] {
        assert!(
            letters("dsr_1", name)[0].text.starts_with(&format!("Dear {name},\n")),
            "{name}"
        );
    }
}

#[test]
fn debug_output_shows_no_text() {
    let (line, passage) = (Line::new("Ada"), Passage::new("Ada"));
    let letter = &letters("dsr_1", "Ada")[0];
    assert!(letter.text.contains("Ada"));
    assert!(!format!("{line:?} {passage:?} {letter:?}").contains("Ada"));
}

proptest! {
    #[test]
    fn any_text_stays_text(text in r#"x([<>&"'/ =\r\n\t\u{202e}\u{2028}\u{85}a-c]|\PC|.){0,60}"#) {
        stays_text(&text);
    }
}
