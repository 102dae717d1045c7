//! The gate's row: the one that applications read, so its form is a contract (README, "What your application does").
//!
//! `hidden` is what they read: a set of texts, the categories not to be shown. `by` says which request hides which, and
//! is what a write is conditioned on: it is the whole content, so a row that was deleted and written anew in between is
//! taken for what was read only if it says the same. A subject of whom nothing is hidden has no row.

use super::Storage;
use super::condition::Condition;
use super::item::{Item, Reader, Row, key_item};
use super::keys;
use super::transaction::{Guard, Transaction};
use crate::domain::gate::{Gate, GateId};
use crate::domain::ids::{Category, Tenant};
use crate::ports::Fault;

const READ: &str = "read gate";

impl Storage {
    /// The gate, consistently.
    pub(super) async fn read_gate(&self, tenant: &Tenant, id: &GateId) -> Result<Gate, Fault> {
        let key = key_item(keys::gate(tenant, id));
        match self.get(&self.tables.requests, key, READ).await? {
            Some(item) => from_item(&item),
            None => Ok(Gate::default()),
        }
    }
}

/// Moves a gate from what was read to what it will be, in a transaction.
pub(super) fn add(
    to: &mut Transaction,
    (table, tenant): (&str, &Tenant),
    id: &GateId,
    (before, after): (&Gate, &Gate),
) -> Result<(), Fault> {
    let on = if before.is_open() {
        Condition::absent()
    } else {
        Condition::text_is("by", text(before))
    };
    if after.is_open() {
        to.delete(Guard::Gate, table, key_item(keys::gate(tenant, id)), Some(&on))
    } else {
        to.put(Guard::Gate, table, to_item(tenant, id, after), &on)
    }
}

/// The same text for equal gates: requests and categories are in order.
fn text(gate: &Gate) -> String {
    serde_json::to_string(gate).expect("ids and slugs are plain JSON")
}

fn to_item(tenant: &Tenant, id: &GateId, gate: &Gate) -> Item {
    Row::new(keys::gate(tenant, id))
        .texts("hidden", gate.hidden().iter().map(Category::to_string))
        .text("by", text(gate))
        .into_item()
}

fn from_item(item: &Item) -> Result<Gate, Fault> {
    Reader::new(item, READ)?.json("by")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RequestId;

    fn tenant() -> Tenant {
        "acme".parse().expect("slug")
    }

    fn shut() -> Gate {
        let categories = ["profile", "messages"].map(|name| name.parse().expect("slug"));
        Gate::default().with(RequestId::from_parts(1, 1), &categories.into())
    }

    #[test]
    fn a_row_is_what_an_application_expects_and_is_read_as_it_was_written() {
        let item = to_item(&tenant(), &GateId::of(&tenant(), "customer-42"), &shut());
        let text = |name: &str| item[name].as_s().expect("a text").as_str();
        let known = "GATE#acme#52e3f292ac8c7015e4214f25d51184f0b94a97ef43768842cc7438f863d44049";
        assert_eq!((text("pk"), text("sk")), (known, "GATE"));
        assert_eq!(item["hidden"].as_ss().expect("a set"), &["messages", "profile"]);
        assert_eq!(from_item(&item).expect("a gate"), shut());
    }

    #[test]
    fn a_damaged_row_is_a_fault_and_never_an_open_gate() {
        let mut item = to_item(&tenant(), &GateId::of(&tenant(), "customer-42"), &shut());
        item.remove("by");
        assert!(from_item(&item).is_err());
    }
}
