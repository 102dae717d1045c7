//! Staging: where an export's copies wait between the source and the package, sealed under the request's own key.
//!
//! Guarantees: a group opens only under its own name; each lease names its own groups, so nobody overwrites what another
//! has copied; the list of a lease's copies is put after the groups it names.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::chunk::ChunkId;
use crate::domain::ids::RequestKey;
use crate::domain::object_keys;
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::vault::{Attributes, VaultCopy, decode, encode};
use crate::package::Columns;
use crate::ports::{DataKey, Fault, Manifests, Sealed, Sealer};

/// What was copied of one chunk.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Copies {
    /// Its items, in groups.
    pub(super) groups: Vec<Group>,
    /// Its objects, which are read when their part is written.
    pub(super) files: Vec<File>,
    /// The columns of its items.
    pub(super) columns: Columns,
    /// How many of its records a deletion has hidden.
    pub(super) hidden: u64,
    /// What became of each line.
    pub(super) outcomes: Vec<LineOutcome>,
}

/// A group of copied items.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Group {
    /// Its object.
    pub(super) object: String,
    /// How many.
    pub(super) records: u64,
    /// About how many bytes they are.
    pub(super) bytes: u64,
}

/// An object that is there.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct File {
    /// Its line in the chunk.
    pub(super) line: u32,
    /// Its bytes.
    pub(super) bytes: u64,
    /// When it was stored.
    pub(super) stored_at: Option<Timestamp>,
    /// Whether a deletion has hidden it.
    pub(super) hidden: bool,
}

impl Copies {
    /// Nothing is copied yet.
    pub(super) fn of(lines: usize) -> Self {
        Self {
            outcomes: vec![LineOutcome::plain(Code::Untouched); lines],
            ..Self::default()
        }
    }

    /// The places of the lines that are still to be copied.
    pub(super) fn open(&self) -> Vec<usize> {
        let open = self.outcomes.iter().enumerate();
        open.filter(|(_, line)| line.code == Code::Untouched)
            .map(|(at, _)| at)
            .collect()
    }
}

/// The staging of one request.
pub(super) struct Staging<'a, K, M> {
    pub(super) sealer: &'a K,
    pub(super) manifests: &'a M,
    pub(super) key: &'a DataKey,
    pub(super) request: RequestKey,
}

impl<K: Sealer, M: Manifests> Staging<'_, K, M> {
    /// Puts a group; answers its object.
    pub(super) async fn put_group(
        &self,
        (chunk, epoch, n): (&ChunkId, u32, usize),
        copies: &[VaultCopy],
    ) -> Result<String, Fault> {
        let object = object_keys::copies_group(&self.request, chunk, epoch, n);
        self.put_group_as(&object, copies).await?;
        Ok(object)
    }

    /// Puts a group under a name.
    pub(super) async fn put_group_as(&self, object: &str, copies: &[VaultCopy]) -> Result<(), Fault> {
        let plain = encode(copies).map_err(|e| Fault::corrupt("stage copies", e))?;
        let sealed = self.sealer.seal(self.key, &aad(object), &plain).0;
        drop(plain);
        self.manifests.put(object, sealed).await
    }

    /// The items of a group, in the order of their lines.
    pub(super) async fn group(&self, object: &str) -> Result<Vec<Attributes>, Fault> {
        let plain = self
            .open("read copies", object)
            .await?
            .ok_or_else(|| gone("read copies"))?;
        let copies = decode(&plain).map_err(|e| Fault::corrupt("read copies", e))?;
        Ok(copies.into_iter().map(|copy| copy.item).collect())
    }

    /// Puts the list of what a lease, and those before it, have copied.
    pub(super) async fn put_list(&self, (chunk, epoch): (&ChunkId, u32), copies: &Copies) -> Result<(), Fault> {
        self.put(&object_keys::copies_list(&self.request, chunk, epoch), copies)
            .await
    }

    /// The list of a lease; none if it put none.
    pub(super) async fn list(&self, chunk: &ChunkId, epoch: u32) -> Result<Option<Copies>, Fault> {
        self.read(&object_keys::copies_list(&self.request, chunk, epoch)).await
    }

    /// Puts anything else under its name.
    pub(super) async fn put<T: Serialize>(&self, object: &str, value: &T) -> Result<(), Fault> {
        let plain = serde_json::to_vec(value).map_err(|e| Fault::corrupt("stage", e))?;
        let sealed = self.sealer.seal(self.key, &aad(object), &plain).0;
        self.manifests.put(object, sealed).await
    }

    /// What lies under a name; none if nothing does.
    pub(super) async fn read<T: for<'de> Deserialize<'de>>(&self, object: &str) -> Result<Option<T>, Fault> {
        let Some(plain) = self.open("read what was staged", object).await? else {
            return Ok(None);
        };
        let value = serde_json::from_slice(&plain).map_err(|e| Fault::corrupt("read what was staged", e))?;
        Ok(Some(value))
    }

    async fn open(&self, op: &'static str, object: &str) -> Result<Option<Vec<u8>>, Fault> {
        let Some(sealed) = self.manifests.read(object).await? else {
            return Ok(None);
        };
        let plain = self.sealer.unseal(self.key, &aad(object), &Sealed(sealed));
        plain.map(Some).map_err(|e| Fault::corrupt(op, e))
    }
}

/// What a staged object is bound to: its place, which names tenant, request, dataset, chunk and lease.
fn aad(object: &str) -> String {
    format!("export|{object}")
}

/// A list named it, and it is not there.
pub(super) fn gone(op: &'static str) -> Fault {
    Fault::permanent(op, "copy_gone", "what was copied is not in the staging")
}
