//! The fake of the vault's bucket: sealed copies, and when each was put and deleted.
//!
//! An object is there whole or not at all; a deletion that is cut off leaves the rest, and says so by a fault.

use std::cell::{Ref, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use jiff::Timestamp;

use super::world::World;
use crate::ports::{Fault, Vault};

/// An object that is or was in the vault.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its sealed bytes.
    pub bytes: Vec<u8>,
    /// Since when it is there, in true time.
    pub put_at: Timestamp,
    /// Since when it is not.
    pub deleted_at: Option<Timestamp>,
}

/// Sealed copies. Clones share them.
#[derive(Clone, Debug)]
pub struct SimVault {
    world: World,
    ever: Rc<RefCell<BTreeMap<String, Kept>>>,
}

impl SimVault {
    /// An empty bucket.
    pub fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            ever: Rc::default(),
        }
    }

    /// Every object that ever was: for tests alone.
    pub fn ever(&self) -> Ref<'_, BTreeMap<String, Kept>> {
        self.ever.borrow()
    }

    /// Somebody destroys everything: for tests alone.
    pub fn lose(&self) {
        self.ever.borrow_mut().clear();
    }

    fn under(&self, prefix: &str) -> Vec<String> {
        let ever = self.ever.borrow();
        let there = ever
            .iter()
            .filter(|(key, kept)| key.starts_with(prefix) && kept.deleted_at.is_none());
        there.map(|(key, _)| key.clone()).collect()
    }
}

impl Vault for SimVault {
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), Fault> {
        let put = || {
            let kept = Kept {
                bytes,
                put_at: self.world.now(),
                deleted_at: None,
            };
            let before = self.ever.borrow_mut().insert(key.to_owned(), kept);
            assert!(
                before.is_none(),
                "{key} is put a second time: copies are never overwritten"
            );
            Ok(())
        };
        self.world.try_call("put copies", key, put).await
    }

    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        let read = || {
            let ever = self.ever.borrow();
            let there = ever.get(key).filter(|kept| kept.deleted_at.is_none());
            Ok(there.map(|kept| kept.bytes.clone()))
        };
        self.world.try_call("read copies", key, read).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, Fault> {
        self.world
            .try_call("list copies", prefix, || Ok(self.under(prefix)))
            .await
    }

    async fn delete(&self, keys: &[String]) -> Result<(), Fault> {
        let delete = || {
            let cut_off = self.world.mishap(30);
            let taken = if cut_off { keys.len() / 2 } else { keys.len() };
            let now = self.world.now();
            for key in &keys[..taken] {
                if let Some(kept) = self.ever.borrow_mut().get_mut(key) {
                    kept.deleted_at.get_or_insert(now);
                }
            }
            if taken < keys.len() {
                return Err(Fault::transient("delete copies", "some of them stayed"));
            }
            Ok(())
        };
        let which = keys.first().map_or("nothing", String::as_str);
        self.world.try_call("delete copies", which, delete).await
    }
}
