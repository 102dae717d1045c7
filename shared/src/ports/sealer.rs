//! Sealing: data keys wrapped by KMS, AES-256-GCM under them, and the tenant's key for references.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::domain::ids::{DatasetId, RefKey, RequestId, Tenant};

/// Which data key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum KeyName {
    /// Names, e-mails, ids, IPs, free text, manifests and outcomes of one request. Deleted = shredded.
    Person(Tenant, RequestId),
    /// Operators' names and IPs of one tenant.
    Staff(Tenant),
    /// A dataset's copies in the vault, of one request.
    Vault(Tenant, RequestId, DatasetId),
}

impl KeyName {
    /// The key's name in table `keys`.
    pub fn text(&self) -> String {
        match self {
            Self::Person(_, request) => format!("PERSON#{request}"),
            Self::Staff(tenant) => format!("STAFF#{tenant}"),
            Self::Vault(_, request, dataset) => format!("VAULT#{request}#{dataset}"),
        }
    }

    /// The tenant it belongs to; part of the KMS encryption context.
    pub fn tenant(&self) -> &Tenant {
        match self {
            Self::Person(tenant, _) | Self::Staff(tenant) | Self::Vault(tenant, _, _) => tenant,
        }
    }
}

/// A data key in the clear: 32 bytes, in memory only.
#[derive(Clone, PartialEq, Eq)]
pub struct DataKey(pub [u8; 32]);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// A data key as KMS wrapped it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey(pub Vec<u8>);

/// Sealed bytes: version, nonce, key commitment, ciphertext and tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(pub Vec<u8>);

/// Seals and unseals.
pub trait Sealer {
    /// A new data key, bound to its name and tenant by the encryption context.
    async fn mint(&self, name: &KeyName) -> Result<(DataKey, WrappedKey), Fault>;
    /// The data key a wrapped one holds.
    async fn unwrap(&self, name: &KeyName, wrapped: &WrappedKey) -> Result<DataKey, Fault>;
    /// Seals `plain`, bound to `aad` (table, key, field).
    fn seal(&self, key: &DataKey, aad: &str, plain: &[u8]) -> Sealed;
    /// Unseals; a wrong key, wrong `aad` or a changed byte is `Permanent(corrupt)`.
    fn unseal(&self, key: &DataKey, aad: &str, sealed: &Sealed) -> Result<Vec<u8>, Fault>;
    /// The tenant's key for references.
    async fn ref_key(&self, tenant: &Tenant) -> Result<RefKey, Fault>;
}
