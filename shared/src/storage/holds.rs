//! The head of a subject's legal holds: one row that approve, execute and every lease read.
//!
//! Placing and releasing holds is not here: those writes come with their own use case. A subject without the row
//! never had a hold, and a commit can be made on that condition too.

use super::Storage;
use super::item::{Item, Reader, key_item};
use super::keys;
use crate::domain::ids::{Ref, Tenant};
use crate::ports::{Fault, HoldHead};

const OPERATION: &str = "read holds";

impl Storage {
    /// The head, consistently.
    pub(super) async fn read_holds(&self, tenant: &Tenant, subject: &Ref) -> Result<HoldHead, Fault> {
        let key = key_item(keys::hold_head(tenant, subject));
        match self.get(&self.tables.requests, key, OPERATION).await? {
            Some(item) => from_item(&item),
            None => Ok(HoldHead::default()),
        }
    }
}

fn from_item(item: &Item) -> Result<HoldHead, Fault> {
    let reader = Reader::new(item, OPERATION)?;
    Ok(HoldHead {
        version: Some(reader.number("version")?),
        categories: reader.json("categories")?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::item::Row;
    use super::super::samples::someone;
    use super::*;

    #[test]
    fn a_head_tells_version_and_held_categories() {
        let tenant = "acme".parse().expect("slug");
        let item = Row::new(keys::hold_head(&tenant, &someone("a")))
            .number("version", 4)
            .json("categories", &["messages"])
            .into_item();
        let head = from_item(&item).expect("a head");
        assert_eq!(head.version, Some(4));
        assert!(head.covers(&["messages".parse().expect("slug")]));
        assert!(!head.covers(&["profile".parse().expect("slug")]));
    }

    #[test]
    fn a_damaged_head_is_a_fault_and_never_no_hold() {
        let tenant = "acme".parse().expect("slug");
        let item = Row::new(keys::hold_head(&tenant, &someone("a")))
            .number("version", 4)
            .into_item();
        assert!(from_item(&item).is_err());
    }
}
