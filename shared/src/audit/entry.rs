//! One entry: who did what, when, with what outcome. Personal facts only as ciphertext.

use std::collections::BTreeMap;
use std::fmt::Display;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::actor::Role;
use crate::domain::ids::{Ref, RequestId, Tenant};

/// How it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "result")]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused by a rule.
    Refused {
        /// The refusal's code.
        code: String,
    },
}

/// Who, without naming them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActorStamp {
    /// In which capacity.
    pub role: Role,
    /// Stands for the person; none for the system.
    pub actor_ref: Option<Ref>,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryBody {
    /// Format version, 1.
    pub v: u32,
    /// Whose trail.
    pub tenant: Tenant,
    /// Which request; none of what concerns no request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestId>,
    /// Position in its chain, from 1: the request's, or the tenant's of the month.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: ActorStamp,
    /// What: the command's or event's word.
    pub action: String,
    /// How it went.
    pub outcome: Outcome,
    /// Status of the request after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Facts that are not personal.
    pub details: BTreeMap<String, serde_json::Value>,
    /// Personal facts, base64: sealed under the request's key; of no request, under the tenant's staff key.
    pub sealed_person: Option<String>,
    /// The member of staff, sealed under the tenant's staff key, base64.
    pub sealed_staff: Option<String>,
    /// How many refusals of the same caller went uncounted before this entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeated: Option<u64>,
    /// Hash of the entry before; 64 zeros before the first.
    pub prev: String,
}

/// An entry as stored: what it says and its hash.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What it says.
    #[serde(flatten)]
    pub body: EntryBody,
    /// SHA-256 over the body's canonical JSON, hexadecimal.
    pub hash: String,
}

/// What sealed fields of an entry are bound to; `chain` is the request, or the month of what concerns none.
pub fn entry_aad(chain: impl Display, seq: u64, field: &str) -> String {
    format!("audit|{chain}|{seq}|{field}")
}
