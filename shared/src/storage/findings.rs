//! Findings: one row per chunk and code, put once and refreshed after that.
//!
//! Guarantee: a refresh keeps the instant at which the finding was first seen, whoever refreshes it.

use aws_sdk_dynamodb::types::AttributeValue;

use super::Storage;
use super::error::fault;
use super::item::{Item, Reader, key_item};
use super::keys;
use crate::domain::finding::Finding;
use crate::domain::ids::RequestKey;
use crate::ports::Fault;

impl Storage {
    /// Every finding, by chunk and code.
    pub(super) async fn read_findings(&self, key: &RequestKey) -> Result<Vec<Finding>, Fault> {
        const OPERATION: &str = "read findings";
        let rows = self
            .rows(keys::request_partition(key), keys::FINDINGS, OPERATION)
            .await?;
        let findings: Result<Vec<_>, Fault> = rows.iter().map(|item| from_item(item, OPERATION)).collect();
        let mut findings = findings?;
        findings.sort_by(|a: &Finding, b| (&a.chunk, &a.code).cmp(&(&b.chunk, &b.code)));
        Ok(findings)
    }

    /// Puts a finding, or refreshes all of it but `first_at`.
    pub(super) async fn write_finding(&self, key: &RequestKey, finding: &Finding) -> Result<(), Fault> {
        let doc = serde_json::to_string(finding).expect("a finding is plain JSON");
        let update = self.client.update_item().table_name(&self.tables.requests);
        let update = update
            .set_key(Some(key_item(keys::finding(key, &finding.chunk, &finding.code))))
            .update_expression("SET #v = :v, #doc = :doc, #first_at = if_not_exists(#first_at, :first_at)")
            .expression_attribute_names("#v", "v")
            .expression_attribute_names("#doc", "doc")
            .expression_attribute_names("#first_at", "first_at")
            .expression_attribute_values(":v", AttributeValue::N(finding.v.to_string()))
            .expression_attribute_values(":doc", AttributeValue::S(doc))
            .expression_attribute_values(":first_at", AttributeValue::S(finding.first_at.to_string()));
        update
            .send()
            .await
            .map(drop)
            .map_err(|error| fault("put finding", error))
    }
}

fn from_item(item: &Item, operation: &'static str) -> Result<Finding, Fault> {
    let reader = Reader::new(item, operation)?;
    let finding: Finding = reader.json("doc")?;
    Ok(Finding {
        first_at: reader.parsed("first_at")?,
        ..finding
    })
}
