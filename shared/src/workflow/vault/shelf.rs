//! A chunk's place in the vault: groups of copies under one prefix, each an object of its own.
//!
//! Guarantees: a group's name says which lease made it and in which order, so the newest copy of a line is in the last
//! group that holds one; a group opens only under its own name. Nothing is overwritten: each lease names its own.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::object_keys::vault_group;
use crate::domain::vault::{VaultCopy, decode, encode};
use crate::knobs::Guard;
use crate::ports::{DataKey, Fault, Sealed, Sealer, Vault};

const OPEN: &str = "open copies";

/// A chunk's groups of copies.
pub(in crate::workflow) struct Shelf<'a, K, V> {
    sealer: &'a K,
    vault: &'a V,
    key: DataKey,
    prefix: String,
    epoch: u32,
    made: Cell<u32>,
}

impl<'a, K: Sealer, V: Vault> Shelf<'a, K, V> {
    /// Of a lease, by its epoch.
    pub(in crate::workflow) fn new((sealer, vault): (&'a K, &'a V), key: DataKey, prefix: String, epoch: u32) -> Self {
        Self {
            sealer,
            vault,
            key,
            prefix,
            epoch,
            made: Cell::new(0),
        }
    }

    /// Puts a new group; answers its name. From then on it can be read.
    pub(super) async fn put(&self, copies: &[VaultCopy]) -> Result<String, Fault> {
        let name = vault_group(self.epoch, self.made.get());
        self.made.set(self.made.get() + 1);
        let object = self.object(&name);
        let plain = encode(copies).map_err(|e| Fault::corrupt("seal copies", e))?;
        let sealed = self.sealer.seal(&self.key, &aad(&object), &plain).0;
        drop(plain);
        if Guard::CopiedFirst.stands() {
            self.vault.put(&object, sealed).await?;
        }
        Ok(name)
    }

    /// The copies of a group.
    pub(in crate::workflow) async fn read(&self, name: &str) -> Result<Vec<VaultCopy>, Fault> {
        let object = self.object(name);
        let sealed = self.vault.read(&object).await?;
        let sealed = sealed.ok_or_else(|| Fault::permanent(OPEN, "copy_gone", "the group is not in the vault"))?;
        let plain = self.sealer.unseal(&self.key, &aad(&object), &Sealed(sealed))?;
        decode(&plain).map_err(|e| Fault::corrupt(OPEN, e))
    }

    /// For each of these lines that has a copy, the group with the newest. Each group is opened: what counts as kept
    /// can be read.
    pub(super) async fn find(&self, lines: &[usize]) -> Result<BTreeMap<usize, String>, Fault> {
        let mut sought: BTreeSet<usize> = lines.iter().copied().collect();
        let mut found = BTreeMap::new();
        if sought.is_empty() {
            return Ok(found);
        }
        for object in self.vault.list(&self.prefix).await?.iter().rev() {
            let name = object.strip_prefix(&self.prefix).unwrap_or(object);
            for copy in self.read(name).await? {
                let line = copy.line as usize;
                if sought.remove(&line) {
                    found.insert(line, name.to_owned());
                }
            }
            if sought.is_empty() {
                break;
            }
        }
        Ok(found)
    }

    fn object(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

/// What a group is bound to: its place, which names tenant, request, dataset, chunk and lease.
fn aad(object: &str) -> String {
    format!("vault|{object}")
}
