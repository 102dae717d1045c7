//! Text that others wrote, made safe to print: a name, a reason, a description.
//!
//! A template can only print such text through [`Line`]'s `Display`, and that cleans it, so no template can forget to.
//! Guarantees: a line is one line; a [`Passage`] is printed line by line; neither holds a character that turns the reading direction or hides other text. Letters of every script stay, and
//! so do the joiners that Persian, Indic scripts and emoji need. HTML is escaped afterwards, by the template engine.
//! `Debug` shows nothing: these are mostly personal data.

use std::fmt::{self, Write};

/// Where a passage breaks, besides `\n` and `\r\n`: the old Mac form, vertical tab, form feed, Unicode's own three.
const OTHER_BREAKS: [char; 6] = ['\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];

/// One line of text: line breaks, tabs and control characters become single spaces.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Line<'a>(&'a str);

impl<'a> Line<'a> {
    /// Any text; it is cleaned when it is printed.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Whether nothing would be printed.
    pub fn is_blank(&self) -> bool {
        self.0.chars().all(|c| is_space(c) || is_unwanted(c))
    }
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut begun = false;
        let mut space_due = false;
        for c in self.0.chars().filter(|&c| !is_unwanted(c)) {
            if is_space(c) {
                space_due = begun;
                continue;
            }
            if space_due {
                f.write_char(' ')?;
            }
            f.write_char(c)?;
            (begun, space_due) = (true, false);
        }
        Ok(())
    }
}

impl fmt::Debug for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line(..)")
    }
}

/// Text of several lines, such as the reason for a decision.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Passage<'a>(&'a str);

impl<'a> Passage<'a> {
    /// Any text; it is cleaned when it is printed.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// Its lines. Letters set them apart, the plain form by quoting each, so that a passage cannot pose as the letter's own words.
    pub fn lines(self) -> impl Iterator<Item = Line<'a>> {
        let lines = self.0.trim().split('\n');
        let lines = lines.map(|line| line.strip_suffix('\r').unwrap_or(line));
        lines.flat_map(|line| line.split(OTHER_BREAKS)).map(Line)
    }
}

impl fmt::Debug for Passage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passage(..)")
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Characters that reorder or hide what stands around them: direction marks, embeddings, overrides and isolates, the
/// zero-width space and the byte order mark.
fn is_unwanted(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}
