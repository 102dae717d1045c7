//! What the generator makes and the loader writes: one record, told apart by dataset, tenant and customer.
//!
//! A record here is one *write*. A file with three versions is three records of one key, in the order they were
//! uploaded; [`crate::population::Counts`] says how many keys, versions and markers that comes to.

use std::fmt;

use serde_json::{Map, Value};

/// The three datasets of the sample application, named as in its data map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dataset {
    /// Messages in DynamoDB, located by tenant and customer, with a TTL and an index.
    Messages,
    /// Profiles and devices in DynamoDB, located by customer, told apart by the attribute `tenant`.
    Profiles,
    /// Files in a versioned bucket.
    Attachments,
}

impl Dataset {
    /// The dataset's id in the data map.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Profiles => "profiles",
            Self::Attachments => "attachments",
        }
    }
}

impl fmt::Display for Dataset {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.id())
    }
}

/// One write of the sample application.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Where it belongs.
    pub dataset: Dataset,
    /// Whose customer it is about.
    pub tenant: String,
    /// The customer's id within the tenant; two tenants may use the same one.
    pub customer: String,
    /// What is written.
    pub body: Body,
}

/// The content of a [`Record`].
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// A DynamoDB item as plain JSON, keys included.
    Item(Map<String, Value>),
    /// One version of an object.
    Object {
        /// The full object key.
        key: String,
        /// The version's content.
        bytes: Vec<u8>,
    },
    /// The application's own deletion of an object: a marker over the versions written before.
    Deleted {
        /// The full object key.
        key: String,
    },
}
