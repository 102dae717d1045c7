//! The journal: everything that Lethe or TTL ever did to a record, as the application's own auditor would see it.
//!
//! Written by the fakes, read by the tests alone: what may happen to which record, and when, is for them to judge.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use super::table::Key;
use crate::domain::ids::RequestId;
use crate::domain::manifest::Scalar;

/// One record, by its place and its key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// Table or bucket.
    pub container: String,
    /// An item's key attributes in one text, or an object's key.
    pub key: String,
}

impl RecordId {
    pub(super) fn item(table: &str, key: &Key) -> Self {
        let parts: Vec<_> = key
            .iter()
            .map(|(name, part)| format!("{name}={}", text(part)))
            .collect();
        Self {
            container: table.to_owned(),
            key: parts.join(" "),
        }
    }

    pub(super) fn object(bucket: &str, key: &str) -> Self {
        Self {
            container: bucket.to_owned(),
            key: key.to_owned(),
        }
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.container, self.key)
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// Lethe, for this request.
    Request(RequestId),
    /// DynamoDB's TTL.
    Ttl,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An item got its mark, and a TTL if the order had one.
    Marked {
        /// The TTL.
        expires_at: Option<i64>,
    },
    /// An item came into being by its mark: never right.
    Conjured,
    /// An item lost its mark, and its TTL is what it was.
    Restored,
    /// An item lost its TTL and kept its mark.
    Stripped,
    /// An item is gone.
    Destroyed,
    /// An item was deleted from its table for the vault. What it was, each value with its type's letter before it.
    Taken(BTreeMap<String, String>),
    /// An item is in its table again.
    PutBack,
    /// An object got a delete marker.
    Hidden {
        /// The marker's id.
        marker: String,
        /// Whether a zombie put it there: S3 took the call of a worker that had stood still past its deadline.
        late: bool,
    },
    /// A delete marker is gone, so that its object is seen again.
    Uncovered {
        /// Its id.
        marker: String,
        /// Whose it was; none: the application's, and that is never right.
        of: Option<RequestId>,
    },
    /// A version of an object is gone.
    VersionDestroyed {
        /// Its id.
        version: String,
        /// Whether it was what the application saw until then: never right.
        visible: bool,
    },
    /// A delete marker is gone.
    MarkerDestroyed {
        /// Its id.
        marker: String,
        /// Whose it was; none: the application's.
        of: Option<RequestId>,
    },
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// When, in true time.
    pub at: Timestamp,
    /// Who.
    pub who: Who,
    /// To which record.
    pub record: RecordId,
    /// What.
    pub what: What,
    /// Whether a plan of that request listed the record (of an object: this version, or a newer one) before.
    pub planned: bool,
    /// The mark the item carried just before.
    pub mark: Option<String>,
    /// When the application wrote what was touched: the item, or the version.
    pub written: Option<Timestamp>,
}

/// A record's whole content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An item's attributes, each with its type's letter before it: `S:hello`.
    Item(BTreeMap<String, String>),
    /// An object's versions and delete markers, oldest first.
    Object(Vec<Version>),
}

/// A version of an object, or a delete marker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its id.
    pub id: String,
    /// Its content; none: it is a delete marker.
    pub body: Option<String>,
    /// When it was made. What S3 tells of this has whole seconds.
    pub made: Timestamp,
    /// For which request Lethe made it; none: the application did.
    pub by: Option<RequestId>,
}

impl Record {
    /// Whether the application shows it: an item without a mark of the default name, an object with a version on top.
    pub fn is_visible(&self) -> bool {
        match self {
            Self::Item(attributes) => !attributes.contains_key("erasure_id"),
            Self::Object(versions) => versions.last().is_some_and(|version| version.body.is_some()),
        }
    }
}

/// A scalar's text.
pub(super) fn text(scalar: &Scalar) -> &str {
    match scalar {
        Scalar::S(text) | Scalar::N(text) | Scalar::B(text) => text,
    }
}

/// An attribute with its type's letter.
pub(super) fn named((name, value): (&String, &Scalar)) -> (String, String) {
    (name.clone(), typed(value))
}

/// A scalar with its type's letter.
pub(super) fn typed(scalar: &Scalar) -> String {
    let letter = match scalar {
        Scalar::S(_) => 'S',
        Scalar::N(_) => 'N',
        Scalar::B(_) => 'B',
    };
    format!("{letter}:{}", text(scalar))
}
