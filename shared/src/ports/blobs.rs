//! Objects: sealed manifests and outcomes, sealed copies in the vault, and the configuration.

use super::fault::Fault;
use crate::domain::data_map::DataMap;
use crate::domain::policy::PolicyFile;

/// Sealed manifests and outcome objects.
pub trait Manifests {
    /// Puts an object.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), Fault>;
    /// `length` bytes from `offset`.
    async fn read_range(&self, key: &str, offset: u64, length: u64) -> Result<Vec<u8>, Fault>;
    /// A whole object; none if there is none.
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault>;
    /// Deletes everything under a prefix; answers how many objects went. An object that stays is a fault.
    async fn delete_under(&self, prefix: &str) -> Result<u64, Fault>;
}

/// Sealed copies of what was taken out of its table.
pub trait Vault {
    /// Puts an object. When this succeeds, what is stored is what was given: its SHA-256 was compared.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), Fault>;
    /// A whole object; none if there is none.
    async fn read(&self, key: &str) -> Result<Option<Vec<u8>>, Fault>;
    /// The keys of everything under a prefix, in order.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, Fault>;
    /// Deletes these objects, as far as they are there. One that stays is a fault.
    async fn delete(&self, keys: &[String]) -> Result<(), Fault>;
}

/// A configuration file at one version.
#[derive(Clone, Debug)]
pub struct Pinned<T> {
    /// S3 version.
    pub version: String,
    /// SHA-256 of its canonical JSON, hexadecimal.
    pub digest: String,
    /// What it says.
    pub value: T,
}

/// Policy and data map.
pub trait Config {
    /// The newest policy file; none if none was applied.
    async fn policy(&self) -> Result<Option<Pinned<PolicyFile>>, Fault>;
    /// The data map: the newest, or a pinned version; none if none was applied.
    async fn data_map(&self, version: Option<&str>) -> Result<Option<Pinned<DataMap>>, Fault>;
}
