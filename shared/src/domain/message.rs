//! What travels on the queues: slugs and validated ids only, with a format version.
//!
//! Guarantee: a message of a version this code does not know is refused when it is read, not half understood: it comes
//! again until a function that knows it takes it, or ends as a dead letter.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use super::chunk::ChunkId;
use super::ids::{DatasetId, RequestKey};

/// The format version written today; readers accept this one and the previous.
pub const VERSION: u32 = 1;
/// The oldest version read.
const OLDEST: u32 = 1;

fn known_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let v = u32::deserialize(deserializer)?;
    if (OLDEST..=VERSION).contains(&v) {
        Ok(v)
    } else {
        Err(D::Error::custom("a message of an unknown version"))
    }
}

/// On queue `plans`: page through one dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanMessage {
    /// Format version.
    #[serde(deserialize_with = "known_version")]
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
    #[serde(deserialize_with = "known_version")]
    pub v: u32,
    /// Which request.
    pub request: RequestKey,
    /// Which chunk.
    pub chunk: ChunkId,
    /// The send this message stands for.
    pub send: u32,
}

/// On queue `parts`: write the next part of a package. Valid only while the row's `send` is this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartMessage {
    /// Format version.
    #[serde(deserialize_with = "known_version")]
    pub v: u32,
    /// Which request.
    pub request: RequestKey,
    /// The send this message stands for.
    pub send: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_from_the_future_is_refused() {
        let plan = |v: u32| {
            let request = serde_json::json!({ "tenant": "acme", "id": "dsr_00000000000000000000000001" });
            serde_json::json!({ "v": v, "request": request, "dataset": "messages", "generation": 0 })
        };
        assert!(serde_json::from_value::<PlanMessage>(plan(VERSION)).is_ok());
        for v in [OLDEST - 1, VERSION + 1, 99] {
            assert!(serde_json::from_value::<PlanMessage>(plan(v)).is_err(), "{v}");
        }
        let mut chunk = plan(99);
        chunk["chunk"] = serde_json::json!({ "dataset": "messages", "generation": 0, "n": 0 });
        chunk["send"] = 1.into();
        assert!(serde_json::from_value::<ChunkMessage>(chunk.clone()).is_err());
        chunk["v"] = VERSION.into();
        assert!(serde_json::from_value::<ChunkMessage>(chunk).is_ok());
    }
}
