//! The port [`Keys`]: wrapped data keys. Of several writers the first wins.

use super::SimStore;
use crate::ports::{Fault, KeyName, Keys, WrappedKey};

impl Keys for SimStore {
    async fn wrapped(&self, name: &KeyName) -> Result<Option<WrappedKey>, Fault> {
        let name = name.text();
        self.read("read wrapped key", &name, |tables| tables.keys.get(&name).cloned())
            .await
    }

    async fn keep_key(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<WrappedKey, Fault> {
        const OP: &str = "keep wrapped key";
        let text = name.text();
        let put = self.write(OP, &text, |tables| {
            let absent = !tables.keys.contains_key(&text);
            if absent {
                tables.keys.insert(text.clone(), wrapped.clone());
            }
            absent
        });
        if put.await? {
            return Ok(wrapped.clone());
        }
        let there = self.wrapped(name).await?;
        there.ok_or_else(|| Fault::transient(OP, "the key that was there has just been deleted"))
    }
}
