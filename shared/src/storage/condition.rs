//! On what condition a write holds: the few that Lethe uses, each written once.
//!
//! Names and values always go in as placeholders, so no attribute's name can be one of DynamoDB's reserved words.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::Item;

/// A condition expression with its names and values.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) expression: &'static str,
    pub(super) names: Vec<(&'static str, &'static str)>,
    pub(super) values: Vec<(&'static str, AttributeValue)>,
}

impl Condition {
    /// No such row.
    pub(super) fn absent() -> Self {
        Self {
            expression: "attribute_not_exists(#pk)",
            names: vec![("#pk", "pk")],
            values: vec![],
        }
    }

    /// The row still has this number in this attribute.
    pub(super) fn number_is(attribute: &'static str, value: u64) -> Self {
        Self {
            expression: "#was = :was",
            names: vec![("#was", attribute)],
            values: vec![(":was", AttributeValue::N(value.to_string()))],
        }
    }

    /// The row still has this text in this attribute.
    pub(super) fn text_is(attribute: &'static str, value: String) -> Self {
        Self {
            expression: "#was = :was",
            names: vec![("#was", attribute)],
            values: vec![(":was", AttributeValue::S(value))],
        }
    }

    /// The row still has this number in this attribute, or was written before there was such an attribute.
    pub(super) fn number_is_or_none(attribute: &'static str, value: u64) -> Self {
        Self {
            expression: "attribute_not_exists(#was) OR #was = :was",
            ..Self::number_is(attribute, value)
        }
    }

    /// The request has moved neither by a transition nor by an entry.
    pub(super) fn unchanged(version: u64, audit_seq: u64) -> Self {
        Self {
            expression: "#version = :version AND #audit_seq = :audit_seq",
            names: vec![("#version", "version"), ("#audit_seq", "audit_seq")],
            values: vec![
                (":version", AttributeValue::N(version.to_string())),
                (":audit_seq", AttributeValue::N(audit_seq.to_string())),
            ],
        }
    }

    /// The request has not moved, and nobody woke it.
    pub(super) fn asleep(version: u64, audit_seq: u64, wake_at: Option<String>) -> Self {
        let mut on = Self::unchanged(version, audit_seq);
        on.names.push(("#wake_at", "wake_at"));
        on.expression = match wake_at {
            Some(at) => {
                on.values.push((":slept_until", AttributeValue::S(at)));
                "#version = :version AND #audit_seq = :audit_seq AND #wake_at = :slept_until"
            }
            None => "#version = :version AND #audit_seq = :audit_seq AND attribute_not_exists(#wake_at)",
        };
        on
    }

    /// No such row, or one that was over by then and TTL has not deleted yet.
    pub(super) fn absent_or_expired(attribute: &'static str, now: String) -> Self {
        Self {
            expression: "attribute_not_exists(#pk) OR #expires <= :now",
            names: vec![("#pk", "pk"), ("#expires", attribute)],
            values: vec![(":now", AttributeValue::S(now))],
        }
    }

    /// No such row, or this request's.
    pub(super) fn absent_or_of(request: String) -> Self {
        Self {
            expression: "attribute_not_exists(#pk) OR #request = :request",
            names: vec![("#pk", "pk"), ("#request", "request")],
            values: vec![(":request", AttributeValue::S(request))],
        }
    }

    /// The names, as the SDK wants them.
    pub(super) fn names(&self) -> HashMap<String, String> {
        self.names
            .iter()
            .map(|(place, name)| ((*place).to_owned(), (*name).to_owned()))
            .collect()
    }

    /// The values; none rather than an empty map, which DynamoDB refuses.
    pub(super) fn values(&self) -> Option<Item> {
        let values: Item = self
            .values
            .iter()
            .map(|(place, value)| ((*place).to_owned(), value.clone()))
            .collect();
        (!values.is_empty()).then_some(values)
    }
}
