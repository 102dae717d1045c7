//! The packages' own bucket: objects written block by block, and links to them.

use std::time::Duration;

use super::fault::Fault;

/// An object that is being written. It is not there before [`Exports::complete`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The key of the object that is to be.
    pub key: String,
    /// The service's own name of the upload.
    pub id: String,
}

/// What the service answered to a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The block's number, from 1.
    pub number: i32,
    /// What it was stored as.
    pub etag: String,
    /// Its checksum, as the service stored it; the object is completed by these.
    pub checksum: Option<String>,
}

/// Packages.
pub trait Exports {
    /// Begins an object.
    async fn begin(&self, key: &str) -> Result<Upload, Fault>;
    /// A block, numbered from 1: of 5 MiB at least, unless it is the last. The same block sent again replaces itself.
    async fn put_block(&self, upload: &Upload, number: i32, bytes: Vec<u8>) -> Result<Receipt, Fault>;
    /// From here on the object is there, whole: these blocks, in this order.
    async fn complete(&self, upload: &Upload, receipts: &[Receipt]) -> Result<(), Fault>;
    /// Gives up every upload under a prefix that was not completed; answers how many there were.
    async fn abort_under(&self, prefix: &str) -> Result<u64, Fault>;
    /// Deletes every object under a prefix; answers how many went. An object that stays is a fault.
    async fn delete_under(&self, prefix: &str) -> Result<u64, Fault>;
    /// An address from which anybody can fetch the object for so long, as a file of this name.
    async fn link(&self, key: &str, file_name: &str, valid_for: Duration) -> Result<String, Fault>;
}
