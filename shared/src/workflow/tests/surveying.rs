//! The daily look around: what the map in force says nothing of, and only that.

use std::collections::BTreeSet;

use futures::FutureExt as _;

use crate::domain::data_map::DataMap;
use crate::domain::data_map::description::Container;
use crate::domain::policy::PolicyFile;
use crate::ports::{Config, Fault, Inventory, Pinned};
use crate::workflow::survey::survey;

const MAP: &str = r#"
v: 1
application: [shop-]
datasets:
  - id: messages
    category: conversations
    description: Messages
    source: dynamodb
    table: shop-messages
    key: {attribute: pk, template: "{tenant}#{subject}"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: purge}
excluded:
  - {table: "shop-cache-*", reason: Copies that live for an hour}
  - {bucket: shop-messages, reason: Holds the code}
"#;

/// A configuration, and what there is.
struct Account {
    map: Option<&'static str>,
    there: BTreeSet<Container>,
}

impl Config for Account {
    async fn policy(&self) -> Result<Option<Pinned<PolicyFile>>, Fault> {
        Ok(None)
    }

    async fn data_map(&self, version: Option<&str>) -> Result<Option<Pinned<DataMap>>, Fault> {
        assert_eq!(version, None, "the map in force is asked for");
        Ok(self.map.map(|map| Pinned {
            version: "1".into(),
            digest: "d".into(),
            value: DataMap::parse(map).expect("a map"),
        }))
    }
}

impl Inventory for Account {
    async fn there(&self) -> Result<BTreeSet<Container>, Fault> {
        Ok(self.there.clone())
    }
}

fn tables<const N: usize>(names: [&str; N]) -> BTreeSet<Container> {
    names.map(|name| Container::Table(name.to_owned())).into()
}

fn look(account: &Account, own: &BTreeSet<Container>) -> Option<Vec<Container>> {
    let looked = survey(account, account, own).now_or_never().expect("nothing waits");
    looked.expect("nothing fails")
}

#[test]
fn a_table_that_the_map_does_not_know_is_told() {
    let mut there = tables(["shop-messages", "shop-cache-1", "shop-new", "other", "shop-requests"]);
    there.insert(Container::Bucket("shop-messages".into()));
    there.insert(Container::Bucket("shop-cache-1".into()));
    let account = Account { map: Some(MAP), there };
    assert_eq!(
        look(&account, &tables(["shop-requests"])),
        Some(vec![
            Container::Table("shop-new".into()),
            Container::Bucket("shop-cache-1".into())
        ]),
        "a name is left out as what it is: a table, or a bucket"
    );
}

#[test]
fn before_a_map_is_applied_there_is_nothing_to_compare() {
    let there = tables(["shop-new"]);
    assert_eq!(look(&Account { map: None, there }, &BTreeSet::new()), None);
}
