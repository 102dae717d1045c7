//! What a request is found by: words of names and e-mail addresses, folded, and their keyed hashes.
//!
//! Guarantees: the same fold for what is kept and for what is looked for, so that `MÜLLER`, `Müller` and `muller` are
//! one word; a name gives a bounded number of words; a [`FoundBy`] holds hashes only, nothing personal. Where next:
//! `workflow::found`, which keeps the rows that stand for them.

use deunicode::deunicode_char;
use serde::{Deserialize, Serialize};

use super::actor::Person;
use super::ids::{Ref, RefKey};
use super::personal::Personal;

/// Words of one name that are kept: all of a usual name, and two names still fit into a submission's transaction.
pub const WORDS_MAX: usize = 8;
/// Longest text that is looked for, in characters.
pub const TEXT_MAX: usize = 320;

/// The hashes one request is found by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundBy {
    /// One for each word of the names; gone at shredding.
    pub words: Vec<Ref>,
    /// One for each e-mail address; handed to their rows at closing, which stay until `RequestRetention` is over.
    pub emails: Vec<Ref>,
}

impl FoundBy {
    /// Of these people: subject and requester.
    pub fn of<'a>(key: &RefKey, people: impl IntoIterator<Item = &'a Person>) -> Self {
        let mut found = Self::default();
        for person in people {
            let names = person.name.iter().flat_map(|name| words(name.expose()).take(WORDS_MAX));
            found.words.extend(names.map(|word| word_ref(key, &word)));
            let email = person.email.iter().map(|email| email_ref(key, email.expose()));
            found.emails.extend(email);
        }
        for hashes in [&mut found.words, &mut found.emails] {
            hashes.sort();
            hashes.dedup();
        }
        found
    }
}

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// An e-mail address.
    Email(Ref),
    /// Words of a name, the most telling first: all of them must be there.
    Words(Ref, Vec<Ref>),
}

impl Sought {
    /// Reads what was typed: with an `@` it is an address, else words of a name. None if there is nothing to look for.
    pub fn read(key: &RefKey, typed: &Personal) -> Option<Self> {
        let typed = typed.expose();
        if typed.chars().count() > TEXT_MAX {
            return None;
        }
        if typed.contains('@') {
            return Some(Self::Email(email_ref(key, typed)));
        }
        let mut all: Vec<_> = words(typed).collect();
        // Many people share a short word: the longest leads to the fewest requests.
        all.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        let mut refs = all.iter().map(|word| word_ref(key, word));
        Some(Self::Words(refs.next()?, refs.collect()))
    }

    /// The hash whose rows are read.
    pub fn first(&self) -> &Ref {
        match self {
            Self::Email(hash) | Self::Words(hash, _) => hash,
        }
    }

    /// Whether a request found by the first hash has the others too.
    pub fn is_met_by(&self, found: &FoundBy) -> bool {
        match self {
            Self::Email(_) => true,
            Self::Words(_, others) => others.iter().all(|word| found.words.contains(word)),
        }
    }
}

fn word_ref(key: &RefKey, word: &str) -> Ref {
    Ref::new(key, "find.word", word)
}

fn email_ref(key: &RefKey, email: &str) -> Ref {
    Ref::new(key, "find.email", fold(email).trim())
}

/// Small letters without accents; a script that has none is written in Latin letters, what has no such spelling stays.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match deunicode_char(c) {
            Some(latin) => folded.push_str(latin),
            None => folded.push(c),
        }
    }
    folded.to_lowercase()
}

/// The words of a name. Spaces and hyphens part words; an apostrophe or a dot is no part of any.
fn words(name: &str) -> impl Iterator<Item = String> {
    let folded = fold(name);
    let parts: Vec<String> = folded
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '/' | ',' | '_'))
        .map(|part| part.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect();
    parts.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RefKey {
        RefKey::new(vec![1; 32])
    }

    fn person(name: &str, email: &str) -> Person {
        Person {
            id: Personal::new("c-1"),
            name: Some(Personal::new(name)),
            email: Some(Personal::new(email)),
        }
    }

    fn finds(typed: &str, name: &str) -> bool {
        let found = FoundBy::of(&key(), [&person(name, "ada@example.com")]);
        let sought = Sought::read(&key(), &Personal::new(typed)).expect("something to look for");
        let first = found.words.contains(sought.first()) || found.emails.contains(sought.first());
        first && sought.is_met_by(&found)
    }

    #[test]
    fn case_accents_and_punctuation_do_not_matter() {
        for (typed, name) in [
            ("müller", "Jörg MÜLLER"),
            ("muller", "Jörg Müller"),
            ("Mu\u{308}ller", "Jörg M\u{fc}ller"),
            ("obrien", "Siobhán O'Brien"),
            ("O’Brien", "Siobhán O'Brien"),
            ("luc", "Jean-Luc Picard"),
            ("strasse", "Anna Straße"),
            ("İbrahim", "ibrahim Yılmaz"),
            ("smith", "Ada Smith, Dr."),
            ("xiao", "王小明"),
            ("王小明", "王小明"),
            ("Ada Lovelace", "Lovelace, Ada King"),
            ("ADA@Example.COM ", "Ada"),
        ] {
            assert!(finds(typed, name), "{typed} in {name}");
        }
    }

    #[test]
    fn a_part_of_a_word_and_a_word_too_many_find_nothing() {
        for (typed, name) in [
            ("lov", "Ada Lovelace"),
            ("Ada Byron", "Ada Lovelace"),
            ("ada@example.org", "Ada"),
        ] {
            assert!(!finds(typed, name), "{typed} in {name}");
        }
    }

    #[test]
    fn nothing_to_look_for_is_told() {
        for typed in ["", "  ", "-", "'", &"a".repeat(TEXT_MAX + 1)] {
            assert_eq!(Sought::read(&key(), &Personal::new(typed)), None, "{typed}");
        }
    }

    #[test]
    fn a_name_of_many_words_keeps_the_first_ones_and_two_people_share_hashes() {
        let many: String = (0..50).map(|n| format!("w{n} ")).collect();
        let found = FoundBy::of(&key(), [&person(&many, "a@b.example"), &person(&many, "A@B.example")]);
        assert_eq!((found.words.len(), found.emails.len()), (WORDS_MAX, 1));
    }

    #[test]
    fn an_address_is_no_word_of_a_name() {
        assert_ne!(word_ref(&key(), "ada"), email_ref(&key(), "ada"));
    }
}
