//! Wrapped data keys, in a table without backup and stream: what is deleted there is gone, and with it what it sealed.

use super::Storage;
use super::condition::Condition;
use super::item::{Item, Reader, Row};
use crate::ports::{Fault, KeyName, Keys, WrappedKey};
use aws_sdk_dynamodb::types::AttributeValue;

impl Keys for Storage {
    async fn wrapped(&self, name: &KeyName) -> Result<Option<WrappedKey>, Fault> {
        const OPERATION: &str = "read wrapped key";
        let item = self.get(&self.tables.keys, key(name), OPERATION).await?;
        item.map(|item| Ok(WrappedKey(Reader::new(&item, OPERATION)?.bytes("wrapped")?)))
            .transpose()
    }

    /// Of several writers the first wins, and all of them seal under the winner's key.
    async fn keep_key(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<WrappedKey, Fault> {
        const OPERATION: &str = "keep wrapped key";
        let item = to_item(name, wrapped);
        if self
            .put_if(&self.tables.keys, item, &Condition::absent(), OPERATION)
            .await?
        {
            return Ok(wrapped.clone());
        }
        let there = self.wrapped(name).await?;
        there.ok_or_else(|| Fault::transient(OPERATION, "the key that was there has just been deleted"))
    }
}

/// A wrapped key as an item.
pub(super) fn to_item(name: &KeyName, wrapped: &WrappedKey) -> Item {
    Row::of_partition(name.text())
        .text("tenant", name.tenant().as_str())
        .bytes("wrapped", &wrapped.0)
        .into_item()
}

/// The primary key alone, of table `keys`.
pub(super) fn key(name: &KeyName) -> Item {
    Item::from([("pk".to_owned(), AttributeValue::S(name.text()))])
}

#[cfg(test)]
mod tests {
    use super::super::samples::facts;
    use super::*;

    #[test]
    fn a_wrapped_key_survives_storage_under_its_name() {
        let facts = facts();
        let name = KeyName::Person(facts.tenant, facts.id);
        let item = to_item(&name, &WrappedKey(vec![7, 8]));
        assert_eq!(item["pk"], key(&name)["pk"]);
        let back = Reader::new(&item, "test").expect("v1").bytes("wrapped").expect("bytes");
        assert_eq!(back, [7, 8]);
    }
}
