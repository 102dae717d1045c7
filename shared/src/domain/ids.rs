//! Every identifier, in one table of types: what it looks like, and that it is valid once it exists.
//!
//! Guarantees: a value of these types matches its pattern (constructors check it), so it may stand in a table key, an
//! object key or a queue message. None of them is personal data; the one that is, [`SubjectId`], is redacted and
//! never enters a key: keys hold [`Ref`]s. Where next: `storage::keys` builds the keys from these.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use ulid::Ulid;

use super::personal::Personal;

/// A text is not what its type demands; `what` names the type, never the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}")]
pub struct InvalidId {
    /// Which kind of identifier was expected.
    pub what: &'static str,
}

/// A slug type: a checked string of at most `$max` characters out of `[a-z0-9-]`.
macro_rules! slug {
    ($(#[$doc:meta])* $name:ident, $what:literal, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text, fit for keys, messages and logs.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                let fits = (1..=$max).contains(&text.len());
                let clean = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
                if fits && clean { Ok(Self(text)) } else { Err(InvalidId { what: $what }) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

slug! {
    /// The organisation whose people and data are concerned: `^[a-z0-9-]{1,63}$`.
    Tenant, "tenant", 63
}
slug! {
    /// One entry of the data map.
    DatasetId, "dataset id", 40
}
slug! {
    /// A data category a scope is made of.
    Category, "category", 40
}

/// A type of a prefix and a ULID, so that a pasted id is recognised and sorts by time.
macro_rules! ulid {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Ulid);

        impl $name {
            /// Makes an id from an instant (milliseconds since 1970) and 80 bits of randomness, both given by the caller.
            pub fn from_parts(unix_ms: u64, random: u128) -> Self {
                Self(Ulid::from_parts(unix_ms, random))
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                let invalid = InvalidId { what: $what };
                let body = text.strip_prefix($prefix).ok_or_else(|| invalid.clone())?;
                let id = Ulid::from_string(body).map_err(|_| invalid.clone())?;
                // One thing has one spelling: lower case and look-alike letters would make a second key.
                if id.to_string() == body { Ok(Self(id)) } else { Err(invalid) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

ulid! {
    /// A subject request: `dsr_` and a ULID.
    RequestId, "request id", "dsr_"
}
ulid! {
    /// A legal hold: `hld_` and a ULID.
    HoldId, "hold id", "hld_"
}

impl RequestId {
    /// Which of the eight `active` partitions watches this request.
    pub fn shard(&self) -> u8 {
        (self.0.0 % 8) as u8
    }
}

/// Which request of which tenant: what a queue message and every row's partition key name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RequestKey {
    /// The tenant.
    pub tenant: Tenant,
    /// The request.
    pub id: RequestId,
}

impl fmt::Display for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.id)
    }
}

/// The application's own id for a person. Personal data: redacted in `Debug`, sealed at rest.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SubjectId(Personal);

impl SubjectId {
    /// Longest accepted id, in bytes: fits a DynamoDB key of 1,024 bytes after a template was filled with it.
    pub const MAX_BYTES: usize = 512;

    /// The id itself, for sealing and for locating the subject's records.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl TryFrom<String> for SubjectId {
    type Error = InvalidId;
    fn try_from(text: String) -> Result<Self, InvalidId> {
        let fits = (1..=Self::MAX_BYTES).contains(&text.len()) && !text.trim().is_empty();
        if fits && !text.chars().any(char::is_control) {
            Ok(Self(Personal::new(text)))
        } else {
            Err(InvalidId { what: "subject id" })
        }
    }
}

impl From<SubjectId> for String {
    fn from(id: SubjectId) -> String {
        id.expose().to_owned()
    }
}

/// A keyed hash (HMAC-SHA256 under the tenant's key, hex) that stands for a person, a word or a body in keys and logs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ref(String);

impl Ref {
    /// The hash of `value` for one purpose; the purpose keeps equal values of different kinds apart.
    pub fn new(key: &RefKey, purpose: &str, value: &str) -> Self {
        use hmac::{Hmac, KeyInit, Mac};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key.0).expect("HMAC takes a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        Self(hex::encode(mac.finalize().into_bytes()))
    }

    /// The hexadecimal text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Ref {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A tenant's key for [`Ref`]s, derived from the KMS HMAC key. Secret: redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct RefKey(Vec<u8>);

impl RefKey {
    /// Wraps the bytes that KMS answered.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Raw HMAC-SHA256 of `bytes` for one purpose: authenticates cursors.
    pub fn tag(&self, purpose: &str, bytes: &[u8]) -> String {
        Ref::new(self, purpose, &hex::encode(bytes)).0
    }
}

impl fmt::Debug for RefKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_are_slugs_of_1_to_63() {
        assert!("acme-2".parse::<Tenant>().is_ok());
        for bad in ["", "Acme", "a#b", "a/b", "ä", &"a".repeat(64)] {
            assert!(bad.parse::<Tenant>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_request_id_has_one_spelling() {
        let id = RequestId::from_parts(1_700_000_000_000, 42);
        let text = id.to_string();
        assert!(text.starts_with("dsr_"));
        assert_eq!(text.parse::<RequestId>(), Ok(id));
        assert!(text.to_lowercase().parse::<RequestId>().is_err());
        assert!(text[4..].parse::<RequestId>().is_err());
        assert!("dsr_".parse::<RequestId>().is_err());
    }

    #[test]
    fn refs_depend_on_key_purpose_and_value() {
        let (a, b) = (RefKey::new(vec![1; 32]), RefKey::new(vec![2; 32]));
        let base = Ref::new(&a, "subject", "x");
        assert_eq!(base, Ref::new(&a, "subject", "x"));
        assert_ne!(base, Ref::new(&b, "subject", "x"));
        assert_ne!(base, Ref::new(&a, "actor", "x"));
        assert_ne!(base, Ref::new(&a, "subject", "y"));
    }

    #[test]
    fn subject_ids_are_redacted_and_free_of_control_characters() {
        let id = SubjectId::try_from("cust-0001".to_owned()).expect("valid");
        assert!(!format!("{id:?}").contains("cust"));
        assert!(SubjectId::try_from("a\nb".to_owned()).is_err());
        assert!(SubjectId::try_from(" ".to_owned()).is_err());
    }

    #[test]
    fn ids_read_as_they_are_written() {
        let id = RequestId::from_parts(1_700_000_000_000, 42);
        assert_eq!(format!("{id:?}"), id.to_string(), "an id is no secret");
        let tenant = "acme".parse().expect("a slug");
        assert_eq!(RequestKey { tenant, id }.to_string(), format!("acme/{id}"));
        let subject = SubjectId::try_from("cust-0001".to_owned()).expect("valid");
        assert_eq!(String::from(subject), "cust-0001");
    }

    #[test]
    fn requests_are_spread_over_eight_shards_by_their_random_part() {
        let shards: Vec<_> = (6..10)
            .map(|n| RequestId::from_parts(1_700_000_000_000, n).shard())
            .collect();
        assert_eq!(shards, [6, 7, 0, 1]);
    }

    #[test]
    fn a_ref_is_64_hexadecimal_digits_and_its_key_is_never_shown() {
        let key = RefKey::new(vec![7; 32]);
        let person = Ref::new(&key, "subject", "cust-0001");
        assert_eq!(person.as_str(), person.to_string());
        assert!(person.as_str().len() == 64 && person.as_str().bytes().all(|b| b.is_ascii_hexdigit()));
        assert_eq!(format!("{key:?}"), "[secret]");
    }

    #[test]
    fn a_tag_depends_on_purpose_and_bytes() {
        let key = RefKey::new(vec![7; 32]);
        let tag = key.tag("cursor", b"a");
        assert_eq!(tag.len(), 64);
        assert_ne!(tag, key.tag("cursor", b"b"));
        assert_ne!(tag, key.tag("other", b"a"));
    }
}
