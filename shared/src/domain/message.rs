//! What travels on the queues: slugs and validated ids only, with a format version.

use serde::{Deserialize, Serialize};

use super::chunk::ChunkId;
use super::ids::{DatasetId, RequestKey};

/// The format version written today; readers accept this one and the previous.
pub const VERSION: u32 = 1;

/// On queue `plans`: page through one dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanMessage {
    /// Format version.
    pub v: u32,
    /// Which request.
    pub request: RequestKey,
    /// Which dataset.
    pub dataset: DatasetId,
    /// Which plan generation.
    pub generation: u8,
}

/// On queue `chunks`: work on one chunk. Valid only while the row's `send` is this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkMessage {
    /// Format version.
    pub v: u32,
    /// Which request.
    pub request: RequestKey,
    /// Which chunk.
    pub chunk: ChunkId,
    /// The send this message stands for.
    pub send: u32,
}
