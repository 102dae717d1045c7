//! The one newtype for personal data in code, and what is left of it after shredding.
//!
//! [`Personal`] never shows its value through `Debug` and has no `Display`, so it cannot reach a log line, an error
//! text or a span by accident; `expose` is the one way out and easy to search for. It is `Serialize` only because the
//! value must reach two places: the plaintext that `sealing` encrypts, and the answer of the API. Where next:
//! `domain::request` groups personal fields by who may read them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a reader sees where a personal field was, once its key is gone.
pub const ERASED: &str = "[erased]";

/// A name, an e-mail address, an IP, an identifier of a person, or free text somebody typed.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Personal(String);

impl Personal {
    /// Wraps a value; from here on it is redacted in `Debug`.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself: for sealing, for the API's answer, for an e-mail. Never for a log.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing but white space in it.
    pub fn is_blank(&self) -> bool {
        self.0.trim().is_empty()
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

/// Fields that can be read as long as their key exists, and are `Erased` for good afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Erasable<T> {
    /// The key exists; the fields were read.
    Known(T),
    /// The key is gone (crypto-shredding); nobody can read the fields any more.
    Erased,
}

impl<T> Erasable<T> {
    /// The fields, if they can still be read.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(fields) => Some(fields),
            Self::Erased => None,
        }
    }

    /// The fields for writing, if they can still be read.
    pub fn known_mut(&mut self) -> Option<&mut T> {
        match self {
            Self::Known(fields) => Some(fields),
            Self::Erased => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_value() {
        let name = Personal::new("Ada Lovelace");
        assert_eq!(format!("{name:?}"), "[personal]");
        assert_eq!(format!("{:?}", Erasable::Known(Some(name))), "Known(Some([personal]))");
    }
}
