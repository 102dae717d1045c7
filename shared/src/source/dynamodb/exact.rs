//! The condition that an item is as it was copied. Pure.
//!
//! Guarantees: values and names stand behind placeholders, never in the text. What a mark's condition looks at (marks,
//! tenant, `written_at`, the date of a retention) must be as copied, present or absent. Besides, the version attribute
//! must be equal where the copy has one, or else every attribute. The key needs no comparison: it names the item.
//!
//! DynamoDB allows 300 operators and functions in an expression, and the ANDs between comparisons count: what takes
//! more cannot be verified.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::attribute::Item;
use super::layout::Layout;

/// With the ANDs between them 299 operators.
const COMPARISONS: usize = 150;

/// A condition expression and what its placeholders stand for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Condition {
    pub(super) text: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

/// The condition that an item is as this copy; none if no condition can say so.
pub(super) fn as_copied(layout: &Layout<'_>, copied: &Item) -> Option<Condition> {
    let version = layout.dataset.version_attribute.as_deref();
    let mut compared = layout.guarded();
    // A key never changes: it tells nothing of versions.
    match version.filter(|name| copied.contains_key(*name) && !layout.in_key(name)) {
        Some(version) => {
            compared.insert(version);
        }
        None => compared.extend(copied.keys().map(String::as_str)),
    }
    compared.retain(|name| !layout.in_key(name));
    (compared.len() <= COMPARISONS).then(|| condition(layout, copied, &compared))
}

fn condition(layout: &Layout<'_>, copied: &Item, compared: &BTreeSet<&str>) -> Condition {
    let mut condition = Condition {
        text: String::new(),
        names: HashMap::new(),
        values: HashMap::new(),
    };
    for (n, name) in compared.iter().enumerate() {
        if n > 0 {
            condition.text.push_str(" AND ");
        }
        condition.names.insert(format!("#a{n}"), (*name).to_owned());
        match copied.get(*name) {
            Some(value) => {
                condition.text.push_str(&format!("#a{n} = :a{n}"));
                condition.values.insert(format!(":a{n}"), value.clone());
            }
            None => condition.text.push_str(&format!("attribute_not_exists(#a{n})")),
        }
    }
    if condition.values.is_empty() {
        // What is only absent is absent also where there is no item.
        let and = if condition.text.is_empty() { "" } else { " AND " };
        condition.text.push_str(&format!("{and}attribute_exists(#key)"));
        condition
            .names
            .insert("#key".to_owned(), layout.shape.keys.partition.clone());
    }
    condition
}

#[cfg(test)]
#[path = "exact_tests.rs"]
mod tests;
