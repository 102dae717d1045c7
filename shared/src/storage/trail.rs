//! The trail: entries in table `audit`, one row each, put with the commit that makes them.
//!
//! Guarantees: an entry is put only if absent and never changed; it stays for the audit retention of the request's
//! policy, and for seven years while no policy is fixed. Who changes a row behind Lethe's back is found by the chain.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::Storage;
use super::error::fault;
use super::item::{Item, Reader, Row};
use super::keys;
use crate::audit::Entry;
use crate::domain::ids::RequestKey;
use crate::domain::month::Month;
use crate::domain::period::Period;
use crate::domain::policy::Policy;
use crate::ports::Fault;

/// How long entries stay while the request has no policy: the documented default, `P7Y`.
const DEFAULT_RETENTION: &str = "P7Y";

/// An entry as an item.
pub(super) fn to_item(entry: &Entry, policy: Option<&Policy>) -> Item {
    let retention = policy.map_or_else(default_retention, |policy| policy.audit_retention);
    kept_until(entry, retention.after(entry.body.at))
}

/// An entry as an item that is kept until an instant. One of no request stands in the chain of its month.
pub(super) fn kept_until(entry: &Entry, until: Timestamp) -> Item {
    let body = &entry.body;
    let tenant = &body.tenant;
    let chain = match body.request {
        Some(id) => {
            let tenant = tenant.clone();
            keys::trail(&RequestKey { tenant, id })
        }
        None => keys::month_trail(tenant, Month::of(body.at)),
    };
    Row::of_partition(chain)
        .number("sk", body.seq)
        .text("day_pk", keys::by_day(tenant, body.at.to_zoned(TimeZone::UTC).date()))
        .text("at", keys::instant(body.at))
        .number("expires_at", keys::ttl(until))
        .json("doc", entry)
        .into_item()
}

fn default_retention() -> Period {
    DEFAULT_RETENTION.parse().expect("a period")
}

impl Storage {
    /// Entries of one chain after `after`, in order, at most `limit`; DynamoDB's pages are joined.
    pub(super) async fn read_chain(&self, chain: String, after: u64, limit: u32) -> Result<Vec<Entry>, Fault> {
        const OPERATION: &str = "read trail";
        let query = self.partition(&self.tables.audit, chain).consistent_read(true);
        let query = query.key_condition_expression("#pk = :pk AND #sk > :after");
        let query = query.expression_attribute_names("#sk", "sk");
        let query = query.expression_attribute_values(":after", AttributeValue::N(after.to_string()));
        let page = i32::try_from(limit).unwrap_or(i32::MAX);
        let mut rows = query.limit(page).into_paginator().items().send();
        let mut entries = Vec::new();
        while entries.len() < limit as usize
            && let Some(row) = rows.next().await
        {
            let item = row.map_err(|error| fault(OPERATION, error))?;
            entries.push(Reader::new(&item, OPERATION)?.json("doc")?);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::domain::policy::PolicyFile;

    #[test]
    fn an_entry_survives_storage_and_stays_seven_years() {
        let (entry, _) = samples::entry(&samples::facts());
        let item = to_item(&entry, None);
        let back: Entry = Reader::new(&item, "test").expect("v1").json("doc").expect("an entry");
        assert_eq!(back, entry);
        let seven_years = samples::at("2033-11-21T12:00:00Z").as_second();
        assert_eq!(item["expires_at"].as_n().expect("number"), &seven_years.to_string());
        assert_eq!(item["day_pk"].as_s().expect("text"), "acme#2026-11-21");
        assert_eq!(item["sk"].as_n().expect("number"), "1");
    }

    #[test]
    fn a_fixed_policy_says_how_long() {
        let yaml = "v: 1\ndefaults: {ClampGraceToDeadline: false, AuditRetention: P10Y}\n";
        let file = PolicyFile::parse(yaml, false).expect("valid");
        let policy = file.policy_of(&"acme".parse().expect("slug")).expect("resolves");
        let (entry, _) = samples::entry(&samples::facts());
        let ten_years = samples::at("2036-11-21T12:00:00Z").as_second();
        let item = to_item(&entry, Some(&policy));
        assert_eq!(item["expires_at"].as_n().expect("number"), &ten_years.to_string());
    }
}
