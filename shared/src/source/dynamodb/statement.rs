//! The PartiQL statements, as text and parameters. Pure.
//!
//! Guarantees: values are parameters, never part of a text; names stand in double quotes, doubled where they hold one.
//! Every statement names the whole primary key and the conditions under which it may act, so it acts on one item or on
//! none. PartiQL's UPDATE never makes an item (unlike UpdateItem): a missing one fails the condition.

use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::types::{AttributeValue, BatchStatementRequest};

use super::attribute::Item;
use super::layout::Layout;
use crate::domain::ids::{RequestId, Tenant};
use crate::ports::SweepOrder;

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Statement {
    text: String,
    parameters: Vec<AttributeValue>,
}

/// What must still be true of an item's TTL, of `written_at`, and of the date its retention counts from (none: the
/// attribute is missing), and whose it must still be (none: the key says so).
#[derive(Clone, Default)]
pub(super) struct Seen {
    pub(super) ttl: Option<AttributeValue>,
    pub(super) written: Option<AttributeValue>,
    pub(super) dated: Option<AttributeValue>,
    pub(super) owner: Option<AttributeValue>,
}

impl Seen {
    /// As an item has them now.
    pub(super) fn of(layout: &Layout<'_>, item: &Item) -> Self {
        let read = |attribute: Option<&str>| item.get(attribute?).cloned();
        Self {
            ttl: read(layout.ttl()),
            written: read(layout.written()),
            dated: read(layout.dated()),
            owner: read(layout.owner()),
        }
    }
}

type Key = [(String, AttributeValue)];

/// Marks an item, and arms its expiry where the order has one.
pub(super) fn mark(layout: &Layout<'_>, order: &SweepOrder<'_>, key: &Key, seen: &Seen) -> Statement {
    let marks = layout.marks();
    let mut statement = Statement::new("UPDATE", &layout.place.table);
    statement.set(&marks.id, AttributeValue::S(order.request.to_string()));
    statement.set(&marks.deleted_at, AttributeValue::S(order.now.to_string()));
    if let Some(was) = &seen.ttl {
        statement.set(&marks.ttl_was, was.clone());
    }
    if let (Some(ttl), Some(at)) = (layout.ttl(), order.expires_at) {
        statement.set(ttl, AttributeValue::N(at.to_string()));
    }
    statement.whose_key_is(key);
    statement.and_equals(&marks.id, None);
    statement.and_equals(&marks.deleted_at, None);
    if let Some(ttl) = layout.ttl() {
        statement.and_equals(ttl, seen.ttl.clone());
    }
    // What is part of the key cannot change, and the key is named already.
    if let Some(written) = layout.written().filter(|name| !layout.in_key(name)) {
        statement.and_equals(written, seen.written.clone());
    }
    let dated = layout.dated().filter(|name| layout.written() != Some(*name));
    if let Some(dated) = dated.filter(|name| !layout.in_key(name)) {
        statement.and_equals(dated, seen.dated.clone());
    }
    statement.whose_tenant_is(layout, order.tenant);
    if let (Some(owner), Some(was)) = (layout.owner(), &seen.owner) {
        statement.and_equals(owner, Some(was.clone()));
    }
    statement
}

/// Takes this request's marks off an item and puts its TTL back as it was, as `item` was read just before.
pub(super) fn unmark(layout: &Layout<'_>, whose: (&Tenant, RequestId), key: &Key, item: &Item) -> Statement {
    let marks = layout.marks();
    let was = item.get(&marks.ttl_was);
    let mut statement = Statement::new("UPDATE", &layout.place.table);
    if let Some(ttl) = layout.armed() {
        match was {
            Some(was) => statement.set(ttl, was.clone()),
            None => statement.remove(ttl, item),
        }
    }
    for mark in [&marks.id, &marks.deleted_at, &marks.ttl_was] {
        statement.remove(mark, item);
    }
    statement.is_marked(layout, whose, key);
    // What was written as the TTL is still what the item keeps of it.
    statement.and_equals(&marks.ttl_was, was.cloned());
    statement
}

/// Takes the expiry off an item that carries this request's mark; what it was stays noted.
pub(super) fn disarm(layout: &Layout<'_>, whose: (&Tenant, RequestId), key: &Key, ttl: &str, item: &Item) -> Statement {
    let mut statement = Statement::new("UPDATE", &layout.place.table);
    statement.remove(ttl, item);
    statement.is_marked(layout, whose, key);
    statement
}

/// Deletes an item that still carries this mark.
pub(super) fn delete(layout: &Layout<'_>, key: &Key, mark: String) -> Statement {
    let mut statement = Statement::new("DELETE FROM", &layout.place.table);
    statement.whose_key_is(key);
    statement.and_equals(&layout.marks().id, Some(AttributeValue::S(mark)));
    statement
}

impl Statement {
    fn new(verb: &str, table: &str) -> Self {
        Self {
            text: format!("{verb} {}", quoted(table)),
            parameters: Vec::new(),
        }
    }

    fn set(&mut self, name: &str, value: AttributeValue) {
        self.term(" SET", name, " = ?");
        self.parameters.push(value);
    }

    /// Removes an attribute the item has.
    fn remove(&mut self, name: &str, item: &Item) {
        if item.contains_key(name) {
            self.term(" REMOVE", name, "");
        }
    }

    /// Under this key is an item of this tenant with this mark.
    fn is_marked(&mut self, layout: &Layout<'_>, (tenant, mark): (&Tenant, RequestId), key: &Key) {
        self.whose_key_is(key);
        self.and_equals(&layout.marks().id, Some(AttributeValue::S(mark.to_string())));
        self.whose_tenant_is(layout, tenant);
    }

    fn whose_tenant_is(&mut self, layout: &Layout<'_>, tenant: &Tenant) {
        if let Some(attribute) = layout.tenant().filter(|name| !layout.in_key(name)) {
            self.and_equals(attribute, Some(AttributeValue::S(tenant.to_string())));
        }
    }

    fn whose_key_is(&mut self, key: &Key) {
        for (n, (name, value)) in key.iter().enumerate() {
            self.term(if n == 0 { " WHERE" } else { " AND" }, name, " = ?");
            self.parameters.push(value.clone());
        }
    }

    /// The attribute has this value, or is missing.
    fn and_equals(&mut self, name: &str, value: Option<AttributeValue>) {
        self.term(" AND", name, if value.is_some() { " = ?" } else { " IS MISSING" });
        self.parameters.extend(value);
    }

    fn term(&mut self, word: &str, name: &str, rest: &str) {
        self.text.push_str(word);
        self.text.push(' ');
        self.text.push_str(&quoted(name));
        self.text.push_str(rest);
    }

    /// As an entry of a batch.
    pub(super) fn request(self) -> Result<BatchStatementRequest, BuildError> {
        BatchStatementRequest::builder()
            .statement(self.text)
            .set_parameters(Some(self.parameters))
            .build()
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
#[path = "statement_tests.rs"]
mod tests;
