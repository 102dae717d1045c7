//! Findings: one row per chunk and code, put once and refreshed after that.
//!
//! Guarantees: a refresh keeps the instant at which the finding was first seen, whoever refreshes it; what a later
//! worker found is not overwritten by an earlier one. Where next: `domain::finding` for when a finding is open.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Storage;
use super::error::fault;
use super::item::{Item, Reader, Row, key_item};
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
        findings.sort_by(|a: &Finding, b| (&a.chunk, a.about, &a.code).cmp(&(&b.chunk, b.about, &b.code)));
        Ok(findings)
    }

    /// Puts a finding, or refreshes all of it but `first_at`; one that a later worker put, or an operator closed since,
    /// stays as it is.
    pub(super) async fn write_finding(&self, key: &RequestKey, finding: &Finding) -> Result<(), Fault> {
        let update = self.client.update_item().table_name(&self.tables.requests);
        let update = update
            .set_key(Some(key_item(keys::finding(key, finding))))
            .update_expression(
                "SET #v = :v, #doc = :doc, #epoch = :epoch, #first_at = if_not_exists(#first_at, :first_at) \
                 REMOVE #resolved_at",
            )
            .condition_expression(
                "attribute_not_exists(#epoch) OR #epoch < :epoch OR (#epoch = :epoch AND \
                 attribute_not_exists(#resolved_at))",
            )
            .expression_attribute_names("#v", "v")
            .expression_attribute_names("#doc", "doc")
            .expression_attribute_names("#epoch", "epoch")
            .expression_attribute_names("#first_at", "first_at")
            .expression_attribute_names("#resolved_at", "resolved_at")
            .expression_attribute_values(":v", AttributeValue::N(finding.v.to_string()))
            .expression_attribute_values(":doc", AttributeValue::S(doc(finding)))
            .expression_attribute_values(":epoch", AttributeValue::N(finding.epoch.to_string()))
            .expression_attribute_values(":first_at", AttributeValue::S(finding.first_at.to_string()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_refused(&error) => Ok(()),
            Err(error) => Err(fault("put finding", error)),
        }
    }
}

/// A finding that an operator closed, as its row is then.
pub(super) fn resolved_item(key: &RequestKey, finding: &Finding) -> Item {
    Row::new(keys::finding(key, finding))
        .text("doc", doc(finding))
        .number("epoch", finding.epoch)
        .text("first_at", finding.first_at.to_string())
        .maybe_text("resolved_at", finding.resolved_at.map(|at| at.to_string()))
        .into_item()
}

fn doc(finding: &Finding) -> String {
    serde_json::to_string(finding).expect("a finding is plain JSON")
}

fn is_refused(error: &SdkError<UpdateItemError>) -> bool {
    error
        .as_service_error()
        .is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}

fn from_item(item: &Item, operation: &'static str) -> Result<Finding, Fault> {
    let reader = Reader::new(item, operation)?;
    let finding: Finding = reader.json("doc")?;
    Ok(Finding {
        first_at: reader.parsed("first_at")?,
        ..finding
    })
}
