//! A manifest's lines: which record, and what was known of it when it was planned.
//!
//! A manifest object is the sealed segments of its chunks, one after the other; a chunk's row names its segment. Lines
//! name people (keys do), so they exist in the clear only in a worker's memory.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A DynamoDB key attribute, or another scalar, in the wire's own letters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scalar {
    /// String.
    S(String),
    /// Number, as its decimal text.
    N(String),
    /// Binary, base64.
    B(String),
}

impl std::fmt::Debug for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[personal]")
    }
}

/// One record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "lowercase")]
pub enum Line {
    /// An item of a table.
    Item {
        /// Its primary key.
        key: BTreeMap<String, Scalar>,
        /// The TTL attribute's value before the sweep; none if it had none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl: Option<Scalar>,
        /// The `written_at` attribute's value.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        written: Option<Scalar>,
        /// The attribute its retention counts from; only where the data map retains.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dated: Option<Scalar>,
        /// What located it in an index, where that is no part of the primary key: whoever it is given to afterwards, it is
        /// not the subject's any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Scalar>,
    },
    /// An object of a versioned bucket.
    Object {
        /// Its key.
        key: String,
        /// The newest version at planning; for an export, the newest with content.
        version: String,
        /// Whether that version was a delete marker: the application had deleted it, so we hide nothing and, later,
        /// bring nothing back. For an export: whether one lies above it.
        was_deleted: bool,
        /// LastModified of the newest version that is no delete marker; only where the data map retains.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        modified: Option<Timestamp>,
    },
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[record]")
    }
}

/// Lines as a segment's plaintext: one JSON text a line.
pub fn encode(lines: &[Line]) -> Result<Vec<u8>, serde_json::Error> {
    let mut out = Vec::with_capacity(lines.len() * 96);
    for line in lines {
        serde_json::to_writer(&mut out, line)?;
        out.push(b'\n');
    }
    Ok(out)
}

/// The lines of a segment's plaintext.
pub fn decode(segment: &[u8]) -> Result<Vec<Line>, serde_json::Error> {
    segment
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(serde_json::from_slice)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_survive_the_segment() {
        let lines = vec![
            Line::Item {
                key: BTreeMap::from([
                    ("pk".into(), Scalar::S("A\n#1".into())),
                    ("n".into(), Scalar::N("38".into())),
                ]),
                ttl: Some(Scalar::N("1700000000".into())),
                written: None,
                dated: Some(Scalar::S("2019-04-01T00:00:00Z".into())),
                owner: Some(Scalar::S("acme#1".into())),
            },
            Line::Object {
                key: "acme/1/ä b.txt".into(),
                version: "v1".into(),
                was_deleted: true,
                modified: Some(Timestamp::UNIX_EPOCH),
            },
        ];
        assert_eq!(decode(&encode(&lines).expect("encodes")).expect("decodes"), lines);
        assert!(!format!("{lines:?}").contains("acme"));
    }

    #[test]
    fn lines_of_before_retention_and_owners_are_still_read() {
        let old = br#"{"k":"item","key":{"pk":{"S":"a"}}}
{"k":"object","key":"a","version":"v1","was_deleted":false}"#;
        let lines = decode(old).expect("decodes");
        assert!(matches!(
            &lines[0],
            Line::Item {
                dated: None,
                owner: None,
                ..
            }
        ));
        assert!(matches!(&lines[1], Line::Object { modified: None, .. }));
        assert_eq!(
            encode(&lines).expect("encodes").trim_ascii_end(),
            old,
            "and written as they were"
        );
    }

    #[test]
    fn nothing_of_a_record_is_shown() {
        let canary = "cust-0001";
        let item = Line::Item {
            key: BTreeMap::from([("pk".to_owned(), Scalar::S(canary.to_owned()))]),
            ttl: Some(Scalar::N(canary.to_owned())),
            written: None,
            dated: None,
            owner: Some(Scalar::S(canary.to_owned())),
        };
        let object = Line::Object {
            key: canary.to_owned(),
            version: "v".to_owned(),
            was_deleted: false,
            modified: None,
        };
        for line in [item, object] {
            assert_eq!(format!("{line:?}"), "[record]");
        }
        assert_eq!(format!("{:?}", Scalar::B(canary.to_owned())), "[personal]");
    }
}
