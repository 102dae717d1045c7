//! The gate: the categories of a subject that an application must not show, told before any record carries a mark.
//!
//! Guarantees: any application computes a subject's [`GateId`] by itself, from nothing but tenant and id; each request
//! answers for what it hides alone, so that one which ends never uncovers what another hides. Where next:
//! `state_machine::gate` for when a request hides what, `workflow::gate` for the row.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ids::{Category, RequestId, Tenant};

/// Stands for a subject where an application looks it up: SHA-256 of `tenant|subject` in UTF-8, as 64 hexadecimal
/// digits in lower case. No tenant holds a `|`, so no two pairs have one text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GateId(String);

impl GateId {
    /// Of a subject of a tenant, by the application's own id.
    pub fn of(tenant: &Tenant, subject: &str) -> Self {
        Self(hex::encode(Sha256::digest(format!("{tenant}|{subject}"))))
    }
}

impl fmt::Display for GateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is hidden of one subject, and by which requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Gate(BTreeMap<RequestId, BTreeSet<Category>>);

impl Gate {
    /// The categories not to be shown.
    pub fn hidden(&self) -> BTreeSet<Category> {
        self.0.values().flatten().cloned().collect()
    }

    /// What one request hides.
    pub fn by(&self, request: RequestId) -> BTreeSet<Category> {
        self.0.get(&request).cloned().unwrap_or_default()
    }

    /// The gate once a request hides these and nothing else; none of them: it is named no more.
    #[must_use]
    pub fn with(&self, request: RequestId, categories: &BTreeSet<Category>) -> Self {
        let mut next = self.clone();
        if categories.is_empty() {
            next.0.remove(&request);
        } else {
            next.0.insert(request, categories.clone());
        }
        next
    }

    /// Whether nobody hides anything.
    pub fn is_open(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn categories<const N: usize>(names: [&str; N]) -> BTreeSet<Category> {
        names.map(|name| name.parse().expect("slug")).into()
    }

    /// The vectors that README and `infra/openapi.yaml` print for those who compute it elsewhere.
    #[test]
    fn an_application_computes_the_id_from_tenant_and_subject_alone() {
        let id = |subject| GateId::of(&"acme".parse().expect("slug"), subject).to_string();
        let known = "52e3f292ac8c7015e4214f25d51184f0b94a97ef43768842cc7438f863d44049";
        assert_eq!(id("customer-42"), known);
        let beyond_ascii = "6318e8c2281a3ca2753636b770d44b41ba55fa51ba2456f4a69a7dc8aa1023c8";
        assert_eq!(id("Zo\u{eb}"), beyond_ascii);
    }

    #[test]
    fn a_request_that_ends_uncovers_nothing_that_another_hides() {
        let (one, two) = (RequestId::from_parts(1, 1), RequestId::from_parts(2, 2));
        let gate = Gate::default().with(one, &categories(["messages", "profile"]));
        let both = gate.with(two, &categories(["profile", "files"]));
        assert_eq!(both.hidden(), categories(["files", "messages", "profile"]));
        let left = both.with(one, &categories([]));
        assert_eq!(left.hidden(), categories(["files", "profile"]));
        assert_eq!((left.by(one), left.by(two)), (categories([]), left.hidden()));
        assert!(!left.is_open() && left.with(two, &categories([])).is_open());
    }

    #[test]
    fn a_row_is_a_map_from_requests_to_categories() {
        let gate = Gate::default().with(RequestId::from_parts(1, 1), &categories(["profile", "messages"]));
        let text = serde_json::to_string(&gate).expect("JSON");
        assert_eq!(text, r#"{"dsr_00000000010000000000000001":["messages","profile"]}"#);
        assert_eq!(serde_json::from_str::<Gate>(&text).expect("a gate"), gate);
    }
}
